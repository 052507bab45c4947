//! Which columns of a list of files mean what: people and programs write many headers.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

/// Names of the columns, the likeliest first, in small letters and without what separates words.
const PATH: [&str; 6] = ["path", "file", "filename", "filepath", "image", "imagepath"];
const LABEL: [&str; 4] = ["label", "class", "category", "classname"];
const SPLIT: [&str; 4] = ["split", "set", "partition", "subset"];
/// What separates columns, the likeliest first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// No header is longer.
const MOST_HEADER_BYTES: u64 = 64 << 10;

/// Where the columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    /// Between columns.
    pub separator: u8,
    /// Index of the files' column.
    pub path: usize,
    /// Index of the labels' column.
    pub label: usize,
    /// Index of the parts' column.
    pub split: Option<usize>,
}

impl Columns {
    /// Reads the first line of the file `path`; an error follows the file's name.
    pub fn read(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("cannot be read ({error})"))?;
        let mut line = Vec::new();
        BufReader::new(file)
            .take(MOST_HEADER_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("cannot be read ({error})"))?;
        Self::parse(&line)
    }

    fn parse(line: &[u8]) -> Result<Self, String> {
        if line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff") {
            return Err("is written in UTF-16: save it as CSV in UTF-8".to_owned());
        }
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let count = |separator: &u8| line.iter().filter(|byte| *byte == separator).count();
        // `max_by_key` takes the last of equals, and the comma is the likeliest.
        let separator = SEPARATORS
            .into_iter()
            .rev()
            .max_by_key(count)
            .unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(separator)
            .from_reader(line);
        let mut header = csv::ByteRecord::new();
        let found = reader.read_byte_record(&mut header);
        if !found.is_ok_and(|found| found) {
            return Err("is empty: write a header path,label and a line for each image".to_owned());
        }
        let names: Vec<String> = header.iter().map(plain).collect();
        let column = |known: &[&str]| {
            known
                .iter()
                .find_map(|known| names.iter().position(|name| name == known))
        };
        match (column(&PATH), column(&LABEL)) {
            (Some(path), Some(label)) => Ok(Self {
                separator,
                path,
                label,
                split: column(&SPLIT),
            }),
            (path, _) => {
                let missing = if path.is_some() { "label" } else { "path" };
                let first: String = String::from_utf8_lossy(line)
                    .trim()
                    .chars()
                    .take(80)
                    .collect();
                Err(format!(
                    "has no column {missing} in line 1 ({first}): write a header such as path,label"
                ))
            }
        }
    }
}

/// A column's name in small letters, without what separates words.
fn plain(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_understood_however_they_are_written() {
        let columns = |separator, path, label, split| {
            Ok(Columns {
                separator,
                path,
                label,
                split,
            })
        };
        let rows: [(&[u8], Result<Columns, &str>, &str); 13] = [
            (b"path,label\n", columns(b',', 0, 1, None), "the plain one"),
            (
                b"path,label,split\r\n",
                columns(b',', 0, 1, Some(2)),
                "with parts, from Windows",
            ),
            (
                b"id;Class;File",
                columns(b';', 2, 1, None),
                "any order, more columns, semicolons",
            ),
            (
                b"image\tcategory\tsubset",
                columns(b'\t', 0, 1, Some(2)),
                "tabs",
            ),
            (
                b"\xef\xbb\xbfpath,label",
                columns(b',', 0, 1, None),
                "Excel's mark of UTF-8",
            ),
            (b"\"path\",\"label\"", columns(b',', 0, 1, None), "quoted"),
            (
                b" File Name , Class_Name ",
                columns(b',', 0, 1, None),
                "words apart",
            ),
            (
                b"image,path,label",
                columns(b',', 1, 2, None),
                "a path is likelier than an image",
            ),
            (
                b"a.png,cat",
                Err("no column path in line 1 (a.png,cat)"),
                "no header",
            ),
            (b"path,colour", Err("no column label"), "no labels"),
            (b"", Err("is empty"), "nothing"),
            (b"\xff\xfep\0a\0", Err("UTF-16"), "Excel's Unicode text"),
            (b"\x89PNG\r\n", Err("no column path"), "an image"),
        ];
        for (line, expected, reason) in rows {
            match (Columns::parse(line), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{reason}"),
                (Err(words), Err(part)) => assert!(words.contains(part), "{reason}: {words}"),
                (found, _) => panic!("{reason}: {found:?}"),
            }
        }
    }
}
