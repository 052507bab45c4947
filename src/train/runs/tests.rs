//! Runs made up on the disk: listed, described, compared, filtered.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    difference::{Difference, differences},
    query::{Metric, Query},
    *,
};
use crate::train::{
    StepRecord, recipes,
    run_folder::{HISTORY_FILE, RESULT_FILE, RunFolder, STEPS_FILE, csv, write_history},
};

fn experiment() -> Experiment {
    recipes::find(Path::new("shapes")).unwrap()
}

fn epoch(number: usize, val_accuracy: f64) -> EpochRecord {
    EpochRecord {
        epoch: number,
        phase: 1,
        train_loss: 1.0 / number as f64,
        train_accuracy: 0.5,
        val_loss: Some(0.7),
        val_accuracy: Some(val_accuracy),
        learning_rate: 0.001,
        images_per_sec: 10.0,
        seconds: 2.0,
        train_penalty: None,
        val_penalty: None,
    }
}

fn result() -> RunResult {
    RunResult {
        completed: true,
        failure: None,
        best_epoch: 2,
        test_accuracy: Some(0.8),
        left_out: Vec::new(),
        stopped_early: Vec::new(),
        lost: Vec::new(),
        split_hash: "abc".into(),
        computed: "f32".into(),
        seconds: 4.0,
    }
}

/// A run's folder as training leaves it.
fn run(folder: &Path, epochs: &[EpochRecord], result: Option<&RunResult>) {
    let run = RunFolder::create(folder, &experiment()).unwrap();
    write_history(run.path(), epochs).unwrap();
    if let Some(result) = result {
        run.finish(result).unwrap();
    }
}

fn list(lister: &mut Lister, folder: &Path) -> Listing {
    lister.list(folder, |_, _| Ok::<_, RunsError>(())).unwrap()
}

#[test]
fn every_run_is_listed_as_it_stands() {
    let runs = tempfile::tempdir().unwrap();
    let at = |name: &str| runs.path().join(name);
    let epochs = [epoch(1, 0.5), epoch(2, 0.9)];
    let ended = |change: fn(&mut RunResult)| {
        let mut result = result();
        change(&mut result);
        result
    };
    let stopped = ended(|r| r.completed = false);
    let failed = ended(|r| r.failure = Some("the disk is full".into()));
    run(&at("finished"), &epochs, Some(&result()));
    run(&at("stopped"), &epochs, Some(&stopped));
    run(&at("failed"), &epochs, Some(&failed));
    run(&at("killed"), &epochs[..1], None);
    run(&at("killed at once"), &[], None);
    let going_on = RunFolder::create(&at("going on"), &experiment()).unwrap();

    let mut lister = Lister::default();
    let listing = list(&mut lister, runs.path());
    let states = [
        ("finished", RunState::Finished, 2, Some(2)),
        ("stopped", RunState::Stopped, 2, Some(2)),
        ("failed", RunState::Failed, 2, Some(2)),
        ("killed", RunState::Unfinished, 1, Some(1)),
        ("killed at once", RunState::Unfinished, 0, None),
        ("going on", RunState::Running, 0, None),
    ];
    for (name, state, epochs, best) in states {
        let run = listing.find(&at(name)).unwrap();
        assert_eq!(run.state, state, "{name}");
        assert_eq!(run.epochs, epochs, "{name}");
        assert_eq!(run.best.map(|best| best.epoch), best, "{name}");
        assert_eq!(run.name(), name);
        assert_eq!(run.parameters, Some(77_991), "{name}");
    }
    assert_eq!((listing.runs.len(), listing.skipped.len()), (6, 0));
    let finished = listing.find(&at("finished")).unwrap();
    let figures = (finished.seconds, finished.test_accuracy());
    assert_eq!(figures, (4.0, Some(0.8)));
    let failed = listing.find(&at("failed")).unwrap();
    assert_eq!(failed.failure(), Some("the disk is full"));

    drop(going_on);
    let again = list(&mut lister, runs.path());
    let run = again.find(&at("going on")).unwrap();
    assert_eq!(run.state, RunState::Unfinished, "its process has died");
}

#[test]
fn a_short_name_has_no_time_at_its_end() {
    let runs = tempfile::tempdir().unwrap();
    let cases = [
        ("shapes-2026-11-27-224617", "shapes"),
        ("two words-2026-11-27-224617", "two words"),
        ("shapes-001", "shapes-001"),
        ("2026-11-27-224617", "2026-11-27-224617"),
        ("shapes-2026-11-27-2246", "shapes-2026-11-27-2246"),
    ];
    for (name, short) in cases {
        let folder = runs.path().join(name);
        run(&folder, &[], None);
        let listing = list(&mut Lister::default(), runs.path());
        assert_eq!(listing.find(&folder).unwrap().short_name(), short);
    }
}

#[test]
fn a_run_that_ends_beyond_all_bounds_says_so() {
    let runs = tempfile::tempdir().unwrap();
    let wild = EpochRecord {
        train_loss: 3.9e17,
        ..epoch(2, 0.3)
    };
    run(
        &runs.path().join("wild"),
        &[epoch(1, 0.5), wild],
        Some(&result()),
    );
    run(
        &runs.path().join("tame"),
        &[epoch(1, 0.5), epoch(2, 0.9)],
        Some(&result()),
    );
    let listing = list(&mut Lister::default(), runs.path());
    let diverged = |name: &str| {
        let run = listing.find(&runs.path().join(name)).unwrap();
        run.diverged.clone()
    };
    assert!(diverged("wild").is_some_and(|words| words.contains("3.900e17")));
    assert_eq!(diverged("tame"), None);
}

#[test]
fn what_is_no_run_says_why() {
    let runs = tempfile::tempdir().unwrap();
    let at = |name: &str| runs.path().join(name);
    fs::create_dir(at("holiday pictures")).unwrap();
    fs::create_dir(at(".hidden")).unwrap();
    fs::write(at("a file"), "").unwrap();
    for (name, file, content) in [
        ("bad experiment", "experiment.ron", "(name: 1"),
        ("bad history", HISTORY_FILE, "epoch,phase\nnine,1\n"),
        ("bad notes", NOTES_FILE, "tags"),
        ("bad result", RESULT_FILE, "(((("),
    ] {
        run(&at(name), &[epoch(1, 0.5)], Some(&result()));
        fs::write(at(name).join(file), content).unwrap();
    }
    let listing = list(&mut Lister::default(), runs.path());
    assert_eq!(listing.runs.len(), 0);
    let expected = [
        ("bad experiment", "is damaged"),
        ("bad history", "is damaged"),
        ("bad notes", "is damaged"),
        ("bad result", "is damaged"),
        ("holiday pictures", "holds no experiment.ron"),
    ];
    assert_eq!(listing.skipped.len(), expected.len());
    for (skipped, (name, reason)) in listing.skipped.iter().zip(expected) {
        assert_eq!(skipped.folder, at(name));
        assert!(skipped.reason.contains(reason), "{}", skipped.reason);
    }
}

#[test]
fn no_folder_of_runs_is_no_runs() {
    let listing = list(&mut Lister::default(), Path::new("/nowhere/at/all"));
    assert_eq!(listing, Listing::default());
}

#[test]
fn a_run_is_continued_when_it_did_not_get_to_its_end() {
    let runs = tempfile::tempdir().unwrap();
    let mut lister = Lister::default();
    let stopped_early = RunResult {
        stopped_early: vec![1],
        ..result()
    };
    let left_out = RunResult {
        left_out: vec![EndStage::Test, EndStage::Report],
        ..result()
    };
    let stopped = RunResult {
        completed: false,
        ..result()
    };
    let cases = [
        ("killed", None, true, false),
        ("stopped", Some(stopped), true, false),
        ("finished", Some(result()), false, true),
        ("its end was not waited for", Some(left_out), true, true),
        (
            "further epochs would stop at once",
            Some(stopped_early),
            false,
            false,
        ),
    ];
    for (name, result, continues, more) in cases {
        let folder = runs.path().join(name);
        run(&folder, &[epoch(1, 0.5)], result.as_ref());
        let listing = list(&mut lister, runs.path());
        let run = listing.find(&folder).unwrap();
        assert_eq!(run.can_continue(), continues, "{name}");
        let longer = run.with_more_epochs(5);
        assert_eq!(longer.is_some(), more, "{name}");
        if let Some(longer) = longer {
            assert_eq!(longer.training.epochs(), run.planned_epochs() + 5);
        }
    }
}

#[test]
fn what_is_written_about_a_run_is_kept_and_found() {
    let runs = tempfile::tempdir().unwrap();
    let folder = runs.path().join("run");
    run(&folder, &[epoch(1, 0.93)], Some(&result()));
    let mut lister = Lister::default();
    list(&mut lister, runs.path());
    let notes = RunNotes {
        name: "Wider ".into(),
        text: "twice the filters\nslower".into(),
        tags: RunNotes::tags_of("keep, #Cats  keep"),
        left: false,
    };
    assert_eq!(notes.tags, ["Cats", "keep"]);
    describe(&folder, &notes).unwrap();
    let listing = list(&mut lister, runs.path());
    let run = &listing.runs[0];
    assert_eq!((run.name().as_str(), &run.notes), ("Wider", &notes));

    let cases = [
        ("", true),
        ("wider", true),
        ("WIDER slower", true),
        ("wider faster", false),
        ("#cats", true),
        ("#ca #keep", true),
        ("#dogs", false),
        ("val_accuracy>0.9", true),
        ("val_accuracy>93%", false),
        ("val_accuracy>=93%", true),
        ("epochs=1 parameters<5e6", true),
        ("test_accuracy<0.5", false),
        ("finished", true),
        ("unfinished", false),
        ("finish", false),
        ("val_acc>90", true),
        ("val acc > 90%", true),
        ("Val acc<=0.92", false),
        ("wider test acc=0.8 time>1", true),
        ("train_acc>40 train loss>0.9", true),
        // What is no bound is a word.
        ("nonsense>1", false),
    ];
    for (typed, found) in cases {
        assert_eq!(Query::parse(typed).matches(run), found, "{typed}");
    }

    let told = |typed: &str| Query::parse(typed).misunderstood().to_vec();
    assert_eq!(told("wider #cats val acc>90 epochs<5"), [""; 0]);
    let unknown = "There is no figure val_acx; there are val_accuracy, val_loss, test_accuracy, accuracy, loss, epochs, \
                   seconds, parameters.";
    let no_number = "val_acc> needs a number behind it, such as val_acc>90%.";
    assert_eq!(told("val_acx>40 val_acc>"), [unknown, no_number]);

    fs::write(folder.join(NOTES_FILE), "written by hand, wrongly").unwrap();
    assert!(describe(&folder, &notes).is_err(), "it would be lost");
    let foreign = describe(runs.path(), &notes);
    assert!(matches!(foreign, Err(RunsError::Foreign)));
}

#[test]
fn figures_are_those_of_the_kept_weights() {
    let runs = tempfile::tempdir().unwrap();
    let epochs = [epoch(1, 0.5), epoch(2, 0.9), epoch(3, 0.6)];
    run(&runs.path().join("run"), &epochs, Some(&result()));
    let listing = list(&mut Lister::default(), runs.path());
    let figures = Metric::ALL.map(|metric| metric.of(&listing.runs[0]));
    let expected = [0.9, 0.7, 0.8, 0.5, 0.5, 3.0, 6.0, 77_991.0];
    assert_eq!(figures, expected.map(Some));
}

#[test]
fn only_what_differs_is_compared() {
    let first = experiment();
    let mut second = first.clone();
    second.name = "another name is no setting".into();
    second.training.batch_size += 1;
    second.training.phases[0].epochs += 2;
    second.model.layers.remove(1);
    second.split.validation = 0.25;
    let mut third = first.clone();
    third.edits.excluded.insert("circle/1.png".into());
    assert_eq!(differences(&[]), []);
    assert_eq!(differences(&[&first]), []);
    assert_eq!(differences(&[&first, &first]), []);
    let found = differences(&[&first, &second, &first]);
    let batch = first.training.batch_size;
    let expected = Difference {
        setting: "training.batch_size".into(),
        values: [batch, batch + 1, batch]
            .map(|v| Some(v.to_string()))
            .into(),
    };
    assert!(found.contains(&expected), "{found:#?}");
    let settings: Vec<&str> = found.iter().map(|row| row.setting.as_str()).collect();
    assert!(settings.is_sorted());
    let gone = &first.model.layers[1].name;
    let layers = settings.iter().filter(|name| name.starts_with("model."));
    let start = format!("model.layers.{gone}.");
    assert!(
        layers.clone().count() > 0 && layers.clone().all(|name| name.starts_with(&start)),
        "layers behind the one that is gone are the same: {settings:?}"
    );
    let removed = found.iter().find(|row| row.setting.starts_with(&start));
    assert_eq!(removed.unwrap().values[1], None);
    assert!(settings.contains(&"split.validation"));

    let edits = differences(&[&first, &third]);
    assert_eq!(edits.len(), 1);
    assert_eq!(edits[0].setting, "edits");
    assert!(
        edits[0].values[1]
            .as_ref()
            .unwrap()
            .starts_with("1 change (")
    );
}

#[test]
fn steps_are_read_up_to_what_a_kill_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(STEPS_FILE);
    assert_eq!(read::steps(folder.path()).unwrap(), []);
    assert_eq!(read::history(folder.path()).unwrap(), []);
    let heading = "step,epoch,loss,accuracy\n";
    let step = |step, loss| StepRecord {
        step,
        epoch: 1,
        loss,
        accuracy: 0.5,
    };
    let cases = [
        ("nothing", "", 0),
        ("a heading", heading, 0),
        (
            "two steps",
            "step,epoch,loss,accuracy\n1,1,0.25,0.5\n2,1,0.125,0.5\n",
            2,
        ),
        (
            "a number cut in two is no number",
            "step,epoch,loss,accuracy\n1,1,0.25,0.5\n2,1,0.125,0",
            1,
        ),
        (
            "a row cut in two and gone on behind",
            "step,epoch,loss,accuracy\n1,1,0.25,0.5\n2,1\n3,1,0.1,0.5\n",
            1,
        ),
    ];
    for (why, text, count) in cases {
        fs::write(&file, text).unwrap();
        let expected = &[step(1, 0.25), step(2, 0.125)][..count];
        assert_eq!(read::steps(folder.path()).unwrap(), expected, "{why}");
    }
    fs::write(&file, "a,b\n1,2\n").unwrap();
    assert!(read::steps(folder.path()).is_err());
    fs::write(&file, format!("{heading}1,1,NaN,0.5\n")).unwrap();
    assert!(read::steps(folder.path()).unwrap()[0].loss.is_nan());

    let epochs = [epoch(1, 0.5), epoch(2, f64::NAN)];
    fs::write(folder.path().join(HISTORY_FILE), csv(epochs).unwrap()).unwrap();
    let again = read::history(folder.path()).unwrap();
    assert_eq!(again[0], epochs[0]);
    assert!(again[1].val_accuracy.unwrap().is_nan());
}

/// Copies of one finished run.
fn many(folder: &Path, count: usize) -> Vec<PathBuf> {
    let first = folder.join("run 0");
    run(&first, &[epoch(1, 0.5), epoch(2, 0.9)], Some(&result()));
    let paths: Vec<PathBuf> = (0..count)
        .map(|number| folder.join(format!("run {number}")))
        .collect();
    let names = ["experiment.ron", HISTORY_FILE, RESULT_FILE];
    let files = names.map(|name| (name, fs::read(first.join(name)).unwrap()));
    for path in &paths[1..] {
        fs::create_dir(path).unwrap();
        for (name, content) in &files {
            fs::write(path.join(name), content).unwrap();
        }
    }
    for path in &paths {
        set_modified(path);
    }
    paths
}

/// As if nothing had happened there for long.
fn set_modified(folder: &Path) {
    let earlier = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let folder = fs::File::open(folder).unwrap();
    folder.set_modified(earlier).unwrap();
}

#[test]
fn of_many_runs_only_what_changed_is_read_again() {
    const COUNT: usize = 1_000;
    let runs = tempfile::tempdir().unwrap();
    let paths = many(runs.path(), COUNT);
    let mut lister = Lister::default();
    assert_eq!(list(&mut lister, runs.path()).runs.len(), COUNT);
    // Unseen: nothing says that this run was touched.
    fs::write(paths[1].join(RESULT_FILE), "((((").unwrap();
    set_modified(&paths[1]);
    describe(
        &paths[2],
        &RunNotes {
            name: "told".into(),
            ..RunNotes::default()
        },
    )
    .unwrap();
    fs::remove_dir_all(&paths[3]).unwrap();
    let listing = list(&mut lister, runs.path());
    assert_eq!(listing.runs.len(), COUNT - 1);
    assert_eq!(listing.find(&paths[2]).unwrap().name(), "told");
}

#[test]
fn a_listing_can_be_ended_midway() {
    let runs = tempfile::tempdir().unwrap();
    many(runs.path(), 3);
    let stop = |_, total| Err(RunsError::Running(format!("{total}")));
    let ended = Lister::default().list(runs.path(), stop);
    assert!(matches!(ended, Err(RunsError::Running(total)) if total == "3"));
}

#[test]
fn a_run_goes_to_the_bin_unless_it_is_trained() {
    let runs = tempfile::tempdir().unwrap();
    let folder = runs.path().join("convscope test of the bin");
    let going_on = RunFolder::create(&folder, &experiment()).unwrap();
    assert!(matches!(move_to_bin(&folder), Err(RunsError::Running(_))));
    drop(going_on);
    assert!(matches!(move_to_bin(runs.path()), Err(RunsError::Foreign)));
    assert!(folder.exists());
    match move_to_bin(&folder) {
        Ok(()) => assert!(!folder.exists()),
        // A machine without a home has no bin; then nothing is lost.
        Err(error) => assert!(
            folder.exists() && error.to_string().contains("bin"),
            "{error}"
        ),
    }
    #[cfg(target_os = "linux")]
    {
        let thrown = trash::os_limited::list().unwrap_or_default();
        let ours = thrown
            .into_iter()
            .filter(|item| item.original_path() == folder);
        let _ = trash::os_limited::purge_all(ours);
    }
}
