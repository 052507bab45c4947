//! Steps and their panels in rearrangeable tiles.

use std::collections::BTreeMap;

use eframe::egui::{self, Ui, WidgetText};
use egui_tiles::{Behavior, Container, Linear, LinearDir, Tile, TileId, Tiles, Tree, UiResponse};
use serde::{Deserialize, Serialize};

use super::state::AppState;

/// What the window is made of, each with what it is called: an enum, all of it in its order, and its words.
macro_rules! called {
    ($(#[$about:meta])* $name:ident, $word:ident: $($(#[$doc:meta])* $it:ident $words:literal,)*) => {
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum $name {
            $($(#[$doc])* $it,)*
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: [Self; [$($words),*].len()] = [$(Self::$it),*];

            /// What people call it.
            pub fn $word(self) -> &'static str {
                match self {
                    $(Self::$it => $words,)*
                }
            }
        }
    };
}

called! {
    /// A stage of the learner's path, on the left of the window, in the order of the shortcuts Ctrl+1 ….
    #[derive(Default)]
    Step, word:
    /// Look at the images.
    #[default]
    Data "Data",
    /// Look at the layers.
    Model "Model",
    /// Fit.
    Train "Train",
    /// What is confused with what.
    Evaluate "Evaluate",
    /// Filters, feature maps, what excites them.
    Inside "Inside",
    /// Drop an image.
    Predict "Predict",
    /// Look back at what was trained, and compare.
    Runs "Runs",
}

impl Step {
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

    /// Its panels in their default places.
    fn columns(self) -> &'static [Column] {
        use PanelKind as P;
        match self {
            Self::Data => &[
                (0.6, &[&[P::Datasets]]),
                (
                    0.4,
                    &[&[P::Image, P::Split, P::Doctor, P::Augmentation, P::Changes]],
                ),
            ],
            Self::Model => &[(1.0, &[&[P::Model]])],
            Self::Train => &[
                (0.28, &[&[P::TrainSettings]]),
                (0.42, &[&[P::Curves, P::RateFinder]]),
                (0.3, &[&[P::FeatureMaps]]),
            ],
            Self::Evaluate => &[
                (0.46, &[&[P::Confusion, P::CrossTable]]),
                (0.54, &[&[P::CellImages, P::Predictions], &[P::Report]]),
            ],
            Self::Inside => &[
                (0.3, &[&[P::Filters]]),
                (0.4, &[&[P::FeatureMaps, P::Activations]]),
                (0.3, &[&[P::Maximise]]),
            ],
            Self::Predict => &[(1.0, &[&[P::Predict]])],
            Self::Runs => &[
                (0.58, &[&[P::Runs], &[P::RunCurves]]),
                (0.42, &[&[P::AboutRun], &[P::RunDifference]]),
            ],
        }
    }

    /// The panels that stand in its default places.
    fn panels(self) -> impl Iterator<Item = PanelKind> {
        let groups = self.columns().iter().flat_map(|(_, groups)| *groups);
        groups.flat_map(|group| group.iter().copied())
    }

    fn default_tree(self) -> Tree<PanelKind> {
        let mut tiles = Tiles::default();
        let mut columns = Vec::new();
        let mut shares = Vec::new();
        for (share, groups) in self.columns() {
            let groups: Vec<TileId> = groups
                .iter()
                .map(|group| tab_group(&mut tiles, group))
                .collect();
            let column = match groups.as_slice() {
                [only] => *only,
                _ => tiles.insert_vertical_tile(groups),
            };
            columns.push(column);
            shares.push((column, *share));
        }
        let mut row = Linear::new(LinearDir::Horizontal, columns);
        for (column, share) in shares {
            row.shares.set_share(column, share);
        }
        let root = tiles.insert_container(Container::Linear(row));
        Tree::new(egui::Id::unique(("workspace", self)), root, tiles)
    }
}

/// A column's share of the width, and from top to bottom its groups of tabs; the first tab is in front.
type Column = (f32, &'static [&'static [PanelKind]]);

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

called! {
    /// A panel. Its file under `ui/panels` draws it.
    PanelKind, title:
    /// Classes with counts, thumbnails.
    Datasets "Dataset",
    /// The selected image, large.
    Image "Image",
    /// Which images stand in which part.
    Split "Split",
    /// Duplicates, leaks and other findings.
    Doctor "Doctor",
    /// Random variations of training images.
    Augmentation "Augmentation",
    /// What the user changed about the dataset.
    Changes "Changes",
    /// The layer table.
    Model "Layers",
    /// Epochs, batch size …, and the buttons.
    TrainSettings "Training",
    /// Accuracy and loss.
    Curves "Curves",
    /// Loss by learning rate, and a suggestion.
    RateFinder "Rate finder",
    /// Counts of actual against predicted.
    Confusion "Confusion matrix",
    /// True against predicted with sums.
    CrossTable "Cross-table",
    /// The images of the chosen cell.
    CellImages "Images of a cell",
    /// What was said about each image.
    Predictions "Predictions",
    /// Precision, recall, F1.
    Report "Classification report",
    /// Kernels of a convolution.
    Filters "Filters",
    /// Outputs of a layer.
    FeatureMaps "Feature maps",
    /// Figures of what every step makes of an image.
    Activations "Activations",
    /// What excites a class or filter.
    Maximise "Activation maximisation",
    /// Drop an image.
    Predict "Predict",
    /// The table of runs.
    Runs "Runs",
    /// Curves of several runs over each other.
    RunCurves "Curves of runs",
    /// Name, notes and tags of a run, and what can be done with it.
    AboutRun "Run",
    /// What differs between several runs.
    RunDifference "What differs",
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
                    .all(|panel| tree.tiles.find_pane(&panel).is_some())
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
            let is_there = |step: Step| step.panels().any(|other| other == panel);
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
