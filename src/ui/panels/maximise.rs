//! The Maximise panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Maximise {}

impl Panel for Maximise {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
