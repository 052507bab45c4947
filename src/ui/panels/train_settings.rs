//! The TrainSettings panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct TrainSettings {}

impl Panel for TrainSettings {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
