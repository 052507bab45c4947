//! Reading a list of files and labels: a CSV file with the columns `path,label` and perhaps `split`, beside
//! the images or above them.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::File,
    io::BufReader,
    path::{Component, Path, PathBuf},
};

use super::{
    InFolder, Opened, Reader, Request, SourceError, SourceFile,
    detect::Packing,
    folder,
    listing::{self, has_ending},
    manifest_columns::Columns,
    natural,
    splits::part_named,
    survey::Survey,
};
use crate::data::{
    dataset::{Dataset, Sample, SourceKind, display_path},
    files,
    split::SplitName,
};

const ENDINGS: [&str; 2] = ["csv", "tsv"];
/// Lines that were left out and are told one by one.
const MOST_TOLD: usize = 20;
/// Rows between two reports of progress.
const REPORT_EVERY: usize = 256;

pub(super) const READER: Reader = Reader {
    words: "a CSV list of files and labels",
    id: "manifest",
    file: Some(SourceFile {
        called: "CSV",
        endings: &["csv", "tsv", "txt"],
        is_one: |seen| {
            let named = || has_ending(seen.path, &ENDINGS);
            seen.packing == Packing::Not && (named() || has_header(seen.path))
        },
        reason: "it lists files and labels",
    }),
    in_folder,
    read: |path, request| Ok(Opened::files(read(path, request)?)),
};

/// The only list, likelier than folders where images lie in folders that are no classes: it alone knows the labels.
fn in_folder(survey: &Survey) -> Option<InFolder> {
    let [path] = survey.manifests.as_slice() else {
        return None;
    };
    let name = display_path(Path::new(path.file_name()?));
    Some(InFolder {
        path: path.clone(),
        reason: format!("{name} lists files and labels"),
        likelihood: if survey.has_only_parts() { 42 } else { 20 },
    })
}

/// Whether the file `path` is called like a list and has a header that can be used.
pub(super) fn is_one(path: &Path) -> bool {
    has_ending(path, &ENDINGS) && has_header(path)
}

/// Whether the file `path` begins like a list, whatever it is called.
fn has_header(path: &Path) -> bool {
    Columns::read(path).is_ok()
}

/// Reads the list `path`, or the only list in the folder `path`, without opening any image. Rows that name
/// no file below the list's folder are left out and counted as misplaced.
fn read(path: &Path, request: &Request<'_>) -> Result<Dataset, SourceError> {
    let list = if path.is_dir() {
        only_list(path, request)?
    } else {
        path.to_path_buf()
    };
    let wrong = |words: String| SourceError::wrong(&list, words);
    let columns = Columns::read(&list).map_err(wrong)?;
    let root = files::folder_of(&list);
    let file = File::open(&list).map_err(SourceError::read(&list))?;
    let total = file.metadata().map_err(SourceError::read(&list))?.len();
    let mut rows = Rows {
        list: &list,
        columns,
        classes: HashMap::new(),
        seen: HashMap::new(),
        dataset: folder::empty(&list, SourceKind::Manifest),
        left_out: Vec::new(),
    };
    rows.dataset.root = root.to_path_buf();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(columns.separator)
        .flexible(true)
        .from_reader(BufReader::new(file));
    let mut record = csv::ByteRecord::new();
    let mut count = 0;
    loop {
        request.cancel.check()?;
        let more = reader.read_byte_record(&mut record);
        let more =
            more.map_err(|error| SourceError::wrong(&list, format!("is no CSV file: {error}")))?;
        if !more {
            break;
        }
        rows.add(&record)?;
        count += 1;
        if count % REPORT_EVERY == 0 {
            let done = reader.position().byte().min(total);
            (request.progress)(done as usize, total as usize);
        }
    }
    rows.finish()
}

fn only_list(folder: &Path, request: &Request<'_>) -> Result<PathBuf, SourceError> {
    let (entries, _) = listing::list(folder, request.cancel)?;
    let paths = entries.iter().map(|entry| folder.join(&entry.name));
    let (usable, other): (Vec<_>, Vec<_>) = paths
        .filter(|path| has_ending(path, &ENDINGS))
        .partition(|path| has_header(path));
    match (usable.as_slice(), other.as_slice()) {
        ([only], _) | ([], [only]) => Ok(only.clone()),
        ([], []) => Err(SourceError::wrong(
            folder,
            "has no CSV file: write one with the columns path,label and a line for each image",
        )),
        _ => {
            let count = usable.len().max(other.len());
            let words = format!("has {count} CSV files: choose the one to read");
            Err(SourceError::wrong(folder, words))
        }
    }
}

/// What was read so far.
struct Rows<'a> {
    list: &'a Path,
    columns: Columns,
    /// Number of each class, in the order of the list.
    classes: HashMap<String, usize>,
    /// What was said about each file already.
    seen: HashMap<PathBuf, usize>,
    dataset: Dataset,
    left_out: Vec<String>,
}

impl Rows<'_> {
    fn add(&mut self, record: &csv::ByteRecord) -> Result<(), SourceError> {
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |words: &str| SourceError::wrong(self.list, format!("line {line} {words}"));
        let text = |column: usize| {
            let field = record.get(column).unwrap_or_default();
            std::str::from_utf8(field)
                .map(str::trim)
                .map_err(|_| wrong("is not written in UTF-8: save the list as CSV in UTF-8"))
        };
        if record.iter().all(<[u8]>::is_empty) {
            return Ok(());
        }
        let label = text(self.columns.label)?;
        let word = self
            .columns
            .split
            .map(text)
            .transpose()?
            .unwrap_or_default();
        let part = part_named(word);
        if part.is_none() && !word.is_empty() {
            let words = format!("has the part {word}: write train, validation or test");
            return Err(wrong(&words));
        }
        let name = record.get(self.columns.path).unwrap_or_default();
        if name.trim_ascii().is_empty() {
            return Err(wrong(
                "names no file: write its path below the list's folder",
            ));
        }
        if label.is_empty() {
            return Err(wrong("has no label: write one or delete the line"));
        }
        match self.find(name) {
            Ok(path) => {
                let label = label.to_owned();
                self.sample(path, label, part, line);
            }
            Err((path, words)) => self.leave_out(&path, line, words),
        }
        Ok(())
    }

    /// The file that a row names, below the root.
    fn find(&self, name: &[u8]) -> Result<PathBuf, (PathBuf, &'static str)> {
        let given = files::path_of_bytes(name.trim_ascii());
        let is_there = |path: &PathBuf| self.dataset.root.join(path).is_file();
        let given_words = plain_path(&given);
        if let Some(path) = given_words.as_ref().filter(|path| is_there(path)) {
            return Ok(path.clone());
        }
        // Not a name that has backslashes, as Unix allows: a path from Windows.
        let bytes = files::slashed(name.trim_ascii());
        let is_drive =
            matches!(bytes.as_slice(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
        let slashed = files::path_of_bytes(&bytes);
        match plain_path(&slashed).filter(|_| !is_drive) {
            Some(path) if is_there(&path) => Ok(path),
            Some(path) => Err((path, "does not exist")),
            None => Err((given, "is not below the list's folder")),
        }
    }

    fn sample(&mut self, path: PathBuf, label: String, part: Option<SplitName>, line: u64) {
        let next = self.classes.len();
        let label = *self.classes.entry(label).or_insert(next);
        match self.seen.get(&path) {
            Some(known) if *known == label => self.leave_out(&path, line, "is listed already"),
            Some(_) => self.leave_out(&path, line, "is listed already with another label"),
            None => {
                self.dataset.samples.push(Sample {
                    part,
                    ..Sample::file(&path, label)
                });
                self.seen.insert(path, label);
            }
        }
    }

    fn leave_out(&mut self, path: &Path, line: u64, words: &str) {
        folder::pass_over(&mut self.dataset.skipped, path, true);
        if self.left_out.len() < MOST_TOLD {
            let path = display_path(path);
            self.left_out.push(format!("line {line}: {path} {words}"));
        }
    }

    /// Puts the classes into natural order.
    fn finish(mut self) -> Result<Dataset, SourceError> {
        let mut used = vec![false; self.classes.len()];
        for sample in &self.dataset.samples {
            used[sample.label] = true;
        }
        let mut names: Vec<(String, usize)> = self.classes.into_iter().collect();
        names.retain(|(_, label)| used[*label]);
        names.sort_by_cached_key(|(name, _)| natural::key(OsStr::new(name)));
        let left_out = self.dataset.skipped.misplaced;
        if names.len() < 2 {
            let found = match (names.first(), self.left_out.first()) {
                (Some((only, _)), _) => {
                    format!("has one class only ({only}): add images of at least one more")
                }
                (None, Some(first)) => format!(
                    "lists no image that can be used, in {left_out} lines ({first}): write paths below {}",
                    display_path(&self.dataset.root)
                ),
                (None, None) => "lists no images: write a line for each".to_owned(),
            };
            return Err(SourceError::wrong(self.list, found));
        }
        let mut new = vec![0; used.len()];
        for (label, (_, old)) in names.iter().enumerate() {
            new[*old] = label;
        }
        for sample in &mut self.dataset.samples {
            sample.label = new[sample.label];
        }
        self.dataset.classes = names.into_iter().map(|(name, _)| name).collect();
        if left_out > 0 {
            let mut words = self.left_out.join("; ");
            if left_out > self.left_out.len() {
                words += &format!("; and {} more", left_out - self.left_out.len());
            }
            self.dataset
                .metadata
                .push(("Lines left out".to_owned(), words));
        }
        Ok(self.dataset)
    }
}

/// `path` without `.`; `None` when it is absolute or leads up.
fn plain_path(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}
