//! The CellImages panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct CellImages {}

impl Panel for CellImages {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
