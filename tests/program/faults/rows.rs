//! Files that are harmed, and what is then asked of the program.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{
    harm::Harm,
    table::Tried,
    verdict::{self, Answer, Verdict},
    world::{Ask, World, answer, files_below},
};

/// One file, harmed in one way.
pub struct FileRow {
    what: &'static str,
    file: fn(&Path) -> PathBuf,
    harm: Harm,
    /// What the program is asked, in words and in deed.
    asked: (&'static str, Ask),
    lost: &'static str,
    excuse: Option<&'static str>,
}

fn go_on(world: &World, root: &Path) -> Answer {
    world.go_on(root)
}

/// Without the model file, as after a kill: the checkpoints are all there is.
fn evaluate(world: &World, root: &Path) -> Answer {
    fs::remove_file(root.join("run/model.safetensors")).unwrap();
    let evaluate = ["evaluate", "run", "--data", "shapes"];
    answer(root, &mut world.command(root, &evaluate))
}

fn predict(world: &World, root: &Path) -> Answer {
    let predict = ["predict", "run/model.safetensors", "shapes/circle"];
    answer(root, &mut world.command(root, &predict))
}

/// Another run with the pixels that the first one left in the cache.
fn train_again(world: &World, root: &Path) -> Answer {
    let _ = fs::remove_dir_all(root.join("run"));
    let seed = world.seed();
    answer(
        root,
        &mut world.train(root, &["--epochs", "2", "--seed", &seed]),
    )
}

/// The arrays that the first run left unpacked, without the pixels that were made of them.
fn train_arrays(world: &World, root: &Path) -> Answer {
    for folder in ["run", "cache/pixels-2"] {
        let _ = fs::remove_dir_all(root.join(folder));
    }
    answer(root, &mut world.train_arrays(root))
}

/// The largest file below `folder` whose path contains `part` and ends in `ending`.
fn largest(folder: &Path, part: &str, ending: &str) -> PathBuf {
    let found = files_below(folder).into_iter().filter(|path| {
        let path = path.to_string_lossy();
        path.contains(part) && path.ends_with(ending)
    });
    let size = |path: &PathBuf| fs::metadata(path).unwrap().len();
    found.max_by_key(size).unwrap()
}

const HAND: &str = "a text that people may change: what still makes sense counts";

/// Every file that a run reads, and every way to harm it.
pub fn of_files() -> Vec<FileRow> {
    type Kind = (
        &'static str,
        fn(&Path) -> PathBuf,
        (&'static str, Ask),
        &'static str,
        Option<&'static str>,
    );
    let kinds: [Kind; 16] = [
        (
            "`checkpoints/last.safetensors`",
            |root| root.join("run/checkpoints/last.safetensors"),
            ("train --resume", go_on),
            "the epochs since the best one: the run cannot go on, its best weights can be evaluated",
            None,
        ),
        (
            "`checkpoints/best.safetensors`",
            |root| root.join("run/checkpoints/best.safetensors"),
            ("train --resume", go_on),
            "nothing while `phase-best` holds the same epoch; else the best weights so far",
            None,
        ),
        (
            "`checkpoints/best.safetensors`",
            |root| root.join("run/checkpoints/best.safetensors"),
            ("evaluate RUN", evaluate),
            "the weights of the best epoch; those of the last are offered",
            None,
        ),
        (
            "`checkpoints/phase-best.safetensors`",
            |root| root.join("run/checkpoints/phase-best.safetensors"),
            ("train --resume", go_on),
            "nothing while `best` holds the same epoch; else the weights that early stopping would restore",
            None,
        ),
        (
            "`checkpoints/frozen-….safetensors`",
            |root| largest(&root.join("run/checkpoints"), "/frozen-", ".safetensors"),
            ("train --resume", go_on),
            "the run: no other file has the frozen weights of its last epoch",
            None,
        ),
        (
            "`experiment.ron` of a run",
            |root| root.join("run/experiment.ron"),
            ("train --resume", go_on),
            "the run's settings: it cannot go on without them",
            Some(HAND),
        ),
        (
            "`history.csv` of a run",
            |root| root.join("run/history.csv"),
            ("train --resume", go_on),
            "nothing: the checkpoint knows every epoch",
            None,
        ),
        (
            "`steps.csv` of a run",
            |root| root.join("run/steps.csv"),
            ("train --resume", go_on),
            "the curve of single steps",
            None,
        ),
        (
            "`split.csv` of a run",
            |root| root.join("run/split.csv"),
            ("train --resume", go_on),
            "going on with the run, whose division nothing else proves; it can be evaluated",
            None,
        ),
        (
            "`split.csv` of a run",
            |root| root.join("run/split.csv"),
            ("evaluate RUN", evaluate),
            "nothing: the split is drawn again from its seed",
            None,
        ),
        (
            "`result.ron` of a run",
            |root| root.join("run/result.ron"),
            ("train --resume", go_on),
            "how the run had ended",
            None,
        ),
        (
            "a model file",
            |root| root.join("run/model.safetensors"),
            ("predict", predict),
            "the model, unless its run is there",
            None,
        ),
        (
            "pixels in the cache (`.rows`)",
            |root| largest(&root.join("cache"), "/pixels-", ".rows"),
            ("train", train_again),
            "nothing: the images are decoded again",
            None,
        ),
        (
            "the index of pixels (`.index`)",
            |root| largest(&root.join("cache"), "/pixels-", ".index"),
            ("train", train_again),
            "nothing: the images are decoded again",
            None,
        ),
        (
            "which file has which content (`files-2`)",
            |root| largest(&root.join("cache"), "/files-", ".csv"),
            ("train", train_again),
            "nothing: the files are read again",
            None,
        ),
        (
            "unpacked arrays",
            |root| largest(&root.join("cache"), "/unpacked/", ".array"),
            ("train (arrays)", train_arrays),
            "nothing: they are unpacked again, at the latest at the next start",
            None,
        ),
    ];
    kinds
        .into_iter()
        .flat_map(|(what, file, asked, lost, excuse)| {
            Harm::ALL.map(|harm| FileRow {
                what,
                file,
                harm,
                asked,
                lost,
                excuse,
            })
        })
        .collect()
}

impl FileRow {
    /// Harms a fresh copy of the file up to `tries` times.
    pub fn try_out(&self, world: &World, tries: usize) -> Tried {
        let (words, ask) = self.asked;
        let mut tried = Tried::new(
            format!("{}, then `{words}`", self.what),
            self.harm.words(),
            self.lost,
        );
        tried.excuse = self.excuse;
        let unharmed = world.unharmed(words, ask);
        assert_eq!(unharmed.code, Some(0), "{}: {unharmed:?}", self.what);
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        for _ in 0..self.harm.times(tries) {
            let copy = world.copy();
            self.harm.inflict(&(self.file)(copy.path()), &mut rng);
            let answer = ask(world, copy.path());
            let verdict = Verdict::of(&answer, &unharmed);
            let said = verdict::new_words(&answer, &unharmed)
                .map(|said| said.replace(&*copy.path().to_string_lossy(), "…"));
            tried.count(
                verdict,
                said,
                &format!("{answer:#?}\nunharmed: {unharmed:#?}"),
            );
        }
        tried
    }
}
