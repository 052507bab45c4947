//! What is decided once stays decided.

use std::{fs, path::PathBuf};

use super::*;
use crate::train::{Experiment, fit::Watcher, recipes};

/// Hears notes.
#[derive(Default)]
struct Listener(Vec<String>);

impl Watcher for Listener {
    fn note(&mut self, words: &str) {
        self.0.push(words.to_owned());
    }
}

/// A small network of two phases for which every processor has two ways to choose from.
fn experiment() -> Experiment {
    let mut experiment = recipes::find(Path::new("shapes")).unwrap();
    (experiment.model.input.height, experiment.model.input.width) = (16, 16);
    experiment.training.memory_format = MemoryFormat::Auto;
    experiment.training.precision = Precision::F32;
    let phases = &mut experiment.training.phases;
    let mut head_only = phases[0].clone();
    head_only.trainable_from = Some("fc".into());
    phases.insert(0, head_only);
    experiment
}

fn decide(experiment: &Experiment, folder: &Path) -> (Chosen, Vec<String>) {
    let spec = Arc::new(experiment.model.clone());
    let run = (&experiment.training, &experiment.augmentation);
    let mut listener = Listener::default();
    let chosen = Chosen::decide(
        &spec,
        run,
        Some(folder),
        &mut Watchers::new(vec![&mut listener]),
    )
    .unwrap();
    (chosen, listener.0)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn only_what_is_clearly_faster_replaces_f32() {
    let way = |precision, seconds| Measurement {
        memory_format: MemoryFormat::ChannelsLast,
        precision,
        seconds,
    };
    for (why, bf16_seconds, expected) in [
        ("three times faster", 0.1, Precision::Bf16),
        ("within the noise", 0.25, Precision::F32),
        ("slower", 0.9, Precision::F32),
    ] {
        let measured = [way(Precision::F32, 0.3), way(Precision::Bf16, bf16_seconds)];
        let chosen = fastest(&measured).map(|(_, precision)| precision);
        assert_eq!(chosen, Some(expected), "{why}");
    }
    assert_eq!(fastest(&[]), None);
}

#[test]
fn a_choice_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let choices = folder.path().join("choices");
    let (first, notes) = decide(&experiment(), &choices);
    assert_eq!((first.measured.len(), notes.len()), (2, 0));
    assert_eq!(files(&choices).len(), 1);
    let (again, _) = decide(&experiment(), &choices);
    assert_eq!(again.measured, first.measured, "nothing is measured again");

    // What is kept decides, whatever a measurement would say.
    let file = files(&choices).remove(0);
    let text = fs::read_to_string(&file).unwrap();
    let slow = format!("seconds: {:?}", first.measured[0].seconds);
    assert!(text.contains(&slow), "{text}");
    fs::write(&file, text.replace(&slow, "seconds: 1000.0")).unwrap();
    assert!(!decide(&experiment(), &choices).0.placement.channels_last);
}

#[test]
fn another_question_is_another_choice() {
    type Change = fn(&mut Experiment);
    let cases: [(&str, bool, Change); 6] = [
        ("the name of the network", false, |e| {
            e.model.name = "other".into();
        }),
        ("epochs", false, |e| e.training.set_epochs(9)),
        ("the seed", false, |e| {
            e.training.seed = 77;
        }),
        ("threads: it is timed on one", false, |e| {
            e.training.threads = Some(7);
        }),
        ("what is trained", true, |e| {
            e.training.phases[0].trainable_from = None;
        }),
        ("images per step", true, |e| {
            e.training.batch_size = 3;
        }),
    ];
    let folder = tempfile::tempdir().unwrap();
    decide(&experiment(), folder.path());
    for (why, is_other, change) in cases {
        let before = files(folder.path()).len();
        let mut changed = experiment();
        change(&mut changed);
        decide(&changed, folder.path());
        assert_eq!(
            files(folder.path()).len() - before,
            usize::from(is_other),
            "{why}"
        );
    }
}

#[test]
fn of_two_that_decide_at_once_the_first_decides_for_both() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = experiment();
    let ways = ways(&experiment.training);
    let identity = Identity::new(&experiment.model, &[], 8);
    let times = |seconds: f64| -> Vec<Measurement> {
        let each = ways.iter().map(|&(memory_format, precision)| Measurement {
            memory_format,
            precision,
            seconds,
        });
        each.collect()
    };
    assert_eq!(identity.load(folder.path(), &ways), None);
    for seconds in [0.5, 0.25] {
        let agreed = identity
            .keep(folder.path(), &ways, &times(seconds))
            .unwrap();
        assert_eq!(agreed, times(0.5));
    }
    for damaged in ["", "(", "(of: 1)"] {
        fs::write(&files(folder.path())[0], damaged).unwrap();
        assert_eq!(identity.load(folder.path(), &ways), None, "{damaged}");
        let agreed = identity.keep(folder.path(), &ways, &times(0.125)).unwrap();
        assert_eq!(agreed, times(0.125), "{damaged}");
        assert_eq!(identity.load(folder.path(), &ways), Some(times(0.125)));
    }
}

#[test]
fn a_folder_that_cannot_be_written_refuses_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let choices = folder.path().join("choices");
    fs::write(&choices, "a file").unwrap();
    let (chosen, notes) = decide(&experiment(), &choices);
    assert_eq!(chosen.measured.len(), 2);
    assert!(notes[0].contains("measured anew for each run"), "{notes:?}");
}

#[test]
fn what_is_trained_decides_what_is_timed() {
    let steps = |experiment: &Experiment| {
        let nodes = graph::nodes(&experiment.model).unwrap();
        steps(&nodes, &experiment.training, &experiment.augmentation).unwrap()
    };
    let mut same = experiment();
    let both = steps(&same);
    let fc = both[1].trained_from;
    let step = |start, trained_from| Step {
        start,
        trained_from,
    };
    assert_eq!(both[0], step(0, 0));
    assert!(
        both[1].start > 0 && both[1].start <= fc,
        "frozen layers are computed once and not timed: {both:?}"
    );
    same.augmentation.horizontal_flip = true;
    assert_eq!(steps(&same), [step(0, 0), step(0, fc)], "images vary");
    same.training.phases.remove(1);
    assert_eq!(steps(&same), [step(0, fc)], "nothing else is trained");
}

/// What this machine gains by bfloat16 for the networks of the recipes.
#[test]
#[ignore = "a measurement of this machine: run with --ignored --nocapture"]
fn how_much_faster_bfloat16_is() {
    println!("{}", processor::name());
    let ways =
        [Precision::F32, Precision::Bf16].map(|precision| (MemoryFormat::ChannelsLast, precision));
    for recipe in recipes::all().unwrap() {
        let spec = Arc::new(recipe.model.clone());
        let nodes = graph::nodes(&spec).unwrap();
        let steps = steps(&nodes, &recipe.training, &recipe.augmentation).unwrap();
        let batch = recipe.training.batch_size.min(TIMED_IMAGES);
        let mut listener = Listener::default();
        let measured = measure::measure(
            &spec,
            &ways,
            &steps,
            batch,
            &mut Watchers::new(vec![&mut listener]),
        )
        .unwrap();
        let [f32, bf16] = [0, 1].map(|way| 1e3 * measured[way].seconds);
        println!(
            "{:>24}: f32 {f32:8.2} ms, bfloat16 {bf16:8.2} ms, ratio {:.2}",
            recipe.name,
            f32 / bf16
        );
    }
}
