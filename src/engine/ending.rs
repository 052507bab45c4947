//! The end of a run: the best weights are kept and judged, the result and the report are written.

use std::{path::PathBuf, sync::Arc, time::Instant};

use super::{
    events::{Level, RunEvent, TrainingOutcome},
    job::{self, JobError, fit_error},
    reporter::Reporter,
};
use crate::{
    cancel::CancelToken,
    data::SplitName,
    export::{
        ExportError,
        run_report::{self, RunSummary},
    },
    model::{Network, WeightSnapshot, network::Placement},
    train::{
        DataReport, EpochRecord, Evaluation, Experiment,
        evaluate::evaluate_images,
        fit::{Data, FitError, Outcome},
        run_folder::{EndStage, RunResult},
    },
};

/// A run whose loop is over.
pub struct Ended<'a> {
    /// Cancelled when what is not done yet shall be left out.
    pub cancel: CancelToken,
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
            left_out: Vec::new(),
            stopped_early: Vec::new(),
            lost: Vec::new(),
            split_hash: self.split_hash.clone(),
            computed: reporter.computed.clone(),
            seconds: self.start.elapsed().as_secs_f64(),
        }
    }

    /// No epoch is worth keeping.
    pub fn badly(&self, error: FitError, reporter: &Reporter<'_>) -> JobError {
        // What went wrong says more than that it could not be written down.
        let _ = reporter.folder.finish(&RunResult {
            failure: Some(error.to_string()),
            ..self.result(reporter)
        });
        fit_error(error)
    }

    /// Keeps the best weights, judges them and writes the report. Once the weights are kept nothing
    /// that fails or is not waited for costs the run its result.
    pub fn well(
        &self,
        outcome: Outcome,
        reporter: &Reporter<'_>,
    ) -> Result<TrainingOutcome, JobError> {
        let best_weights = outcome.best.as_ref().map(|(snapshot, _)| &**snapshot);
        let model = match &outcome.best {
            Some((snapshot, record)) => keep_model(snapshot, record, reporter)?,
            None => None,
        };
        let mut left_out = Vec::new();
        let test = self.judged(SplitName::Test, best_weights, reporter, &mut left_out);
        // A run that was taken up after its best epoch has not validated the kept weights: the newest validation would
        // stand for others.
        let evaluation = reporter.best_evaluation.clone().or_else(|| {
            let part = SplitName::Validation;
            self.judged(part, best_weights, reporter, &mut left_out)
                .map(Arc::new)
        });
        if let Some(evaluation) = evaluation.clone() {
            reporter.tell(RunEvent::Evaluated(evaluation));
        }
        let mut result = RunResult {
            completed: outcome.completed,
            failure: outcome.failure.as_ref().map(ToString::to_string),
            best_epoch: outcome.best.as_ref().map_or(0, |(_, record)| record.epoch),
            test_accuracy: test.as_ref().map(Evaluation::accuracy),
            stopped_early: outcome.stopped_early.clone(),
            lost: outcome.lost.clone(),
            ..self.result(reporter)
        };
        // Killed while it writes the report, it lacks that alone.
        result.left_out = [&left_out[..], &[EndStage::Report]].concat();
        reporter.folder.finish(&result).map_err(fit_error)?;
        self.stage(EndStage::Report, reporter, &mut left_out, || {
            self.report(&outcome, evaluation.as_deref(), reporter)
        });
        if !left_out.contains(&EndStage::Report) {
            result.left_out = left_out;
            // What is on the disk says that there is no report: then it is written once more.
            let _ = reporter.folder.finish(&result);
        }
        if let Some(failure) = outcome.failure {
            return Err(fit_error(failure));
        }
        Ok(told(result, model, reporter))
    }

    fn report(
        &self,
        outcome: &Outcome,
        evaluation: Option<&Evaluation>,
        reporter: &Reporter<'_>,
    ) -> Result<(), JobError> {
        let summary = RunSummary {
            experiment: self.experiment,
            dataset: self.data.dataset,
            split_hash: &self.split_hash,
            data: self.report,
            history: &outcome.history,
            best: outcome.best.as_ref().map(|(_, record)| record),
            evaluation,
            snapshot: outcome.best.as_ref().map(|(snapshot, _)| &**snapshot),
            sample: &reporter.sample,
            seconds: outcome.history.iter().map(|record| record.seconds).sum(),
        };
        let mut pulse = || self.cancel.check();
        run_report::write(reporter.folder.path(), &summary, &mut pulse).map_err(|error| match error
        {
            ExportError::Cancelled(_) => JobError::Cancelled,
            error => JobError::Failed(error.to_string()),
        })
    }

    /// What the kept weights say about a part of the dataset; `None` when it is empty, nothing was trained, or it was
    /// left out.
    fn judged(
        &self,
        part: SplitName,
        best: Option<&WeightSnapshot>,
        reporter: &Reporter<'_>,
        left_out: &mut Vec<EndStage>,
    ) -> Option<Evaluation> {
        let data = self.data;
        let samples = data.split.part(part);
        let best = best.filter(|_| !samples.is_empty())?;
        let stage = match part {
            SplitName::Test => EndStage::Test,
            SplitName::Train | SplitName::Validation => EndStage::Validation,
        };
        self.stage(stage, reporter, left_out, || {
            let network = Network::from_snapshot(best, Placement::default())
                .map_err(|error| error.to_string())?;
            let pulse = |done| {
                reporter.context.progress(done, samples.len());
                self.cancel.check()
            };
            let evaluation = evaluate_images(&network, data.dataset, data.pixels, samples, pulse)
                .map_err(fit_error)?;
            Ok(Evaluation {
                split: Some(part),
                epoch: best.epoch,
                ..evaluation
            })
        })
    }

    /// Does one of the things that a run can do without; `None` when it was left out.
    fn stage<T>(
        &self,
        stage: EndStage,
        reporter: &Reporter<'_>,
        left_out: &mut Vec<EndStage>,
        work: impl FnOnce() -> Result<T, JobError>,
    ) -> Option<T> {
        let done = self.cancel.check().map_err(JobError::from).and_then(|()| {
            reporter.tell(RunEvent::Ending(stage));
            job::contained(work)?
        });
        match done {
            Ok(done) => return Some(done),
            Err(JobError::Cancelled) => {}
            Err(JobError::Failed(reason)) => reporter.context.note(
                Level::Warning,
                format!(
                    "{} did not work: {reason}. The run and its model are kept",
                    stage.words()
                ),
            ),
        }
        left_out.push(stage);
        None
    }
}

fn told(result: RunResult, model: Option<PathBuf>, reporter: &Reporter<'_>) -> TrainingOutcome {
    TrainingOutcome {
        completed: result.completed,
        best_epoch: result.best_epoch,
        run: reporter.folder.path().to_path_buf(),
        model,
        test_accuracy: result.test_accuracy,
        left_out: result.left_out,
        split_hash: result.split_hash,
        stopped_early: result.stopped_early,
        lost: result.lost,
        computed: result.computed,
        seconds: result.seconds,
    }
}

/// Publishes the best weights and writes them as the run's model; weights that are no model cost the run nothing else.
fn keep_model(
    snapshot: &Arc<WeightSnapshot>,
    record: &EpochRecord,
    reporter: &Reporter<'_>,
) -> Result<Option<PathBuf>, JobError> {
    let model = reporter.publish(snapshot, Some(record));
    let bundle = match model.bundle() {
        Ok(bundle) => bundle,
        Err(error) => {
            reporter
                .context
                .note(Level::Warning, format!("The run leaves no model: {error}"));
            return Ok(None);
        }
    };
    let path = reporter.folder.model_path();
    bundle.save(&path).map_err(|error| error.to_string())?;
    Ok(Some(path))
}
