//! `convscope train`: drives the engine as the window does and tells what it says.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Result, bail};
use serde_json::json;

use super::{
    args::TrainArgs,
    output::{Output, figure, optional_figure, say},
    progress::Progress,
    session::{Heard, Session},
};
use crate::{
    data::{LeftOut, dataset::display_path},
    engine::{
        Event, JobEvent, Level, OpenRequest, RunBegan, RunEvent, TrainRequest, Trained,
        TrainingOutcome,
    },
    export::{FORMATS, Format},
    format::{listed, thousands},
    train::{
        DataReport, EpochRecord, Experiment, TrainingConfig, dataset_reference, recipes,
        run_folder::{EXPERIMENT_FILE, default_runs_folder, lacking},
        runs::difference::differences,
        setting_words,
    },
};

pub fn run(args: &TrainArgs, output: Output) -> Result<()> {
    let mut experiment = experiment(args)?;
    let stands_in = dataset_reference::locate(&mut experiment, None);
    if let Some(words) = &stands_in {
        say(words);
    }
    let run = args
        .out
        .clone()
        .unwrap_or_else(|| default_run(&experiment.name));
    let resume = args.resume && run.join(EXPERIMENT_FILE).exists();
    if resume {
        experiment = taken_up(&run, experiment)?;
    }
    let session = Session::start()?;
    let dataset = session.open_dataset(OpenRequest {
        path: experiment.dataset.path.clone(),
        kind: experiment.dataset.kind,
        // What the experiment says counts; without it, what the user changed in the window.
        edits: (!experiment.edits.is_empty()).then(|| experiment.edits.clone()),
    })?;
    // Runs are opened from other folders too.
    if let Ok(path) = std::path::absolute(&experiment.dataset.path) {
        experiment.dataset.path = path;
    }
    let classes = dataset.dataset.classes.len();
    if stands_in.is_some()
        && let Some(units) = experiment.model.fit_classes(classes)
    {
        say(&format!(
            "the last layer now has {units} units for {classes} classes"
        ));
    }
    for words in setting_words::asked_for(&experiment) {
        say(&words);
    }
    session.engine.ask(TrainRequest {
        experiment,
        dataset,
        run: run.clone(),
        resume,
        accept_losses: args.accept_losses,
    });
    let mut follower = Follower {
        output,
        bar: Progress::new("training"),
        history: Vec::new(),
        is_ending: false,
        data: Arc::default(),
    };
    let outcome = follower.follow(&session)?;
    drop((session, follower.bar));
    if args.out.is_some() && outcome.run != run {
        say(&format!(
            "{} holds something already: the run is in {}",
            display_path(&run),
            display_path(&outcome.run)
        ));
    }
    tell_end(&outcome, &follower.history, &follower.data, output)
}

/// The experiment with what the arguments change.
fn experiment(args: &TrainArgs) -> Result<Experiment> {
    let mut experiment = recipes::find(&args.experiment)?;
    if let Some(data) = &args.data {
        experiment.dataset.path.clone_from(data);
        // Who names a dataset wants that one or none.
        experiment.dataset.stand_in = None;
    }
    let training = &mut experiment.training;
    if let Some(epochs) = args.epochs {
        training.set_epochs(epochs);
    }
    training.precision = args.precision.unwrap_or(training.precision);
    training.seed = args.seed.unwrap_or(training.seed);
    training.threads = args.threads.or(training.threads);
    Ok(experiment)
}

/// The experiment of the run in the folder `run`, with as many epochs as `wanted` has.
///
/// # Errors
/// When the run is of another experiment than `wanted`.
fn taken_up(run: &Path, wanted: Experiment) -> Result<Experiment> {
    let kept = Experiment::load(&run.join(EXPERIMENT_FILE))?;
    let changed = changed_settings(&kept, &wanted);
    if !changed.is_empty() {
        bail!(
            "{} holds a run of another experiment ({}): {}; give its own experiment and settings, or another folder \
             with --out",
            display_path(run),
            kept.title,
            listed(&changed)
        );
    }
    Ok(Experiment {
        training: TrainingConfig {
            phases: wanted.training.phases,
            ..kept.training
        },
        dataset: wanted.dataset,
        ..kept
    })
}

/// Settings of `wanted` that are not those of the run that is to be taken up, each with both values.
fn changed_settings(kept: &Experiment, wanted: &Experiment) -> Vec<String> {
    // What a run may be taken up with: more epochs, other threads, and the dataset wherever it lies now, whose division
    // is compared image by image.
    let essence = |experiment: &Experiment| {
        let mut essence = experiment.clone();
        essence.training.threads = None;
        essence.training.set_epochs(1);
        essence.dataset.clone_from(&kept.dataset);
        essence.edits.clone_from(&kept.edits);
        // A stand-in's classes may have changed the last layer.
        essence.model.fit_classes(2);
        essence
    };
    let (kept, wanted) = (&essence(kept), &essence(wanted));
    let both = [kept, wanted];
    let rows = setting_words::in_words(&differences(&both), &both);
    let words = rows.into_iter().map(|row| {
        let values = row.values.into_iter();
        let values = values.map(|value| value.unwrap_or_else(|| "none".into()));
        let values = values.collect::<Vec<_>>().join(" and is ");
        format!("{} was {values}", row.setting)
    });
    words.collect()
}

/// A folder named after the experiment; the engine numbers it when there is one already.
fn default_run(name: &str) -> PathBuf {
    let is_refused = |letter: char| !letter.is_alphanumeric() && letter != '_';
    let folder = name.replace(is_refused, "-");
    default_runs_folder().join(if folder.is_empty() { "run" } else { &folder })
}

/// Turns a run's events into lines.
struct Follower {
    output: Output,
    bar: Progress,
    history: Vec<EpochRecord>,
    /// The last step was taken.
    is_ending: bool,
    /// What there was to know about the data.
    data: Arc<DataReport>,
}

impl Follower {
    fn follow(&mut self, session: &Session) -> Result<Arc<TrainingOutcome>> {
        loop {
            match session.hear()? {
                Heard::Interrupted => {
                    let words = match self.is_ending {
                        true => "leaving out the rest",
                        false => "stopping after this step",
                    };
                    self.bar.say(&format!("{words}; Ctrl+C again ends at once"));
                    session.engine.stop();
                }
                Heard::Event(Event::Job(_, event)) => match event {
                    JobEvent::Progress(progress) => self.bar.at(progress.done, progress.total),
                    JobEvent::Done(answer) => match answer.of::<TrainRequest>().as_deref() {
                        Some(Trained::Ended(outcome)) => return Ok(outcome.clone()),
                        Some(Trained::DataLost(report)) => bail!(losses(&report.left_out)),
                        // The dataset, once more.
                        None => {}
                    },
                    JobEvent::Failed(message) => bail!(message),
                    JobEvent::Cancelled => bail!("stopped before training began"),
                    JobEvent::Started(_) | JobEvent::Partial(_) => {}
                },
                Heard::Event(Event::Run(_, event)) => self.tell(event)?,
                Heard::Event(Event::Note { level, message }) => match level {
                    Level::Warning | Level::Error => self.bar.say(&message),
                    Level::Info => {}
                },
                // What is broken is said with the rest of what there is to know about the data.
                Heard::Event(Event::Data(..)) => {}
            }
        }
    }

    fn tell(&mut self, event: RunEvent) -> Result<()> {
        match event {
            RunEvent::Began(began) => self.began(*began),
            RunEvent::Ending(stage) => {
                self.is_ending = true;
                self.bar = Progress::new(&stage.words().to_lowercase());
            }
            RunEvent::Epoch(record) => self.epoch(&record)?,
            RunEvent::Advice(advice) => self.bar.say(&advice.words),
            RunEvent::Steps(_)
            | RunEvent::Rate(_)
            | RunEvent::Evaluated(_)
            | RunEvent::WeightsPublished
            | RunEvent::Paused(_)
            | RunEvent::Stopping => {}
        }
        Ok(())
    }

    fn began(&mut self, began: RunBegan) {
        if let Some(last) = began.history.last() {
            let epoch = last.epoch;
            self.bar.say(&format!("going on after epoch {epoch}"));
        }
        self.history = began.history;
        self.bar.say(&format!(
            "training on {} images, validating on {}, {} epochs; the run is in {}",
            thousands(began.train_images),
            thousands(began.validation_images),
            began.epochs,
            display_path(&began.run)
        ));
        for words in began.data.words() {
            self.bar.say(&format!("note: {words}"));
        }
        self.data = began.data;
    }

    fn epoch(&mut self, record: &EpochRecord) -> Result<()> {
        self.history.push(*record);
        let line = format!(
            "epoch {}: loss {}, accuracy {}; validation loss {}, accuracy {}; {:.0} images/s, {} s",
            record.epoch,
            figure(record.train_loss),
            figure(record.train_accuracy),
            optional_figure(record.val_loss),
            optional_figure(record.val_accuracy),
            record.images_per_sec,
            figure(record.seconds),
        );
        if self.output.is_json() {
            self.bar.say(&line);
            self.output.json(&serde_json::to_value(record)?)?;
        } else {
            self.bar.suspend(|| self.output.text(&line))?;
        }
        Ok(())
    }
}

/// Why a run does not begin without being asked to.
fn losses(left_out: &LeftOut) -> String {
    let lost = left_out.words().unwrap_or_default();
    let others = left_out.images - left_out.unreadable;
    format!(
        "{lost}. Bring them back, or train on the other {} with --accept-losses",
        thousands(others)
    )
}

fn tell_end(
    outcome: &TrainingOutcome,
    history: &[EpochRecord],
    data: &DataReport,
    output: Output,
) -> Result<()> {
    let mut epochs = history.iter();
    let best = epochs.find(|record| record.epoch == outcome.result.best_epoch);
    let val_accuracy = best.and_then(|record| record.val_accuracy);
    let how = match outcome.result.completed {
        true => "completed",
        false => "stopped",
    };
    output.json(&json!({
        "outcome": how,
        "best_epoch": best.map(|record| record.epoch),
        "val_accuracy": val_accuracy,
        "test_accuracy": outcome.result.test_accuracy,
        "skipped": outcome.result.left_out.iter().map(|stage| stage.word()).collect::<Vec<_>>(),
        "lost": outcome.result.lost,
        "model": outcome.model.as_deref().map(display_path),
        "run": display_path(&outcome.run),
        "split_hash": outcome.result.split_hash,
        "seconds": outcome.result.seconds,
        "unreadable": data.left_out.unreadable,
        "left_out": data.left_out.passed_over,
        "warnings": data.words(),
    }))?;
    let seconds = figure(outcome.result.seconds);
    output.text(&format!("\nTraining {how} after {seconds} s."))?;
    for words in data.words() {
        output.text(&format!("Note: {words}"))?;
    }
    let Some(best) = best else {
        return output.text("No epoch was finished, so there is no model.");
    };
    let (epoch, accuracy) = (best.epoch, optional_figure(val_accuracy));
    output.text(&format!(
        "Best epoch {epoch}, validation accuracy {accuracy}"
    ))?;
    if let Some(accuracy) = outcome.result.test_accuracy {
        output.text(&format!("Test accuracy {}", figure(accuracy)))?;
    }
    if let Some(lacking) = lacking(&outcome.result.left_out) {
        output.text(&format!("Left out: {lacking}; --resume does it"))?;
    }
    for (what, path) in leavings(&outcome.run) {
        output.text(&format!("{what:<17} {}", display_path(&path)))?;
    }
    Ok(())
}

/// What a person wants to open after a run, with its name.
fn leavings(run: &Path) -> Vec<(&'static str, PathBuf)> {
    let mut all = vec![("Run folder", run.to_path_buf())];
    let kept = |format: &Format| Some((format.title, run.join(format.in_run?)));
    all.extend(FORMATS.iter().filter_map(kept));
    all.retain(|(_, path)| path.exists());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_runs_folder() {
        for (name, folder) in [
            ("shapes", "shapes"),
            ("../../etc", "------etc"),
            ("", "run"),
            ("a b/c", "a-b-c"),
        ] {
            assert_eq!(default_run(name).file_name().unwrap(), folder, "{name}");
            assert_eq!(default_run(name).parent().unwrap(), default_runs_folder());
        }
    }
}
