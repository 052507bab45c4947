//! The FeatureMaps panel.

use eframe::egui::Ui;

use super::{Cx, Panel};

/// View state.
#[derive(Default)]
pub struct FeatureMaps {}

impl Panel for FeatureMaps {
    fn ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
