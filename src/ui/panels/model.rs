//! What images become before the network sees them, and the layer table: name, kind, output shape,
//! parameters; totals.

use eframe::egui::{self, Align, Button, DragValue, Layout, RichText, Sense, Ui};
use egui_extras::{Column, TableBuilder};

use super::{Cx, Panel};
use crate::{
    model::{
        LayerShape,
        spec::{ColorMode, ResizeMode},
    },
    ui::{
        action::Action,
        dialogs::Purpose,
        format::thousands,
        state::Selection,
        theme,
        widgets::{fields, states},
    },
};

/// View state: height and width while they are being changed.
#[derive(Default)]
pub struct Model {
    size: Option<(usize, usize)>,
}

/// Sides that a laptop can train on.
const SIDES: std::ops::RangeInclusive<usize> = 8..=512;

const ROW_HEIGHT: f32 = 30.0;

impl Panel for Model {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let model = &cx.state.experiment.model;
        ui.horizontal_wrapped(|ui| {
            ui.heading(&model.name);
            ui.add_space(theme::GRID);
            if ui.add(Button::new("Open model…").small()).clicked() {
                cx.push(Action::Ask(Purpose::OpenModel));
            }
        });
        self.input_ui(ui, cx);
        ui.add_space(4.0);
        match cx.state.shapes.clone() {
            Ok(shapes) => {
                classes_ui(ui, cx, &shapes);
                table_ui(ui, cx, &shapes);
                totals_ui(ui, &shapes);
            }
            Err(error) => states::failed(ui, &error.to_string()),
        }
    }
}

impl Model {
    /// Size, colours and resizing of the input.
    fn input_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let mut input = cx.state.experiment.model.input;
        let idle = !cx.state.training.is_running();
        let (height, width) = self.size.get_or_insert((input.height, input.width));
        let mut is_done = false;
        ui.add_enabled_ui(idle, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (name, value, tip) in [
                    ("Height", height, "Rows of every image the network sees"),
                    ("Width", width, "Columns of every image the network sees"),
                ] {
                    let label = states::caption(ui, name).on_hover_text(tip);
                    let field = DragValue::new(value).range(SIDES).speed(0.5).suffix(" px");
                    let response = ui.add(field).labelled_by(label.id).on_hover_text(tip);
                    is_done |= response.drag_stopped() || response.lost_focus();
                }
                let mode = (&input.color_mode, input.color_mode.words());
                let tip = "Whether the network sees red, green and blue, or one shade of grey. Default: RGB";
                let modes = || ColorMode::ALL.map(|mode| (mode, mode.words().to_owned())).to_vec();
                if let Some(chosen) = fields::choice(ui, "Colours", tip, 72.0, mode, modes) {
                    input.color_mode = chosen;
                }
                let mode = (&input.resize, input.resize.words());
                let tip = "What becomes of images of other proportions; the filter is antialiased bilinear. Default: stretch";
                let modes = || ResizeMode::ALL.map(|mode| (mode, mode.words().to_owned())).to_vec();
                if let Some(chosen) = fields::choice(ui, "Resize", tip, 150.0, mode, modes) {
                    input.resize = chosen;
                }
            });
        });
        if is_done && let Some((height, width)) = self.size {
            (input.height, input.width) = (height, width);
        }
        if input != cx.state.experiment.model.input {
            cx.push(Action::EditInput(input));
        }
        // While nobody drags or types, the fields show what holds.
        if is_done || !ui.ctx().egui_wants_pointer_input() && ui.memory(|m| m.focused().is_none()) {
            self.size = None;
        }
    }
}

/// Says when the last layer does not match the dataset.
fn classes_ui(ui: &mut Ui, cx: &Cx<'_>, shapes: &[LayerShape]) {
    let Some(dataset) = cx.state.dataset() else {
        return;
    };
    let outputs = shapes.last().map_or(0, |shape| shape.output.values());
    let classes = dataset.classes.len();
    if outputs != classes {
        let words = format!(
            "The last layer gives {outputs} values and {} has {classes} classes: this model cannot be trained on it.",
            dataset.name
        );
        states::failed(ui, &words);
    }
}

fn table_ui(ui: &mut Ui, cx: &mut Cx<'_>, shapes: &[LayerShape]) {
    let height = ui.available_height() - 100.0;
    let selected = cx.state.selection.layer;
    let mut clicked = None;
    TableBuilder::new(ui)
        .striped(true)
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::exact(36.0))
        .column(Column::initial(110.0).at_least(70.0).clip(true))
        .column(Column::initial(220.0).at_least(120.0).clip(true))
        .column(Column::initial(140.0).at_least(90.0))
        .column(Column::initial(110.0).at_least(80.0))
        .column(Column::remainder().at_least(120.0))
        .min_scrolled_height(120.0)
        .max_scroll_height(height.max(120.0))
        .auto_shrink([false, true])
        .header(ROW_HEIGHT, |mut header| {
            for title in ["", "Name", "Kind", "Output", "Parameters", "Multiply-adds"] {
                header.col(|ui| {
                    states::caption(ui, title);
                });
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, shapes.len(), |mut row| {
                let index = row.index();
                row.set_selected(selected == Some(index));
                let layer = &cx.state.experiment.model.layers[index];
                let shape = &shapes[index];
                let cells = [
                    (index + 1).to_string(),
                    layer.name.clone(),
                    layer.kind.describe(),
                    shape.output.to_string(),
                    count(shape.parameters),
                    count(shape.multiply_adds),
                ];
                for text in cells {
                    row.col(|ui| {
                        ui.add(egui::Label::new(text).selectable(false).truncate());
                    });
                }
                if row.response().clicked() {
                    clicked = Some(index);
                }
            });
        });
    if let Some(layer) = clicked {
        let selection = Selection {
            layer: Some(layer),
            unit: None,
            ..cx.state.selection.clone()
        };
        cx.push(Action::Select(selection));
    }
}

fn count(value: usize) -> String {
    if value == 0 {
        "–".to_owned()
    } else {
        thousands(value)
    }
}

fn totals_ui(ui: &mut Ui, shapes: &[LayerShape]) {
    let parameters: usize = shapes.iter().map(|shape| shape.parameters).sum();
    let multiply_adds: usize = shapes.iter().map(|shape| shape.multiply_adds).sum();
    ui.separator();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(format!("{} parameters", thousands(parameters))).strong());
        states::caption(
            ui,
            format!(
                "all trainable · {} multiply-adds per image",
                thousands(multiply_adds)
            ),
        );
    });
}
