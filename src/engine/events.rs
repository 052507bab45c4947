//! What the engine says: one enum of plain data.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::{
    downloader::Listed,
    inspector::MaximisePreview,
    job::{JobId, JobKind},
    kept_run::KeptRun,
    loaded_model::LoadedModel,
    loader::OpenDataset,
    look::Found,
    prediction::Prediction,
    rehearsal::Forecast,
    runs::RunFigures,
    similar::Similar,
};
use crate::{
    data::{
        Division, Picture,
        datasets_folder::Fetched,
        doctor::{Examination, Readings},
        stats::ChannelStats,
    },
    inspect::{augmented::Augmented, feature_maps::FeatureMaps},
    model::{LayerShape, ModelSpec, weights::examine::Examined},
    train::{
        DataReport, EpochRecord, Evaluation, Experiment, StepRecord, health::Advice,
        lr_finder::RateCurve, run_folder::EndStage, runs::Listing, schedule::RateNow,
    },
};

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Finished units (images, steps).
    pub done: usize,
    /// All units.
    pub total: usize,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the log.
    Info,
    /// Something the user may want to change.
    Warning,
    /// Something did not work.
    Error,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingOutcome {
    /// Every epoch was trained; false when the user stopped it.
    pub completed: bool,
    /// Epoch whose weights were kept; 0 when none was finished.
    pub best_epoch: usize,
    /// The run's folder.
    pub run: PathBuf,
    /// The model file in it; `None` when no epoch was finished.
    pub model: Option<PathBuf>,
    /// Accuracy of the kept weights on the test part, 0..1; `None` when that part is empty or was not judged.
    pub test_accuracy: Option<f64>,
    /// What was left out at the end.
    pub left_out: Vec<EndStage>,
    /// Identifies which image stood in which part ([`crate::data::Split::hash`]).
    pub split_hash: String,
    /// Phases, from 1, that early stopping ended.
    pub stopped_early: Vec<usize>,
    /// What damaged files cost it, in sentences.
    pub lost: Vec<String>,
    /// How it computed: precision and memory format, in words.
    pub computed: String,
    /// Wall time.
    pub seconds: f64,
}

/// What the engine tells. Every job sends [`Event::Started`], any number of others, then exactly one end.
#[derive(Debug, Clone)]
pub enum Event {
    /// Any thread, when it takes a job up. The status bar shows it.
    Started {
        /// Which job.
        job: JobId,
        /// What it does.
        kind: JobKind,
    },
    /// Any thread, at most 20 times a second; only the newest waits. The status bar shows it.
    Progress {
        /// Which job.
        job: JobId,
        /// How far it is.
        progress: Progress,
    },
    /// End of a job that somebody cancelled.
    Cancelled {
        /// Which job.
        job: JobId,
        /// What it did.
        kind: JobKind,
    },
    /// End of a job that did not work. Becomes a notification.
    Failed {
        /// Which job.
        job: JobId,
        /// What it tried.
        kind: JobKind,
        /// One sentence: what, where, what to do.
        message: String,
    },
    /// Loader: end of opening a dataset.
    DatasetOpened {
        /// Which job.
        job: JobId,
        /// Classes and samples.
        dataset: Arc<OpenDataset>,
    },
    /// Reader: end of applying edits and dividing.
    Divided {
        /// Which job.
        job: JobId,
        /// The dataset with the edits.
        dataset: Arc<OpenDataset>,
        /// The division, or why there is none.
        division: Result<Arc<Division>, String>,
    },
    /// Loader: end of decoding all images of a dataset.
    Prepared {
        /// Which job.
        job: JobId,
    },
    /// Loader: end of examining a dataset.
    Examined {
        /// Which job.
        job: JobId,
        /// What was found.
        examination: Arc<Examination>,
        /// What was read, for the next time.
        readings: Arc<Readings>,
    },
    /// Loader: end of measuring the channels of the training part.
    ChannelsMeasured {
        /// Which job.
        job: JobId,
        /// Mean and standard deviation.
        stats: ChannelStats,
    },
    /// Whoever decoded all images: those that cannot be decoded, when that was not known.
    BrokenFound {
        /// The dataset they belong to.
        dataset: JobId,
        /// Sample index and reason.
        broken: Arc<BTreeMap<usize, String>>,
    },
    /// Reader: small pictures for the browser, as they are asked for.
    Thumbnails {
        /// The dataset they belong to.
        dataset: JobId,
        /// Sample index and picture, or why it cannot be decoded.
        pictures: Vec<(usize, Result<Arc<Picture>, String>)>,
    },
    /// Reader: thumbnails that will not be made, since too many newer ones wait.
    ThumbnailsForgotten {
        /// The dataset they belong to.
        dataset: JobId,
        /// Sample indices.
        samples: Vec<usize>,
    },
    /// Reader: end of looking what files and folders hold.
    LookedAt {
        /// Which job.
        job: JobId,
        /// What each is, in the order in which they were asked about.
        found: Arc<[Found]>,
    },
    /// Reader: end of reading a file of layers.
    SpecLoaded {
        /// Which job.
        job: JobId,
        /// The network.
        spec: Box<ModelSpec>,
    },
    /// Reader: end of holding a file of weights against a backbone.
    WeightsExamined {
        /// Which job.
        job: JobId,
        /// What fits and what does not.
        examined: Arc<Examined>,
    },
    /// Reader: end of listing the recipes that ship with the program.
    RecipesListed {
        /// Which job.
        job: JobId,
        /// Sorted by file name.
        recipes: Arc<[Experiment]>,
    },
    /// Reader: end of reading one image at its own size (reduced to 1,024 px).
    ImageLoaded {
        /// Which job.
        job: JobId,
        /// Its pixels.
        picture: Arc<Picture>,
        /// Width and height of the file.
        size: (usize, usize),
    },
    /// Reader: end of reading an experiment file.
    ExperimentLoaded {
        /// Which job.
        job: JobId,
        /// What it says.
        experiment: Box<Experiment>,
    },
    /// Trainer: end of a run that did not begin, since more of its data is lost than anybody should pass over in silence.
    /// It can be asked for again with [`super::TrainRequest::accept_losses`].
    DataLost {
        /// Which job.
        job: JobId,
        /// What is lost.
        report: Arc<DataReport>,
    },
    /// Trainer, at the start of a run: what will be trained.
    TrainingStarted {
        /// Which job.
        job: JobId,
        /// The run's folder.
        run: PathBuf,
        /// What it trains and how.
        experiment: Arc<Experiment>,
        /// Epochs that were there before, when a run is taken up again.
        history: Vec<EpochRecord>,
        /// Shapes of the network's layers.
        shapes: Arc<[LayerShape]>,
        /// Training images.
        train_images: usize,
        /// Validation images.
        validation_images: usize,
        /// Steps of one epoch.
        steps_per_epoch: usize,
        /// All epochs.
        epochs: usize,
        /// What to know about the data.
        data: Arc<DataReport>,
    },
    /// Trainer, at most 20 times a second: steps since the last such event; thinned when nobody reads.
    Steps {
        /// Which job.
        job: JobId,
        /// In order.
        steps: Vec<StepRecord>,
    },
    /// Trainer, at the start of every phase and when the learning rate changes, then at most 20 times a second. Only
    /// the newest waits. The Train panel and the status bar show it.
    RateNow {
        /// Which job.
        job: JobId,
        /// The phase that runs and its rate.
        rate: RateNow,
    },
    /// Trainer, after every epoch.
    Epoch {
        /// Which job.
        job: JobId,
        /// Its figures.
        record: EpochRecord,
    },
    /// Trainer, after an epoch or before the first: something about the run that the user should know. Each thing
    /// is said once, and again only when it gets worse.
    Advice {
        /// Which job.
        job: JobId,
        /// What it says.
        advice: Advice,
    },
    /// Trainer, while looking for a learning rate, at most 20 times a second. Only the newest waits.
    RatesSoFar {
        /// Which job.
        job: JobId,
        /// Losses by rate of the steps so far.
        curve: Arc<RateCurve>,
    },
    /// Trainer: end of looking for a learning rate.
    RateFound {
        /// Which job.
        job: JobId,
        /// Losses by rate, and a suggestion.
        curve: Arc<RateCurve>,
    },
    /// Trainer: end of estimating what a run would take.
    Forecast {
        /// Which job.
        job: JobId,
        /// Time and memory.
        forecast: Forecast,
    },
    /// Trainer, after every validation: answers for each image. Only the newest waits.
    Evaluated {
        /// Which job.
        job: JobId,
        /// Answers and confusion matrix.
        evaluation: Arc<Evaluation>,
    },
    /// Trainer: newer weights lie in [`super::EngineHandle::model`]. Only the newest waits.
    WeightsPublished {
        /// Which job.
        job: JobId,
        /// Epochs finished.
        epoch: usize,
    },
    /// Trainer: it waits, or goes on.
    Paused {
        /// Which job.
        job: JobId,
        /// False when it goes on.
        paused: bool,
    },
    /// Trainer: it was asked to stop and takes no further step; the end follows once everything is written.
    Stopping {
        /// Which job.
        job: JobId,
    },
    /// Trainer, after the last step: what it does now; progress is told anew. Stopping the run again leaves out what is
    /// not done yet. The Train panel and the status bar show it.
    Ending {
        /// Which job.
        job: JobId,
        /// What it does.
        stage: EndStage,
    },
    /// Trainer: end of a run, completed or stopped by the user.
    TrainingFinished {
        /// Which job.
        job: JobId,
        /// How it ended.
        outcome: TrainingOutcome,
    },
    /// Inspector: end of computing feature maps.
    FeatureMapsReady {
        /// Which job.
        job: JobId,
        /// The layer's output.
        maps: Arc<FeatureMaps>,
    },
    /// Inspector, while maximising: the picture so far. Only the newest waits.
    MaximisePreview {
        /// Which job.
        job: JobId,
        /// Step, score, picture.
        preview: MaximisePreview,
    },
    /// Inspector: end of maximising.
    Maximised {
        /// Which job.
        job: JobId,
        /// The last picture.
        preview: MaximisePreview,
    },
    /// Inspector: one image was classified; a job of several images sends several.
    Predicted {
        /// Which job.
        job: JobId,
        /// What it says.
        prediction: Arc<Prediction>,
    },
    /// Inspector: end of classifying.
    PredictFinished {
        /// Which job.
        job: JobId,
    },
    /// Inspector: end of drawing augmented versions of an image.
    AugmentationReady {
        /// Which job.
        job: JobId,
        /// The image and its versions.
        augmented: Arc<Augmented>,
    },
    /// Inspector: end of evaluating the current model.
    EvaluationReady {
        /// Which job.
        job: JobId,
        /// Answers and confusion matrix.
        evaluation: Arc<Evaluation>,
    },
    /// Inspector: end of loading; the model lies in [`super::EngineHandle::model`].
    ModelLoaded {
        /// Which job.
        job: JobId,
        /// The model and where it came from.
        model: Arc<LoadedModel>,
        /// What the run that it came from recorded; `None` for a file that lies in no run.
        run: Option<Arc<KeptRun>>,
    },
    /// Inspector: end of saving.
    ModelSaved {
        /// Which job.
        job: JobId,
        /// Where.
        path: PathBuf,
    },
    /// Downloader: end of listing the public datasets and weights.
    DatasetsListed {
        /// Which job.
        job: JobId,
        /// In the catalogue's order, weights last.
        datasets: Arc<[Listed]>,
    },
    /// Downloader: end of a download; all of the dataset or weights is there.
    Downloaded {
        /// Which job.
        job: JobId,
        /// The dataset's name in the catalogue.
        name: String,
        /// What to open.
        fetched: Fetched,
    },
    /// Reader: end of looking for similar images.
    SimilarFound {
        /// Which job.
        job: JobId,
        /// What it found.
        similar: Arc<Similar>,
    },
    /// Runs: end of listing.
    RunsListed {
        /// Which job.
        job: JobId,
        /// The runs of the folder.
        listing: Arc<Listing>,
    },
    /// Runs: end of reading what one run recorded.
    RunRead {
        /// Which job.
        job: JobId,
        /// Which run.
        folder: PathBuf,
        /// Its epochs and steps.
        figures: Arc<RunFigures>,
    },
    /// Runs: what people say about a run was written.
    RunDescribed {
        /// Which job.
        job: JobId,
        /// Which run.
        folder: PathBuf,
    },
    /// Runs: end of moving runs to the bin.
    RunsDiscarded {
        /// Which job.
        job: JobId,
        /// Which runs.
        folders: Vec<PathBuf>,
    },
    /// Any thread: something worth the event log or a notification.
    Note {
        /// How much it matters.
        level: Level,
        /// One sentence.
        message: String,
    },
}
