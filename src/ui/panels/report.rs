//! The Report panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Report {}

impl Panel for Report {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
