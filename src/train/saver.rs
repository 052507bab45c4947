//! Writes what an epoch leaves on a thread of its own, so that training goes on meanwhile.
//!
//! One epoch is written at a time: whoever hands over the next waits until the one before is on the disk, so that
//! never more than one epoch is lost and no more than one is kept in memory for this.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crossbeam_channel::{Receiver, TryRecvError};

use super::{
    checkpoint::{Checkpoint, Writer},
    history::EpochRecord,
    run_folder::{CHECKPOINTS, write_history},
};
use crate::worker::Worker;

/// The thread, and what it has not answered yet.
#[derive(Debug)]
pub struct Saver {
    worker: Worker<Arc<Checkpoint>>,
    answers: Receiver<Result<(), String>>,
    is_writing: bool,
}

impl Saver {
    /// Starts the thread, for the run in the folder `run`.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(run: &Path) -> io::Result<Self> {
        let (answer, answers) = crossbeam_channel::unbounded();
        let run = run.to_path_buf();
        let worker = Worker::spawn("convscope-saver", move |checkpoints| {
            serve(&checkpoints, &run, |written| {
                // Nobody listens any more when the run was given up.
                let _ = answer.send(written);
            });
        })?;
        Ok(Self {
            worker,
            answers,
            is_writing: false,
        })
    }

    /// Hands over an epoch, after waiting for the one before.
    ///
    /// # Errors
    /// When the one before could not be written.
    pub fn save(&mut self, checkpoint: Arc<Checkpoint>) -> Result<(), String> {
        self.is_done(true)?;
        self.is_writing = true;
        self.worker.send(checkpoint);
        Ok(())
    }

    /// Whether everything that was handed over is on the disk; with `wait` it waits until it is.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn is_done(&mut self, wait: bool) -> Result<bool, String> {
        if !self.is_writing {
            return Ok(true);
        }
        let written = match self.answers.try_recv() {
            Err(TryRecvError::Empty) if !wait => return Ok(false),
            Err(TryRecvError::Empty) => self.answers.recv().ok(),
            written => written.ok(),
        };
        self.is_writing = false;
        let died = || Err("the thread that writes it has ended".to_owned());
        written.unwrap_or_else(died).map(|()| true)
    }
}

fn serve(checkpoints: &Receiver<Arc<Checkpoint>>, run: &Path, answer: impl Fn(Result<(), String>)) {
    let folder: PathBuf = run.join(CHECKPOINTS);
    let mut writer = Writer::new(&folder);
    for checkpoint in checkpoints {
        // The history last: it must not claim an epoch whose weights are not there.
        let history: &[EpochRecord] = &checkpoint.history;
        let written = writer.save(&checkpoint);
        let written = written.and_then(|()| write_history(run, history));
        // Whoever hears of it may need the memory.
        drop(checkpoint);
        answer(written);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        model::WeightSnapshot,
        train::{checkpoint::Standing, recipes, run_folder::HISTORY_FILE},
    };

    fn checkpoint() -> Arc<Checkpoint> {
        let spec = recipes::find(Path::new("shapes")).unwrap().model;
        Arc::new(Checkpoint {
            standing: Standing::default(),
            snapshot: Arc::new(WeightSnapshot {
                spec: Arc::new(spec),
                classes: ["a".to_owned()].into(),
                epoch: 0,
                arrays: Vec::new(),
            }),
            frozen: 0,
            optimizer: Vec::new(),
            history: Vec::new(),
            best: None,
            phase_best: None,
        })
    }

    /// A file where the folder should be refuses every user, as a full disk does.
    #[test]
    fn what_cannot_be_written_is_told_to_whoever_asks_next_and_claims_no_epoch() {
        type Ask = fn(&mut Saver) -> Result<(), String>;
        let asks: [(&str, Ask); 2] = [
            ("at the end", |saver| saver.is_done(true).map(drop)),
            ("at the next epoch", |saver| saver.save(checkpoint())),
        ];
        for (when, ask) in asks {
            let run = tempfile::tempdir().unwrap();
            fs::write(run.path().join(CHECKPOINTS), "no folder").unwrap();
            let mut saver = Saver::start(run.path()).unwrap();
            saver.save(checkpoint()).unwrap();
            let words = ask(&mut saver).unwrap_err();
            assert!(words.contains("last.safetensors"), "{when}: {words}");
            assert!(!run.path().join(HISTORY_FILE).exists(), "{when}");
            fs::remove_file(run.path().join(CHECKPOINTS)).unwrap();
            fs::create_dir(run.path().join(CHECKPOINTS)).unwrap();
            saver.save(checkpoint()).unwrap();
            assert_eq!(saver.is_done(true), Ok(true), "{when}: it goes on");
            assert_eq!(saver.is_done(false), Ok(true), "{when}: it is done");
            assert!(run.path().join(HISTORY_FILE).exists(), "{when}");
        }
    }
}
