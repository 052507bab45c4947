//! What the user did and looked at, step by step: changes to the dataset and to the experiment with undo and redo,
//! selections with back and forward. Plain data.

use std::{mem, sync::Arc};

use eframe::egui;

use super::{
    state::{AppState, Showing},
    widgets::marks,
    workspace::Step,
};
use crate::{
    data::{Edit, Edits, edits::EditError},
    engine::ImageSource,
    train::Experiment,
};

/// The image that the whole window looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Sample of the dataset.
    Sample(usize),
    /// An image that stands in no dataset: dropped, chosen, drawn or from the web.
    Image(OwnImage),
}

/// An image that stands in no dataset; the same one is the one that was handed over together.
#[derive(Debug, Clone)]
pub struct OwnImage(Arc<ImageSource>);

impl OwnImage {
    /// Takes an image in.
    pub fn new(source: ImageSource) -> Self {
        Self(Arc::new(source))
    }

    /// Where its pixels are.
    pub fn source(&self) -> &ImageSource {
        &self.0
    }
}

impl PartialEq for OwnImage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.is_same(&other.0)
    }
}

impl Eq for OwnImage {}

impl Subject {
    /// What `source` is.
    pub fn of(source: &ImageSource) -> Self {
        match source {
            ImageSource::Sample(_, sample) => Self::Sample(*sample),
            source => Self::Image(OwnImage::new(source.clone())),
        }
    }

    /// Whether `source` is this.
    pub fn is_of(&self, source: &ImageSource) -> bool {
        match (self, source) {
            (Self::Sample(sample), ImageSource::Sample(_, of)) => sample == of,
            (Self::Image(image), source) => image.0.is_same(source),
            (Self::Sample(_), _) => false,
        }
    }
}

/// What the whole window looks at. Clicking anywhere sets it, everything follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The image.
    pub subject: Option<Subject>,
    /// Layer of the model.
    pub layer: Option<usize>,
    /// Filter or value of that layer.
    pub unit: Option<usize>,
    /// Class.
    pub class: Option<usize>,
    /// Cell of the confusion matrix: actual, predicted.
    pub cell: Option<(usize, usize)>,
    /// Epoch of the run, from 1.
    pub epoch: Option<usize>,
    /// Samples that an action on many means, ascending; empty when it means [`Self::sample`] alone.
    pub marked: Arc<[usize]>,
}

impl Selection {
    /// The sample of the dataset that is looked at; `None` when nothing is, or an image that stands in none.
    pub fn sample(&self) -> Option<usize> {
        match self.subject {
            Some(Subject::Sample(sample)) => Some(sample),
            Some(Subject::Image(_)) | None => None,
        }
    }

    /// The same with an image that may stand in no dataset.
    #[must_use]
    pub fn with_image(&self, source: ImageSource) -> Self {
        Self {
            subject: Some(Subject::Image(OwnImage::new(source))),
            marked: Arc::from([]),
            ..self.clone()
        }
    }

    /// The same with another sample.
    #[must_use]
    pub fn with_sample(&self, sample: Option<usize>) -> Self {
        Self {
            subject: sample.map(Subject::Sample),
            ..self.clone()
        }
    }
}

/// Where the user looked before and after.
pub(super) type Trail = Versions<Selection>;

/// What was, and a number that is larger the later it was left behind.
type Earlier<T> = (u64, T);

/// What was before each change, and what was taken back; the newest last.
#[derive(Debug, Clone)]
pub(super) struct Versions<T> {
    undo: Vec<Earlier<T>>,
    redo: Vec<Earlier<T>>,
}

impl<T> Default for Versions<T> {
    fn default() -> Self {
        let (undo, redo) = (Vec::new(), Vec::new());
        Self { undo, redo }
    }
}

impl<T> Versions<T> {
    /// Goes a step back, or on again: `exchange` makes what was then the present and returns what is now. False when
    /// there is no step.
    fn step(&mut self, is_undo: bool, number: u64, exchange: impl FnOnce(T) -> T) -> bool {
        let (from, to) = match is_undo {
            true => (&mut self.undo, &mut self.redo),
            false => (&mut self.redo, &mut self.undo),
        };
        let Some((_, then)) = from.pop() else {
            return false;
        };
        to.push((number, exchange(then)));
        true
    }

    /// Whether there is a change to take back, and one to make again.
    fn can(&self) -> (bool, bool) {
        (!self.undo.is_empty(), !self.redo.is_empty())
    }
}

/// What the user changed about the dataset, step by step.
#[derive(Debug, Clone, Default)]
pub(super) struct EditHistory {
    versions: Versions<Arc<Edits>>,
    /// What the engine shall apply; `None` when the open dataset is as wanted.
    pub wanted: Option<Arc<Edits>>,
}

/// What a change to the experiment changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Layers, input, boundaries of frozen layers, or another network.
    Model,
    /// How it is trained.
    Training,
    /// How images are divided.
    Split,
    /// How training images vary.
    Augmentation,
    /// How pixel values are normalised.
    Normalisation,
    /// All of it: another was opened.
    Experiment,
    /// What did not fit another dataset.
    Unfit,
}

impl Part {
    /// For "Undo the change to the …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Training => "training settings",
            Self::Split => "split",
            Self::Augmentation => "augmentation",
            Self::Normalisation => "normalisation",
            Self::Experiment => "experiment",
            Self::Unfit => "settings of another dataset",
        }
    }
}

/// An experiment as it was, and what was then changed about it.
#[derive(Debug, Clone)]
struct Version {
    experiment: Box<Experiment>,
    part: Part,
    /// Classes of the dataset that was open.
    classes: Option<usize>,
}

/// What the user changed about the experiment, step by step.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    versions: Versions<Version>,
    /// What is being dragged or typed, and of what.
    gesture: Option<(Part, u64)>,
}

/// What Ctrl+Z takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undoable {
    /// A change to the dataset.
    Edits,
    /// A change to the experiment.
    Experiment(Part),
}

impl Undoable {
    /// For "Undo the change to the …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Edits => "dataset",
            Self::Experiment(part) => part.words(),
        }
    }
}

/// Changes made while one thing is held or focused are one change for undo.
#[derive(Debug, Default)]
pub(super) struct Gesture {
    /// Belongs to every change that is made now.
    pub number: u64,
    focused: Option<egui::Id>,
}

impl Gesture {
    /// At the end of a frame: whether the next change belongs to another gesture.
    pub fn end(&mut self, context: &egui::Context) {
        let focused = context.memory(egui::Memory::focused);
        let is_held = context.input(|input| input.pointer.any_down());
        if focused != self.focused || focused.is_none() && !is_held {
            self.number += 1;
            self.focused = focused;
        }
    }
}

/// Selections that Alt+← remembers.
const TRAIL_LENGTH: usize = 100;
/// Experiments that undo remembers.
const MOST_VERSIONS: usize = 200;

impl AppState {
    /// The edits that the user wants: those of the open dataset, or newer ones that are being applied.
    pub fn wanted_edits(&self) -> Option<&Arc<Edits>> {
        let open = self.open_dataset()?;
        Some(self.edits.wanted.as_ref().unwrap_or(&open.edits))
    }

    /// Adds one change to the dataset. It shows once the engine has applied it.
    ///
    /// # Errors
    /// When it would mislead; nothing changes then.
    pub fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        let (Some(open), Some(edits)) = (self.open_dataset(), self.wanted_edits()) else {
            return Ok(());
        };
        let mut changed = Edits::clone(edits);
        changed.change(edit, &open.base)?;
        self.replace_edits(changed);
        Ok(())
    }

    /// Makes `edits` the wanted ones; what was before can be had again with [`Self::undo_edits`].
    pub fn replace_edits(&mut self, edits: Edits) {
        let Some(before) = self.wanted_edits().cloned().filter(|now| **now != edits) else {
            return;
        };
        let number = self.next_number();
        self.edits.versions.undo.push((number, before));
        self.edits.versions.redo.clear();
        self.edits.wanted = Some(Arc::new(edits));
    }

    /// Later than every number before.
    fn next_number(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    /// Takes the last change to the dataset back. False when there is none.
    pub fn undo_edits(&mut self) -> bool {
        self.step_edits(true)
    }

    /// Makes a change to the dataset again that was taken back. False when there is none.
    pub fn redo_edits(&mut self) -> bool {
        self.step_edits(false)
    }

    fn step_edits(&mut self, is_undo: bool) -> bool {
        let Some(now) = self.wanted_edits().cloned() else {
            return false;
        };
        let number = self.next_number();
        let EditHistory { versions, wanted } = &mut self.edits;
        versions.step(is_undo, number, |then| {
            *wanted = Some(then);
            now
        })
    }

    /// Whether there is a change to the dataset to undo, and one to redo.
    pub fn can_undo_redo_edits(&self) -> (bool, bool) {
        self.edits.versions.can()
    }

    /// Changes the experiment in a way that can be taken back; changes of one gesture are taken back together.
    pub fn change_experiment(
        &mut self,
        part: Part,
        gesture: Option<u64>,
        change: impl FnOnce(&mut Experiment),
    ) {
        let before = self.experiment_as_it_is();
        change(&mut self.experiment);
        self.remember(part, before, gesture);
    }

    /// For [`Self::remember`].
    pub(super) fn experiment_as_it_is(&self) -> Box<Experiment> {
        Box::new(self.experiment.clone())
    }

    /// Keeps the experiment as it was before a change, if there was one, unless `gesture` goes on.
    pub(super) fn remember(&mut self, part: Part, before: Box<Experiment>, gesture: Option<u64>) {
        if *before == self.experiment {
            return;
        }
        let gesture = gesture.map(|number| (part, number));
        let goes_on = gesture.is_some() && self.past.gesture == gesture;
        self.past.gesture = gesture;
        self.past.versions.redo.clear();
        if goes_on && !self.past.versions.undo.is_empty() {
            return;
        }
        let number = self.next_number();
        let version = Version {
            experiment: before,
            part,
            classes: self.classes(),
        };
        let undo = &mut self.past.versions.undo;
        undo.push((number, version));
        if undo.len() > MOST_VERSIONS {
            undo.remove(0);
        }
    }

    /// Takes the last change to the experiment back, but for its dataset. False when there is none.
    pub fn undo_experiment(&mut self) -> bool {
        self.step_experiment(true)
    }

    /// Makes a change to the experiment again. False when there is none.
    pub fn redo_experiment(&mut self) -> bool {
        self.step_experiment(false)
    }

    fn step_experiment(&mut self, is_undo: bool) -> bool {
        let number = self.next_number();
        let mut versions = mem::take(&mut self.past.versions);
        let has_gone = versions.step(is_undo, number, |version| self.exchange(version));
        self.past.versions = versions;
        has_gone
    }

    /// Makes `version` the experiment and returns the one that was.
    fn exchange(&mut self, version: Version) -> Version {
        self.past.gesture = None;
        let mut experiment = version.experiment;
        // The dataset has its own way back.
        experiment.dataset.clone_from(&self.experiment.dataset);
        experiment.edits.clone_from(&self.experiment.edits);
        let classes = self.classes();
        if let Some(classes) = classes.filter(|_| classes != version.classes) {
            // It comes back over another dataset.
            experiment.model.fit_classes(classes);
        }
        let now = mem::replace(&mut self.experiment, *experiment);
        self.experiment_exchanged(&now);
        Version {
            experiment: Box::new(now),
            part: version.part,
            classes,
        }
    }

    /// Whether a change to the experiment can be undone, and made again: not while a run goes on.
    pub fn can_undo_redo_experiment(&self) -> (bool, bool) {
        let is_idle = self.why_not_edit_layers().is_none();
        let (undo, redo) = self.past.versions.can();
        (is_idle && undo, is_idle && redo)
    }

    /// The number of the last change to the experiment.
    pub fn last_change(&self) -> Option<u64> {
        Some(self.past.versions.undo.last()?.0)
    }

    /// What Ctrl+Z and Ctrl+Y mean in a step: where networks and training are edited the last change to the
    /// experiment, elsewhere the last change of all.
    pub fn undo_redo(&self, step: Step) -> (Option<Undoable>, Option<Undoable>) {
        let (can_undo, can_redo) = self.can_undo_redo_experiment();
        let later = |edits: &[Earlier<Arc<Edits>>], past: &[Earlier<Version>], is_free: bool| {
            let past = past.last().filter(|_| is_free);
            let past = past.map(|(number, version)| (*number, Undoable::Experiment(version.part)));
            let edits = edits.last().map(|(number, _)| (*number, Undoable::Edits));
            let edits = edits.filter(|_| !matches!(step, Step::Model | Step::Train));
            let last = past
                .into_iter()
                .chain(edits)
                .max_by_key(|(number, _)| *number);
            last.map(|(_, what)| what)
        };
        let (edits, past) = (&self.edits.versions, &self.past.versions);
        (
            later(&edits.undo, &past.undo, can_undo),
            later(&edits.redo, &past.redo, can_redo),
        )
    }

    /// Shows `samples`, and only these, in the browser; `words` says what they are. The first is selected.
    pub fn show_images(&mut self, samples: &[usize], words: Arc<str>) {
        let Some(&first) = samples.first() else {
            return;
        };
        let ascending = marks::ascending(samples);
        let many = ascending.len() > 1;
        let marked = match many {
            true => Arc::clone(&ascending),
            false => Arc::default(),
        };
        self.select(Selection {
            marked,
            ..self.selection.with_sample(Some(first))
        });
        self.showing = Some(Showing {
            samples: ascending,
            words,
        });
    }

    /// Changes the selection and remembers the old one.
    pub fn select(&mut self, selection: Selection) {
        if selection == self.selection {
            return;
        }
        let before = mem::replace(&mut self.selection, selection);
        self.trail.undo.push((0, before));
        self.trail.redo.clear();
        if self.trail.undo.len() > TRAIL_LENGTH {
            self.trail.undo.remove(0);
        }
    }

    /// The selection before this one (or, forward again, after it).
    pub fn go_back(&mut self, is_back: bool) {
        let selection = &mut self.selection;
        self.trail
            .step(is_back, 0, |then| mem::replace(selection, then));
    }
}
