//! Moments: the process is ended while it trains, its limits are tight, its folders refuse, its images go away.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    table::Tried,
    verdict::{self, Answer, Verdict},
    world::{MORE_EPOCHS, World, answer, files_below},
};

type Row = fn(&World, usize) -> Tried;

pub fn all() -> Vec<Row> {
    vec![
        |world, tries| ended_by(world, tries, libc::SIGKILL),
        |world, tries| ended_by(world, tries, libc::SIGTERM),
        |world, tries| ended_by(world, tries, libc::SIGHUP),
        |world, tries| ended_by(world, tries, libc::SIGINT),
        |world, _| cache_is_cut(world),
        |world, _| little_memory(world),
        |world, _| cache_refuses(world),
        |world, _| full_disk(world),
        |world, _| a_class_is_unreadable(world),
        |world, _| images_go_away(world),
    ]
}

/// Ends the training at a random moment, goes on, and compares with a run that nobody disturbed.
fn ended_by(world: &World, tries: usize, signal: i32) -> Tried {
    let name = match signal {
        libc::SIGKILL => "killed (`kill -9`, power cut)",
        libc::SIGTERM => "SIGTERM (shutdown)",
        libc::SIGHUP => "SIGHUP (terminal closed, logged out)",
        _ => "SIGINT (Ctrl+C)",
    };
    let mut tried = Tried::new(
        "a run, then `train --resume`",
        format!("{name} at a random moment"),
        "the unfinished epoch; it is trained again with the same numbers",
    );
    let seed = world.seed();
    let train = |root: &Path| {
        world.train(
            root,
            &["--epochs", MORE_EPOCHS, "--seed", &seed, "--resume"],
        )
    };
    let whole = {
        let copy = world.copy();
        fs::remove_dir_all(copy.path().join("run")).unwrap();
        answer(copy.path(), &mut train(copy.path()))
    };
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..tries {
        let copy = world.copy();
        let root = copy.path();
        fs::remove_dir_all(root.join("run")).unwrap();
        let mut child = train(root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(rng.random_range(100..1500)));
        // It may have ended already; then the resumed run finds nothing to do.
        let id = child.id().to_string();
        let kill = Command::new("kill")
            .args([format!("-{signal}"), id])
            .stderr(Stdio::null())
            .status();
        assert!(kill.is_ok());
        child.wait().unwrap();
        let answer = answer(root, &mut train(root));
        let leftovers = leftovers(root);
        let verdict = match (answer.code, weights(&answer) == weights(&whole)) {
            (Some(0), true) if leftovers.is_empty() => Verdict::Same,
            (Some(0), _) => Verdict::Silent,
            _ => Verdict::of(&answer, &whole),
        };
        tried.count(
            verdict,
            None,
            &format!("{answer:#?}\n{leftovers:?}\nwhole: {whole:#?}"),
        );
    }
    tried
}

/// The last line of what a run gives: the hash of its weights.
fn weights(answer: &Answer) -> &str {
    answer.given.lines().last().unwrap_or_default()
}

/// Temporary files that nobody will ever look at again.
fn leftovers(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["run", "run/checkpoints", "cache", "edits"] {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            // One that was just made and is empty may have a writer yet; a later sweep takes it.
            if name.starts_with('.') && entry.metadata().unwrap().len() > 0 {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    found
}

/// One row that is tried once: `harmed` in a copy, against the unharmed world.
fn once(mut tried: Tried, unharmed: &Answer, harmed: &Answer, root: &Path) -> Tried {
    let verdict = Verdict::of(harmed, unharmed);
    let said = verdict::new_words(harmed, unharmed)
        .map(|said| said.replace(&*root.to_string_lossy(), "…"));
    tried.count(
        verdict,
        said,
        &format!("{harmed:#?}\nunharmed: {unharmed:#?}"),
    );
    tried
}

/// The decoded images are cut while a run reads them at every step.
fn cache_is_cut(world: &World) -> Tried {
    let mut tried = Tried::new(
        "pixels in the cache (`.rows`)",
        "cut in the middle of `train`",
        "nothing: the images are decoded again",
    );
    let (whole, harmed) = (world.copy(), world.copy());
    // Without frozen layers images are read at every step.
    let text = fs::read_to_string(whole.path().join("run.ron")).unwrap();
    let text = text.replace("Some(\"flatten\")", "None");
    for root in [whole.path(), harmed.path()] {
        fs::write(root.join("run.ron"), &text).unwrap();
        fs::remove_dir_all(root.join("run")).unwrap();
    }
    let train = |root: &Path| world.train(root, &["--epochs", "30"]);
    let unharmed = answer(whole.path(), &mut train(whole.path()));
    let root = harmed.path();
    let mut run = train(root)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !root.join("run/history.csv").exists() && run.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
    for path in files_below(&root.join("cache")) {
        if path.extension().is_some_and(|ending| ending == "rows") {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_len(100).unwrap();
        }
    }
    if run.try_wait().unwrap().is_some() {
        tried.done.push_str(" (it was over before)");
    }
    let answer = Answer::of(&run.wait_with_output().unwrap(), root);
    once(tried, &unharmed, &answer, root)
}

fn little_memory(world: &World) -> Tried {
    let tried = Tried::new(
        "memory (`ulimit -v`), then `train`",
        "less than the program needs for a batch",
        "nothing: the run does not begin, or ends with what it has",
    );
    let (copy, harmed) = (world.copy(), world.copy());
    let seed = world.seed();
    let arguments = ["--seed", &seed, "--resume", "--epochs", MORE_EPOCHS];
    let unharmed = answer(copy.path(), &mut world.train(copy.path(), &arguments));
    // All layers of large images are trained on at once, for which this limit leaves too little on any machine.
    let text = fs::read_to_string(harmed.path().join("run.ron")).unwrap();
    let large = text
        .replace("height: 16", "height: 1536")
        .replace("width: 16", "width: 1536")
        .replace("batch_size: 8", "batch_size: 64")
        .replace("Some(\"flatten\")", "None");
    assert_ne!(text, large);
    fs::write(harmed.path().join("run.ron"), large).unwrap();
    fs::remove_dir_all(harmed.path().join("run")).unwrap();
    let train = world.train(harmed.path(), &["--seed", &seed]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -v 6000000; exec \"$0\" \"$@\""])
        .arg(train.get_program())
        .args(train.get_args())
        .current_dir(harmed.path())
        .envs(
            train
                .get_envs()
                .filter_map(|(key, value)| Some((key, value?))),
        );
    let answer = answer(harmed.path(), &mut limited);
    once(tried, &unharmed, &answer, harmed.path())
}

fn cache_refuses(world: &World) -> Tried {
    let tried = Tried::new(
        "the cache folder, then `evaluate`",
        "cannot be written",
        "time: images are decoded again at each start",
    );
    let (copy, harmed) = (world.copy(), world.copy());
    let evaluate = ["evaluate", "run", "--data", "shapes"];
    let unharmed = answer(copy.path(), &mut world.command(copy.path(), &evaluate));
    let root = harmed.path();
    // A file in its place refuses everybody, root included.
    fs::remove_dir_all(root.join("cache")).unwrap();
    fs::write(root.join("cache"), "").unwrap();
    let answer = answer(root, &mut world.command(root, &evaluate));
    once(tried, &unharmed, &answer, root)
}

/// Only where a small file system can be mounted; said where not.
fn full_disk(world: &World) -> Tried {
    let mut tried = Tried::new(
        "the disk, then `train`",
        "full",
        "what did not fit; the epochs before it are kept",
    );
    let harmed = world.copy();
    let root = harmed.path();
    let run = root.join("run");
    fs::remove_dir_all(&run).unwrap();
    fs::create_dir(&run).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=40k", "tmpfs"])
        .arg(&run)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("full disk: not run, no file system can be mounted here");
        tried.done.push_str(" (not run here)");
        return tried;
    }
    let (copy, seed) = (world.copy(), world.seed());
    let unharmed = answer(
        copy.path(),
        &mut world.train(copy.path(), &["--seed", &seed, "--resume"]),
    );
    let answer = answer(root, &mut world.train(root, &["--seed", &seed]));
    let unmounted = Command::new("umount").arg(&run).status();
    assert!(unmounted.unwrap().success());
    once(tried, &unharmed, &answer, root)
}

fn a_class_is_unreadable(world: &World) -> Tried {
    class_is_lost(world, "every image of one class is damaged", |path| {
        fs::write(path, "no image").unwrap();
    })
}

/// What opening lists and decoding no longer finds: a link to nowhere.
fn images_go_away(world: &World) -> Tried {
    let done = "every image of one class goes away after it was listed";
    class_is_lost(world, done, |path| {
        fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink("/nowhere", path).unwrap();
    })
}

/// Does `harm` to every image of a class before a new run.
fn class_is_lost(world: &World, done: &str, harm: fn(&Path)) -> Tried {
    let tried = Tried::new(
        "a dataset, then `train`",
        done,
        "nothing: it stops before the first step and says how to go on without them",
    );
    let (copy, harmed) = (world.copy(), world.copy());
    let seed = world.seed();
    for root in [copy.path(), harmed.path()] {
        for folder in ["run", "cache"] {
            fs::remove_dir_all(root.join(folder)).unwrap();
        }
    }
    let train = |root: &Path| answer(root, &mut world.train(root, &["--seed", &seed]));
    let unharmed = train(copy.path());
    for entry in fs::read_dir(harmed.path().join("shapes/circle")).unwrap() {
        harm(&entry.unwrap().path());
    }
    once(tried, &unharmed, &train(harmed.path()), harmed.path())
}
