//! Carrying out what panels wish for.

use std::sync::Arc;

use eframe::egui::{self, Context};

use super::App;
use crate::{
    data::{SplitName, generate},
    engine::{
        EvaluateRequest, EvaluatedWeights, FindSimilar, ImageSource, Inspect, Level, OpenRequest,
        Predict, Prepare, SaveModel, TrainRequest,
    },
    inspect::{Quick, Slow, maximise::MaximiseConfig},
    train::checkpoint::Weights,
    ui::{
        action::Action,
        chrome::PathField,
        dialogs::Purpose,
        format::stamp,
        history::Part,
        state::AskedRun,
        workspace::{PanelKind, Step, Workspaces},
    },
};

impl App {
    /// Carries out an action as if a panel had pushed it.
    pub fn act(&mut self, context: &Context, action: Action) {
        match action {
            Action::Ask(purpose) => self.ask(purpose),
            Action::OpenPath(path) => self.open_path(path),
            Action::OpenDataset(path) => self.ask_to_open(OpenRequest::new(path)),
            Action::Answer(yes) => self.answer(yes),
            Action::OpenBundled(name) => self.open_bundled(name),
            Action::ReadAs(kind) => self.read_as(kind),
            Action::LoadModel(path) => self.load_model(path),
            Action::TakeNetwork => self.take_network(),
            Action::OpenDatasetOfModel => self.open_dataset_of_model(),
            Action::SaveModel(path) => {
                self.state.ask(&self.engine, SaveModel(path));
            }
            Action::Train => self.train(),
            Action::TrainAnyway => self.train_anyway(),
            Action::LeaveTraining => self.state.asked_run = None,
            Action::ShowUnreadable => {
                self.state.asked_run = None;
                self.state.unreadable_asked += 1;
                self.settings.step = Step::Data;
            }
            Action::FindRate { phase } => self.find_rate(phase),
            Action::SetPaused(true) => self.engine.pause(),
            Action::SetPaused(false) => self.engine.resume(),
            Action::Stop => self.engine.stop(),
            Action::SetLearningRate(rate) => {
                self.engine.set_learning_rate(rate);
                self.state.training.ask_for_rate(rate);
            }
            Action::EditTraining(training) => {
                self.change(Part::Training, |experiment| experiment.training = training);
            }
            Action::Select(selection) => self.state.select(selection),
            Action::ShowImages { samples, words } => {
                self.state.show_images(&samples, words);
                self.settings.step = Step::Data;
                self.workspaces
                    .bring_forward(Step::Data, PanelKind::Datasets);
            }
            Action::Back => self.state.go_back(),
            Action::Forward => self.state.go_forward(),
            Action::GoTo(step) => {
                self.settings.step = step;
                // Other processes train too.
                self.state.runs.stale |= step == Step::Runs;
            }
            Action::ResetLayout => self.workspaces = Workspaces::default(),
            Action::ToggleShortcuts => self.chrome.shortcuts = !self.chrome.shortcuts,
            Action::ToggleLog => self.chrome.log = !self.chrome.log,
            Action::TogglePathField { typed } => {
                let is_closed = self.chrome.path_field.is_none();
                self.chrome.path_field = is_closed.then(|| PathField::new(typed));
            }
            Action::SetTheme(theme) => {
                self.settings.theme = theme.into();
                context.set_theme(theme);
            }
            Action::Browsed(samples) => self.state.browsed = samples,
            Action::FindSimilar(sample) => self.find_similar(sample),
            Action::Dismiss(id) => self.state.dismiss(id),
            Action::Cancel(job) => self.engine.cancel(job),
            Action::Look(wish) => wish.ask(&mut self.state, &self.engine),
            Action::Quit => context.send_viewport_cmd(egui::ViewportCommand::Close),
            action => self.act_on_runs(context, action),
        }
    }

    /// Actions that need a model.
    pub(super) fn act_on_model(&mut self, action: Action) {
        match action {
            Action::Predict(images) => self.predict(images),
            Action::DrawShape => {
                // A different shape each time, the same sequence after every start.
                let (kind, picture) = generate::draw_random_shape(self.shapes_drawn);
                self.shapes_drawn += 1;
                let name = format!("a new {}", kind.word());
                self.predict(vec![ImageSource::Picture(name, Arc::new(picture))]);
            }
            Action::ClearPredictions => {
                self.state.predict.answers.clear();
                self.state.predict.said.clear();
            }
            Action::Evaluate { part, weights } => self.evaluate(part, weights),
            Action::SetThreshold(threshold) => self.state.set_threshold(threshold),
            Action::Maximise(config) => {
                self.state.ask(&self.engine, Inspect::weights(config));
            }
            Action::SavePicture(picture) => {
                self.picture_to_save = Some(picture);
                self.ask(Purpose::SavePicture);
            }
            action => self.act_on_catalogue(action),
        }
    }

    fn evaluate(&mut self, part: Option<SplitName>, weights: Weights) {
        let Some(dataset) = self.state.open_dataset().cloned() else {
            return;
        };
        let weights = match (weights, self.state.run_of_model()) {
            (Weights::Last, Some(run)) => EvaluatedWeights::Last(run.to_path_buf()),
            _ => EvaluatedWeights::Current,
        };
        let request = EvaluateRequest {
            dataset,
            part,
            weights,
        };
        self.state.ask(&self.engine, request);
    }

    /// Judges the validation part with the model of a run that was opened again, as the run did at its end, as soon
    /// as somebody looks and the run's dataset is open.
    pub(super) fn judge_kept_run(&mut self) {
        let state = &self.state;
        let in_hand = state.model.as_ref().map(|model| model.source.path());
        if self.to_judge.is_some() && self.to_judge.as_deref() != in_hand {
            self.to_judge = None;
        }
        let is_ready = self.to_judge.is_some()
            && self.settings.step == Step::Evaluate
            && state.evaluation.is_none()
            && !state.waits_for::<EvaluateRequest>()
            && state.dataset().is_some()
            && state.dataset_to_open().is_none();
        if is_ready {
            self.to_judge = None;
            self.evaluate(Some(SplitName::Validation), Weights::Best);
        }
    }

    fn find_similar(&mut self, sample: usize) {
        if let Some(dataset) = self.state.open_dataset().cloned() {
            let request = FindSimilar { dataset, sample };
            self.state.ask(&self.engine, request);
        }
    }

    fn train(&mut self) {
        let Some(dataset) = self.state.open_dataset().cloned() else {
            return;
        };
        if let Some(reason) = self.state.why_not_train() {
            self.state.note(Level::Warning, reason);
            return;
        }
        let mut experiment = self.state.experiment.clone();
        experiment.dataset.path.clone_from(&dataset.dataset.opened);
        experiment.dataset.kind = Some(dataset.dataset.kind);
        // The name tells runs apart; of two within a second the engine numbers the second.
        let stamp = stamp(std::time::SystemTime::now());
        let run = format!("{}-{stamp}", experiment.name);
        let run = self.places.runs.join(run);
        self.begin_run(TrainRequest {
            experiment,
            dataset,
            run,
            resume: false,
            accept_losses: false,
        });
    }

    /// Starts the run that waited for an answer.
    fn train_anyway(&mut self) {
        if let Some(asked) = self.state.asked_run.take() {
            self.begin_run(TrainRequest {
                accept_losses: true,
                ..asked.request
            });
        }
    }

    /// Starts a run; none may go on.
    pub(super) fn begin_run(&mut self, request: TrainRequest) {
        self.state.stop::<Prepare>(&self.engine);
        self.state.stop::<Inspect<MaximiseConfig>>(&self.engine);
        self.end_rehearsal();
        self.state.stop::<EvaluateRequest>(&self.engine);
        let job = self.state.ask(&self.engine, request.clone());
        let before = std::mem::take(&mut self.state.training);
        self.state.training = before.beginning(job);
        let lost = None;
        self.state.asked_run = Some(Box::new(AskedRun { request, lost }));
        self.state.forget::<Inspect<MaximiseConfig>>();
    }

    pub(super) fn predict(&mut self, images: Vec<ImageSource>) {
        self.settings.step = Step::Predict;
        self.state.predict.failed = None;
        let (count, first) = (images.len(), images.first().cloned());
        let job = match count {
            // One is not to wait for what takes long.
            1 => self.state.ask(&self.engine, Predict::<Quick>::new(images)),
            _ => self.state.ask(&self.engine, Predict::<Slow>::new(images)),
        };
        self.state.predict.jobs.insert(job, count);
        match first {
            // It has to be fetched first; its pixels come with the answer.
            Some(ImageSource::Url(_)) => self.state.predict.to_select = Some(job),
            Some(image) => {
                let selection = self.state.selection.with_own_image(image);
                self.state.select(selection);
            }
            None => {}
        }
    }
}
