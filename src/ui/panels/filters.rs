//! The Filters panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Filters {}

impl Panel for Filters {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
