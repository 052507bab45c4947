//! One panel on a made-up state.

use std::{path::PathBuf, sync::Arc};

use convscope::{
    data::{Division, Picture, generate},
    engine::{Event, JobId, JobKind, MaximisePreview, Prediction},
    inspect::maximise::MaximiseConfig,
    model::spec::Head,
    ui::{
        action::Action,
        panels::{Cx, Panels},
        settings::Settings,
        state::{AppState, DataState, MapsState, MaximiseState, PredictState},
        textures::Textures,
        theme,
        workspace::{PanelKind, Step},
    },
};
use eframe::egui::{self, Theme, Vec2, vec2};
use egui_kittest::Harness;

use crate::world::{self, World};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    NoModel,
    Loading,
    Done,
    Failed,
}

pub const STAGES: [Stage; 4] = [Stage::NoModel, Stage::Loading, Stage::Done, Stage::Failed];

fn prediction(world: &World, name: &str, class: usize) -> Arc<Prediction> {
    let classes = Arc::clone(&world.model.snapshot.classes);
    let mut probabilities = vec![0.05 / classes.len() as f32; classes.len()];
    probabilities[class] = 0.95;
    let picture = generate::draw_random_shape(class as u64).1;
    Arc::new(Prediction {
        name: name.into(),
        picture: Arc::new(picture),
        logits: probabilities
            .iter()
            .map(|probability: &f32| probability.ln())
            .collect(),
        classes,
        class,
        probabilities,
        head: Head::Softmax,
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
    MaximisePreview {
        step,
        steps: 200,
        score: 3.214,
        picture,
    }
}

pub fn state(world: &World, stage: Stage) -> AppState {
    let mut state = AppState::new(world.experiment.clone());
    state.data = DataState::Open(Arc::clone(&world.open));
    let division = Division::new(&world.open.dataset, &state.experiment.split).unwrap();
    state.division = Some(Arc::new(division));
    state.experiment_changed();
    state.selection.sample = Some(0);
    if stage == Stage::NoModel {
        return state;
    }
    state.model = Some(Arc::clone(&world.model));
    let job = Some(JobId(7));
    let config = Some(MaximiseConfig::new(
        world.experiment.model.layers.len() - 1,
        1,
    ));
    match stage {
        Stage::Loading => {
            state.maps.job = job;
            state.evaluation_job = job;
            state.maximise = MaximiseState {
                job,
                config,
                ..MaximiseState::default()
            };
            state.predict.jobs = job.into_iter().collect();
            state.apply(Event::Started {
                job: JobId(7),
                kind: JobKind::Evaluate,
            });
        }
        Stage::Failed => {
            let failed = Some("Could not do it: the file is damaged".to_owned());
            state.maps = MapsState {
                failed: failed.clone(),
                ..MapsState::default()
            };
            state.maximise.failed.clone_from(&failed);
            state.evaluation_failed.clone_from(&failed);
            state.predict.failed = failed;
        }
        _ => done(&mut state, world, config),
    }
    state
}

fn done(state: &mut AppState, world: &World, config: Option<MaximiseConfig>) {
    state.maps.maps = Some(Arc::clone(&world.maps));
    state.selection.layer = Some(2);
    state.selection.unit = Some(3);
    state.selection.cell = Some((0, 1));
    state.evaluation = Some(Arc::clone(&world.evaluation));
    state.maximise = MaximiseState {
        config,
        preview: Some(Arc::new(preview(40))),
        ..MaximiseState::default()
    };
    let names = [
        "/home/me/pictures/circle_017.png",
        "a new square",
        "/tmp/photo.jpeg",
    ];
    let answers = names
        .into_iter()
        .enumerate()
        .map(|(number, name)| prediction(world, name, number % world.model.snapshot.classes.len()));
    state.predict = PredictState {
        answers: answers.collect(),
        ..PredictState::default()
    };
}

/// What one panel needs around it.
pub struct Bench {
    pub panel: PanelKind,
    pub panels: Panels,
    pub textures: Textures,
    pub settings: Settings,
    pub state: AppState,
    pub actions: Vec<Action>,
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
            let picture = |sample| (sample, Ok(Arc::new(world::picture(open, sample))));
            self.textures
                .arrived(open.id, wanted.into_iter().map(picture).collect());
            ui.ctx().request_repaint();
        }
    }
}

pub fn harness(
    panel: PanelKind,
    state: AppState,
    size: Vec2,
    theme: Theme,
) -> Harness<'static, Bench> {
    let bench = Bench {
        panel,
        panels: Panels::default(),
        textures: Textures::default(),
        settings: Settings {
            step: Step::Inside,
            ..Settings::default()
        },
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

pub fn small(panel: PanelKind, state: AppState) -> Harness<'static, Bench> {
    harness(panel, state, vec2(500.0, 600.0), Theme::Light)
}

/// Writes what is shown to the folder of `CONVSCOPE_SHOTS`, if there is one.
pub fn shot(harness: &mut Harness<'_, Bench>, name: &str) {
    if let Some(folder) = std::env::var_os("CONVSCOPE_SHOTS") {
        harness
            .render()
            .unwrap()
            .save(PathBuf::from(folder).join(format!("{name}.png")))
            .unwrap();
    }
}

/// Applies the selections that were pushed, and returns all actions.
pub fn follow(harness: &mut Harness<'_, Bench>) -> Vec<Action> {
    let actions = std::mem::take(&mut harness.state_mut().actions);
    for action in &actions {
        if let Action::Select(selection) = action {
            harness.state_mut().state.select(selection.clone());
        }
    }
    harness.run();
    actions
}
