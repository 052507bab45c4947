//! What answers about data, files and downloads change.

use std::path::PathBuf;

use super::*;
use crate::engine::{
    Download, ExamineWeights, ListDatasets, ListRecipes, LoadExperiment, LoadSpec, Look,
    OpenRequest, Prepare, Slot,
};

impl Asked for OpenRequest {
    fn done(state: &mut AppState, job: JobId, _: &Self, dataset: &Arc<OpenDataset>) {
        state.forget::<Self>();
        state.dataset_opened(job, Arc::clone(dataset));
    }

    fn ended(state: &mut AppState, job: JobId, _: &Self, reason: Option<&str>) {
        // The dataset's own failure is told where datasets are.
        state.runs.continuing.take_if(|run| run.job == job);
        let is_current =
            matches!(&state.data, DataState::Opening { job: current, .. } if *current == job);
        if is_current {
            state.opening_ended(reason.map(could_not::<Self>));
        }
    }
}

impl Asked for Divide {
    fn done(state: &mut AppState, _: JobId, _: &Self, divided: &Arc<Divided>) {
        state.divided(divided);
    }

    fn ended(state: &mut AppState, _: JobId, _: &Self, reason: Option<&str>) {
        state.division_failed = reason.map(could_not::<Self>);
    }
}

impl Asked for Prepare {}
impl Asked for ExamineRequest {}
impl Asked for MeasureChannels {}
impl Asked for LoadImage {}
impl Asked for FindSimilar {}

impl Asked for LoadExperiment {
    fn done(state: &mut AppState, _: JobId, _: &Self, experiment: &Arc<Self::Answer>) {
        state.replace_experiment(Self::Answer::clone(experiment));
        let words = format!("Opened the experiment {}", state.experiment.title);
        state.note(Level::Info, words);
    }
}

impl Asked for LoadSpec {
    fn done(state: &mut AppState, _: JobId, _: &Self, spec: &Arc<Self::Answer>) {
        state.note(Level::Info, format!("Imported the layers of {}", spec.name));
        state.replace_model(Self::Answer::clone(spec));
    }
}

impl Asked for ExamineWeights {
    /// It is said behind the name of the layer. That somebody cancelled forbids nothing.
    fn ended(state: &mut AppState, _: JobId, _: &Self, reason: Option<&str>) {
        let reason = reason.map(str::to_owned);
        state.with_slot(|slot: &mut Slot<Self>| slot.failed = reason);
    }
}

impl Asked for ListRecipes {
    fn done(state: &mut AppState, _: JobId, _: &Self, recipes: &Arc<Self::Answer>) {
        state.recipes = Some(Arc::clone(recipes));
    }
}

impl Asked for Look {
    const EACH: bool = true;

    fn done(state: &mut AppState, job: JobId, _: &Self, found: &Arc<Self::Answer>) {
        state.arrivals.looking.remove(&job);
        state.hovered(job, Arc::clone(found));
    }

    fn ended(state: &mut AppState, job: JobId, _: &Self, _: Option<&str>) {
        state.arrivals.looking.remove(&job);
    }
}

impl Asked for ListDatasets {
    fn done(state: &mut AppState, _: JobId, _: &Self, _: &Arc<Self::Answer>) {
        // What runs now is known better than from the disk.
        state.forget_unless(|slot: &Slot<Download>| slot.job.is_some());
    }
}

impl Asked for Download {
    /// One that is there although it was cancelled in the last moment is there.
    const EACH: bool = true;

    fn key(&self) -> PathBuf {
        PathBuf::from(&self.entry.name)
    }

    fn done(state: &mut AppState, _: JobId, request: &Self, fetched: &Arc<Self::Answer>) {
        state.with_slot_of(request.key(), |slot: &mut Slot<Self>| {
            if slot.job.is_none() {
                slot.asked = Some(Arc::new(request.clone()));
                slot.answer_with(Arc::clone(fetched));
            }
        });
        let (name, path) = (&request.entry.name, display_path(&fetched.path));
        state.note(Level::Info, format!("Downloaded {name} to {path}"));
    }
}
