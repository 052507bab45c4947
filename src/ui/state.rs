//! Everything the window shows, and the reducer that events change it through. Plain data.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use super::data_tools::DataTools;
use super::design::Design;
use super::public_datasets::PublicDatasets;
use super::rehearsal::Rehearsal;
use super::run_book::RunBook;
use crate::{
    data::{
        Dataset, Division, Edit, Edits, Picture, SplitName, edits::EditError, stats::ClassWeights,
    },
    engine::{
        JobId, JobKind, Level, LoadedModel, MaximisePreview, OpenDataset, Prediction, Progress,
        Similar, TrainingOutcome,
    },
    inspect::{feature_maps::FeatureMaps, maximise::MaximiseConfig},
    model::{LayerShape, ModelSpec, Node, ShapeError, graph, shapes},
    train::{EpochRecord, Evaluation, Experiment, StepRecord, health::Advice},
};

/// The dataset panel's state.
#[derive(Debug, Clone, Default)]
pub enum DataState {
    /// Nothing was opened.
    #[default]
    Empty,
    /// A folder is being scanned and decoded.
    Opening {
        /// The job.
        job: JobId,
        /// The folder.
        path: PathBuf,
        /// What was open before, and is again when this does not work.
        previous: Option<Arc<OpenDataset>>,
    },
    /// Ready.
    Open(Arc<OpenDataset>),
    /// It did not work.
    Failed {
        /// The folder.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

/// The run's state.
#[derive(Debug, Clone, Default)]
pub enum RunState {
    /// Nothing was trained since the start.
    #[default]
    Idle,
    /// A run goes on.
    Running {
        /// The job.
        job: JobId,
        /// It waits.
        paused: bool,
        /// It was asked to stop and writes what it has.
        stopping: bool,
    },
    /// The last run ended well.
    Finished(TrainingOutcome),
    /// The last run failed.
    Failed(String),
}

/// Figures of the current or last run.
#[derive(Debug, Clone, Default)]
pub struct Training {
    /// How it stands.
    pub run: RunState,
    /// Every step, in order; thinned where the window could not follow.
    pub steps: Vec<StepRecord>,
    /// Every epoch.
    pub epochs: Vec<EpochRecord>,
    /// Steps of one epoch; 0 before the first run.
    pub steps_per_epoch: usize,
    /// Epochs asked for.
    pub total_epochs: usize,
    /// Images the run trains on.
    pub train_images: usize,
    /// What the run trains and how; `None` before the first run.
    pub experiment: Option<Arc<Experiment>>,
    /// What is wrong with it, oldest first.
    pub advice: Vec<Advice>,
    /// The run's folder; `None` before it has begun.
    pub folder: Option<PathBuf>,
    /// The job that reads its steps from the disk.
    pub reading: Option<JobId>,
}

impl Training {
    /// The job of a run that goes on.
    pub fn job(&self) -> Option<JobId> {
        match self.run {
            RunState::Running { job, .. } => Some(job),
            _ => None,
        }
    }

    /// Whether a run goes on (waiting counts).
    pub fn is_running(&self) -> bool {
        self.job().is_some()
    }

    /// Whether a run waits.
    pub fn is_paused(&self) -> bool {
        matches!(self.run, RunState::Running { paused: true, .. })
    }

    /// Whether a run was asked to stop.
    pub fn is_stopping(&self) -> bool {
        matches!(self.run, RunState::Running { stopping: true, .. })
    }

    /// Whether there are steps that the window has not heard of: it could not follow, or they were taken before
    /// the run was continued.
    pub fn lacks_steps(&self) -> bool {
        self.steps
            .last()
            .is_some_and(|last| self.steps.len() < last.step)
    }

    /// Takes steps `read` from the disk, which has all of them up to some point; later ones stay.
    pub fn adopt_steps(&mut self, read: &[StepRecord]) {
        let last = read.last().map_or(0, |record| record.step);
        let newer = self.steps.partition_point(|record| record.step <= last);
        self.steps.splice(..newer, read.iter().copied());
    }

    /// The epoch whose weights are kept.
    pub fn best_epoch(&self) -> Option<&EpochRecord> {
        let experiment = self.experiment.as_ref();
        let early_stopping = experiment.and_then(|experiment| experiment.training.early_stopping);
        crate::train::history::best_epoch(&self.epochs, early_stopping.as_ref())
    }
}

/// What the whole window looks at. Clicking anywhere sets it, everything follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Sample of the dataset.
    pub sample: Option<usize>,
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

/// Where the user looked before and after.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    back: Vec<Selection>,
    forward: Vec<Selection>,
}

/// What the user changed about the dataset, step by step.
#[derive(Debug, Clone, Default)]
pub(super) struct EditHistory {
    pub undo: Vec<Arc<Edits>>,
    pub redo: Vec<Arc<Edits>>,
    /// What the engine shall apply; `None` when the open dataset is as wanted.
    pub wanted: Option<Arc<Edits>>,
}

/// Selections that Alt+← remembers.
const TRAIL_LENGTH: usize = 100;

/// Feature maps and what they were asked for.
#[derive(Debug, Clone, Default)]
pub struct MapsState {
    /// The newest request.
    pub job: Option<JobId>,
    /// The newest answer; stays while the next is computed.
    pub maps: Option<Arc<FeatureMaps>>,
    /// Why the newest request failed.
    pub failed: Option<String>,
}

/// Activation maximisation.
#[derive(Debug, Clone, Default)]
pub struct MaximiseState {
    /// The running job.
    pub job: Option<JobId>,
    /// What the newest job excites.
    pub config: Option<MaximiseConfig>,
    /// The picture so far, or the last one.
    pub preview: Option<Arc<MaximisePreview>>,
    /// Why the last job failed.
    pub failed: Option<String>,
}

/// Answers for dropped and chosen images.
#[derive(Debug, Clone, Default)]
pub struct PredictState {
    /// Running and waiting jobs; each is answered.
    pub jobs: BTreeSet<JobId>,
    /// Newest first.
    pub answers: Vec<Arc<Prediction>>,
    /// Why the last job failed.
    pub failed: Option<String>,
}

/// Answers kept.
pub(super) const MOST_ANSWERS: usize = 200;

/// The picture of the selected sample at its own size.
#[derive(Debug, Clone, Default)]
pub struct ImageState {
    /// The newest request.
    pub job: Option<JobId>,
    /// Sample, pixels and the file's width and height.
    pub image: Option<(usize, Arc<Picture>, (usize, usize))>,
    /// Why the newest request failed.
    pub failed: Option<String>,
}

/// What the model says about the selected sample.
#[derive(Debug, Clone, Default)]
pub struct SaysState {
    /// The newest request.
    pub job: Option<JobId>,
    /// Its answer.
    pub answer: Option<Arc<Prediction>>,
}

/// Images with similar pixels.
#[derive(Debug, Clone, Default)]
pub struct SimilarState {
    /// The newest request.
    pub job: Option<JobId>,
    /// The newest answer.
    pub found: Option<Arc<Similar>>,
    /// Why the newest request failed.
    pub failed: Option<String>,
}

/// A line of the event log; warnings and errors are shown as notifications until dismissed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Identifies it.
    pub id: u64,
    /// How much it matters.
    pub level: Level,
    /// One sentence.
    pub text: String,
    /// Whether it still shows as a notification.
    pub shown: bool,
}

/// Lines the event log keeps.
const LOG_LENGTH: usize = 1_000;

/// A job that runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunningJob {
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub progress: Option<Progress>,
    /// When progress first came, and how far the job was then.
    pub since: Option<(Instant, usize)>,
}

impl RunningJob {
    /// Units a second since the first progress; `None` until there is something to measure.
    pub fn units_per_sec(&self) -> Option<f64> {
        let ((since, first), progress) = (self.since?, self.progress?);
        let done = progress.done.checked_sub(first).filter(|done| *done > 0)?;
        Some(done as f64 / since.elapsed().as_secs_f64().max(1e-9))
    }
}

/// Everything the window shows.
#[derive(Debug, Clone)]
pub struct AppState {
    /// What Train would do: dataset, split, model, settings.
    pub experiment: Experiment,
    /// Shapes of its layers, or the layer that does not fit.
    pub shapes: Result<Arc<[LayerShape]>, ShapeError>,
    /// The dataset.
    pub data: DataState,
    /// The open dataset divided as the experiment says; `None` until that is done.
    pub division: Option<Arc<Division>>,
    /// The job that divides.
    pub dividing: Option<JobId>,
    /// Why the dataset cannot be divided.
    pub division_failed: Option<String>,
    /// Edits before and after the present ones.
    pub(super) edits: EditHistory,
    /// The job that decodes all images ahead of training.
    pub preparing: Option<JobId>,
    /// What is known before a run.
    pub rehearsal: Rehearsal,
    /// The current or last run.
    pub training: Training,
    /// The newest evaluation, decided at [`Self::threshold`].
    pub evaluation: Option<Arc<Evaluation>>,
    /// From which probability on the second of two classes is taken; `None` for the model's own.
    pub threshold: Option<f64>,
    /// The evaluation job that runs.
    pub evaluation_job: Option<JobId>,
    /// Why the newest evaluation failed.
    pub evaluation_failed: Option<String>,
    /// The model that inspections use.
    pub model: Option<Arc<LoadedModel>>,
    /// What a model computes, kept for as long as its specification is the model's.
    nodes: Option<(Arc<ModelSpec>, Arc<[Node]>)>,
    /// What the whole window looks at.
    pub selection: Selection,
    pub(super) trail: Trail,
    /// The selected image, large.
    pub image: ImageState,
    /// What the model says about the selected image.
    pub says: SaysState,
    /// Feature maps of the selected layer for the selected image.
    pub maps: MapsState,
    /// Activation maximisation.
    pub maximise: MaximiseState,
    /// Answers.
    pub predict: PredictState,
    /// The tools of the Data step.
    pub tools: DataTools,
    /// The network being edited.
    pub design: Design,
    /// The recipes that ship with the program; `None` until they have been read.
    pub recipes: Option<Arc<[Experiment]>>,
    /// Public datasets and their downloads.
    pub public: PublicDatasets,
    /// The runs that were kept.
    pub runs: RunBook,
    /// What the browser shows, in its order: Previous and Next go through it.
    pub browsed: Arc<[usize]>,
    /// Images with pixels like those of the selected one.
    pub similar: SimilarState,
    /// Jobs that run, by id.
    pub jobs: BTreeMap<JobId, RunningJob>,
    /// The event log, oldest first.
    pub notices: Vec<Notice>,
    next_notice: u64,
}

impl AppState {
    /// Nothing open, `experiment` ready.
    pub fn new(experiment: Experiment) -> Self {
        let mut state = Self {
            shapes: Ok(Arc::from([])),
            experiment,
            data: DataState::Empty,
            division: None,
            dividing: None,
            division_failed: None,
            edits: EditHistory::default(),
            preparing: None,
            rehearsal: Rehearsal::default(),
            training: Training::default(),
            evaluation: None,
            threshold: None,
            evaluation_job: None,
            evaluation_failed: None,
            model: None,
            nodes: None,
            selection: Selection::default(),
            trail: Trail::default(),
            image: ImageState::default(),
            says: SaysState::default(),
            maps: MapsState::default(),
            maximise: MaximiseState::default(),
            predict: PredictState::default(),
            tools: DataTools::default(),
            design: Design::default(),
            recipes: None,
            public: PublicDatasets::default(),
            runs: RunBook::default(),
            browsed: Arc::from([]),
            similar: SimilarState::default(),
            jobs: BTreeMap::new(),
            notices: Vec::new(),
            next_notice: 0,
        };
        state.experiment_changed();
        state
    }

    /// The open dataset.
    pub fn open_dataset(&self) -> Option<&Arc<OpenDataset>> {
        match &self.data {
            DataState::Open(open) => Some(open),
            _ => None,
        }
    }

    /// Classes and samples of the open dataset.
    pub fn dataset(&self) -> Option<&Dataset> {
        self.open_dataset().map(|open| &*open.dataset)
    }

    /// Why Train cannot be pressed; `None` when it can.
    pub fn why_not_train(&self) -> Option<String> {
        if self.training.is_running() {
            return Some("A run goes on: stop it first".into());
        }
        let Some(dataset) = self.dataset() else {
            return Some("Open a dataset first".into());
        };
        if let Err(error) = self.experiment.training.check() {
            return Some(error.to_string());
        }
        if let Err(reason) = self.experiment.augmentation.check() {
            return Some(reason);
        }
        if let Some(reason) = &self.division_failed {
            return Some(reason.clone());
        }
        match &self.division {
            None => return Some("The dataset is being divided".into()),
            Some(division) if division.split.train.is_empty() => {
                return Some("The training part is empty: give less to validation".into());
            }
            Some(division) => {
                let weights = &self.experiment.training.class_weights;
                // Balanced weights can be made of any training part that is not empty.
                if let ClassWeights::Own(_) = weights
                    && let Err(reason) = weights.weights(dataset, &division.split)
                {
                    return Some(reason);
                }
            }
        }
        let classes = dataset.classes.len();
        shapes::check_classifier(&self.experiment.model, classes)
            .err()
            .map(|error| error.to_string())
    }

    /// The steps of the model that inspections use; empty without a model. Positions in them are what
    /// [`Selection::layer`] means.
    pub fn nodes(&self) -> Arc<[Node]> {
        let Some(model) = &self.model else {
            return Arc::from([]);
        };
        let spec = &model.snapshot.spec;
        match &self.nodes {
            Some((of, nodes)) if Arc::ptr_eq(of, spec) => Arc::clone(nodes),
            // A model that runs fits together.
            _ => graph::nodes(spec).unwrap_or_default().into(),
        }
    }

    /// Keeps the steps of the model, so that frames need not work them out again.
    pub fn remember_nodes(&mut self) {
        if let Some(model) = &self.model {
            let spec = Arc::clone(&model.snapshot.spec);
            self.nodes = Some((spec, self.nodes()));
        }
    }

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

    /// Makes `edits` the wanted ones; what was before can be had again with [`Self::undo`].
    pub fn replace_edits(&mut self, edits: Edits) {
        let Some(before) = self.wanted_edits().cloned().filter(|now| **now != edits) else {
            return;
        };
        self.edits.undo.push(before);
        self.edits.redo.clear();
        self.edits.wanted = Some(Arc::new(edits));
    }

    /// Takes the last change to the dataset back. False when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(now) = self.wanted_edits().cloned() else {
            return false;
        };
        let Some(before) = self.edits.undo.pop() else {
            return false;
        };
        self.edits.redo.push(now);
        self.edits.wanted = Some(before);
        true
    }

    /// Makes a change again that was taken back. False when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(now) = self.wanted_edits().cloned() else {
            return false;
        };
        let Some(after) = self.edits.redo.pop() else {
            return false;
        };
        self.edits.undo.push(now);
        self.edits.wanted = Some(after);
        true
    }

    /// Whether there is something to undo, and to redo.
    pub fn can_undo_redo(&self) -> (bool, bool) {
        (!self.edits.undo.is_empty(), !self.edits.redo.is_empty())
    }

    /// The part that sample `index` stands in.
    pub fn part_of(&self, index: usize) -> Option<SplitName> {
        self.division.as_ref()?.part_of(index)
    }

    /// Changes the selection and remembers the old one.
    pub fn select(&mut self, selection: Selection) {
        if selection == self.selection {
            return;
        }
        self.trail
            .back
            .push(std::mem::replace(&mut self.selection, selection));
        self.trail.forward.clear();
        if self.trail.back.len() > TRAIL_LENGTH {
            self.trail.back.remove(0);
        }
    }

    /// The selection before this one.
    pub fn go_back(&mut self) {
        if let Some(earlier) = self.trail.back.pop() {
            self.trail
                .forward
                .push(std::mem::replace(&mut self.selection, earlier));
        }
    }

    /// The selection after this one.
    pub fn go_forward(&mut self) {
        if let Some(later) = self.trail.forward.pop() {
            self.trail
                .back
                .push(std::mem::replace(&mut self.selection, later));
        }
    }

    /// Adds a line to the event log; warnings and errors also show as notifications.
    pub fn note(&mut self, level: Level, text: impl Into<String>) {
        let shown = level != Level::Info;
        self.notices.push(Notice {
            id: self.next_notice,
            level,
            text: text.into(),
            shown,
        });
        self.next_notice += 1;
        if self.notices.len() > LOG_LENGTH {
            self.notices.remove(0);
        }
    }

    /// Takes a notification away; it stays in the log.
    pub fn dismiss(&mut self, id: u64) {
        if let Some(notice) = self.notices.iter_mut().find(|notice| notice.id == id) {
            notice.shown = false;
        }
    }
}
