//! One panel on a made-up state.

use std::sync::Arc;

use convscope::{
    data::{Division, Picture, generate},
    engine::{
        EvaluateRequest, EvaluatedWeights, Event, ImageSource, Inspect, JobEvent, JobId, Predict,
        Prediction, Task,
    },
    inspect::{
        Quick,
        feature_maps::{FeatureMaps, MapsOfLayer},
        maximise::{MaximiseConfig, Maximised, Preview, Target},
    },
    model::spec::Head,
    ui::{
        action::Action,
        state::{AppState, DataState, PredictState},
        workspace::{PanelKind, Step},
    },
};
use eframe::egui::{Theme, Vec2, vec2};
use egui_kittest::Harness;

use super::world::{self, World};
use crate::panel::Bench;

pub type Desk = Harness<'static, Bench>;

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
        source: ImageSource::File(name.into()),
        model: world.model.source.clone(),
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

fn preview(step: usize) -> Preview {
    let mut picture = Picture::filled(128, 128, [0; 3]);
    for y in 0..128 {
        for x in 0..128 {
            let (at, colour) = (
                3 * (128 * y + x),
                [(x * 2) as u8, (y * 2) as u8, ((x ^ y) * 2) as u8],
            );
            picture.rgb[at..at + 3].copy_from_slice(&colour);
        }
    }
    Preview {
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
    state.selection = state.selection.with_sample(Some(0));
    if stage == Stage::NoModel {
        return state;
    }
    state.model = Some(Arc::clone(&world.model));
    if matches!(stage, Stage::Loading | Stage::Failed) {
        state.asked(MAPS, maps_of(world, 2));
        state.asked(EVALUATION, evaluation_of(world));
        state.asked(MAXIMISATION, maximisation());
    }
    match stage {
        Stage::Loading => {
            let picture = Arc::new(Picture::filled(1, 1, [0; 3]));
            let image = ImageSource::Picture("a".into(), picture);
            state.asked(JobId(7), Predict::<Quick>::new(vec![image]));
            let started = JobEvent::Started(EvaluateRequest::KIND);
            state.apply(Event::Job(EVALUATION, started));
        }
        Stage::Failed => {
            for job in [MAPS, EVALUATION, MAXIMISATION] {
                let failed = JobEvent::Failed("the file is damaged".into());
                state.apply(Event::Job(job, failed));
            }
            state.notices.clear();
            state.predict.failed = Some("Could not do it: the file is damaged".to_owned());
        }
        _ => done(&mut state, world),
    }
    state
}

pub const MAPS: JobId = JobId(6);
const EVALUATION: JobId = JobId(7);
pub const MAXIMISATION: JobId = JobId(8);

fn maps_of(world: &World, layer: usize) -> Inspect<MapsOfLayer> {
    let image = ImageSource::Sample(Arc::clone(&world.open), 0);
    Inspect::image(MapsOfLayer { layer }, image)
}

fn evaluation_of(world: &World) -> EvaluateRequest {
    EvaluateRequest {
        dataset: Arc::clone(&world.open),
        part: None,
        weights: EvaluatedWeights::Current,
    }
}

fn maximisation() -> Inspect<MaximiseConfig> {
    Inspect::weights(MaximiseConfig::new(Target::Class(1)))
}

/// Shows `maps` of the first image.
pub fn show_maps(state: &mut AppState, world: &World, maps: &Arc<FeatureMaps>) {
    state.asked(MAPS, maps_of(world, maps.layer));
    state.apply(Event::done::<Inspect<MapsOfLayer>>(MAPS, Arc::clone(maps)));
}

fn done(state: &mut AppState, world: &World) {
    show_maps(state, world, &world.maps);
    state.selection.layer = Some(2);
    state.selection.unit = Some(3);
    state.selection.cell = Some((0, 1));
    state.evaluation = Some(Arc::clone(&world.evaluation));
    state.asked(MAXIMISATION, maximisation());
    let maximised = Maximised {
        last: preview(40),
        values: Vec::new(),
        shape: Vec::new(),
        score_of: String::new(),
        node: String::new(),
    };
    let maximised = Event::done::<Inspect<MaximiseConfig>>(MAXIMISATION, maximised);
    state.apply(maximised);
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

pub fn harness(panel: PanelKind, state: AppState, size: Vec2, theme: Theme) -> Desk {
    let bench = Bench {
        picture: |open, sample| Ok(world::picture(open, sample)),
        ..Bench::new(&[panel], state).in_step(Step::Inside)
    };
    bench.drawn(size, theme)
}

pub fn small(panel: PanelKind, state: AppState) -> Harness<'static, Bench> {
    harness(panel, state, vec2(500.0, 600.0), Theme::Light)
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
