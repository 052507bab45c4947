//! Aligned tables for people. What cannot be seen is escaped, so that no name breaks a line or colours the terminal.

use crate::plain;

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Rows of text under headings, each column as wide as its widest cell.
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

const GAP: &str = "  ";

impl Table {
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns
            .iter()
            .map(|(name, align)| (plain::visible(name).into_owned(), *align))
            .collect();
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let visible = |cell: String| plain::visible(&cell).into_owned();
        self.rows.push(cells.into_iter().map(visible).collect());
    }

    /// The table as text, without a line end after the last row.
    pub fn render(&self) -> String {
        let heading: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let rows = || std::iter::once(&heading).chain(&self.rows);
        let width = |column: usize| {
            let cells = rows().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&self.columns).zip(&widths);
            let cells = cells.map(|((cell, (_, align)), &width)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
            cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
        };
        rows().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_clean() {
        let mut table = Table::new(&[
            ("name", Align::Left),
            ("n", Align::Right),
            ("x", Align::Left),
        ]);
        table.row(["é".into(), "1,000".into(), "last".into()]);
        table.row(["circle".into(), "7".into(), String::new()]);
        table.row(["a\n\u{1b}[1m".into(), "8".into(), String::new()]);
        assert_eq!(
            table.render(),
            "name              n  x\né             1,000  last\ncircle            7\na\\n\\u{1b}[1m      8"
        );
    }
}
