//! What images become before the network sees them: size, colours, resizing.

use eframe::egui::Ui;

use super::wish;
use crate::{
    model::spec::{ColorMode, ResizeMode},
    ui::{
        design::DesignAction,
        panels::Cx,
        widgets::{fields, number::Number, states},
    },
};

#[derive(Default)]
pub struct Input {
    /// The side that is being dragged and where it is; images are read anew only when it is let go.
    dragged: Option<(&'static str, usize)>,
}

/// Sides that a laptop can train on.
const SIDES: std::ops::RangeInclusive<usize> = 8..=512;

impl Input {
    /// Size, colours and resizing of the input.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let mut input = cx.state.experiment.model.input;
        let idle = !cx.state.training.is_running();
        ui.add_enabled_ui(idle, |ui| {
            ui.horizontal_wrapped(|ui| {
                let tip = "Rows of every image the network sees";
                self.side_ui(ui, "Height", tip, &mut input.height);
                let tip = "Columns of every image the network sees";
                self.side_ui(ui, "Width", tip, &mut input.width);
                let tip = "Whether the network sees red, green and blue, or one shade of grey. Default: RGB";
                let modes = ColorMode::ALL.map(|mode| (mode, mode.words()));
                fields::one_of(ui, "Colours", tip, 72.0, &mut input.color_mode, &modes);
                let tip = "What becomes of images of other proportions; the filter is antialiased bilinear. Default: stretch";
                let modes = ResizeMode::ALL.map(|mode| (mode, mode.words()));
                fields::one_of(ui, "Resize", tip, 150.0, &mut input.resize, &modes);
            });
        });
        if input != cx.state.experiment.model.input {
            wish(cx, DesignAction::SetInput(input));
        }
    }

    fn side_ui(&mut self, ui: &mut Ui, name: &'static str, tip: &str, side: &mut usize) {
        let dragged = self.dragged.filter(|(dragged, _)| *dragged == name);
        let mut value = dragged.map_or(*side, |(_, value)| value);
        let label = states::caption(ui, name).on_hover_text(tip);
        let field = Number::new(&mut value, SIDES).speed(0.5).suffix(" px");
        let response = field.ui(ui, name, label.id).on_hover_text(tip);
        if response.dragged() {
            self.dragged = Some((name, value));
        } else if dragged.is_some() || response.changed() {
            self.dragged = None;
            *side = value;
        }
    }
}
