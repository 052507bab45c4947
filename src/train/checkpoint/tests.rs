//! What damage to a checkpoint's files costs, and that it is always said.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{
    model::{graph, parameters::array_shapes},
    train::{
        Experiment,
        early_stopping::{EarlyStopping, Monitor},
        history,
    },
};

const FLIPS: usize = 200;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept/checkpoints-2")
}

fn record(epoch: usize, val_loss: f64) -> EpochRecord {
    EpochRecord {
        epoch,
        phase: 1,
        train_loss: 1.0,
        train_accuracy: 0.5,
        val_loss: Some(val_loss),
        val_accuracy: Some(0.5),
        learning_rate: 0.001,
        images_per_sec: 1.0,
        seconds: 1.0,
        train_penalty: None,
        val_penalty: None,
    }
}

/// A run whose checkpoints lie in a folder of their own.
struct Run {
    folder: tempfile::TempDir,
    spec: Arc<ModelSpec>,
    classes: Arc<[String]>,
}

impl Run {
    fn new() -> Self {
        let experiment = Experiment::load(&kept().join("experiment.ron")).unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            spec: Arc::new(experiment.model),
            classes: ["a", "b", "c"].map(str::to_owned).into(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Weights of an epoch; the first `frozen` arrays are the same in all of them.
    fn snapshot(&self, epoch: usize, frozen: usize) -> Arc<WeightSnapshot> {
        let shapes = array_shapes(&graph::nodes(&self.spec).unwrap()).into_iter();
        let array = |(at, (name, shape)): (usize, (String, Vec<usize>))| {
            let count = shape.iter().product::<usize>();
            let first = if at < frozen { 0.5 } else { epoch as f32 };
            let values = (0..count).map(|i| first + i as f32 / 100.0).collect();
            NamedArray {
                name,
                shape,
                values,
            }
        };
        Arc::new(WeightSnapshot {
            spec: Arc::clone(&self.spec),
            classes: Arc::clone(&self.classes),
            epoch,
            arrays: shapes.enumerate().map(array).collect(),
        })
    }

    /// Saves epochs of which the first of `losses` is the best of the run and `phase_best` that of the phase.
    fn save(&self, losses: &[f64], phase_best: usize, frozen: usize) -> Checkpoint {
        let history: Vec<_> = losses
            .iter()
            .enumerate()
            .map(|(at, loss)| record(at + 1, *loss))
            .collect();
        let mut writer = Writer::new(self.folder.path());
        let mut stopper = Stopper::new(Some(stopping()));
        let mut saved = None;
        for (at, last) in history.iter().enumerate() {
            let epoch = at + 1;
            if epoch >= phase_best {
                stopper.epoch_done(last);
            }
            let best = history::best_epoch(&history[..epoch], Some(&stopping())).copied();
            let best = best.map(|best| (self.snapshot(best.epoch, frozen), best));
            let phase_best = stopper.best_epoch();
            let checkpoint = Checkpoint {
                standing: Standing {
                    epoch,
                    stopper,
                    best_epoch: best.as_ref().map(|(_, best)| best.epoch),
                    ..Standing::default()
                },
                snapshot: self.snapshot(epoch, frozen),
                frozen,
                optimizer: vec![NamedArray {
                    name: "fc.weight.mean".to_owned(),
                    shape: vec![2],
                    values: vec![1.0, 2.0],
                }],
                history: history[..epoch].to_vec(),
                best,
                phase_best: phase_best.map(|epoch| self.snapshot(epoch, frozen)),
            };
            writer.save(&checkpoint).unwrap();
            saved = Some(checkpoint);
        }
        saved.unwrap()
    }

    fn load(&self) -> Result<Loaded, String> {
        let best =
            |history: &[EpochRecord]| history::best_epoch(history, Some(&stopping())).copied();
        let loaded = Checkpoint::load(self.folder.path(), &self.spec, &self.classes, best);
        loaded.map(|loaded| loaded.expect("there is a checkpoint"))
    }

    fn frozen_files(&self) -> Vec<PathBuf> {
        let list = fs::read_dir(self.folder.path()).unwrap();
        let paths = list.map(|entry| entry.unwrap().path());
        let is_frozen = |path: &PathBuf| path.to_string_lossy().contains("frozen-");
        paths.filter(is_frozen).collect()
    }
}

fn stopping() -> EarlyStopping {
    EarlyStopping {
        monitor: Monitor::ValLoss,
        mode: Default::default(),
        patience: 9,
        min_delta: 0.0,
        restore_best: true,
    }
}

/// Everything that a run goes on from, in one comparable value.
fn content(checkpoint: &Checkpoint) -> String {
    format!("{checkpoint:?}")
}

#[test]
fn what_is_saved_is_read_and_frozen_arrays_are_written_once() {
    for frozen in [0, 2, 6] {
        let run = Run::new();
        let saved = run.save(&[0.5, 0.9, 0.8], 2, frozen);
        let loaded = run.load().unwrap();
        assert_eq!(content(&loaded.checkpoint), content(&saved), "{frozen}");
        assert!(loaded.lost.is_empty());
        let files = run.frozen_files();
        assert_eq!(files.len(), usize::from(frozen > 0), "{frozen}");
        if let [file] = &files[..] {
            let before = fs::metadata(file).unwrap().modified().unwrap();
            Writer::new(run.folder.path()).save(&saved).unwrap();
            assert_eq!(fs::metadata(file).unwrap().modified().unwrap(), before);
        }
        // A phase that freezes others, whose first epoch is the best of all.
        let next = run.save(&[0.9, 0.8, 0.1], 3, 1);
        assert_eq!(
            run.frozen_files().len(),
            1,
            "{frozen}: what nobody needs is gone"
        );
        assert_eq!(content(&run.load().unwrap().checkpoint), content(&next));
    }
}

/// No flipped bit, cut or missing file gives other weights or figures without a word.
#[test]
fn no_damage_goes_unnoticed() {
    let run = Run::new();
    // Epoch 1 is the best of the run, 2 that of the phase, 3 the last.
    let saved = content(&run.save(&[0.5, 0.8, 0.9], 2, 2));
    let frozen = run.frozen_files().remove(0);
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for (name, may_go_on) in [
        (run.path(LAST), false),
        (run.path(BEST), true),
        (run.path(PHASE_BEST), true),
        (frozen, false),
    ] {
        let whole = fs::read(&name).unwrap();
        let (mut refused, mut went_on) = (0, 0);
        for number in 0..FLIPS + 20 {
            let at = rng.random_range(0..whole.len());
            let mut damaged = whole.clone();
            if number < FLIPS {
                damaged[at] ^= 1 << rng.random_range(0..8);
            } else {
                damaged.truncate(at);
            }
            fs::write(&name, damaged).unwrap();
            match run.load() {
                Err(words) => {
                    assert!(!may_go_on, "{}: {words}", name.display());
                    refused += 1;
                }
                Ok(loaded) if loaded.lost.is_empty() => {
                    assert_eq!(
                        content(&loaded.checkpoint),
                        saved,
                        "{} at {at}",
                        name.display()
                    );
                }
                Ok(loaded) => {
                    assert_eq!(*loaded.checkpoint.snapshot, *run.snapshot(3, 2));
                    went_on += 1;
                }
            }
        }
        let noticed = if may_go_on { went_on } else { refused };
        assert!(noticed > FLIPS * 9 / 10, "{}: {noticed}", name.display());
        fs::remove_file(&name).unwrap();
        if name != run.path(LAST) {
            assert_eq!(run.load().is_ok(), may_go_on, "{}: missing", name.display());
        }
        fs::write(&name, whole).unwrap();
    }
    assert_eq!(content(&run.load().unwrap().checkpoint), saved);
}

#[test]
fn what_is_lost_with_the_best_weights_is_said_once_and_kept() {
    let run = Run::new();
    run.save(&[0.5, 0.8, 0.9], 2, 2);
    for name in [BEST, PHASE_BEST] {
        fs::write(run.path(name), "no weights").unwrap();
    }
    let Loaded {
        mut checkpoint,
        lost,
    } = run.load().unwrap();
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert!(
        lost[0].contains("best.safetensors is damaged"),
        "{}",
        lost[0]
    );
    assert!(lost[0].contains("of epoch 1, are lost"), "{}", lost[0]);
    assert!(
        lost[1].contains("of epoch 2, which early stopping would restore"),
        "{}",
        lost[1]
    );
    assert_eq!(checkpoint.best.as_ref().unwrap().1.epoch, 3);
    assert!(checkpoint.phase_best.is_none());
    // As it is when the run goes on, and is cut off again.
    Writer::new(run.folder.path()).save(&checkpoint).unwrap();
    let again = run.load().unwrap();
    assert_eq!(again.checkpoint.best.as_ref().unwrap().1.epoch, 3);
    assert_eq!(again.checkpoint.standing.lost, lost);
    assert_eq!(again.lost, [""; 0], "it was said");
    // A better epoch is kept from then on, though it is not as good as the lost one.
    checkpoint.history.push(record(4, 0.6));
    checkpoint.standing.epoch = 4;
    checkpoint.snapshot = run.snapshot(4, 2);
    checkpoint.best = Some((run.snapshot(4, 2), record(4, 0.6)));
    Writer::new(run.folder.path()).save(&checkpoint).unwrap();
    assert_eq!(run.load().unwrap().checkpoint.best.unwrap().1.epoch, 4);
}

/// The best epoch of both the run and the phase lies in two files.
#[test]
fn the_best_weights_are_taken_from_the_other_file() {
    for name in [BEST, PHASE_BEST] {
        let run = Run::new();
        let saved = run.save(&[0.5, 0.8, 0.9], 1, 2);
        fs::write(run.path(name), "no weights").unwrap();
        let loaded = run.load().unwrap();
        assert_eq!(content(&loaded.checkpoint), content(&saved), "{name}");
    }
}

#[test]
fn weights_are_whole_or_it_says_which_others_are() {
    type Row<'a> = (
        &'a [&'a str],
        Weights,
        Result<usize, &'a [&'a str]>,
        &'a str,
    );
    let rows: [Row; 7] = [
        (&[], Weights::Best, Ok(1), "the best"),
        (&[], Weights::Last, Ok(3), "the last"),
        (&[LAST], Weights::Best, Ok(1), "the best need no others"),
        (&[BEST], Weights::Last, Ok(3), "nor do the last"),
        (
            &[BEST],
            Weights::Best,
            Err(&[
                "best.safetensors is damaged",
                "the last epoch, 3, are whole",
            ]),
            "the best are lost",
        ),
        (
            &[LAST],
            Weights::Last,
            Err(&[
                "last.safetensors is damaged",
                "the best epoch, 1, are whole",
            ]),
            "the last are lost",
        ),
        (
            &[BEST, LAST],
            Weights::Best,
            Err(&["last.safetensors is damaged"]),
            "both are lost",
        ),
    ];
    for (damaged, which, expected, why) in rows {
        let run = Run::new();
        run.save(&[0.5, 0.8, 0.9], 2, 2);
        for name in damaged {
            let mut bytes = fs::read(run.path(name)).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(run.path(name), bytes).unwrap();
        }
        match (weights(run.folder.path(), which, &run.spec), expected) {
            (Ok((epoch, arrays)), Ok(expected)) => {
                assert_eq!(epoch, expected, "{why}");
                assert_eq!(arrays, run.snapshot(epoch, 2).arrays, "{why}");
            }
            (Err(words), Err(parts)) => {
                for part in parts {
                    assert!(words.contains(part), "{why}: {words}");
                }
            }
            (found, _) => panic!("{why}: {found:?}"),
        }
    }
    let run = Run::new();
    run.save(&[0.5, 0.8, 0.9], 2, 2);
    fs::write(run.path(LAST), "no weights").unwrap();
    let words = run.load().unwrap_err();
    assert!(
        words.contains("weights of its best epoch, 1, are whole"),
        "{words}"
    );
}

/// A kill between `last` and `best`: the newest epoch is the best one, and its weights are in `last` alone.
#[test]
fn after_a_kill_between_two_files_the_best_weights_are_those_of_the_last_epoch() {
    let run = Run::new();
    run.save(&[0.9], 1, 2);
    let older = fs::read(run.path(BEST)).unwrap();
    run.save(&[0.9, 0.8], 1, 2);
    fs::write(run.path(BEST), older).unwrap();
    assert_eq!(run.load().unwrap().checkpoint.best.unwrap().0.epoch, 2);
    let (epoch, arrays) = weights(run.folder.path(), Weights::Best, &run.spec).unwrap();
    assert_eq!((epoch, arrays), (2, run.snapshot(2, 2).arrays.clone()));
}

/// Written by the program of commit 30dbc90: no hash, no file of frozen arrays, a standing of fewer fields.
#[test]
fn checkpoints_of_format_2_are_read() {
    let run = Run::new();
    for entry in fs::read_dir(kept().join("checkpoints")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(
            &path,
            run.path(&path.file_name().unwrap().to_string_lossy()),
        )
        .unwrap();
    }
    let loaded = run.load().unwrap();
    assert_eq!(loaded.lost, [""; 0]);
    let checkpoint = &loaded.checkpoint;
    assert_eq!(checkpoint.standing.epoch, 5);
    assert_eq!(checkpoint.standing.optimizer_step, 4);
    assert_eq!(checkpoint.best.as_ref().unwrap().1.epoch, 5);
    assert_eq!(
        (checkpoint.history.len(), checkpoint.optimizer.len()),
        (5, 12)
    );
    assert!(checkpoint.snapshot.array("fc.weight").is_some());
    for which in [Weights::Best, Weights::Last] {
        assert_eq!(weights(run.folder.path(), which, &run.spec).unwrap().0, 5);
    }
    // It goes on as one of today's.
    Writer::new(run.folder.path()).save(checkpoint).unwrap();
    assert_eq!(
        content(&run.load().unwrap().checkpoint),
        content(checkpoint)
    );
}

#[test]
fn a_newer_version_is_named_and_nothing_is_done_with_it() {
    let run = Run::new();
    run.save(&[0.9], 1, 0);
    let (old, new) = (b"convscope-checkpoint-3", b"convscope-checkpoint-4");
    let mut bytes = fs::read(run.path(LAST)).unwrap();
    let at = memchr::memmem::find(&bytes, old).unwrap();
    bytes[at..at + new.len()].copy_from_slice(new);
    fs::write(run.path(LAST), bytes).unwrap();
    let words = run.load().unwrap_err();
    assert!(
        words.contains("newer Convscope (its format is 4"),
        "{words}"
    );
}
