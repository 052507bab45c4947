//! What images become before the network sees them: size, colours, resizing.

use eframe::egui::{DragValue, Ui};

use crate::{
    model::spec::{ColorMode, ResizeMode},
    ui::{
        action::Action,
        panels::Cx,
        widgets::{fields, states},
    },
};

/// View state: height and width while they are being changed.
#[derive(Default)]
pub struct Input {
    size: Option<(usize, usize)>,
}

/// Sides that a laptop can train on.
const SIDES: std::ops::RangeInclusive<usize> = 8..=512;

impl Input {
    /// Size, colours and resizing of the input.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
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
