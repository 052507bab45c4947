//! The end of a run: the best weights are kept and judged, the report and the result are written.

use std::{path::PathBuf, sync::Arc, time::Instant};

use super::{
    events::{Event, TrainingOutcome},
    job::JobError,
    reporter::Reporter,
    trainer::fit_error,
};
use crate::{
    data::SplitName,
    export::run_report::{self, RunSummary},
    model::{Network, WeightSnapshot, network::Placement},
    train::{
        EpochRecord, Experiment,
        evaluate::evaluate_images,
        fit::{Data, FitError, Outcome},
        run_folder::RunResult,
    },
};

/// A run whose loop is over.
pub struct Ended<'a> {
    pub experiment: &'a Experiment,
    pub data: &'a Data<'a>,
    pub split_hash: String,
    /// When it was begun or taken up.
    pub start: Instant,
}

impl Ended<'_> {
    fn result(&self, reporter: &Reporter<'_>) -> RunResult {
        RunResult {
            completed: false,
            failure: None,
            best_epoch: 0,
            test_accuracy: None,
            stopped_early: Vec::new(),
            split_hash: self.split_hash.clone(),
            computed: reporter.computed.clone(),
            seconds: self.start.elapsed().as_secs_f64(),
        }
    }

    /// No epoch is worth keeping.
    pub fn badly(&self, error: FitError, reporter: &Reporter<'_>) -> Result<(), JobError> {
        // What went wrong says more than that it could not be written down.
        let _ = reporter.folder.finish(&RunResult {
            failure: Some(error.to_string()),
            ..self.result(reporter)
        });
        Err(fit_error(error))
    }

    /// Keeps the best weights, writes the report and tells of the end.
    pub fn well(&self, outcome: Outcome, reporter: &Reporter<'_>) -> Result<(), JobError> {
        let best_weights = outcome.best.as_ref().map(|(snapshot, _)| &**snapshot);
        let test_accuracy = test_accuracy(self.data, best_weights)?;
        let model = match &outcome.best {
            Some((snapshot, record)) => Some(keep_model(snapshot, record, reporter)?),
            None => None,
        };
        let summary = RunSummary {
            experiment: self.experiment,
            dataset: self.data.dataset,
            split_hash: &self.split_hash,
            history: &outcome.history,
            best: outcome.best.as_ref().map(|(_, record)| record),
            evaluation: reporter.best_evaluation.as_deref(),
            snapshot: best_weights,
            sample: &reporter.sample,
            seconds: outcome.history.iter().map(|record| record.seconds).sum(),
        };
        run_report::write(reporter.folder.path(), &summary).map_err(|error| error.to_string())?;
        let result = RunResult {
            completed: outcome.completed,
            failure: outcome.failure.as_ref().map(ToString::to_string),
            best_epoch: outcome.best.as_ref().map_or(0, |(_, record)| record.epoch),
            test_accuracy,
            stopped_early: outcome.stopped_early,
            ..self.result(reporter)
        };
        reporter.folder.finish(&result).map_err(fit_error)?;
        if let Some(failure) = outcome.failure {
            return Err(fit_error(failure));
        }
        reporter.context.events.send(Event::TrainingFinished {
            job: reporter.context.id,
            outcome: TrainingOutcome {
                completed: result.completed,
                best_epoch: result.best_epoch,
                run: reporter.folder.path().to_path_buf(),
                model,
                test_accuracy,
                split_hash: result.split_hash,
                stopped_early: result.stopped_early,
                computed: result.computed,
                seconds: result.seconds,
            },
        });
        Ok(())
    }
}

/// Publishes the best weights and writes them as the run's model.
fn keep_model(
    snapshot: &Arc<WeightSnapshot>,
    record: &EpochRecord,
    reporter: &Reporter<'_>,
) -> Result<PathBuf, JobError> {
    let model = reporter.publish(snapshot, Some(record));
    let path = reporter.folder.model_path();
    model.save(&path)?;
    if let Some(evaluation) = reporter.best_evaluation.clone() {
        let job = reporter.context.id;
        let events = &reporter.context.events;
        events.send(Event::Evaluated { job, evaluation });
    }
    Ok(path)
}

/// Accuracy of the kept weights on the test part; `None` when it is empty or nothing was trained.
fn test_accuracy(data: &Data<'_>, best: Option<&WeightSnapshot>) -> Result<Option<f64>, JobError> {
    let test = data.split.part(SplitName::Test);
    let Some(best) = best.filter(|_| !test.is_empty()) else {
        return Ok(None);
    };
    let network =
        Network::from_snapshot(best, Placement::default()).map_err(|error| error.to_string())?;
    let evaluation = evaluate_images(&network, data.dataset, data.pixels, test, |_| Ok(()))
        .map_err(fit_error)?;
    Ok(Some(evaluation.accuracy()))
}
