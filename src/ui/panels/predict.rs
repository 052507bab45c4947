//! The Predict panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Predict {}

impl Panel for Predict {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
