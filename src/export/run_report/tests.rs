//! A report of very many classes is one that a browser opens.

use std::{fs, sync::Arc};

use super::*;
use crate::{
    cancel::Cancelled,
    data::Dataset,
    export::RunFacts,
    model::spec::Head,
    train::{recipes, runs::several::NamedHistory},
};

/// Of `classes` classes with one image each; the last is taken for the first.
fn evaluation(classes: usize) -> Evaluation {
    let actual: Vec<usize> = (0..classes).collect();
    let predicted: Vec<usize> = (0..classes - 1).chain([0]).collect();
    Evaluation {
        split: None,
        epoch: 1,
        head: Head::Softmax,
        samples: actual.clone(),
        confusion: ConfusionMatrix::new(classes, actual.iter().copied().zip(predicted.clone())),
        probabilities: vec![0.0; classes * classes],
        loss: 0.0,
        actual,
        predicted,
    }
}

fn dataset(classes: usize) -> Dataset {
    Dataset {
        classes: (0..classes).map(|class| format!("class {class}")).collect(),
        ..Dataset::default()
    }
}

fn report(
    classes: usize,
    pulse: &mut dyn FnMut() -> Result<(), Cancelled>,
) -> (tempfile::TempDir, Result<Option<f64>, ExportError>) {
    let run = tempfile::tempdir().unwrap();
    let bundle = Bundle {
        experiment: Some(Arc::new(recipes::find(Path::new("shapes")).unwrap())),
        dataset: Some(Arc::new(dataset(classes))),
        evaluation: Some(Arc::new(evaluation(classes))),
        histories: [NamedHistory {
            name: "a run".into(),
            epochs: Vec::new(),
        }]
        .into(),
        run: Some(RunFacts {
            split_hash: String::new(),
            data: Arc::default(),
            best_epoch: 0,
        }),
        ..Bundle::default()
    };
    let written = FORMAT.write(&bundle, run.path(), pulse);
    (run, written)
}

#[test]
fn tables_and_pictures_are_bounded() {
    const MOST_BYTES: usize = 1_000_000;
    const TABLE: &str = "Cross-table";
    const LIST: &str = "Most frequent confusions";
    for (classes, shown, not_shown) in [
        (3, TABLE, LIST),
        (60, TABLE, LIST),
        (61, LIST, TABLE),
        (1_000, LIST, TABLE),
    ] {
        let (run, written) = report(classes, &mut || Ok(()));
        written.unwrap();
        let page = fs::read_to_string(run.path().join(REPORT_FILE)).unwrap();
        assert!(
            page.len() < MOST_BYTES,
            "{classes} classes: {} bytes",
            page.len()
        );
        assert!(
            page.contains(shown) && !page.contains(not_shown),
            "{classes} classes"
        );
        let last = format!("class {}", classes - 1);
        assert!(page.contains(&last), "the confused class is named");
        let picture = image::open(run.path().join("confusion_matrix.png")).unwrap();
        assert!(picture.width() <= 2_300 && picture.height() <= 2_300);
    }
}

#[test]
fn it_can_be_given_up_before_each_picture() {
    for most in 0..2 {
        let mut asked = 0;
        let mut pulse = || {
            asked += 1;
            if asked > most { Err(Cancelled) } else { Ok(()) }
        };
        let (run, written) = report(3, &mut pulse);
        assert!(matches!(written, Err(ExportError::Cancelled(_))));
        assert_eq!(run.path().join("curves.png").exists(), most > 0);
        assert!(!run.path().join(REPORT_FILE).exists());
    }
}
