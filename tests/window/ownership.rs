//! Whose everything is, in the whole window: the data, the experiment and the model in hand are never mixed up,
//! whatever is opened, trained, stopped or refused; a run that is opened again brings all that it recorded; and any
//! image can be what the window looks at.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::desk::Desk;
use convscope::{
    engine::{Inspect, LoadImage, ModelSource, Slot},
    inspect::{
        feature_maps::MapsOfLayer,
        predict::{Said, Says},
    },
    ui::{
        action::{DataAction, ModelAction, TrainingAction, WindowAction},
        app::App,
        saving::Saving,
        state::{AppState, RunState, Subject},
        workspace::Step,
    },
};

impl Desk {
    fn load(&mut self, path: &Path) {
        self.act(ModelAction::Load(path.to_path_buf()));
        let folder = path.parent();
        self.wait("the model", |app| {
            let model = app.state().model.as_ref();
            let its = model.map(|model| model.source.path());
            its.is_some_and(|its| its == path || Some(its) == folder)
        });
    }

    /// What each place says that it belongs to.
    fn check(&mut self, expected: &Owners, why: &str) {
        let name = |path: &Option<PathBuf>| {
            let source = |path: &PathBuf| match path.extension() {
                Some(_) => ModelSource::File(path.clone()).name(),
                None => ModelSource::Run(path.clone()).name(),
            };
            path.as_ref().map(source)
        };
        let (model, curves) = (name(&expected.model), name(&expected.curves));
        for (word, of) in [
            ("Data", expected.data),
            ("Experiment", expected.experiment),
            ("Model", model.as_deref().unwrap_or("none yet")),
        ] {
            let words = format!("{word}: {of}");
            assert!(self.shows(&words), "{why}: the bar does not say {words:?}");
        }
        self.act(WindowAction::GoTo(Step::Train));
        match &curves {
            Some(curves) => assert!(self.shows(&format!("Run {curves} · ")), "{why}: curves"),
            None => assert!(!self.shows("Run "), "{why}: no curves"),
        }
        let other = self.shows("other settings than Train would use now");
        assert_eq!(other, expected.other_settings, "{why}: other settings");
        self.act(WindowAction::GoTo(Step::Evaluate));
        match (&expected.judged, &model) {
            (Some(dataset), Some(model)) => {
                let words = format!("{model} on {dataset}");
                assert!(
                    self.shows(&words),
                    "{why}: the matrix does not say {words:?}"
                );
            }
            _ => assert!(self.state().evaluation.is_none(), "{why}: an evaluation"),
        }
        self.act(WindowAction::GoTo(Step::Inside));
        self.wait("the maps", |app| {
            let state = app.state();
            maps(state).job.is_none() && (maps(state).answer().is_some() || state.model.is_none())
        });
        let state = self.state();
        let epoch = state.model.as_ref().map(|model| model.snapshot.epoch);
        assert_eq!(
            maps(state).answer().map(|maps| maps.epoch),
            epoch,
            "{why}: maps"
        );
        let of = maps(state).answer().map(|_| &state.selection.subject);
        assert_eq!(of.cloned().flatten(), subject(state), "{why}: maps");
        let in_hand = state.model.as_ref().map(|model| &model.snapshot.classes);
        let said = state.slot::<Inspect<Says>>().answer();
        let is_its = |said: &Arc<Said>| in_hand.is_some_and(|now| Arc::ptr_eq(now, &said.classes));
        assert!(said.is_none_or(is_its), "{why}: says");
        self.act(WindowAction::GoTo(Step::Predict));
        for answer in self.state().predict.answers.clone() {
            let by = answer.model.name();
            assert!(self.shows(&by), "{why}: the answer does not name {by}");
        }
    }
}

fn maps(state: &AppState) -> &Slot<Inspect<MapsOfLayer>> {
    state.slot()
}

/// What the maps are about.
fn subject(state: &AppState) -> Option<Subject> {
    Some(Subject::of(maps(state).answered_request()?.image_source()?))
}

/// Whose what shows is.
struct Owners<'a> {
    data: &'a str,
    experiment: &'a str,
    model: Option<PathBuf>,
    /// The run.
    curves: Option<PathBuf>,
    other_settings: bool,
    /// The dataset of the evaluation.
    judged: Option<&'a str>,
}

#[test]
fn everything_stands_under_the_name_of_what_it_belongs_to() {
    let mut desk = Desk::new();
    let title = desk.state().experiment.title.clone();
    let mut owners = Owners {
        data: "shapes · 24 images",
        experiment: &title,
        model: None,
        curves: None,
        other_settings: false,
        judged: None,
    };
    desk.check(&owners, "nothing trained");

    let first = desk.train(1);
    owners.model = Some(first.clone());
    owners.curves = Some(first.clone());
    owners.judged = Some("shapes");
    desk.check(&owners, "the first run");
    let image = desk.home.path().join("others/square/square_003.png");
    desk.drop_files(&[image]);
    desk.wait("the answer", |app| !app.state().predict.answers.is_empty());

    let others = desk.home.path().join("others");
    desk.act(DataAction::Open(others));
    desk.wait("the other dataset", |app| {
        let dataset = app.state().dataset();
        dataset.is_some_and(|open| open.name == "others") && app.state().division.is_some()
    });
    owners.data = "others · 24 images";
    owners.judged = None;
    desk.check(&owners, "another dataset");
    assert!(desk.state().dataset_to_open().is_some());

    let model = desk.home.path().join("kept.safetensors");
    desk.answer(model.clone());
    desk.act(Saving::Model);
    desk.wait("the saved model", |app| {
        let says = |notice: &convscope::ui::state::Notice| notice.text.contains("Saved the model");
        app.state().notices.iter().any(says)
    });
    let layers = desk.state().experiment.model.clone();
    desk.load(&model);
    owners.model = Some(model);
    desk.check(&owners, "a model file: the curves stay the run's");
    assert_eq!(
        desk.state().experiment.model,
        layers,
        "the experiment is another thing"
    );

    // Another experiment, and with it its dataset.
    let mut experiment = desk.state().experiment.clone();
    experiment.title = "Something else".into();
    experiment.training.seed += 7;
    experiment.dataset.path = desk.home.path().join("shapes");
    let file = desk.home.path().join("other.ron");
    std::fs::write(&file, experiment.to_ron().unwrap()).unwrap();
    desk.act(WindowAction::OpenPath(file));
    desk.wait("the experiment", |app| {
        app.state().experiment.title == "Something else"
            && app
                .state()
                .dataset()
                .is_some_and(|open| open.name == "shapes")
            && app.state().division.is_some()
    });
    owners.data = "shapes · 24 images";
    owners.experiment = "Something else";
    owners.other_settings = true;
    desk.check(&owners, "another experiment");

    let second = desk.train(2);
    owners.model = Some(second.clone());
    owners.curves = Some(second.clone());
    owners.other_settings = false;
    owners.judged = Some("shapes");
    desk.check(&owners, "a second run");

    desk.load(&first.join("model.safetensors"));
    owners.model = Some(first.clone());
    owners.curves = Some(first.clone());
    owners.other_settings = true;
    desk.act(WindowAction::GoTo(Step::Evaluate));
    desk.wait("its judgement", |app| app.state().evaluation.is_some());
    desk.check(&owners, "the model of a run brings its curves");
    let initial = desk.state().model.as_ref().unwrap().initial.clone();
    assert_eq!(
        initial.map(|weights| weights.epoch),
        Some(0),
        "its earlier filters"
    );

    // A file stands where the folder of runs belongs.
    let runs = desk.home.path().join("runs");
    std::fs::rename(&runs, desk.home.path().join("elsewhere")).unwrap();
    std::fs::write(&runs, "").unwrap();
    desk.act(TrainingAction::Train);
    desk.wait("the failure", |app| {
        matches!(app.state().training.run, RunState::Failed(_))
    });
    desk.check(&owners, "a run that could not begin leaves what was there");
    std::fs::remove_file(&runs).unwrap();
    std::fs::rename(desk.home.path().join("elsewhere"), &runs).unwrap();

    desk.begin(10_000);
    desk.wait("an epoch", |app| {
        app.state().training.epochs.len() > 1 && app.state().evaluation.is_some()
    });
    assert!(desk.shows("in training"));
    desk.act(TrainingAction::Stop);
    let third = desk.ended();
    owners.model = Some(third.clone());
    owners.curves = Some(third);
    owners.other_settings = false;
    desk.check(&owners, "a run that was stopped");
}

#[test]
fn a_restart_opens_the_model_in_hand_with_all_that_its_run_recorded() {
    let mut desk = Desk::new();
    let run = desk.train(2);
    let before = desk.state().clone();
    desk.act(WindowAction::GoTo(Step::Inside));
    let mut desk = desk.restarted();
    let has_model = |app: &App| app.state().model.is_some();
    desk.wait("the model", has_model);
    let state = desk.state();
    let (model, was) = (
        state.model.as_ref().unwrap(),
        before.model.as_ref().unwrap(),
    );
    assert_eq!(model.source, ModelSource::Run(run.clone()));
    assert_eq!(model.snapshot.arrays, was.snapshot.arrays);
    assert_eq!(model.initial, was.initial, "the weights before training");
    assert_eq!(model.split, was.split);
    assert_eq!(model.snapshot.classes, was.snapshot.classes);
    assert_eq!(state.training.epochs, before.training.epochs);
    assert_eq!(state.training.steps.len(), before.training.steps.len());
    assert_eq!(
        state.training.steps_per_epoch,
        before.training.steps_per_epoch
    );
    assert_eq!(state.training.best_words(), before.training.best_words());
    assert!(desk.shows("Now · epoch"), "the step that was shown");
    desk.act(WindowAction::GoTo(Step::Evaluate));
    desk.wait("the judgement", |app| app.state().evaluation.is_some());
    let judged = desk.state().evaluation.clone().unwrap();
    let was = before.evaluation.as_ref().unwrap();
    assert_eq!(
        (judged.epoch, &judged.predicted),
        (was.epoch, &was.predicted)
    );

    std::fs::remove_dir_all(&run).unwrap();
    let mut desk = desk.restarted();
    desk.wait("the sentence", |app| {
        let says =
            |notice: &convscope::ui::state::Notice| notice.text.contains("last time is gone");
        app.state().notices.iter().any(says)
    });
    let shown = desk.state().notices.iter().filter(|notice| notice.shown);
    assert_eq!(shown.count(), 0, "nobody did anything wrong");
    assert!(!has_model(desk.harness.state()));
}

#[test]
fn a_dropped_image_is_what_the_whole_window_looks_at() {
    let mut desk = Desk::new();
    desk.train(1);
    let image = desk.home.path().join("others/triangle/triangle_002.png");
    desk.drop_files(&[image]);
    let is_own = |app: &App| matches!(app.state().selection.subject, Some(Subject::Image(_)));
    desk.wait("the subject", is_own);
    desk.wait("the answer", |app| !app.state().predict.answers.is_empty());
    assert!(desk.shows("not in the dataset"));
    desk.act(WindowAction::GoTo(Step::Inside));
    let of_own = |app: &App| matches!(subject(app.state()), Some(Subject::Image(_)));
    desk.wait("its maps", |app| {
        of_own(app) && maps(app.state()).job.is_none()
    });
    assert!(desk.shows("triangle_002.png"));
    desk.wait("what the model says", |app| {
        app.state()
            .slot::<Inspect<Says>>()
            .newest_answer()
            .is_some()
    });
    let says = desk
        .state()
        .slot::<Inspect<Says>>()
        .answer()
        .cloned()
        .unwrap();
    assert_eq!(
        says.answer.probabilities,
        desk.state().predict.answers[0].probabilities
    );
    desk.act(WindowAction::GoTo(Step::Data));
    desk.wait("the picture", |app| {
        let loaded = app.state().slot::<LoadImage>().answered_request();
        loaded.is_some_and(|loaded| matches!(Subject::of(&loaded.0), Subject::Image(_)))
    });
    assert!(desk.shows("It stands in no dataset"));
    desk.act(WindowAction::Back);
    assert_eq!(desk.state().selection.sample(), Some(0));
    desk.act(WindowAction::GoTo(Step::Inside));
    desk.wait("the sample's maps", |app| {
        !of_own(app) && maps(app.state()).job.is_none()
    });
    desk.act(WindowAction::Forward);
    desk.wait("the dropped image again", is_own);
}
