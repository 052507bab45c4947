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
        DataReport, EpochRecord, Evaluation, Experiment,
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
    /// What to know about the data.
    pub report: &'a DataReport,
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

    /// What the kept weights say about the validation part. A run that was taken up after its best epoch has not
    /// validated them: the newest validation would stand for other weights.
    fn best_evaluation(
        &self,
        best: Option<&WeightSnapshot>,
        reporter: &Reporter<'_>,
    ) -> Result<Option<Arc<Evaluation>>, JobError> {
        let seen = reporter.best_evaluation.clone();
        if seen.is_some() {
            return Ok(seen);
        }
        let evaluation = evaluated(self.data, best, SplitName::Validation)?;
        Ok(evaluation.map(Arc::new))
    }

    /// Keeps the best weights, writes the report and tells of the end.
    pub fn well(&self, outcome: Outcome, reporter: &Reporter<'_>) -> Result<(), JobError> {
        let best_weights = outcome.best.as_ref().map(|(snapshot, _)| &**snapshot);
        let test = evaluated(self.data, best_weights, SplitName::Test)?;
        let test_accuracy = test.as_ref().map(Evaluation::accuracy);
        let evaluation = self.best_evaluation(best_weights, reporter)?;
        let model = match &outcome.best {
            Some((snapshot, record)) => Some(keep_model(snapshot, record, reporter)?),
            None => None,
        };
        if let Some(evaluation) = evaluation.clone() {
            let job = reporter.context.id;
            let events = &reporter.context.events;
            events.send(Event::Evaluated { job, evaluation });
        }
        let summary = RunSummary {
            experiment: self.experiment,
            dataset: self.data.dataset,
            split_hash: &self.split_hash,
            data: self.report,
            history: &outcome.history,
            best: outcome.best.as_ref().map(|(_, record)| record),
            evaluation: evaluation.as_deref(),
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
    Ok(path)
}

/// What the kept weights say about a part of the dataset; `None` when it is empty or nothing was trained.
fn evaluated(
    data: &Data<'_>,
    best: Option<&WeightSnapshot>,
    part: SplitName,
) -> Result<Option<Evaluation>, JobError> {
    let samples = data.split.part(part);
    let Some(best) = best.filter(|_| !samples.is_empty()) else {
        return Ok(None);
    };
    let network =
        Network::from_snapshot(best, Placement::default()).map_err(|error| error.to_string())?;
    let evaluation = evaluate_images(&network, data.dataset, data.pixels, samples, |_| Ok(()))
        .map_err(fit_error)?;
    Ok(Some(Evaluation {
        split: Some(part),
        epoch: best.epoch,
        ..evaluation
    }))
}
