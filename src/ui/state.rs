//! Everything the window shows, and the reducer that events change it through. Plain data.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Instant};

pub use super::history::{OwnImage, Selection, Subject};
pub use super::notices::{Notice, Offer};
pub use super::ownership::Judged;
pub use super::training::{AskedRun, RunState, Training};
pub use crate::train::predictions::Said;

use super::arrivals::Arrivals;
use super::design::Design;
use super::history::{EditHistory, Past, Trail};
use super::run_book::RunBook;
use super::slots::Slots;
use crate::{
    data::{Dataset, Division, SplitName, doctor::FindingKind, stats::ClassWeights},
    engine::{
        ExamineRequest, ImageSource, JobId, Kind, LargeImage, LoadImage, LoadedModel, OpenDataset,
        Predict, Prediction, Progress,
    },
    inspect::{Quick, Slow},
    model::{ModelSpec, Node, graph, shapes},
    train::{DataReport, Evaluation, Experiment, single_values},
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

/// Answers for dropped and chosen images.
#[derive(Debug, Clone, Default)]
pub struct PredictState {
    /// The job whose first answer brings the image that is looked at then.
    pub to_select: Option<JobId>,
    /// The newest with their pictures, newest first.
    pub answers: Vec<Arc<Prediction>>,
    /// Every answer in a few words, oldest first.
    pub said: Vec<Said>,
    /// Why the last job failed.
    pub failed: Option<String>,
}

/// Answers kept with their pictures.
pub(super) const MOST_ANSWERS: usize = 200;
/// Answers kept in a few words.
pub(super) const MOST_SAID: usize = 100_000;
/// Answers of a job with more images are not told one by one.
pub(super) const MOST_TOLD: usize = 20;

/// Images that somebody wants to see, and only these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Showing {
    /// Ascending.
    pub samples: Arc<[usize]>,
    /// What they are, for people.
    pub words: Arc<str>,
}

/// A job that runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunningJob {
    /// What it does.
    pub kind: Kind,
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
    /// The dataset.
    pub data: DataState,
    /// The open dataset divided as the experiment says; `None` until that is done.
    pub division: Option<Arc<Division>>,
    /// Why the dataset cannot be divided.
    pub division_failed: Option<String>,
    /// Edits before and after the present ones.
    pub(super) edits: EditHistory,
    /// Experiments before and after the present one.
    pub(super) past: Past,
    /// Changes of both kinds so far.
    pub(super) changes: u64,
    /// The current or last run.
    pub training: Training,
    /// The run that was asked for and has not begun.
    pub asked_run: Option<Box<AskedRun>>,
    /// How often the browser was asked to show what cannot be read.
    pub unreadable_asked: usize,
    /// The newest evaluation, decided at [`Self::threshold`].
    pub evaluation: Option<Arc<Evaluation>>,
    /// Whose it is.
    pub judged: Option<Judged>,
    /// From which probability on the second of two classes is taken; `None` for the model's own.
    pub threshold: Option<f64>,
    /// The model that inspections use.
    pub model: Option<Arc<LoadedModel>>,
    /// What a model computes, kept for as long as its specification is the model's.
    nodes: Option<(Arc<ModelSpec>, Arc<[Node]>)>,
    /// What the whole window looks at.
    pub selection: Selection,
    pub(super) trail: Trail,
    /// Answers.
    pub predict: PredictState,
    /// The network being edited.
    pub design: Design,
    /// The recipes that ship with the program; `None` until they have been read.
    pub recipes: Option<Arc<[Experiment]>>,
    /// What comes from outside.
    pub arrivals: Arrivals,
    /// The runs that were kept.
    pub runs: RunBook,
    /// What the browser shows, in its order: Previous and Next go through it.
    pub browsed: Arc<[usize]>,
    /// Images that the browser shall show alone, as it was asked for last.
    pub showing: Option<Showing>,
    /// What the engine was asked for ([`Self::slot`]).
    pub(super) slots: Slots,
    /// Jobs that run, by id.
    pub jobs: BTreeMap<JobId, RunningJob>,
    /// The event log, oldest first.
    pub notices: Vec<Notice>,
}

impl AppState {
    /// Nothing open, `experiment` ready.
    pub fn new(experiment: Experiment) -> Self {
        let mut state = Self {
            experiment,
            data: DataState::Empty,
            division: None,
            division_failed: None,
            edits: EditHistory::default(),
            past: Past::default(),
            changes: 0,
            training: Training::default(),
            asked_run: None,
            unreadable_asked: 0,
            evaluation: None,
            judged: None,
            threshold: None,
            model: None,
            nodes: None,
            selection: Selection::default(),
            trail: Trail::default(),
            predict: PredictState::default(),
            design: Design::default(),
            recipes: None,
            arrivals: Arrivals::default(),
            runs: RunBook::default(),
            browsed: Arc::from([]),
            showing: None,
            slots: Slots::default(),
            jobs: BTreeMap::new(),
            notices: Vec::new(),
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
        let why = self.check_experiment().err();
        why.or_else(|| self.why_no_weights())
    }

    /// # Errors
    /// Why the experiment cannot be trained on the open dataset.
    fn check_experiment(&self) -> Result<(), String> {
        let dataset = self.dataset().ok_or(match self.data {
            DataState::Opening { .. } => "The dataset is being opened",
            _ => "Open a dataset first",
        })?;
        let Experiment {
            model, training, ..
        } = &self.experiment;
        training.check().map_err(|error| error.to_string())?;
        self.experiment.augmentation.check()?;
        if let Some(reason) = &self.division_failed {
            return Err(reason.clone());
        }
        let division = self.division.as_ref();
        let split = &division.ok_or("The dataset is being divided")?.split;
        if split.train.is_empty() {
            return Err("The training part is empty: give less to validation".into());
        }
        // Balanced weights can be made of any training part that is not empty.
        if let weights @ ClassWeights::Own(_) = &training.class_weights {
            weights.weights(dataset, split)?;
        }
        single_values::check(model, training, split.train.len())?;
        let fits = shapes::check_classifier(model, dataset.classes.len());
        fits.map(drop).map_err(|error| error.to_string())
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

    /// What to know about the data of the run that Train would begin, or of the one that goes on.
    pub fn data_report(&self) -> Option<DataReport> {
        if self.training.is_running() {
            return self.training.data.as_deref().cloned();
        }
        let (dataset, division) = (self.dataset()?, self.division.as_ref()?);
        let config = &self.experiment.training;
        let mut report = DataReport::new(division, &dataset.classes, config, None);
        if let Some(examined) = self.slot::<ExamineRequest>().answer()
            && !self.examination_is_stale()
            && let examination = &examined.examination
            && examination.leaks + examination.count(FindingKind::LabelConflict) > 0
        {
            let words = format!("the doctor found: {}", examination.summary());
            report.warnings.push(words);
        }
        Some(report)
    }

    /// The part that sample `index` stands in.
    pub fn part_of(&self, index: usize) -> Option<SplitName> {
        self.division.as_ref()?.part_of(index)
    }

    /// Where the pixels of the selected image are.
    pub fn subject_source(&self) -> Option<ImageSource> {
        match self.selection.subject.as_ref()? {
            Subject::Sample(sample) => {
                let open = self.open_dataset()?;
                let is_there = *sample < open.dataset.samples.len();
                is_there.then(|| ImageSource::Sample(Arc::clone(open), *sample))
            }
            Subject::Image(image) => Some(image.source().clone()),
        }
    }

    /// The picture of `subject` at its own size, when it is the one that was loaded.
    pub fn large_image(&self, subject: &Subject) -> Option<&LargeImage> {
        let (request, answer) = self.slot::<LoadImage>().answered.as_ref()?;
        subject.is_of(&request.0).then_some(&**answer)
    }

    /// Jobs that classify images, and of how many; those that wait for others, too.
    pub fn predicting(&self) -> impl Iterator<Item = (JobId, usize)> {
        let quick = self.waiting::<Predict<Quick>>();
        let quick = quick.map(|(job, asked)| (job, asked.images.len()));
        let slow = self.waiting::<Predict<Slow>>();
        quick.chain(slow.map(|(job, asked)| (job, asked.images.len())))
    }

    /// The answer that the Predict step shows large: the one about the image that is looked at, by the model in hand
    /// if it has one, else the newest.
    pub fn answer_shown(&self) -> Option<&Arc<Prediction>> {
        let answers = &self.predict.answers;
        let Some(Subject::Image(image)) = &self.selection.subject else {
            return answers.first();
        };
        let in_hand = self.model.as_ref().map(|model| &model.source);
        let is_about = |answer: &&Arc<Prediction>| answer.source.is_same(image.source());
        let about = || answers.iter().filter(is_about);
        let of_model = about().find(|answer| Some(&answer.model) == in_hand);
        of_model.or_else(|| about().next()).or(answers.first())
    }
}
