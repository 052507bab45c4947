//! Every panel about the model's inside and its answers, alone, in every state: it draws without
//! panicking, names what it shows, and its clicks become the right actions.
//!
//! `CONVSCOPE_SHOTS=folder` also writes a picture of every case.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise, helpers included")]

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use convscope::{
    data::{Picture, Split, SplitName, generate},
    engine::{EngineHandle, Event, JobId, JobKind, LoadedModel, MaximisePreview, ModelSource, OpenDataset, Prediction},
    inspect::{feature_maps, maximise::MaximiseConfig},
    model::{LayerKind, ModelSpec, Network, WeightSnapshot, network::Placement},
    train::{ConfusionMatrix, Evaluation, Experiment, recipes},
    ui::{
        action::Action,
        dialogs::Purpose,
        panels::{Cx, Panels},
        settings::Settings,
        state::{AppState, DataState, MapsState, MaximiseState, PredictState},
        textures::Textures,
        theme,
        workspace::{PanelKind, Step},
    },
};
use eframe::egui::{self, Key, Theme, Vec2, accesskit::Role, vec2};
use egui_kittest::{Harness, kittest::Queryable};

/// Everything a test needs that takes long to make.
struct World {
    open: Arc<OpenDataset>,
    model: Arc<LoadedModel>,
    evaluation: Arc<Evaluation>,
    maps: Arc<feature_maps::FeatureMaps>,
    logits: Arc<feature_maps::FeatureMaps>,
    experiment: Experiment,
}

static FEW: LazyLock<World> = LazyLock::new(|| {
    world(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes"), "few")
});

static MANY: LazyLock<World> = LazyLock::new(|| {
    let folder = scratch("many-classes");
    for class in 0..100 {
        let class_folder = folder.join(format!("a rather long class name, number {class:03}"));
        std::fs::create_dir_all(&class_folder).unwrap();
        for number in 0..4 {
            let shade = [(class * 2) as u8, 255 - (class * 2) as u8, (number * 60) as u8];
            let picture = Picture::filled(16, 24, shade);
            picture.to_image().save(class_folder.join(format!("image_{class:03}_{number}.png"))).unwrap();
        }
    }
    world(&folder, "many")
});

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn opened(folder: &Path, name: &str) -> Arc<OpenDataset> {
    let engine = EngineHandle::start(Arc::new(|| ()), scratch(name)).unwrap();
    engine.open_dataset(folder.to_path_buf(), (128, 128));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        match engine.events().try_next() {
            Some(Event::DatasetOpened { dataset, .. }) => return dataset,
            Some(Event::Failed { message, .. }) => panic!("{message}"),
            _ => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    panic!("the dataset was not opened in a minute");
}

fn world(folder: &Path, name: &str) -> World {
    let open = opened(folder, name);
    let mut experiment = recipes::find(Path::new("shapes")).unwrap();
    let classes: Arc<[String]> = open.dataset.classes.clone().into();
    let last = experiment.model.layers.last_mut().unwrap();
    last.kind = LayerKind::Dense { units: classes.len() };
    let spec: Arc<ModelSpec> = Arc::new(experiment.model.clone());
    let network = |seed: u64| Network::new(Arc::clone(&spec), seed, Placement::default()).unwrap();
    let snapshot = |network: &Network, epoch: usize| -> Arc<WeightSnapshot> {
        Arc::new(network.snapshot(&classes, epoch).unwrap())
    };
    let (before, now) = (network(1), network(2));
    let sample = Arc::new(open.pixels.picture(0).unwrap());
    let maps = |layer: usize| Arc::new(feature_maps::feature_maps(&now, 3, &sample.rgb, layer).unwrap());
    let split = Split::new(&open.dataset.labels(), &experiment.split).unwrap();
    World {
        evaluation: Arc::new(evaluation(&open, &split)),
        maps: maps(2),
        logits: maps(spec.layers.len() - 1),
        model: Arc::new(LoadedModel {
            snapshot: snapshot(&now, 3),
            initial: Some(snapshot(&before, 0)),
            metrics: std::collections::BTreeMap::new(),
            split: experiment.split,
            sample: Arc::clone(&sample),
            source: ModelSource::Run(JobId(1)),
        }),
        open,
        experiment,
    }
}

/// Every seventh image is taken for the next class, less surely the later it comes.
fn evaluation(open: &OpenDataset, split: &Split) -> Evaluation {
    let classes = open.dataset.classes.len();
    let samples = split.validation.clone();
    let actual: Vec<usize> = samples.iter().map(|&sample| open.dataset.samples[sample].label).collect();
    let wrong = |position: usize| usize::from(position.is_multiple_of(7));
    let predicted: Vec<usize> =
        actual.iter().enumerate().map(|(position, label)| (label + wrong(position)) % classes).collect();
    let mut probabilities = vec![0.0; samples.len() * classes];
    for (position, class) in predicted.iter().enumerate() {
        probabilities[position * classes + class] = 0.99 - 0.4 * position as f32 / samples.len() as f32;
    }
    let pairs = actual.iter().copied().zip(predicted.iter().copied());
    Evaluation {
        split: Some(SplitName::Validation),
        epoch: 3,
        confusion: ConfusionMatrix::new(classes, pairs),
        samples,
        actual,
        predicted,
        probabilities,
        loss: 0.3,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    NoModel,
    Loading,
    Done,
    Failed,
}

const STAGES: [Stage; 4] = [Stage::NoModel, Stage::Loading, Stage::Done, Stage::Failed];
const PANELS: [PanelKind; 7] = [
    PanelKind::Filters,
    PanelKind::FeatureMaps,
    PanelKind::Maximise,
    PanelKind::Confusion,
    PanelKind::CellImages,
    PanelKind::Report,
    PanelKind::Predict,
];

fn prediction(world: &World, name: &str, class: usize) -> Arc<Prediction> {
    let classes = Arc::clone(&world.model.snapshot.classes);
    let mut probabilities = vec![0.05 / classes.len() as f32; classes.len()];
    probabilities[class] = 0.95;
    let picture = generate::draw_random_shape(class as u64).1;
    Arc::new(Prediction {
        name: name.into(),
        picture: Arc::new(picture),
        logits: probabilities.iter().map(|probability: &f32| probability.ln()).collect(),
        classes,
        class,
        probabilities,
        epoch: 3,
    })
}

fn preview(step: usize) -> MaximisePreview {
    let mut picture = Picture::filled(128, 128, [0; 3]);
    for y in 0..128 {
        for x in 0..128 {
            picture.set_pixel(x, y, [(x * 2) as u8, (y * 2) as u8, ((x ^ y) * 2) as u8]);
        }
    }
    MaximisePreview { step, steps: 200, score: 3.214, picture }
}

fn state(world: &World, stage: Stage) -> AppState {
    let mut state = AppState::new(world.experiment.clone());
    state.data = DataState::Open(Arc::clone(&world.open));
    state.experiment_changed();
    state.selection.sample = Some(0);
    if stage == Stage::NoModel {
        return state;
    }
    state.model = Some(Arc::clone(&world.model));
    let job = Some(JobId(7));
    let config = Some(MaximiseConfig::new(world.experiment.model.layers.len() - 1, 1));
    match stage {
        Stage::Loading => {
            state.maps.job = job;
            state.evaluation_job = job;
            state.maximise = MaximiseState { job, config, ..MaximiseState::default() };
            state.predict.job = job;
            state.apply(Event::Started { job: JobId(7), kind: JobKind::Evaluate });
        }
        Stage::Failed => {
            let failed = Some("Could not do it: the file is damaged".to_owned());
            state.maps = MapsState { failed: failed.clone(), ..MapsState::default() };
            state.maximise.failed.clone_from(&failed);
            state.evaluation_failed.clone_from(&failed);
            state.predict.failed = failed;
        }
        _ => {
            state.maps.maps = Some(Arc::clone(&world.maps));
            state.selection.layer = Some(2);
            state.selection.unit = Some(3);
            state.selection.cell = Some((0, 1));
            state.evaluation = Some(Arc::clone(&world.evaluation));
            state.maximise = MaximiseState { config, preview: Some(Arc::new(preview(40))), ..MaximiseState::default() };
            let names = ["/home/me/pictures/circle_017.png", "a new square", "/tmp/photo.jpeg"];
            let answers = names.into_iter().enumerate().map(|(class, name)| prediction(world, name, class));
            state.predict = PredictState { answers: answers.collect(), ..PredictState::default() };
        }
    }
    state
}

/// What one panel needs around it.
struct Bench {
    panel: PanelKind,
    panels: Panels,
    textures: Textures,
    settings: Settings,
    state: AppState,
    actions: Vec<Action>,
}

impl Bench {
    fn ui(&mut self, ui: &mut egui::Ui) {
        self.textures.begin_frame();
        let mut cx = Cx {
            state: &self.state,
            textures: &mut self.textures,
            settings: &mut self.settings,
            actions: &mut self.actions,
        };
        egui::CentralPanel::default().show(ui, |ui| self.panels.ui(self.panel, ui, &mut cx));
        let wanted = self.textures.take_wanted();
        if let (false, Some(open)) = (wanted.is_empty(), self.state.open_dataset()) {
            let picture = |sample| Some((sample, Arc::new(open.pixels.picture(sample)?)));
            self.textures.arrived(open.id, wanted.into_iter().filter_map(picture).collect());
            ui.ctx().request_repaint();
        }
    }
}

fn harness(panel: PanelKind, state: AppState, size: Vec2, theme: Theme) -> Harness<'static, Bench> {
    let bench = Bench {
        panel,
        panels: Panels::default(),
        textures: Textures::default(),
        settings: Settings { step: Step::Inside, ..Settings::default() },
        state,
        actions: Vec::new(),
    };
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(16)
        .with_context_setup(theme::install)
        .build_ui_state(|ui, bench: &mut Bench| bench.ui(ui), bench);
    harness.run();
    harness
}

fn small(panel: PanelKind, state: AppState) -> Harness<'static, Bench> {
    harness(panel, state, vec2(500.0, 600.0), Theme::Light)
}

/// Applies the selections that were pushed, and returns all actions.
fn follow(harness: &mut Harness<'_, Bench>) -> Vec<Action> {
    let actions = std::mem::take(&mut harness.state_mut().actions);
    for action in &actions {
        if let Action::Select(selection) = action {
            harness.state_mut().state.select(selection.clone());
        }
    }
    harness.run();
    actions
}

/// A label that has to be there.
fn expected(panel: PanelKind, stage: Stage) -> &'static str {
    use PanelKind as P;
    use Stage as S;
    match (panel, stage) {
        (P::Predict, S::NoModel) => "Open model…",
        (_, S::NoModel) => "Go to Train",
        (P::Filters, _) => "Before training",
        (P::FeatureMaps, S::Loading) => "Computing feature maps",
        (P::FeatureMaps, S::Done) => "relu1 · epoch 3 · ",
        (P::Maximise, S::Loading) => "starting",
        (P::Maximise, S::Done) => "step 40 of 200 · score 3.214",
        (P::Confusion | P::CellImages | P::Report, S::Loading) => "Evaluating",
        (P::Confusion, S::Done) => "% accuracy",
        (P::CellImages, S::Done) => "taken for",
        (P::Report, S::Done) => "precision",
        (P::Predict, S::Done) => "3 answers",
        (P::Predict, S::Loading) => "Looking at the image",
        (_, S::Failed) => "the file is damaged",
        (panel, stage) => panic!("say what {panel:?} shows when {stage:?}"),
    }
}

#[test]
fn every_panel_draws_in_every_state() {
    let sizes = [vec2(300.0, 260.0), vec2(500.0, 600.0), vec2(1200.0, 800.0)];
    let shots = std::env::var_os("CONVSCOPE_SHOTS").map(PathBuf::from);
    for (many, world) in [("few", &*FEW), ("many", &*MANY)] {
        for panel in PANELS {
            for stage in STAGES {
                for (index, size) in sizes.into_iter().enumerate() {
                    let theme = if index == 1 { Theme::Dark } else { Theme::Light };
                    let mut harness = harness(panel, state(world, stage), size, theme);
                    let label = expected(panel, stage);
                    let found = harness.query_all_by_label_contains(label).next().is_some();
                    assert!(found, "{panel:?} {stage:?} {many} {size}: no {label:?}");
                    if let Some(folder) = &shots {
                        let name = format!("{panel:?}-{many}-{stage:?}-{}x{}.png", size.x, size.y);
                        harness.render().unwrap().save(folder.join(name)).unwrap();
                    }
                }
            }
        }
    }
}

#[test]
fn a_model_from_a_file_has_no_weights_before_training() {
    let mut state = state(&FEW, Stage::Done);
    state.model = Some(Arc::new(LoadedModel { initial: None, ..(*FEW.model).clone() }));
    let harness = small(PanelKind::Filters, state);
    assert!(harness.query_by_label("Before training").is_none());
    harness.get_by_label("Now · epoch 3");
    harness.get_by_label_contains("not kept in a model file");
}

#[test]
fn clicking_a_filter_selects_it() {
    let mut harness = small(PanelKind::Filters, state(&FEW, Stage::Done));
    let corner = harness.get_by_label("Filters of conv1, Now · epoch 3").rect().min;
    // A few points into the first kernel.
    let place = corner + vec2(20.0, 20.0);
    harness.drag_at(place);
    harness.drop_at(place);
    harness.run();
    let actions = follow(&mut harness);
    let Some(Action::Select(selection)) = actions.first() else { panic!("{actions:?}") };
    assert_eq!(selection.layer, Some(0));
    assert_eq!(selection.unit, Some(0));
}

#[test]
fn feature_maps_enlarge_and_come_back_and_ask_for_more() {
    let mut harness = small(PanelKind::FeatureMaps, state(&FEW, Stage::Done));
    harness.get_by_label("Enlarge").click();
    harness.run();
    harness.get_by_label("All maps").click();
    harness.run();
    harness.get_by_label("Feature maps of relu1").hover();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label("All maps");
    harness.key_press(Key::Escape);
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    let actions = follow(&mut harness);
    assert_eq!(harness.state().state.selection.unit, Some(4), "{actions:?}");
    harness.get_by_label("Maximise this filter").click();
    harness.run();
    let actions = follow(&mut harness);
    let is_wanted =
        |action: &Action| matches!(action, Action::Maximise(config) if (config.layer, config.unit) == (2, 4));
    assert!(actions.iter().any(is_wanted), "{actions:?}");
    harness.get_by_label("Save picture…").click();
    harness.run();
    assert!(matches!(follow(&mut harness)[..], [Action::SavePicture(_)]));
    harness.get_by_label("Grey").click();
    harness.run();
    assert_eq!(harness.state().settings.map_scale, convscope::ui::settings::Scale::Grey);
}

#[test]
fn the_last_layer_is_shown_as_bars_of_the_classes() {
    let mut state = state(&FEW, Stage::Done);
    state.maps.maps = Some(Arc::clone(&FEW.logits));
    state.selection.layer = Some(FEW.logits.layer);
    let mut harness = small(PanelKind::FeatureMaps, state);
    harness.get_by_role(Role::ComboBox);
    let square = harness.get_all_by_role(Role::ListItem).nth(1).unwrap();
    square.click();
    harness.run();
    follow(&mut harness);
    assert_eq!(harness.state().state.selection.class, Some(1));
}

#[test]
fn maximising_takes_what_the_fields_say() {
    let mut harness = small(PanelKind::Maximise, state(&FEW, Stage::Failed));
    harness.get_by_role_and_label(Role::Button, "Maximise").click();
    harness.run();
    let actions = follow(&mut harness);
    let [Action::Maximise(config)] = actions[..] else { panic!("{actions:?}") };
    assert_eq!((config.layer, config.unit, config.steps), (11, 0, 200));
    harness.get_by_label("Filter").click();
    harness.run();
    harness.get_by_role_and_label(Role::Button, "Maximise").click();
    harness.run();
    let actions = follow(&mut harness);
    let [Action::Maximise(config)] = actions[..] else { panic!("{actions:?}") };
    assert_eq!((config.layer, config.unit), (0, 0));
}

#[test]
fn cells_of_the_matrix_are_named_clicked_and_moved_among() {
    let mut harness = small(PanelKind::Confusion, state(&FEW, Stage::Done));
    let confusion = &FEW.evaluation.confusion;
    let name = format!("actual circle, predicted square: {}", confusion.count(0, 1));
    harness.get_by_label(&name);
    let name = format!("actual triangle, predicted triangle: {}", confusion.count(2, 2));
    harness.get_by_label(&name).click();
    harness.run();
    follow(&mut harness);
    assert_eq!(harness.state().state.selection.cell, Some((2, 2)));
    harness.key_press(Key::ArrowUp);
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    follow(&mut harness);
    assert_eq!(harness.state().state.selection.cell, Some((1, 2)), "up, and right is the edge");
    harness.get_by_label("Percent of row").click();
    harness.run();
    harness.get_by_label("Evaluate").click();
    harness.run();
    assert!(matches!(follow(&mut harness)[..], [Action::Evaluate(SplitName::Validation)]));
}

#[test]
fn a_model_that_was_not_evaluated_can_be() {
    for panel in [PanelKind::Confusion, PanelKind::CellImages, PanelKind::Report] {
        let mut harness = small(panel, state(&FEW, Stage::Failed));
        harness.get_by_label("Evaluate validation").click();
        harness.run();
        assert!(matches!(follow(&mut harness)[..], [Action::Evaluate(SplitName::Validation)]));
    }
}

#[test]
fn images_of_a_cell_and_all_wrong_ones() {
    let mut harness = small(PanelKind::CellImages, state(&FEW, Stage::Done));
    let count = FEW.evaluation.confusion.count(0, 1);
    harness.get_by_label(&format!("circle taken for square · {count} images"));
    harness.get_all_by_label_contains("· says square").next().unwrap().click();
    harness.run();
    follow(&mut harness);
    assert_ne!(harness.state().state.selection.sample, Some(0));
    harness.get_by_label("All wrong images").click();
    harness.run();
    follow(&mut harness);
    harness.get_by_label_contains("Wrong · ");
    let right = Evaluation { predicted: FEW.evaluation.actual.clone(), ..(*FEW.evaluation).clone() };
    harness.state_mut().state.evaluation = Some(Arc::new(right));
    harness.run();
    harness.get_by_label("Every image was classified correctly.");
}

#[test]
fn predicting_by_path_button_and_history() {
    let mut harness = small(PanelKind::Predict, state(&FEW, Stage::Done));
    harness.get_by_label("Choose images…").click();
    harness.run();
    assert!(matches!(follow(&mut harness)[..], [Action::Ask(Purpose::ChooseImages)]));
    harness.get_by_label("Draw a random shape").click();
    harness.run();
    assert!(matches!(follow(&mut harness)[..], [Action::DrawShape]));
    let field = || Role::TextInput;
    harness.get_by_role_and_label(field(), "Path of an image").focus();
    harness.run();
    harness.get_by_role_and_label(field(), "Path of an image").type_text("/tmp/a.png");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert!(matches!(&follow(&mut harness)[..], [Action::Predict(images)] if images[0].name() == "/tmp/a.png"));
    harness.get_by_label("Clear").scroll_to_me();
    harness.run();
    harness.get_by_label("Clear").click();
    harness.run();
    assert!(matches!(follow(&mut harness)[..], [Action::ClearPredictions]));
}

#[test]
fn files_held_over_the_window_light_the_zone() {
    let mut harness = small(PanelKind::Predict, state(&FEW, Stage::Done));
    harness.get_by_label("Drop an image anywhere on the window");
    harness.input_mut().hovered_files.push(egui::HoveredFile::default());
    harness.step();
    harness.get_by_label("Let go to classify it");
}
