//! The Datasets panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Datasets {}

impl Panel for Datasets {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
