//! The typed door to the engine: methods start jobs, events tell what became of them.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    control::TrainControl,
    downloader,
    evaluation::EvaluateRequest,
    image_source::ImageSource,
    inspector::{self, AugmentRequest, FeatureMapsRequest, MaximiseRequest},
    job::{JobContext, JobId, JobKind, Jobs},
    kept_run::Remembered,
    latest::Latest,
    loaded_model::LoadedModel,
    loader::{self, ExamineRequest, Folders, OpenDataset, OpenRequest},
    queue::{self, EventReceiver, EventSender},
    reader,
    rehearsal::{EstimateRequest, FindRateRequest},
    runs,
    trainer::{self, TrainRequest},
    web,
};

use crate::{
    cancel::CancelToken,
    data::{Edits, Split, SplitConfig, cache::PixelFormat, catalogue::Entry},
    model::ModelSpec,
    train::{experiment::DatasetReference, runs::RunNotes},
    worker::Worker,
};

/// Called after every event, from any thread; the window passes `request_repaint`.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Starts the threads; dropping it cancels every job and joins them.
pub struct EngineHandle {
    next_job: AtomicU64,
    jobs: Jobs,
    events: EventReceiver,
    sender: EventSender,
    control: TrainControl,
    model: Latest<LoadedModel>,
    // Dropped after `Drop::drop` has cancelled all jobs; each joins its thread.
    loader: Worker<loader::Command>,
    reader: Worker<reader::Command>,
    downloader: Worker<downloader::Command>,
    trainer: Worker<trainer::Command>,
    /// Sends to the inspector, so it goes first.
    web: Worker<web::Predict>,
    inspector: Worker<inspector::Command>,
    runs: Worker<runs::Command>,
}

impl EngineHandle {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(waker: Waker, folders: Folders) -> io::Result<Self> {
        let (sender, events) = queue::channel(waker);
        let told = || sender.clone();
        let jobs = Jobs::default();
        let control = TrainControl::default();
        let model = Latest::default();
        let inspector = {
            let (model, folders) = (model.clone(), folders.clone());
            inspector::spawn(jobs.clone(), told(), model, folders)?
        };
        let trainer = {
            let (control, model, folders) = (control.clone(), model.clone(), folders.clone());
            trainer::spawn(jobs.clone(), told(), control, model, folders)?
        };
        Ok(Self {
            next_job: AtomicU64::new(1),
            reader: reader::spawn(jobs.clone(), told())?,
            downloader: downloader::spawn(jobs.clone(), told(), folders.weights.clone())?,
            trainer,
            web: web::spawn(jobs.clone(), told(), inspector.sender())?,
            inspector,
            loader: loader::spawn(jobs.clone(), told(), folders.clone())?,
            runs: runs::spawn(jobs.clone(), told(), folders)?,
            jobs,
            events,
            sender,
            control,
            model,
        })
    }

    /// Events that wait to be read.
    pub fn events(&self) -> &EventReceiver {
        &self.events
    }

    /// The model that inspections and predictions use: the newest weights of the run, or what was loaded.
    pub fn model(&self) -> Option<Arc<LoadedModel>> {
        self.model.get()
    }

    /// Finds the classes and samples of a folder or file; no image is decoded.
    pub fn open_dataset(&self, request: OpenRequest) -> JobId {
        self.load(JobKind::OpenDataset, |context| loader::Command::Open {
            context,
            request,
        })
    }

    /// Applies `edits` and divides the dataset; comes as [`super::Event::Divided`].
    pub fn divide(&self, open: Arc<OpenDataset>, edits: Arc<Edits>, config: SplitConfig) -> JobId {
        self.read(JobKind::Divide, |context| reader::Command::Divide {
            context,
            open,
            edits,
            config,
        })
    }

    /// Decodes every image to `format` in the background, so that a run can start at once.
    pub fn prepare(&self, open: Arc<OpenDataset>, format: PixelFormat) -> JobId {
        self.load(JobKind::Prepare, |context| loader::Command::Prepare {
            context,
            open,
            format,
        })
    }

    /// Looks for what is wrong with a dataset; comes as [`super::Event::Examined`].
    pub fn examine(&self, request: ExamineRequest) -> JobId {
        self.load(JobKind::Examine, |context| loader::Command::Examine {
            context,
            request,
        })
    }

    /// Measures mean and standard deviation of the channels of `split`'s training part at the size of
    /// `format`; comes as [`super::Event::ChannelsMeasured`].
    pub fn measure_channels(
        &self,
        open: Arc<OpenDataset>,
        split: Arc<Split>,
        format: PixelFormat,
    ) -> JobId {
        self.load(JobKind::MeasureChannels, |context| {
            loader::Command::Measure {
                context,
                open,
                split,
                format,
            }
        })
    }

    /// Asks for small pictures of `samples`; they come as [`super::Event::Thumbnails`].
    pub fn load_thumbnails(&self, dataset: Arc<OpenDataset>, samples: Vec<usize>) {
        let events = self.sender.clone();
        self.reader.send(reader::Command::Thumbnails {
            events,
            dataset,
            samples,
        });
    }

    /// Looks what `paths` hold; comes as [`super::Event::LookedAt`].
    pub fn look(&self, paths: Vec<PathBuf>) -> JobId {
        self.read(JobKind::Look, |context| reader::Command::Look {
            context,
            paths,
        })
    }

    /// Reads an experiment: a file, or a recipe by its name. When its dataset is not here, `open` is used, or else its
    /// stand-in.
    pub fn load_experiment(&self, path: PathBuf, open: Option<DatasetReference>) -> JobId {
        self.read(JobKind::LoadExperiment, |context| {
            reader::Command::Experiment {
                context,
                path,
                open,
            }
        })
    }

    /// Holds a file of weights against the backbone at `layer` of `spec`; comes as
    /// [`super::Event::WeightsExamined`].
    pub fn examine_weights(&self, spec: ModelSpec, layer: usize, path: PathBuf) -> JobId {
        self.read(JobKind::ExamineWeights, |context| {
            reader::Command::Weights {
                context,
                spec: Box::new(spec),
                layer,
                path,
            }
        })
    }

    /// Reads a file of layers; of an experiment's file, its network.
    pub fn load_spec(&self, path: PathBuf) -> JobId {
        self.read(JobKind::LoadSpec, |context| reader::Command::Spec {
            context,
            path,
        })
    }

    /// Reads the recipes that ship with the program.
    pub fn list_recipes(&self) -> JobId {
        self.read(JobKind::ListRecipes, |context| reader::Command::Recipes {
            context,
        })
    }

    /// Reads one image at its own size; comes as [`super::Event::ImageLoaded`].
    pub fn load_image(&self, image: ImageSource) -> JobId {
        self.read(JobKind::LoadImage, |context| reader::Command::Image {
            context,
            image,
        })
    }

    /// Lists the public datasets and how much of each is in `folder`, and the weights of backbones;
    /// `catalogue` names another list of datasets than the shipped one.
    pub fn list_datasets(&self, catalogue: Option<PathBuf>, folder: PathBuf) -> JobId {
        let context = self.context(JobKind::ListDatasets);
        let job = context.id;
        self.downloader.send(downloader::Command::List {
            context,
            catalogue,
            folder,
        });
        job
    }

    /// Downloads what is missing of a public dataset or of weights into `folder/NAME`, after those asked for earlier.
    /// Cancelling keeps what has arrived; the next download goes on from there.
    pub fn download(&self, entry: Entry, folder: PathBuf) -> JobId {
        let context = self.context(JobKind::Download);
        let job = context.id;
        self.downloader.send(downloader::Command::Fetch {
            context,
            entry: Box::new(entry),
            folder,
        });
        job
    }

    /// Throws an unfinished download away; cancel it first.
    pub fn discard_download(&self, entry: Entry, folder: PathBuf) {
        self.downloader.send(downloader::Command::Discard {
            events: self.sender.clone(),
            entry: Box::new(entry),
            folder,
        });
    }

    /// Looks for the images whose pixels are most like those of `sample`; comes as
    /// [`super::Event::SimilarFound`].
    pub fn find_similar(&self, dataset: Arc<OpenDataset>, sample: usize) -> JobId {
        self.read(JobKind::FindSimilar, |context| reader::Command::Similar {
            context,
            dataset,
            sample,
        })
    }

    /// Lists the runs that `folder` holds; comes as [`super::Event::RunsListed`]. What has not changed since the
    /// last time is not read again.
    pub fn list_runs(&self, folder: PathBuf) -> JobId {
        self.keep(JobKind::ListRuns, |context| runs::Command::List {
            context,
            folder,
        })
    }

    /// Reads the epochs of the run in `folder`, and with `with_steps` its steps; comes as
    /// [`super::Event::RunRead`].
    pub fn read_run(&self, folder: PathBuf, with_steps: bool) -> JobId {
        self.keep(JobKind::ReadRun, |context| runs::Command::Read {
            context,
            folder,
            with_steps,
        })
    }

    /// Writes `notes` about the run in `folder`; comes as [`super::Event::RunDescribed`].
    pub fn describe_run(&self, folder: PathBuf, notes: RunNotes) -> JobId {
        self.keep(JobKind::DescribeRun, |context| runs::Command::Describe {
            context,
            folder,
            notes,
        })
    }

    /// Moves runs to the system's bin; comes as [`super::Event::RunsDiscarded`].
    pub fn discard_runs(&self, folders: Vec<PathBuf>) -> JobId {
        self.keep(JobKind::DiscardRuns, |context| runs::Command::Discard {
            context,
            folders,
        })
    }

    /// Trains. A run that goes on is stopped first.
    pub fn train(&self, request: TrainRequest) -> JobId {
        let context = self.context(JobKind::Train);
        self.control.begin(context.cancel.clone());
        let job = context.id;
        self.trainer.send(trainer::Command::Train {
            context,
            request: Box::new(request),
        });
        job
    }

    /// Looks for a learning rate, after the run that goes on; comes as [`super::Event::RateFound`].
    pub fn find_rate(&self, request: FindRateRequest) -> JobId {
        self.rehearse(JobKind::FindRate, |context| trainer::Command::FindRate {
            context,
            request: Box::new(request),
        })
    }

    /// Estimates what a run would take, after a moment in which a newer request may come: cancel this one then.
    /// Comes as [`super::Event::Forecast`].
    pub fn forecast(&self, request: EstimateRequest) -> JobId {
        self.rehearse(JobKind::Forecast, |context| trainer::Command::Forecast {
            context,
            request: Box::new(request),
        })
    }

    /// Makes the run wait before its next step.
    pub fn pause(&self) {
        self.control.set_paused(true);
    }

    /// Lets a waiting run go on.
    pub fn resume(&self) {
        self.control.set_paused(false);
    }

    /// Sets the full learning rate of the run's phase from the next step on.
    pub fn set_learning_rate(&self, rate: f64) {
        self.control.set_learning_rate(rate);
    }

    /// Ends the run after its current step; the best weights so far are kept.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Computes one layer's output for an image. Of requests that wait, only the newest is answered.
    pub fn feature_maps(&self, request: FeatureMapsRequest) -> JobId {
        self.inspect(JobKind::FeatureMaps, |context| {
            inspector::Command::FeatureMaps { context, request }
        })
    }

    /// Looks for an image that excites a class or filter.
    pub fn maximise(&self, request: MaximiseRequest) -> JobId {
        self.inspect(JobKind::Maximise, |context| inspector::Command::Maximise {
            context,
            request,
        })
    }

    /// Draws augmented versions of an image, as training would see them. Of requests that wait, only the
    /// newest is answered.
    pub fn augment(&self, request: AugmentRequest) -> JobId {
        self.inspect(JobKind::Augment, |context| inspector::Command::Augment {
            context,
            request,
        })
    }

    /// Classifies images, in order.
    pub fn predict(&self, images: Vec<ImageSource>) -> JobId {
        let context = self.context(JobKind::Predict);
        let job = context.id;
        if images
            .iter()
            .any(|image| matches!(image, ImageSource::Url(_)))
        {
            self.web.send(web::Predict { context, images });
        } else {
            let images = images.into_iter().map(Ok).collect();
            self.inspector
                .send(inspector::Command::Predict { context, images });
        }
        job
    }

    /// Classifies one part of a dataset; comes as [`super::Event::EvaluationReady`].
    pub fn evaluate(&self, request: EvaluateRequest) -> JobId {
        self.inspect(JobKind::Evaluate, |context| inspector::Command::Evaluate {
            context,
            request,
        })
    }

    /// Reads a model file, or the model of a run's folder with all that the run recorded, checks it with its
    /// self-test and makes it the current model; comes as [`super::Event::ModelLoaded`].
    pub fn load_model(&self, path: PathBuf) -> JobId {
        self.load_model_as(path, Remembered::No)
    }

    /// The same for the model that was in hand when the program was used last: that it is gone is only said.
    pub fn restore_model(&self, path: PathBuf) -> JobId {
        self.load_model_as(path, Remembered::Yes)
    }

    fn load_model_as(&self, path: PathBuf, remembered: Remembered) -> JobId {
        self.inspect(JobKind::LoadModel, |context| inspector::Command::Load {
            context,
            path,
            remembered,
        })
    }

    /// Writes the current model (after a run: its best weights) to a file.
    pub fn save_model(&self, path: PathBuf) -> JobId {
        // Not among the jobs that closing the window cancels: what the user saved is written.
        let id = self.next_id();
        let context = JobContext::new(
            id,
            JobKind::SaveModel,
            CancelToken::new(),
            self.sender.clone(),
        );
        self.inspector
            .send(inspector::Command::Save { context, path });
        id
    }

    /// Makes the inspector panic, to test that a panic is contained.
    #[cfg(test)]
    pub fn panic_for_test(&self) -> JobId {
        self.inspect(JobKind::Predict, |context| inspector::Command::Panic {
            context,
        })
    }

    /// Makes the inspector's thread die, to test that this is told.
    #[cfg(test)]
    pub fn die_for_test(&self) -> JobId {
        self.inspect(JobKind::Predict, |context| inspector::Command::Die {
            context,
        })
    }

    /// Asks a job to end; unknown and finished ones are ignored.
    pub fn cancel(&self, job: JobId) {
        self.jobs.cancel(job);
    }

    fn next_id(&self) -> JobId {
        JobId(self.next_job.fetch_add(1, Ordering::Relaxed))
    }

    fn context(&self, kind: JobKind) -> JobContext {
        let id = self.next_id();
        JobContext::new(id, kind, self.jobs.register(id), self.sender.clone())
    }

    fn load(&self, kind: JobKind, command: impl FnOnce(JobContext) -> loader::Command) -> JobId {
        let context = self.context(kind);
        let job = context.id;
        self.loader.send(command(context));
        job
    }

    fn read(&self, kind: JobKind, command: impl FnOnce(JobContext) -> reader::Command) -> JobId {
        let context = self.context(kind);
        let job = context.id;
        self.reader.send(command(context));
        job
    }

    fn rehearse(
        &self,
        kind: JobKind,
        command: impl FnOnce(JobContext) -> trainer::Command,
    ) -> JobId {
        let context = self.context(kind);
        let job = context.id;
        self.trainer.send(command(context));
        job
    }

    fn keep(&self, kind: JobKind, command: impl FnOnce(JobContext) -> runs::Command) -> JobId {
        let context = self.context(kind);
        let job = context.id;
        self.runs.send(command(context));
        job
    }

    fn inspect(
        &self,
        kind: JobKind,
        command: impl FnOnce(JobContext) -> inspector::Command,
    ) -> JobId {
        let context = self.context(kind);
        let job = context.id;
        self.inspector.send(command(context));
        job
    }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        self.jobs.close();
        self.control.stop();
    }
}
