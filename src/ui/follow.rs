//! Asking the engine for what the shared selection needs: the image, what the model says about it, and
//! its feature maps. Each is asked for once per selection and weights.

use std::sync::Arc;

use super::{
    state::{AppState, ImageState, MapsState, SaysState, Subject},
    weights_check::{WeightsCheck, WeightsOf},
    workspace::Step,
};
use crate::{
    data::{Edits, SplitConfig, cache::PixelFormat},
    engine::{
        EngineHandle, EstimateRequest, ExamineRequest, FeatureMapsRequest, ImageSource, JobId,
        OpenDataset,
    },
    model::WeightSnapshot,
};

/// What was asked for last.
#[derive(Default)]
pub struct Follow {
    division: Option<AskedDivision>,
    prepared: Option<(JobId, PixelFormat)>,
    image: Option<Of>,
    says: Option<(Of, Arc<WeightSnapshot>)>,
    maps: Option<(Of, usize, Arc<WeightSnapshot>)>,
}

/// Images are decoded ahead of training as long as they take no more room than this.
const PREPARED_BYTES: usize = 1 << 30;

impl Follow {
    /// Has the dataset divided whenever its edits, its broken files or the split's settings have changed.
    fn divide(&mut self, engine: &EngineHandle, state: &mut AppState, open: &Arc<OpenDataset>) {
        let edits = state.wanted_edits().unwrap_or(&open.edits).clone();
        let config = state.experiment.split;
        let is_asked = self.division.as_ref().is_some_and(|asked| {
            asked.open == open.id
                && asked.broken == open.dataset.broken.len()
                && Arc::ptr_eq(&asked.edits, &edits)
                && asked.config == config
        });
        if is_asked {
            return;
        }
        self.division = Some(AskedDivision {
            open: open.id,
            broken: open.dataset.broken.len(),
            edits: Arc::clone(&edits),
            config,
        });
        if let Some(earlier) = state.dividing {
            engine.cancel(earlier);
        }
        state.dividing = Some(engine.divide(Arc::clone(open), edits, config));
    }

    /// Has all images decoded for the model, unless there are too many to do so unasked.
    fn prepare(&mut self, engine: &EngineHandle, state: &mut AppState, open: &Arc<OpenDataset>) {
        let wanted = (open.id, state.experiment.model.input.format());
        if self.prepared == Some(wanted) || state.training.is_running() {
            return;
        }
        self.prepared = Some(wanted);
        if let Some(earlier) = state.preparing.take() {
            engine.cancel(earlier);
        }
        let bytes = wanted
            .1
            .row_bytes()
            .saturating_mul(open.dataset.samples.len());
        if bytes <= PREPARED_BYTES {
            state.preparing = Some(engine.prepare(Arc::clone(open), wanted.1));
        }
    }
}

/// What the last division was asked for with.
struct AskedDivision {
    open: JobId,
    broken: usize,
    edits: Arc<Edits>,
    config: SplitConfig,
}

/// An image; a sample is one of this dataset.
type Of = (Option<JobId>, Subject);

impl Follow {
    /// Asks for what is needed and was not asked for yet. Feature maps are computed only while a step
    /// that shows them is on the screen.
    pub fn update(&mut self, engine: &EngineHandle, state: &mut AppState, step: Step) {
        check_weights(engine, state);
        if let Some(dataset) = state.open_dataset().cloned() {
            self.divide(engine, state, &dataset);
            self.prepare(engine, state, &dataset);
            if step == Step::Train {
                forecast(engine, state);
            }
            examine_again(engine, state);
        }
        if let Some((of, image)) = subject(state) {
            self.look(engine, state, step, (of, image));
        }
    }

    /// Asks for what shows of the selected image.
    fn look(
        &mut self,
        engine: &EngineHandle,
        state: &mut AppState,
        step: Step,
        (of, image): (Of, ImageSource),
    ) {
        // What was asked for an earlier selection is of no use any more.
        let cancel = |job: Option<JobId>| {
            if let Some(job) = job {
                engine.cancel(job);
            }
        };
        if self.image.as_ref() != Some(&of) {
            self.image = Some(of.clone());
            cancel(state.image.job);
            state.image = ImageState {
                job: Some(engine.load_image(image.clone())),
                asked: Some(of.1.clone()),
                image: state.image.image.take(),
                failed: None,
            };
        }
        let Some(model) = &state.model else { return };
        let weights = Arc::clone(&model.snapshot);
        let is_same = |old: &Arc<WeightSnapshot>| Arc::ptr_eq(old, &weights);
        let asked = matches!(&self.says, Some((old, with)) if *old == of && is_same(with));
        if !asked {
            self.says = Some((of.clone(), Arc::clone(&weights)));
            cancel(state.says.job);
            let job = Some(engine.predict(vec![image.clone()]));
            state.says = SaysState { job, answer: None };
        }
        let layers = state.nodes().len();
        let chosen = state.selection.layer.filter(|layer| *layer < layers);
        let layer = chosen.unwrap_or(0);
        let asked = matches!(
            &self.maps,
            Some((old, old_layer, with)) if *old == of && *old_layer == layer && is_same(with)
        );
        if !asked && matches!(step, Step::Train | Step::Inside) {
            let asked = Some(of.1.clone());
            self.maps = Some((of, layer, weights));
            let request = FeatureMapsRequest { image, layer };
            let job = Some(engine.feature_maps(request));
            state.maps = MapsState {
                job,
                asked,
                failed: None,
                ..std::mem::take(&mut state.maps)
            };
        }
    }
}

/// The selected image, and where its pixels are.
fn subject(state: &AppState) -> Option<(Of, ImageSource)> {
    match state.selection.subject.clone()? {
        Subject::Sample(sample) => {
            let open = state.open_dataset()?;
            let is_there = sample < open.dataset.samples.len();
            let of = (Some(open.id), Subject::Sample(sample));
            is_there.then(|| (of, ImageSource::Sample(Arc::clone(open), sample)))
        }
        Subject::Image(image) => {
            let source = image.source().clone();
            Some(((None, Subject::Image(image)), source))
        }
    }
}

/// Has the file that a backbone shall begin with looked at, once.
fn check_weights(engine: &EngineHandle, state: &mut AppState) {
    let wanted = state.file_of_weights();
    if state.weights.of == wanted {
        return;
    }
    if let Some(earlier) = state.weights.job {
        engine.cancel(earlier);
    }
    let examine = |of: &WeightsOf| {
        let spec = state.experiment.model.clone();
        engine.examine_weights(spec, of.layer, of.path.clone())
    };
    state.weights = WeightsCheck {
        job: wanted.as_ref().map(examine),
        of: wanted,
        answer: None,
    };
}

/// Asks what a run would take whenever the experiment has changed, unless a run goes on; as soon as nothing else of ours
/// keeps the processors busy, and again when that came in between.
fn forecast(engine: &EngineHandle, state: &mut AppState) {
    let is_busy = state.is_too_busy_to_time();
    let is_waiting = state.rehearsal.forecast.job.is_some();
    if state.training.is_running() || state.forecast_is_current() && !(is_busy && is_waiting) {
        return;
    }
    if let Some(earlier) = state.rehearsal.forecast.job.take() {
        engine.cancel(earlier);
    }
    if is_busy {
        state.rehearsal.forecast.asked = None;
        return;
    }
    let asked = state.to_forecast();
    let can_train = state.why_not_train().is_none();
    let forecast = &mut state.rehearsal.forecast;
    forecast.asked = asked;
    match &forecast.asked {
        Some(of) if can_train => {
            let request = EstimateRequest {
                images: of.images,
                experiment: state.experiment.clone(),
            };
            forecast.job = Some(engine.forecast(request));
        }
        _ => forecast.forecast = None,
    }
}

/// Has the dataset examined; what was read of it before is not read again.
pub fn examine(engine: &EngineHandle, state: &mut AppState) {
    let (Some(open), Some((of, split))) = (state.open_dataset().cloned(), state.to_examine())
    else {
        return;
    };
    let doctor = &mut state.tools.doctor;
    if let Some((earlier, _)) = doctor.job.take() {
        engine.cancel(earlier);
    }
    let examined = doctor.examined.as_ref();
    let readings = examined.map(|examined| Arc::clone(&examined.readings));
    let request = ExamineRequest {
        open,
        split,
        readings,
    };
    doctor.job = Some((engine.examine(request), of));
    doctor.failed = None;
}

/// After an edit or another split, what was read is judged again: that is quick, nothing is read.
fn examine_again(engine: &EngineHandle, state: &mut AppState) {
    let doctor = &state.tools.doctor;
    let is_free = doctor.job.is_none() && doctor.failed.is_none() && state.dividing.is_none();
    if is_free && state.to_examine().is_some() && state.examination_is_stale() {
        examine(engine, state);
    }
}
