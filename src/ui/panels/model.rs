//! The Model panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Model {}

impl Panel for Model {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
