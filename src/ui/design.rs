//! The network being edited: which layer is chosen and what fits together. Plain data.

use std::sync::Arc;

use super::{
    history::Part,
    state::{AppState, Selection},
};
use crate::{
    engine::Level,
    model::{
        LayerShape, LayerSpec, ModelSpec, Node, ShapeError,
        edit::{self, LayerEdit},
        graph, shapes,
        spec::{Head, InputSpec},
    },
    train::Experiment,
};

/// A row of the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chosen {
    /// A layer, by its position.
    Layer(usize),
    /// A layer within a block, by the block's position and its own within it.
    Inner(usize, usize),
    /// What becomes of the logits.
    Head,
}

impl Chosen {
    /// All rows of layers, from input to output; those within a block follow it.
    pub fn rows(model: &ModelSpec) -> Vec<Self> {
        let rows = model.layers.iter().enumerate().flat_map(|(at, layer)| {
            let inner = layer.kind.inner().unwrap_or_default();
            let inner = (0..inner.len()).map(move |inner| Self::Inner(at, inner));
            std::iter::once(Self::Layer(at)).chain(inner)
        });
        rows.collect()
    }

    /// The list that the row stands in, and its position there; `None` when there is no such row of a layer.
    pub fn place(self, model: &ModelSpec) -> Option<(&[LayerSpec], usize)> {
        let (layers, at) = match self {
            Self::Layer(at) => (&model.layers[..], at),
            Self::Inner(block, at) => (model.layers.get(block)?.kind.inner()?, at),
            Self::Head => return None,
        };
        (at < layers.len()).then_some((layers, at))
    }

    /// The layer of the row.
    pub fn layer(self, model: &ModelSpec) -> Option<&LayerSpec> {
        self.place(model).map(|(layers, at)| &layers[at])
    }

    /// What the layer's nodes are called: its name, behind that of its block.
    pub fn name(self, model: &ModelSpec) -> Option<String> {
        let name = &self.layer(model)?.name;
        Some(match self {
            Self::Inner(block, _) => format!("{}.{name}", model.layers[block].name),
            _ => name.clone(),
        })
    }

    /// The number that people see: 3, and 3.1 for the first layer of the third.
    pub fn number(self) -> String {
        match self {
            Self::Layer(at) => (at + 1).to_string(),
            Self::Inner(block, at) => format!("{}.{}", block + 1, at + 1),
            Self::Head => String::new(),
        }
    }

    /// An edit of the list that the row stands in.
    pub fn edit(self, edit: LayerEdit) -> LayerEdit {
        match self {
            Self::Inner(block, _) => LayerEdit::Within {
                block,
                edit: Box::new(edit),
            },
            _ => edit,
        }
    }
}

/// What the editor asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum DesignAction {
    /// Change the layers. Edits of one gesture (a number being dragged or typed) are undone together.
    Edit(LayerEdit, Option<u64>),
    /// Choose a row.
    Choose(Option<Chosen>),
    /// Show and change the boundary of this phase, counted from 0.
    ShowPhase(usize),
    /// In the phase shown, train from this layer or node on; `None` trains everything. Gestures as for edits.
    TrainFrom(Option<String>, Option<u64>),
    /// Give the network images like these.
    SetInput(InputSpec),
    /// Give the last dense layer as many units as the dataset needs.
    FitLastLayer,
}

/// The network being edited.
#[derive(Debug, Clone, Default)]
pub struct Design {
    /// The row that is chosen.
    pub chosen: Option<Chosen>,
    /// The phase whose boundary shows, counted from 0.
    pub phase: usize,
    /// Nodes of the layers before the first that does not fit.
    pub nodes: Arc<[Node]>,
    /// Shapes of the layers before the first that does not fit.
    pub shapes: Arc<[LayerShape]>,
    /// Values that come out of each of those layers for one image, all nodes counted.
    pub values: Arc<[usize]>,
    /// Whether all layers fit together.
    pub fits: bool,
    /// The layer that does not fit, or the last one when its outputs are not what the dataset needs.
    pub problem: Option<ShapeError>,
    /// Classes that the last layer was fitted to; it is fitted again when there are others.
    fitted: Option<usize>,
}

impl AppState {
    /// The first trained layer or node in the phase shown.
    pub fn boundary(&self) -> Option<&str> {
        let phase = self.experiment.training.phases.get(self.design.phase)?;
        phase.trainable_from.as_deref()
    }

    /// Why layers cannot be edited now.
    pub fn why_not_edit_layers(&self) -> Option<&'static str> {
        let running = self.training.is_running();
        running
            .then_some("A run goes on: the layers can be looked at, and edited once it has ended")
    }

    /// Carries out what the editor asks for; what cannot be done becomes a note.
    pub fn apply_design(&mut self, action: DesignAction) {
        match (action, self.why_not_edit_layers()) {
            (DesignAction::Choose(chosen), _) => self.choose(chosen),
            (DesignAction::ShowPhase(phase), _) => self.design.phase = phase,
            (_, Some(reason)) => self.note(Level::Warning, reason),
            (DesignAction::Edit(edit, gesture), None) => self.edit_layers(&edit, gesture),
            (DesignAction::TrainFrom(from, gesture), None) => self.train_from(from, gesture),
            (DesignAction::SetInput(input), None) => {
                self.change_experiment(Part::Model, None, |experiment| {
                    experiment.model.input = input;
                });
                self.network_changed();
            }
            (DesignAction::FitLastLayer, None) => {
                let before = self.experiment_as_it_is();
                if let Some(classes) = self.classes() {
                    self.fit(classes);
                }
                self.remember(Part::Model, before, None);
                self.network_changed();
            }
        }
    }

    fn edit_layers(&mut self, edit: &LayerEdit, gesture: Option<u64>) {
        let before = self.experiment_as_it_is();
        let mut boundaries = self.boundaries();
        let model = &mut self.experiment.model;
        match edit::apply(model, &mut boundaries, edit) {
            Ok(at) => {
                self.set_boundaries(boundaries);
                if *before == self.experiment {
                    return;
                }
                self.remember(Part::Model, before, gesture);
                self.network_changed();
                self.choose(match edit {
                    LayerEdit::SetHead { .. } => Some(Chosen::Head),
                    LayerEdit::Within { block, .. } => {
                        let inner = at.map(|at| Chosen::Inner(*block, at));
                        Some(inner.unwrap_or(Chosen::Layer(*block)))
                    }
                    _ => at.map(Chosen::Layer),
                });
            }
            Err(error) => self.note(Level::Warning, error.to_string()),
        }
    }

    fn train_from(&mut self, from: Option<String>, gesture: Option<u64>) {
        // Training from the first layer on is training everything.
        let first = self.experiment.model.layers.first();
        let from = from.filter(|name| first.is_none_or(|layer| layer.name != *name));
        let shown = self.design.phase;
        self.change_experiment(Part::Model, gesture, |experiment| {
            if let Some(phase) = experiment.training.phases.get_mut(shown) {
                phase.trainable_from = from;
            }
        });
    }

    /// Other layers, read from a file; the last is fitted to the open dataset.
    pub fn replace_model(&mut self, model: ModelSpec) {
        self.design.fitted = None;
        self.show_network_of(model);
    }

    /// The network of a model that was loaded, as it is: were its last layer fitted, it would be another one.
    pub fn show_network_of(&mut self, model: ModelSpec) {
        let before = self.experiment_as_it_is();
        self.experiment.model = model;
        self.forget_unknown_boundaries();
        self.remember(Part::Model, before, None);
        self.forget_layer();
        self.experiment_changed();
    }

    /// The layer that was looked at is another network's.
    fn forget_layer(&mut self) {
        (self.selection.layer, self.selection.unit) = (None, None);
    }

    /// Another experiment; undo brings the earlier one back, less its dataset. Its last layer
    /// is fitted when its dataset has been opened: the one that is open now is another's.
    pub fn replace_experiment(&mut self, experiment: Experiment) {
        self.change_experiment(Part::Experiment, None, |now| *now = experiment);
        self.design.phase = 0;
        self.design.fitted = None;
        self.forget_layer();
        self.training.forget_failure();
        self.network_changed();
    }

    /// After undo or redo. The chosen layer stays chosen if it is still there.
    pub(super) fn experiment_exchanged(&mut self, earlier: &Experiment) {
        let chosen = self.design.chosen;
        self.network_changed();
        let Some(Chosen::Layer(at)) = chosen else {
            return;
        };
        if let Some(layer) = earlier.model.layers.get(at) {
            // A layer that has gone or has another name leaves the choice to what stands there.
            let at = self.experiment.model.layer_index(&layer.name);
            self.design.chosen = at.map(Chosen::Layer).or(self.design.chosen);
        }
    }

    /// Chooses a row; what is shown of the trained network follows when it has a layer of that name.
    fn choose(&mut self, chosen: Option<Chosen>) {
        self.design.chosen = chosen;
        let Some(name) = chosen.and_then(|chosen| chosen.name(&self.experiment.model)) else {
            return;
        };
        let node = match self.model.as_ref().map(|model| &model.snapshot.spec) {
            Some(trained) => {
                let nodes = graph::nodes(trained).unwrap_or_default();
                graph::output_position(&nodes, &name)
            }
            None => graph::output_position(&self.design.nodes, &name),
        };
        if node != self.selection.layer {
            self.select(Selection {
                layer: node,
                unit: None,
                ..self.selection.clone()
            });
        }
    }

    fn boundaries(&self) -> Vec<Option<String>> {
        let phases = self.experiment.training.phases.iter();
        phases.map(|phase| phase.trainable_from.clone()).collect()
    }

    fn set_boundaries(&mut self, boundaries: Vec<Option<String>>) {
        let phases = &mut self.experiment.training.phases;
        for (phase, boundary) in phases.iter_mut().zip(boundaries) {
            phase.trainable_from = boundary;
        }
    }

    /// Phases that name a layer of another network train everything.
    pub fn forget_unknown_boundaries(&mut self) {
        let layers = &self.experiment.model.layers;
        for phase in &mut self.experiment.training.phases {
            let is_known = |name: &String| {
                let mut layers = layers.iter();
                layers.any(|layer| graph::belongs(name, &layer.name))
            };
            phase.trainable_from = phase.trainable_from.take().filter(is_known);
        }
    }

    pub(super) fn classes(&self) -> Option<usize> {
        Some(self.dataset()?.classes.len())
    }

    /// Gives the last dense layer as many units as `classes` classes need, and says so.
    fn fit(&mut self, classes: usize) {
        let Some(logits) = self.experiment.model.fit_classes(classes) else {
            return;
        };
        let words = match self.experiment.model.head {
            Head::Softmax => format!("The last layer now has {logits} units, one per class"),
            Head::Sigmoid { .. } => {
                "The last layer now has 1 unit, as its sigmoid needs".to_owned()
            }
        };
        self.note(Level::Info, words);
    }

    /// Makes what follows from another experiment or dataset agree with it. The last layer is fitted when the
    /// number of classes is another one; what the user then makes of it is theirs.
    pub fn experiment_changed(&mut self) {
        if let Some(classes) = self.classes()
            && self.design.fitted.replace(classes) != Some(classes)
        {
            self.fit(classes);
        }
        self.network_changed();
    }

    /// Makes what follows from the layers agree with them.
    pub fn network_changed(&mut self) {
        let model = &self.experiment.model;
        let (nodes, problem) = shapes::fitting_nodes(model);
        self.design.fits = problem.is_none();
        let misfit = || shapes::check_classifier(model, self.classes()?).err();
        self.design.problem = problem.or_else(misfit);
        self.design.shapes = shapes::of_nodes(&nodes).into();
        let values = shapes::of_layers(&nodes).map(|(_, values)| values);
        self.design.values = values.collect();
        self.design.nodes = nodes.into();
        if let Some(chosen @ (Chosen::Layer(at) | Chosen::Inner(at, _))) = self.design.chosen
            && chosen.layer(model).is_none()
        {
            let last = model.layers.len().checked_sub(1);
            self.design.chosen = last.map(|last| Chosen::Layer(at.min(last)));
        }
        let phases = self.experiment.training.phases.len();
        self.design.phase = self.design.phase.min(phases.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests;
