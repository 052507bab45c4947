//! Asking the engine for what the shared selection needs: the image, what the model says about it, and
//! its feature maps. Each is asked for once per selection and weights.

use std::sync::Arc;

use super::{state::AppState, weights_check::file_of_weights, workspace::Step};
use crate::{
    engine::{
        Divide, EngineHandle, EstimateRequest, ExamineRequest, ExamineWeights, ImageSource,
        LoadImage, OpenDataset, Prepare, Slot,
    },
    inspect::{feature_maps::MapsOfLayer, predict::Says},
};

/// Asks for what is needed and was not asked for yet. Feature maps are computed only while a step
/// that shows them is on the screen.
pub fn update(engine: &EngineHandle, state: &mut AppState, step: Step) {
    check_weights(engine, state);
    if let Some(dataset) = state.open_dataset().cloned() {
        divide(engine, state, &dataset);
        prepare(engine, state, &dataset);
        if step == Step::Train {
            forecast(engine, state);
        }
        examine_again(engine, state);
    }
    if let Some(image) = state.subject_source() {
        look(engine, state, step, &image);
    }
}

/// Images are decoded ahead of training as long as they take no more room than this.
const PREPARED_BYTES: usize = 1 << 30;

/// Has all images decoded for the model, unless there are too many to do so unasked.
fn prepare(engine: &EngineHandle, state: &mut AppState, open: &Arc<OpenDataset>) {
    let format = state.experiment.model.input.format();
    let asked = state.slot::<Prepare>().asked.as_ref();
    let is_asked = asked.is_some_and(|asked| asked.open.id == open.id && asked.format == format);
    if is_asked || state.training.is_running() {
        return;
    }
    state.stop::<Prepare>(engine);
    let bytes = format
        .row_bytes()
        .saturating_mul(open.dataset.samples.len());
    if bytes <= PREPARED_BYTES {
        let open = Arc::clone(open);
        state.ask(engine, Prepare { open, format });
    } else {
        state.forget::<Prepare>();
    }
}

/// Has the dataset divided whenever its edits, its broken files or the split's settings have changed.
fn divide(engine: &EngineHandle, state: &mut AppState, open: &Arc<OpenDataset>) {
    let edits = state.wanted_edits().unwrap_or(&open.edits).clone();
    let config = state.experiment.split;
    let asked = state.slot::<Divide>().asked.as_ref();
    let is_asked = asked.is_some_and(|asked| {
        asked.open.id == open.id
            && asked.open.dataset.broken.len() == open.dataset.broken.len()
            && Arc::ptr_eq(&asked.edits, &edits)
            && asked.config == config
    });
    if !is_asked {
        let open = Arc::clone(open);
        let request = Divide {
            open,
            edits,
            config,
        };
        state.ask(engine, request);
    }
}

/// Asks for what shows of the selected image.
fn look(engine: &EngineHandle, state: &mut AppState, step: Step, image: &ImageSource) {
    let asked = state.slot::<LoadImage>().asked.as_ref();
    if !asked.is_some_and(|asked| asked.0.is_same(image)) {
        state.ask(engine, LoadImage(image.clone()));
    }
    if state.model.is_none() {
        return;
    }
    state.look(engine, Says, image);
    if matches!(step, Step::Train | Step::Inside) {
        let layers = state.nodes().len();
        let chosen = state.selection.layer.filter(|layer| *layer < layers);
        let layer = chosen.unwrap_or(0);
        state.look(engine, MapsOfLayer { layer }, image);
    }
}

/// Has the file that a backbone shall begin with looked at, once.
fn check_weights(engine: &EngineHandle, state: &mut AppState) {
    if state.weights_are_asked() {
        return;
    }
    state.stop::<ExamineWeights>(engine);
    state.forget::<ExamineWeights>();
    let spec = state.experiment.model.clone();
    if let Some((layer, path, ..)) = file_of_weights(&spec) {
        let path = path.to_path_buf();
        state.ask(engine, ExamineWeights { spec, layer, path });
    }
}

/// Asks what a run would take whenever the experiment has changed, unless a run goes on; as soon as nothing else of ours
/// keeps the processors busy, and again when that came in between.
fn forecast(engine: &EngineHandle, state: &mut AppState) {
    let is_busy = state.is_too_busy_to_time();
    let is_waiting = state.waits_for::<EstimateRequest>();
    if state.training.is_running() || state.forecast_is_current() && !(is_busy && is_waiting) {
        return;
    }
    state.stop::<EstimateRequest>(engine);
    if is_busy {
        return state.with_slot(|slot: &mut Slot<EstimateRequest>| slot.asked = None);
    }
    let can_train = state.why_not_train().is_none();
    match state.to_forecast() {
        Some(request) if can_train => {
            state.ask(engine, request);
        }
        wanted => state.with_slot(|slot: &mut Slot<EstimateRequest>| {
            *slot = Slot {
                asked: wanted.map(Arc::new),
                ..Slot::EMPTY
            };
        }),
    }
}

/// Has the dataset examined; what was read of it before is not read again.
pub fn examine(engine: &EngineHandle, state: &mut AppState) {
    if let Some(request) = state.to_examine() {
        state.ask(engine, request);
    }
}

/// After an edit or another split, what was read is judged again: that is quick, nothing is read.
fn examine_again(engine: &EngineHandle, state: &mut AppState) {
    let doctor = state.slot::<ExamineRequest>();
    let is_free = doctor.job.is_none() && doctor.failed.is_none() && !state.waits_for::<Divide>();
    if is_free && state.examination_is_stale() {
        examine(engine, state);
    }
}
