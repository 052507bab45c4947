//! Carrying out what panels wish for.

use std::{ffi::OsString, sync::Arc};

use eframe::egui::{self, Context};

use super::App;
use crate::{
    data::{SplitName, dataset::display_path, generate},
    engine::{
        EvaluateRequest, EvaluatedWeights, ImageSource, Inspect, Level, Predict, Prepare,
        TrainRequest,
    },
    inspect::{Quick, Slow, maximise::MaximiseConfig},
    train::checkpoint::Weights,
    ui::{
        action::{Action, ModelAction, WindowAction},
        chrome::PathField,
        format::stamp,
        state::AskedRun,
        workspace::{Step, Workspaces},
    },
};

impl App {
    /// Carries out an action as if a panel had pushed it.
    pub fn act(&mut self, context: &Context, action: impl Into<Action>) {
        match action.into() {
            Action::Ask(purpose) => self.ask(purpose),
            Action::Look(wish) => wish.ask(&mut self.state, &self.engine),
            Action::Select(selection) => self.state.select(selection),
            Action::Cancel(job) => self.engine.cancel(job),
            Action::Data(action) => self.act_on_data(action),
            Action::Design(action) => self.state.apply_design(action),
            Action::Edit(action) => self.act_on_edits(action),
            Action::Experiment(action) => self.act_on_experiment(action),
            Action::Training(action) => self.act_on_training(action),
            Action::Runs(action) => self.act_on_runs(action),
            Action::Model(action) => self.act_on_model(action),
            Action::Downloads(action) => self.act_on_downloads(action),
            Action::Window(action) => self.act_on_window(context, action),
        }
    }

    fn act_on_window(&mut self, context: &Context, action: WindowAction) {
        match action {
            WindowAction::OpenPath(path) => self.open_path(path),
            WindowAction::Answer(yes) => self.answer(yes),
            WindowAction::ShowFile(path) => self.show(context, path.into()),
            WindowAction::ShowAddress(url) => self.show(context, url.into()),
            WindowAction::Undo => self.undo_or_redo(true),
            WindowAction::Redo => self.undo_or_redo(false),
            WindowAction::Back => self.state.go_back(true),
            WindowAction::Forward => self.state.go_back(false),
            WindowAction::GoTo(step) => {
                self.settings.step = step;
                // Other processes train too.
                self.state.runs.stale |= step == Step::Runs;
            }
            WindowAction::ResetLayout => self.workspaces = Workspaces::default(),
            WindowAction::ToggleShortcuts => self.chrome.shortcuts = !self.chrome.shortcuts,
            WindowAction::ToggleLog => self.chrome.log = !self.chrome.log,
            WindowAction::TogglePathField => {
                let is_closed = self.chrome.path_field.is_none();
                self.chrome.path_field = is_closed.then(PathField::default);
            }
            WindowAction::SetTheme(theme) => {
                self.settings.theme = theme;
                context.set_theme(theme);
            }
            WindowAction::Dismiss(id) => self.state.dismiss(id),
            WindowAction::Quit => context.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    /// Opens a file, a folder or an address with the system's program for it. It is copied too, for computers on
    /// which nothing opens.
    fn show(&mut self, context: &Context, thing: OsString) {
        let shown = display_path(thing.as_ref());
        let words = format!("{shown} is opened; it is copied to the clipboard too");
        self.state.tell(words, None);
        context.copy_text(shown);
        self.engine.with_files(move || {
            let opened = open::that_detached(&thing);
            opened.map_err(|error| {
                let shown = display_path(thing.as_ref());
                format!("{shown} cannot be opened: {error}")
            })
        });
    }

    fn act_on_model(&mut self, action: ModelAction) {
        match action {
            ModelAction::Load(path) => self.load_model(path),
            ModelAction::Predict(images) => self.predict(images),
            ModelAction::DrawShape => {
                // A different shape each time, the same sequence after every start.
                let (kind, picture) = generate::draw_random_shape(self.shapes_drawn);
                self.shapes_drawn += 1;
                let name = format!("a new {}", kind.word());
                self.predict(vec![ImageSource::Picture(name, Arc::new(picture))]);
            }
            ModelAction::ClearPredictions => {
                self.state.predict.answers.clear();
                self.state.predict.said.clear();
            }
            ModelAction::Evaluate { part, weights } => self.evaluate(part, weights),
            ModelAction::Maximise(config) => {
                self.state.ask(&self.engine, Inspect::weights(config));
            }
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

    pub(super) fn train(&mut self) {
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
    pub(super) fn train_anyway(&mut self) {
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
        let first = images.first().cloned();
        let job = match images.len() {
            // One is not to wait for what takes long.
            1 => self.state.ask(&self.engine, Predict::<Quick>::new(images)),
            _ => self.state.ask(&self.engine, Predict::<Slow>::new(images)),
        };
        match first {
            // It has to be fetched first; its pixels come with the answer.
            Some(ImageSource::Url(_)) => self.state.predict.to_select = Some(job),
            Some(image) => {
                let selection = self.state.selection.with_image(image);
                self.state.select(selection);
            }
            None => {}
        }
    }
}
