//! Steps and their panels in rearrangeable tiles.

use std::collections::BTreeMap;

use eframe::egui::{self, Ui, WidgetText};
use egui_tiles::{Behavior, Container, Linear, LinearDir, Tile, TileId, Tiles, Tree, UiResponse};
use serde::{Deserialize, Serialize};

pub use super::panels::PanelKind;
use super::state::AppState;

/// A stage of the learner's path, on the left of the window, in the order of the shortcuts Ctrl+1 ….
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Step {
    /// Look at the images.
    #[default]
    Data,
    /// Look at the layers.
    Model,
    /// Fit.
    Train,
    /// What is confused with what.
    Evaluate,
    /// Filters, feature maps, what excites them.
    Inside,
    /// Drop an image.
    Predict,
    /// Look back at what was trained, and compare.
    Runs,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Data,
        Self::Model,
        Self::Train,
        Self::Evaluate,
        Self::Inside,
        Self::Predict,
        Self::Runs,
    ];

    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Model => "Model",
            Self::Train => "Train",
            Self::Evaluate => "Evaluate",
            Self::Inside => "Inside",
            Self::Predict => "Predict",
            Self::Runs => "Runs",
        }
    }

    /// What is missing before it can be used; `None` when nothing is.
    pub fn missing(self, state: &AppState) -> Option<&'static str> {
        let has_data = state.dataset().is_some();
        let has_model = state.model.is_some();
        match self {
            Self::Train if !has_data => Some("needs a dataset"),
            Self::Evaluate | Self::Inside | Self::Predict if !has_model => {
                Some("needs a trained model")
            }
            _ => None,
        }
    }

    /// The columns' shares of its width, at first.
    fn shares(self) -> &'static [f32] {
        match self {
            Self::Data => &[0.6, 0.4],
            Self::Model | Self::Predict => &[1.0],
            Self::Train => &[0.28, 0.42, 0.3],
            Self::Evaluate => &[0.46, 0.54],
            Self::Inside => &[0.3, 0.4, 0.3],
            Self::Runs => &[0.58, 0.42],
        }
    }

    /// Its panels, and in which column and group of tabs each stands at first.
    fn panels(self) -> impl Iterator<Item = ((usize, usize), PanelKind)> {
        PanelKind::ALL.into_iter().filter_map(move |panel| {
            let place = panel.places().iter().find(|place| place.0 == self)?;
            Some(((place.1, place.2), panel))
        })
    }

    fn default_tree(self) -> Tree<PanelKind> {
        let mut groups: BTreeMap<(usize, usize), Vec<PanelKind>> = BTreeMap::new();
        for (place, panel) in self.panels() {
            groups.entry(place).or_default().push(panel);
        }
        let mut tiles = Tiles::default();
        let mut row = Linear::new(LinearDir::Horizontal, Vec::new());
        for (column, share) in self.shares().iter().enumerate() {
            let in_column = groups.iter().filter(|((of, _), _)| *of == column);
            let tabs: Vec<TileId> = in_column
                .map(|(_, group)| tab_group(&mut tiles, group))
                .collect();
            let column = match tabs.as_slice() {
                [only] => *only,
                _ => tiles.insert_vertical_tile(tabs),
            };
            row.add_child(column);
            row.shares.set_share(column, *share);
        }
        let root = tiles.insert_container(Container::Linear(row));
        Tree::new(egui::Id::unique(("workspace", self)), root, tiles)
    }
}

/// The tile of a group of tabs; a panel alone needs no group.
fn tab_group(tiles: &mut Tiles<PanelKind>, group: &[PanelKind]) -> TileId {
    let panes: Vec<TileId> = group
        .iter()
        .map(|panel| tiles.insert_pane(*panel))
        .collect();
    match panes.as_slice() {
        [only] => *only,
        _ => tiles.insert_tab_tile(panes),
    }
}

/// The tiles of every step.
#[derive(Debug)]
pub struct Workspaces {
    trees: BTreeMap<Step, Tree<PanelKind>>,
}

impl Default for Workspaces {
    fn default() -> Self {
        Self {
            trees: Step::ALL
                .into_iter()
                .map(|step| (step, step.default_tree()))
                .collect(),
        }
    }
}

impl Workspaces {
    /// From saved layouts; a step whose layout cannot be read or lacks a panel, as those of earlier versions
    /// do, gets its default.
    pub fn from_saved(saved: &BTreeMap<Step, String>) -> Self {
        let mut workspaces = Self::default();
        for (step, text) in saved {
            if let Ok(tree) = ron::from_str::<Tree<PanelKind>>(text)
                && tree.root.is_some()
                && step
                    .panels()
                    .all(|(_, panel)| tree.tiles.find_pane(&panel).is_some())
            {
                workspaces.trees.insert(*step, tree);
            }
        }
        workspaces
    }

    /// For [`Self::from_saved`].
    pub fn to_saved(&self) -> BTreeMap<Step, String> {
        let text =
            |(step, tree): (&Step, &Tree<PanelKind>)| Some((*step, ron::to_string(tree).ok()?));
        self.trees.iter().filter_map(text).collect()
    }

    /// Makes `panel` of `step` visible where it lies behind another one.
    pub fn bring_forward(&mut self, step: Step, panel: PanelKind) {
        if let Some(tree) = self.trees.get_mut(&step) {
            tree.make_active(|_, tile| matches!(tile, Tile::Pane(pane) if *pane == panel));
        }
    }

    /// Draws the panels of `step`; `draw` draws one.
    pub fn ui(&mut self, step: Step, ui: &mut Ui, draw: &mut dyn FnMut(&mut Ui, PanelKind)) {
        if let Some(tree) = self.trees.get_mut(&step) {
            tree.ui(&mut Panes { draw }, ui);
        }
    }
}

struct Panes<'a> {
    draw: &'a mut dyn FnMut(&mut Ui, PanelKind),
}

impl Behavior<PanelKind> for Panes<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, panel: &mut PanelKind) -> UiResponse {
        egui::Frame::NONE
            .inner_margin(egui::Margin::same(12))
            .show(ui, |ui| (self.draw)(ui, *panel));
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, panel: &PanelKind) -> WidgetText {
        panel.title().into()
    }

    fn simplification_options(&self) -> egui_tiles::SimplificationOptions {
        egui_tiles::SimplificationOptions {
            all_panes_must_have_tabs: true,
            ..Default::default()
        }
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        32.0
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        1.0
    }

    fn tab_bar_color(&self, visuals: &egui::Visuals) -> egui::Color32 {
        visuals.faint_bg_color
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_survive_a_round_trip_and_damage_falls_back() {
        let workspaces = Workspaces::default();
        let mut saved = workspaces.to_saved();
        assert_eq!(saved.len(), Step::ALL.len());
        let again = Workspaces::from_saved(&saved).to_saved();
        assert_eq!(
            again.keys().collect::<Vec<_>>(),
            saved.keys().collect::<Vec<_>>()
        );
        saved.insert(Step::Train, "(root:Some(1),tiles:nonsense)".into());
        let repaired = Workspaces::from_saved(&saved);
        assert!(repaired.trees[&Step::Train].root.is_some());
    }

    #[test]
    fn every_panel_stands_in_some_step() {
        for panel in PanelKind::ALL {
            let is_there = |step: Step| step.panels().any(|(_, other)| other == panel);
            assert!(Step::ALL.into_iter().any(is_there), "{panel:?}");
        }
    }

    #[test]
    fn a_layout_saved_before_a_panel_existed_gives_way_to_the_default() {
        let mut tiles = Tiles::default();
        let panes = [PanelKind::Datasets, PanelKind::Image].map(|panel| tiles.insert_pane(panel));
        let root = tiles.insert_horizontal_tile(panes.to_vec());
        let older = Tree::new(egui::Id::unique("older"), root, tiles);
        let saved = [(Step::Data, ron::to_string(&older).unwrap())];
        let workspaces = Workspaces::from_saved(&saved.into());
        let tiles = &workspaces.trees[&Step::Data].tiles;
        assert!(tiles.find_pane(&PanelKind::Doctor).is_some());
    }
}
