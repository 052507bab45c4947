//! The Image panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct Image {}

impl Panel for Image {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
