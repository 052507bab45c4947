//! True against predicted with sums at the margins, as `pandas.crosstab(…, margins=True)` gives it. Plain data.

use super::{metrics::ConfusionMatrix, report::class_name, run_tables};

/// What pandas calls the margins.
pub const ALL: &str = "All";
/// Name of the rows.
pub const TRUE: &str = "True";
/// Name of the columns.
pub const PREDICTED: &str = "Pred";

/// Counts of the classes that occur, with their sums: a class that no image is has no row, one that no image is
/// taken for no column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossTable {
    /// Classes of the rows, ascending.
    pub rows: Vec<usize>,
    /// Classes of the columns, ascending.
    pub columns: Vec<usize>,
    /// `counts[row][column]`; the last of each is the sum.
    pub counts: Vec<Vec<u64>>,
}

impl CrossTable {
    /// With more columns it is hard to read and, with a thousand classes, more than a browser opens: those that are confused
    /// most often are listed in its place.
    pub const MOST_COLUMNS: usize = 60;

    /// The table of `confusion`.
    pub fn new(confusion: &ConfusionMatrix) -> Self {
        let classes = 0..confusion.classes();
        let all = confusion.rows();
        let is_predicted = |column: &usize| all.iter().any(|row| row[*column] > 0);
        let rows: Vec<usize> = classes
            .clone()
            .filter(|row| all[*row].iter().any(|count| *count > 0))
            .collect();
        let columns: Vec<usize> = classes.filter(is_predicted).collect();
        let with_sum = |counts: Vec<u64>| {
            let sum = counts.iter().sum();
            counts.into_iter().chain([sum]).collect::<Vec<u64>>()
        };
        let row = |row: &usize| with_sum(columns.iter().map(|column| all[*row][*column]).collect());
        let sums = columns
            .iter()
            .map(|column| all.iter().map(|row| row[*column]).sum());
        let sums = with_sum(sums.collect());
        let counts = rows.iter().map(row).chain([sums]).collect();
        Self {
            rows,
            columns,
            counts,
        }
    }

    /// Names of those of `classes` that no image is taken for: they have no column.
    pub fn never_predicted(&self, classes: &[String]) -> Vec<String> {
        let numbers = (0..classes.len()).filter(|class| !self.columns.contains(class));
        numbers.map(|class| class_name(classes, class)).collect()
    }

    /// Names of the rows, `All` last.
    pub fn row_names(&self, classes: &[String]) -> Vec<String> {
        names(&self.rows, classes)
    }

    /// Names of the columns, `All` last.
    pub fn column_names(&self, classes: &[String]) -> Vec<String> {
        names(&self.columns, classes)
    }

    /// As pandas prints it, with no spaces at the ends of lines.
    pub fn text(&self, classes: &[String]) -> String {
        let (rows, columns) = (self.row_names(classes), self.column_names(classes));
        let length = |text: &str| text.chars().count();
        let index = rows.iter().map(|name| length(name)).max().unwrap_or(0);
        let index = index.max(TRUE.len()).max(PREDICTED.len());
        let width = |column: usize| {
            let counts = self.counts.iter().map(|row| row[column].to_string().len());
            counts.max().unwrap_or(0).max(length(&columns[column]))
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        let line = |name: &str, cells: &[String]| {
            let mut line = format!("{name:<index$}");
            for (cell, width) in cells.iter().zip(&widths) {
                line.push_str(&format!("  {cell:>width$}"));
            }
            line.trim_end().to_owned()
        };
        let mut lines = vec![line(PREDICTED, &columns), TRUE.to_owned()];
        for (name, counts) in rows.iter().zip(&self.counts) {
            let cells: Vec<String> = counts.iter().map(u64::to_string).collect();
            lines.push(line(name, &cells));
        }
        lines.join("\n")
    }

    /// As comma-separated values; the first column names the rows.
    ///
    /// # Errors
    /// What the csv library said.
    pub fn csv(&self, classes: &[String]) -> Result<Vec<u8>, String> {
        let mut heading = self.column_names(classes);
        heading.insert(0, TRUE.to_owned());
        let rows = self.row_names(classes).into_iter().zip(&self.counts);
        let rows = rows.map(|(name, counts)| {
            let cells = counts.iter().map(u64::to_string);
            std::iter::once(name).chain(cells).collect()
        });
        run_tables::csv(std::iter::once(heading).chain(rows))
    }
}

fn names(of: &[usize], classes: &[String]) -> Vec<String> {
    let names = of.iter().map(|class| class_name(classes, *class));
    names.chain([ALL.to_owned()]).collect()
}
