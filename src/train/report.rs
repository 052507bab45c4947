//! The classification report, laid out as scikit-learn prints it. Plain data.

use super::{
    metrics::{ClassScore, ConfusionMatrix},
    run_tables::csv,
};

/// What a row of the report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// One class.
    Class(usize),
    /// All images.
    Accuracy,
    /// The mean over classes, each counting the same.
    MacroAverage,
    /// The mean over classes, each counting as often as it occurs.
    WeightedAverage,
}

/// A row of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRow {
    /// What it is about.
    pub kind: RowKind,
    /// The class, or scikit-learn's words.
    pub name: String,
    /// Precision, 0..1; `None` beside the accuracy.
    pub precision: Option<f64>,
    /// Recall, 0..1; `None` beside the accuracy.
    pub recall: Option<f64>,
    /// F1, or the accuracy, 0..1.
    pub f1: f64,
    /// Images it is about.
    pub support: u64,
}

/// Precision, recall and F1 of every class, accuracy and averages.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassificationReport {
    /// Classes in their order, then accuracy, macro and weighted average.
    pub rows: Vec<ReportRow>,
}

/// scikit-learn's headings.
const HEADINGS: [&str; 4] = ["precision", "recall", "f1-score", "support"];
const WEIGHTED: &str = "weighted avg";

impl ClassificationReport {
    /// What `confusion` comes to; a class without a name is called by its number.
    pub fn new(confusion: &ConfusionMatrix, classes: &[String]) -> Self {
        let row = |kind, name: String, score: ClassScore| ReportRow {
            kind,
            name,
            precision: Some(score.precision),
            recall: Some(score.recall),
            f1: score.f1,
            support: score.support,
        };
        let scores = confusion.class_scores().into_iter().enumerate();
        let mut rows: Vec<ReportRow> = scores
            .map(|(class, score)| row(RowKind::Class(class), class_name(classes, class), score))
            .collect();
        rows.push(ReportRow {
            kind: RowKind::Accuracy,
            name: "accuracy".into(),
            precision: None,
            recall: None,
            f1: confusion.accuracy(),
            support: confusion.total(),
        });
        let averages = [
            (
                RowKind::MacroAverage,
                "macro avg",
                confusion.macro_average(),
            ),
            (
                RowKind::WeightedAverage,
                WEIGHTED,
                confusion.weighted_average(),
            ),
        ];
        rows.extend(averages.map(|(kind, name, score)| row(kind, name.into(), score)));
        Self { rows }
    }

    /// As `sklearn.metrics.classification_report` prints it with four decimals.
    pub fn text(&self) -> String {
        let names = self.rows.iter().map(|row| row.name.chars().count());
        let width = names.max().unwrap_or(0).max(WEIGHTED.len());
        let [precision, recall, f1, support] = HEADINGS;
        let mut text = format!(
            "{:>width$}  {precision:>9} {recall:>9} {f1:>9} {support:>9}\n\n",
            ""
        );
        for row in &self.rows {
            let share =
                |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
            if row.kind == RowKind::Accuracy {
                text.push('\n');
            }
            text.push_str(&format!(
                "{:>width$}  {:>9} {:>9} {:>9.4} {:>9}\n",
                row.name,
                share(row.precision),
                share(row.recall),
                row.f1,
                row.support
            ));
        }
        text
    }

    /// The same as a table of comma-separated values, with every decimal.
    ///
    /// # Errors
    /// What the csv library said.
    pub fn csv(&self) -> Result<Vec<u8>, String> {
        let [precision, recall, f1, support] = HEADINGS.map(str::to_owned);
        let share = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let rows = self.rows.iter().map(|row| {
            let (precision, recall) = (share(row.precision), share(row.recall));
            let (f1, support) = (row.f1.to_string(), row.support.to_string());
            [row.name.clone(), precision, recall, f1, support]
        });
        let heading = [String::new(), precision, recall, f1, support];
        csv(std::iter::once(heading).chain(rows))
    }
}

/// The name of one class; its number when it has none.
pub fn class_name(classes: &[String], class: usize) -> String {
    classes
        .get(class)
        .cloned()
        .unwrap_or_else(|| format!("class {class}"))
}
