//! The Confusion panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Confusion {}

impl Panel for Confusion {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
