//! The Augmentation panel: how training images vary, and nine versions of the selected image.

use std::sync::Arc;

use eframe::egui::{self, Align2, Grid, ScrollArea, Sense, Ui, Vec2, vec2};

use super::{Cx, Panel};
use crate::{
    data::{
        Picture,
        augment::{AugmentationConfig, FillMode, ZoomAxes},
    },
    engine::{ImageSource, Inspect},
    inspect::augmented::{Augment, VERSIONS},
    ui::{
        action::EditAction,
        theme,
        widgets::{buttons, fields, needs, number::Number, picture, states},
    },
};

/// Versions beside each other.
const COLUMNS: usize = 3;
/// Space between pictures.
const GAP: f32 = 4.0;
/// Most of the panel's height that the pictures take.
const PREVIEW_SHARE: f32 = 0.48;
/// Grey that a constant fill begins with.
const BLACK: u8 = 0;

#[derive(Default)]
pub struct Augmentation {
    /// Decides what the preview draws.
    seed: u64,
}

impl Panel for Augmentation {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(open) = needs::dataset(ui, cx, "Augmented images") else {
            return;
        };
        let selected = cx.state.selection.sample();
        let selected = selected.filter(|sample| *sample < open.dataset.samples.len());
        if let Some(sample) = selected {
            let experiment = &cx.state.experiment;
            let what = Augment {
                input: experiment.model.input,
                config: experiment.augmentation.clone(),
                seed: self.seed,
            };
            cx.look(what, ImageSource::Sample(Arc::clone(&open), sample));
            preview_ui(ui, cx);
        } else {
            states::caption(ui, "Click an image to see nine versions of it.");
        }
        self.buttons_ui(ui, cx, selected.is_some());
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show(ui, |ui| settings_ui(ui, cx));
    }
}

impl Augmentation {
    fn buttons_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, has_image: bool) {
        let is_none = cx.state.experiment.augmentation.is_none();
        let can_switch = !is_none && !cx.state.training.is_running();
        ui.horizontal_wrapped(|ui| {
            let tip = "Draws nine other versions; training draws new ones in every epoch";
            if buttons::enabled(ui, has_image, "Draw again", tip, "Click an image first") {
                self.seed = self.seed.wrapping_add(1);
            }
            let tip = "Training images then stay as they are";
            let why_not = "Everything is off already, or a run goes on";
            if buttons::enabled(ui, can_switch, "Switch all off", tip, why_not) {
                cx.push(EditAction::Augmentation(AugmentationConfig::default()));
            }
        });
    }
}

fn preview_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let input = cx.state.experiment.model.input;
    let proportions = vec2(input.width.max(1) as f32, input.height.max(1) as f32);
    let tile = tile_size(ui, proportions);
    let slot = cx.state.slot::<Inspect<Augment>>();
    let augmented = slot.answer();
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            ui.set_width(tile.x.max(64.0));
            let original = augmented.map(|a| &a.original);
            picture_ui(ui, cx, original, tile, "The image as it is");
            states::caption(ui, "original");
        });
        ui.add_space(theme::GRID / 2.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing = vec2(GAP, GAP);
            for row in 0..VERSIONS / COLUMNS {
                ui.horizontal(|ui| {
                    for index in row * COLUMNS..(row + 1) * COLUMNS {
                        let version = augmented.and_then(|a| a.versions.get(index));
                        let name = format!("Augmented version {}", index + 1);
                        picture_ui(ui, cx, version, tile, &name);
                    }
                });
            }
        });
    });
    states::failure(ui, slot.failed.as_ref());
}

/// Four pictures beside each other, three on top of each other, within their share of the panel.
fn tile_size(ui: &Ui, proportions: Vec2) -> Vec2 {
    let columns = COLUMNS as f32 + 1.0;
    let width = (ui.available_width() - columns * GAP - 3.0 * theme::GRID) / columns;
    let rows = (VERSIONS / COLUMNS) as f32;
    let height = PREVIEW_SHARE * ui.available_height() / rows - GAP;
    let space = vec2(width.max(24.0), height.max(24.0));
    picture::fitted_exactly(proportions, space).max(vec2(8.0, 8.0))
}

/// A picture, or its place until it has come.
fn picture_ui(ui: &mut Ui, cx: &mut Cx<'_>, image: Option<&Arc<Picture>>, size: Vec2, name: &str) {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let image = image.filter(|image| !image.rgb.is_empty());
    let texture = image.map(|image| cx.textures.picture(ui.ctx(), image));
    picture::in_place(ui, texture.as_ref(), rect, Align2::CENTER_CENTER);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
}

fn settings_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let before = &cx.state.experiment.augmentation;
    let mut config = before.clone();
    let running = cx.state.training.is_running();
    let words = match (running, config.is_none()) {
        (true, _) => "A run goes on: this can be changed when it has ended.",
        (false, true) => "Off: training images stay as they are.",
        (false, false) => {
            "Applied to training images only, anew in every epoch; validation and test images stay as they are."
        }
    };
    states::caption(ui, words);
    ui.add_enabled_ui(!running, |ui| {
        switches_ui(ui, &mut config);
        // What names and numbers take beside a slider.
        let slider_width = (ui.available_width() - 204.0).clamp(56.0, 240.0);
        let grid = Grid::new("augmentation").num_columns(2);
        grid.spacing([2.0 * theme::GRID, 6.0]).show(ui, |ui| {
            ui.spacing_mut().slider_width = slider_width;
            sliders_ui(ui, &mut config);
            fill_ui(ui, &mut config);
        });
    });
    if config != *before {
        cx.push(EditAction::Augmentation(config));
    }
}

fn switches_ui(ui: &mut Ui, config: &mut AugmentationConfig) {
    ui.horizontal_wrapped(|ui| {
        let tip = "Mirrors left and right, for half of the images. Good where left and right mean the same. Default: off";
        fields::toggle(ui, "Horizontal flip", tip, &mut config.horizontal_flip);
        let tip = "Mirrors top and bottom, for half of the images. Good for images without an up, such as cells. Default: off";
        fields::toggle(ui, "Vertical flip", tip, &mut config.vertical_flip);
    });
}

fn sliders_ui(ui: &mut Ui, config: &mut AugmentationConfig) {
    let value = Number::new(&mut config.rotation_degrees, 0.0..=180.0)
        .decimals(2)
        .prefix("±")
        .suffix("°");
    let tip = "Turns by up to this many degrees either way; 36° is Keras' RandomRotation(0.1). More makes the network care less about direction. Default: 0";
    fields::slider(ui, "Rotation", tip, value, 1.0, true);
    let tip = "Makes the content larger or smaller by up to this much. More makes the network care less about size. Default: 0";
    percent(ui, "Zoom", tip, &mut config.zoom, ("±", 0.0, 90.0));
    zoom_axes_ui(ui, config);
    let tip = "Moves left or right by up to this share of the width. Default: 0";
    percent(ui, "Width shift", tip, &mut config.width_shift, WHOLE);
    let tip = "Moves up or down by up to this share of the height. Default: 0";
    percent(ui, "Height shift", tip, &mut config.height_shift, WHOLE);
    let tip = "Smallest share of each side that a random crop keeps before it is enlarged again. Less shows smaller details. Default: 100 %, no crop";
    percent(ui, "Random crop", tip, &mut config.random_crop, CROP);
    let tip = "Makes images brighter or darker by up to this much. More makes the network care less about light. Default: 0";
    percent(ui, "Brightness", tip, &mut config.brightness, WHOLE);
    let tip = "Gives images more or less contrast, by up to this much. Default: 0";
    percent(ui, "Contrast", tip, &mut config.contrast, WHOLE);
}

/// Whether both axes zoom alike; only where there is a zoom.
fn zoom_axes_ui(ui: &mut Ui, config: &mut AugmentationConfig) {
    let mut each = config.zoom_axes == ZoomAxes::Each;
    let tip = "Width and height get a zoom of their own, which stretches the content: zoom_range of Keras' ImageDataGenerator. Default: off, both alike";
    ui.label("").on_hover_text(tip);
    ui.add_enabled_ui(config.zoom > 0.0, |ui| {
        if fields::toggle(ui, "Each axis on its own", tip, &mut each).changed() {
            let axes = [ZoomAxes::Together, ZoomAxes::Each];
            config.zoom_axes = axes[usize::from(each)];
        }
    });
    ui.end_row();
}

/// What stands before a percentage, and its least and greatest value.
type Range = (&'static str, f64, f64);
const WHOLE: Range = ("±", 0.0, 100.0);
const CROP: Range = ("", 10.0, 100.0);

/// A share of 0..1 as a slider in percent; set only when it was moved.
fn percent(ui: &mut Ui, name: &str, tip: &str, share: &mut f64, (prefix, low, high): Range) {
    /// Two decimals of a percent: what is typed is what is kept.
    const STEPS: f64 = 1e4;
    let mut value = 100.0 * *share;
    let number = Number::new(&mut value, low..=high)
        .decimals(2)
        .prefix(prefix)
        .suffix(" %");
    // Without ± the right end is off.
    let is_filled = !prefix.is_empty();
    if fields::slider(ui, name, tip, number, 1.0, is_filled).changed() {
        *share = (value / 100.0 * STEPS).round() / STEPS;
    }
}

fn fill_ui(ui: &mut Ui, config: &mut AugmentationConfig) {
    let mut grey = match config.fill {
        FillMode::Constant(grey) => grey,
        FillMode::Nearest | FillMode::Reflect => BLACK,
    };
    let options = [
        (FillMode::Constant(grey), "one grey"),
        (FillMode::Nearest, "nearest pixel"),
        (FillMode::Reflect, "mirrored"),
    ];
    let tip = "What shows where a turned or moved image does not reach: fill_mode in Keras. Default: one grey, black";
    fields::one_of_row(ui, "Fill", tip, 128.0, &mut config.fill, &options);
    let tip = "The grey that fills, from 0 (black) to 255 (white). Default: 0";
    let label = ui.label("Grey value").on_hover_text(tip);
    let is_grey = matches!(config.fill, FillMode::Constant(_));
    let field = |ui: &mut Ui| {
        let number = Number::new(&mut grey, 0..=255).speed(1.0);
        number.ui(ui, "Grey value", label.id)
    };
    let field = ui.add_enabled_ui(is_grey, field).inner.on_hover_text(tip);
    let field = field.on_disabled_hover_text("Only for a fill of one grey");
    if field.changed() && is_grey {
        config.fill = FillMode::Constant(grey);
    }
    ui.end_row();
}
