//! The end of a run: the best weights are kept and judged, the result and the report are written.

use std::{sync::Arc, time::Instant};

use super::{
    events::{Level, RunEvent, TrainingOutcome},
    job::{self, JobContext, JobError, failed},
    watchers::Publisher,
};
use crate::{
    cancel::CancelToken,
    data::{Dataset, SplitName},
    export::{self, ExportError, RunFacts, run_report},
    model::{WeightSnapshot, bundle::Bundle},
    train::{
        DataReport, EpochRecord, Evaluation, Experiment,
        answers::Answers,
        fit::{Data, FitError, Outcome},
        run_folder::{EndStage, RunFolder, RunResult},
        runs::several::NamedHistory,
    },
};

/// A run whose loop is over.
pub struct Ended<'a> {
    /// Cancelled when what is not done yet shall be left out.
    pub cancel: CancelToken,
    pub experiment: Arc<Experiment>,
    /// The one of [`Self::data`].
    pub dataset: Arc<Dataset>,
    pub data: &'a Data<'a>,
    pub split_hash: String,
    /// What to know about the data.
    pub report: Arc<DataReport>,
    /// When it was begun or taken up.
    pub start: Instant,
    pub context: &'a JobContext,
    pub folder: &'a RunFolder,
    pub publisher: &'a Publisher<'a>,
    /// How it computed, in words.
    pub computed: String,
    /// What the best weights say about the validation part, unless an earlier sitting found that.
    pub best_evaluation: Option<Arc<Evaluation>>,
}

impl Ended<'_> {
    fn result(&self) -> RunResult {
        RunResult {
            split_hash: self.split_hash.clone(),
            computed: self.computed.clone(),
            seconds: self.start.elapsed().as_secs_f64(),
            ..RunResult::default()
        }
    }

    /// No epoch is worth keeping.
    pub fn badly(&self, error: FitError) -> JobError {
        // What went wrong says more than that it could not be written down.
        let _ = self.folder.finish(&RunResult {
            failure: Some(error.to_string()),
            ..self.result()
        });
        error.into()
    }

    /// Keeps the best weights, judges them and writes the report. Once the weights are kept nothing
    /// that fails or is not waited for costs the run its result.
    pub fn well(&self, outcome: Outcome) -> Result<TrainingOutcome, JobError> {
        let best_weights = outcome.best.as_ref().map(|(snapshot, _)| snapshot);
        let bundle = match &outcome.best {
            Some((snapshot, record)) => self.keep_model(snapshot, record)?,
            None => None,
        };
        let model = bundle.as_ref().map(|_| self.folder.model_path());
        let answers = self
            .publisher
            .model
            .get()
            .map(|model| Arc::clone(&model.answers));
        let answers = &answers.unwrap_or_default();
        if let (Some(evaluation), Some(weights)) = (&self.best_evaluation, best_weights) {
            answers.keep(weights, self.data.pixels, evaluation);
        }
        let mut left_out = Vec::new();
        let weights = best_weights.map(|weights| (weights, &**answers));
        let test = self.judged(SplitName::Test, weights, &mut left_out);
        // A run that was taken up after its best epoch has not validated the kept weights: the newest validation would
        // stand for others.
        let evaluation = self.best_evaluation.clone();
        let evaluation =
            evaluation.or_else(|| self.judged(SplitName::Validation, weights, &mut left_out));
        if let Some(evaluation) = evaluation.clone() {
            self.context.tell_run(RunEvent::Evaluated(evaluation));
        }
        let mut result = RunResult {
            completed: outcome.completed,
            failure: outcome.failure.as_ref().map(ToString::to_string),
            best_epoch: outcome.best.as_ref().map_or(0, |(_, record)| record.epoch),
            test_accuracy: test.map(|test| test.accuracy()),
            stopped_early: outcome.stopped_early.clone(),
            lost: outcome.lost.clone(),
            ..self.result()
        };
        // Killed while it writes the report, it lacks that alone.
        result.left_out = [&left_out[..], &[EndStage::Report]].concat();
        self.folder.finish(&result)?;
        self.stage(EndStage::Report, &mut left_out, || {
            let epochs = outcome.history.clone();
            self.report(&result, epochs, evaluation, bundle)
        });
        if !left_out.contains(&EndStage::Report) {
            result.left_out = left_out;
            // What is on the disk says that there is no report: then it is written once more.
            let _ = self.folder.finish(&result);
        }
        if let Some(failure) = outcome.failure {
            return Err(failure.into());
        }
        let run = self.folder.path().to_path_buf();
        Ok(TrainingOutcome { run, model, result })
    }

    fn report(
        &self,
        result: &RunResult,
        epochs: Vec<EpochRecord>,
        evaluation: Option<Arc<Evaluation>>,
        model: Option<Arc<Bundle>>,
    ) -> Result<(), JobError> {
        let name = self.experiment.name.clone();
        let bundle = export::Bundle {
            model,
            evaluation,
            histories: [NamedHistory { name, epochs }].into(),
            dataset: Some(Arc::clone(&self.dataset)),
            experiment: Some(Arc::clone(&self.experiment)),
            run: Some(RunFacts {
                split_hash: self.split_hash.clone(),
                data: Arc::clone(&self.report),
                best_epoch: result.best_epoch,
            }),
            ..export::Bundle::default()
        };
        let (folder, mut pulse) = (self.folder.path(), || self.cancel.check());
        let written = run_report::FORMAT.write(&bundle, folder, &mut pulse);
        written.map(drop).map_err(|error| match error {
            ExportError::Cancelled(_) => JobError::Cancelled,
            error => failed(error),
        })
    }

    /// What the kept weights say about a part of the dataset; `None` when it is empty, nothing was trained, or it was
    /// left out.
    fn judged(
        &self,
        part: SplitName,
        best: Option<(&Arc<WeightSnapshot>, &Answers)>,
        left_out: &mut Vec<EndStage>,
    ) -> Option<Arc<Evaluation>> {
        let data = self.data;
        let samples = data.split.part(part);
        let (best, answers) = best.filter(|_| !samples.is_empty())?;
        let stage = match part {
            SplitName::Test => EndStage::Test,
            SplitName::Train | SplitName::Validation => EndStage::Validation,
        };
        self.stage(stage, left_out, || {
            let pulse = |done| {
                self.context.progress(done, samples.len());
                self.cancel.check()
            };
            let (images, samples) = ((data.dataset, data.pixels), (Some(part), samples));
            Ok(answers.judge(best, images, samples, pulse)?)
        })
    }

    /// Does one of the things that a run can do without; `None` when it was left out.
    fn stage<T>(
        &self,
        stage: EndStage,
        left_out: &mut Vec<EndStage>,
        work: impl FnOnce() -> Result<T, JobError>,
    ) -> Option<T> {
        let done = self.cancel.check().map_err(JobError::from).and_then(|()| {
            self.context.tell_run(RunEvent::Ending(stage));
            job::contained(work)?
        });
        match done {
            Ok(done) => return Some(done),
            Err(JobError::Cancelled) => {}
            Err(JobError::Failed(reason)) => self.context.note(
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

    /// Publishes the best weights and writes them as the run's model; weights that are no model cost the run nothing else.
    fn keep_model(
        &self,
        snapshot: &Arc<WeightSnapshot>,
        record: &EpochRecord,
    ) -> Result<Option<Arc<Bundle>>, JobError> {
        let model = self.publisher.publish(snapshot, Some(record));
        let bundle = match model.bundle() {
            Ok(bundle) => bundle,
            Err(error) => {
                let message = format!("The run leaves no model: {error}");
                self.context.note(Level::Warning, message);
                return Ok(None);
            }
        };
        let path = self.folder.model_path();
        bundle.save(&path).map_err(failed)?;
        Ok(Some(Arc::new(bundle)))
    }
}
