//! Asking the engine for what the shared selection needs: the image, what the model says about it, and
//! its feature maps. Each is asked for once per selection and weights.

use std::sync::Arc;

use super::{
    state::{AppState, ImageState, MapsState, SaysState},
    workspace::Step,
};
use crate::{
    engine::{EngineHandle, FeatureMapsRequest, ImageSource, JobId},
    model::WeightSnapshot,
};

/// What was asked for last.
#[derive(Default)]
pub struct Follow {
    image: Option<Sample>,
    says: Option<(Sample, Arc<WeightSnapshot>)>,
    maps: Option<(Sample, usize, Arc<WeightSnapshot>)>,
}

/// A dataset and an index into it.
type Sample = (JobId, usize);

impl Follow {
    /// Asks for what is needed and was not asked for yet. Feature maps are computed only while a step
    /// that shows them is on the screen.
    pub fn update(&mut self, engine: &EngineHandle, state: &mut AppState, step: Step) {
        let Some(dataset) = state.open_dataset().cloned() else {
            return;
        };
        let count = dataset.dataset.samples.len();
        let Some(index) = state.selection.sample.filter(|index| *index < count) else {
            return;
        };
        let sample = (dataset.id, index);
        // What was asked for an earlier selection is of no use any more.
        let cancel = |job: Option<JobId>| {
            if let Some(job) = job {
                engine.cancel(job);
            }
        };
        if self.image != Some(sample) {
            self.image = Some(sample);
            cancel(state.image.job);
            let job = Some(engine.load_image(Arc::clone(&dataset), index));
            state.image = ImageState {
                job,
                image: state.image.image.take(),
                failed: None,
            };
        }
        let Some(model) = &state.model else { return };
        let weights = Arc::clone(&model.snapshot);
        let image = ImageSource::Sample(dataset, index);
        let is_same = |old: &Arc<WeightSnapshot>| Arc::ptr_eq(old, &weights);
        let asked = matches!(&self.says, Some((old, with)) if *old == sample && is_same(with));
        if !asked {
            self.says = Some((sample, Arc::clone(&weights)));
            cancel(state.says.job);
            let job = Some(engine.predict(vec![image.clone()]));
            state.says = SaysState { job, answer: None };
        }
        let layers = weights.spec.layers.len();
        let chosen = state.selection.layer.filter(|layer| *layer < layers);
        let layer = chosen.unwrap_or(0);
        let asked = matches!(
            &self.maps,
            Some((old, old_layer, with)) if *old == sample && *old_layer == layer && is_same(with)
        );
        if !asked && matches!(step, Step::Train | Step::Inside) {
            self.maps = Some((sample, layer, weights));
            let request = FeatureMapsRequest { image, layer };
            let job = Some(engine.feature_maps(request));
            let maps = state.maps.maps.take();
            state.maps = MapsState {
                job,
                maps,
                failed: None,
            };
        }
    }
}
