//! The Curves panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Curves {}

impl Panel for Curves {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
