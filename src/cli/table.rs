//! Aligned tables for people. What cannot be seen is escaped, so that no name breaks a line or colours the terminal.

use crate::plain;

/// Rows of text under headings, each column as wide as its widest cell.
pub struct Table {
    /// Headings in the first row.
    rows: Vec<Vec<String>>,
    /// Which columns stand on the right.
    on_the_right: Vec<bool>,
}

const GAP: &str = "  ";

impl Table {
    /// Under `headings`; `>size` stands on the right.
    pub fn new(headings: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let headings: Vec<String> = headings.into_iter().map(Into::into).collect();
        let mut table = Self {
            rows: Vec::new(),
            on_the_right: headings.iter().map(|text| text.starts_with('>')).collect(),
        };
        let name = |text: &String| text.strip_prefix('>').unwrap_or(text).to_owned();
        table.row(headings.iter().map(name));
        table
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let visible = |cell: String| plain::visible(&cell).into_owned();
        self.rows.push(cells.into_iter().map(visible).collect());
    }

    /// The table as text, without a line end after the last row.
    pub fn render(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.on_the_right.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&self.on_the_right).zip(&widths);
            let cells = cells.map(|((cell, &on_the_right), &width)| match on_the_right {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            });
            cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_clean() {
        let mut table = Table::new(["name", ">n", "x"]);
        table.row(["é".into(), "1,000".into(), "last".into()]);
        table.row(["circle".into(), "7".into(), String::new()]);
        table.row(["a\n\u{1b}[1m".into(), "8".into(), String::new()]);
        assert_eq!(
            table.render(),
            "name              n  x\né             1,000  last\ncircle            7\na\\n\\u{1b}[1m      8"
        );
    }
}
