//! Reports, cross-tables, thresholds and losses against scikit-learn and pandas.
//!
//! `tests/reference/classification_report.py` makes the numbers and names the versions.

use serde::Deserialize;
use tch::Tensor;

use super::{
    ClassificationReport, ConfusionMatrix, CrossTable, Evaluation, loss, metrics::ClassScore,
    report::RowKind,
};
use crate::model::spec::Head;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
    losses: Losses,
}

#[derive(Deserialize)]
struct Case {
    why: String,
    names: Vec<String>,
    actual: Vec<usize>,
    predicted: Vec<usize>,
    confusion: Vec<Vec<u64>>,
    accuracy: f64,
    per_class: Vec<Score>,
    #[serde(rename = "macro")]
    macro_average: Score,
    weighted: Score,
    text: String,
    cross_table: Vec<String>,
    threshold: Option<f64>,
    #[serde(default)]
    second_probabilities: Vec<f32>,
}

#[derive(Deserialize)]
struct Score {
    precision: f64,
    recall: f64,
    f1: f64,
    support: u64,
}

#[derive(Deserialize)]
struct Losses {
    softmax: MeanLoss,
    sigmoid: MeanLoss,
}

#[derive(Deserialize)]
struct MeanLoss {
    actual: Vec<i64>,
    logits: Vec<Vec<f32>>,
    loss: f64,
}

fn reference() -> Reference {
    let text = include_str!("../../tests/reference/classification_report.json");
    serde_json::from_str(text).unwrap()
}

fn confusion(case: &Case) -> ConfusionMatrix {
    let predicted = case.predicted.iter().copied();
    let pairs = case.actual.iter().copied().zip(predicted);
    ConfusionMatrix::new(case.names.len(), pairs)
}

fn assert_score(found: ClassScore, expected: &Score, why: &str) {
    let pairs = [
        (found.precision, expected.precision),
        (found.recall, expected.recall),
        (found.f1, expected.f1),
    ];
    for (found, expected) in pairs {
        assert!(
            (found - expected).abs() < 1e-9,
            "{why}: {found} instead of {expected}"
        );
    }
    assert_eq!(found.support, expected.support, "{why}");
}

#[test]
fn the_scores_are_scikit_learns() {
    let cases = reference().cases;
    assert_eq!(cases.len(), 11);
    for case in cases {
        let matrix = confusion(&case);
        assert_eq!(matrix.rows(), case.confusion, "{}", case.why);
        let difference = matrix.accuracy() - case.accuracy;
        assert!(difference.abs() < 1e-9, "{}", case.why);
        let scores = matrix.class_scores();
        assert_eq!(scores.len(), case.per_class.len(), "{}", case.why);
        for (found, expected) in scores.into_iter().zip(&case.per_class) {
            assert_score(found, expected, &case.why);
        }
        assert_score(matrix.macro_average(), &case.macro_average, &case.why);
        assert_score(matrix.weighted_average(), &case.weighted, &case.why);
    }
}

#[test]
fn the_report_reads_like_scikit_learns() {
    for case in reference().cases {
        let report = ClassificationReport::new(&confusion(&case), &case.names);
        assert_eq!(report.text(), case.text, "{}", case.why);
        let csv = String::from_utf8(report.csv().unwrap()).unwrap();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let headings = reader.headers().unwrap().iter().collect::<Vec<_>>();
        assert_eq!(headings, ["", "precision", "recall", "f1-score", "support"]);
        for (record, row) in reader.records().zip(&report.rows) {
            let record = record.unwrap();
            assert_eq!(&record[0], row.name);
            assert_eq!(record[1].is_empty(), row.kind == RowKind::Accuracy);
            assert_eq!(
                record[3].parse::<f64>().unwrap(),
                row.f1,
                "no digit is lost"
            );
        }
    }
}

#[test]
fn the_cross_table_reads_like_pandas() {
    for case in reference().cases {
        let table = CrossTable::new(&confusion(&case));
        let text = table.text(&case.names);
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            case.cross_table,
            "{}",
            case.why
        );
        let csv = String::from_utf8(table.csv(&case.names).unwrap()).unwrap();
        // The same words and numbers as in the text, without its line that names the rows.
        let words = |text: &str, gap: &str| -> Vec<String> {
            let words = text
                .split(gap)
                .map(str::trim)
                .filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        };
        let mut of_text: Vec<Vec<String>> = text.lines().map(|line| words(line, "  ")).collect();
        of_text.remove(1);
        of_text[0][0] = "True".into();
        let of_csv: Vec<Vec<String>> = csv.lines().map(|line| words(line, ",")).collect();
        assert_eq!(of_csv, of_text, "{}", case.why);
    }
    let nothing = CrossTable::new(&ConfusionMatrix::new(2, []));
    assert_eq!(nothing.text(&[]), "Pred  All\nTrue\nAll     0");
}

#[test]
fn another_threshold_decides_like_numpy_without_the_network() {
    let cases: Vec<Case> = reference()
        .cases
        .into_iter()
        .filter(|case| case.threshold.is_some())
        .collect();
    assert_eq!(cases.len(), 5);
    let first = &cases[0];
    let second = first.second_probabilities.iter();
    let evaluation = Evaluation {
        split: None,
        epoch: 1,
        head: Head::Sigmoid { threshold: 0.5 },
        samples: (0..first.actual.len()).collect(),
        actual: first.actual.clone(),
        predicted: first.predicted.clone(),
        probabilities: second.flat_map(|second| [1.0 - second, *second]).collect(),
        loss: 0.25,
        confusion: confusion(first),
    };
    for case in &cases {
        let again = evaluation.at_threshold(case.threshold.unwrap());
        assert_eq!(again.threshold(), case.threshold);
        assert_eq!(again.predicted, case.predicted, "{}", case.why);
        assert_eq!(again.confusion.rows(), case.confusion, "{}", case.why);
        assert_eq!(again.probabilities, evaluation.probabilities);
        assert_eq!(again.at_threshold(0.5), evaluation, "nothing is lost");
    }
    let softmax = Evaluation {
        head: Head::Softmax,
        ..evaluation
    };
    let again = softmax.at_threshold(0.99);
    assert_eq!(again.threshold(), None);
    let sure = |row: &[f32]| usize::from(row[1] > row[0]);
    let most_probable: Vec<usize> = softmax.probabilities.chunks(2).map(sure).collect();
    assert_eq!(again.predicted, most_probable, "softmax has no threshold");
}

#[test]
fn the_loss_is_scikit_learns_log_loss() {
    let Losses { softmax, sigmoid } = reference().losses;
    let heads = [
        (Head::Softmax, softmax),
        (Head::Sigmoid { threshold: 0.5 }, sigmoid),
    ];
    for (head, case) in heads {
        let count = case.actual.len();
        let columns = case.logits[0].len() as i64;
        let logits = Tensor::from_slice(&case.logits.concat()).view([count as i64, columns]);
        let sum = loss::plain_sum(head, &logits, &Tensor::from_slice(&case.actual)).unwrap();
        let mean = sum.double_value(&[]) / count as f64;
        // The network computes in 32 bits.
        assert!((mean - case.loss).abs() < 1e-6, "{mean} {}", case.loss);
    }
}
