//! The window's file dialog without its drawing: where one is, what is shown and chosen, what Enter means.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    Kind, Look, Question,
    folders::{Entries, Entry, Folders, Found, News},
};
use crate::data::dataset::display_path;

/// What is done with a path once it is known what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    /// Go into it, when it is a folder.
    Enter,
    /// Choose it.
    Choose,
}

/// Where one is and what is chosen.
pub struct Browsing {
    pub question: Question,
    pub look: Look,
    pub folder: PathBuf,
    /// What is in the folder; `None` until it has been read.
    pub entries: Option<Result<Entries, String>>,
    /// Positions of what is shown, in their order.
    pub shown: Vec<usize>,
    /// Positions in [`Self::shown`] that are chosen.
    pub chosen: BTreeSet<usize>,
    /// The one that arrow keys go on from.
    pub at: Option<usize>,
    /// What is typed: a name, a part of one or a path.
    pub text: String,
    /// Shows files of other kinds too.
    pub all_files: bool,
    /// What stands in the way.
    pub problem: Option<String>,
    /// The file that is there and would be replaced.
    pub to_replace: Option<PathBuf>,
    /// The name of the folder that is being made.
    pub new_folder: Option<String>,
    looking: Option<(PathBuf, Intent)>,
    answer: Option<Vec<PathBuf>>,
}

impl Browsing {
    /// In the folder that the question names, or the user's own.
    pub fn open(question: Question, folders: &Folders) -> Self {
        let folder = question.folder.clone();
        let folder = folder.or_else(home).unwrap_or_else(|| PathBuf::from("/"));
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let text = question.file_name();
        folders.list(folder.clone());
        Self {
            look: question.purpose.look(),
            question,
            folder,
            entries: None,
            shown: Vec::new(),
            chosen: BTreeSet::new(),
            at: None,
            text,
            all_files: false,
            problem: None,
            to_replace: None,
            new_folder: None,
            looking: None,
            answer: None,
        }
    }

    /// Takes what the thread answered, and the answer to the question when it is known.
    pub fn take(&mut self, folders: &Folders) -> Option<Vec<PathBuf>> {
        while let Some(news) = folders.next() {
            match news {
                News::Listed(folder, entries) if folder == self.folder => {
                    self.listed(entries, folders);
                }
                News::Looked(path, found) => {
                    if let Some((_, intent)) = self.looking.take_if(|(of, _)| *of == path) {
                        self.looked(path, found, intent, folders);
                    }
                }
                News::Made(path, Ok(())) => self.go_to(path, folders),
                News::Made(_, Err(words)) => self.problem = Some(words),
                // Of a folder that was left.
                News::Listed(..) => {}
            }
        }
        self.answer.take()
    }

    fn listed(&mut self, entries: Result<Entries, String>, folders: &Folders) {
        let is_first = self.entries.is_none();
        if entries.is_err()
            && is_first
            && self.question.folder.take().is_some()
            && let Some(home) = home()
        {
            // The folder of last time has gone.
            return self.go_to(home, folders);
        }
        self.entries = Some(entries);
        self.filter();
    }

    /// Goes to another folder.
    pub fn go_to(&mut self, folder: PathBuf, folders: &Folders) {
        folders.list(folder.clone());
        self.folder = folder;
        self.entries = None;
        self.problem = None;
        self.to_replace = None;
        self.new_folder = None;
        // A name to save under goes along; what was looked for was looked for here.
        if self.look.kind != Kind::Save {
            self.text.clear();
        }
        self.filter();
    }

    /// Goes to the folder that holds this one.
    pub fn go_up(&mut self, folders: &Folders) {
        if let Some(parent) = self.folder.parent() {
            self.go_to(parent.to_path_buf(), folders);
        }
    }

    /// Works out what is shown, after what was typed or read.
    pub fn filter(&mut self) {
        self.chosen.clear();
        self.at = None;
        self.shown.clear();
        let Some(Ok(entries)) = &self.entries else {
            return;
        };
        let is_search = self.look.kind != Kind::Save && !is_path(&self.text);
        let part = self.text.trim().to_lowercase();
        let part = Some(part).filter(|_| is_search).unwrap_or_default();
        let (look, all) = (&self.look, self.all_files);
        let is_shown = |entry: &Entry| {
            let is_hidden = entry.words.starts_with('.') && !part.starts_with('.');
            let fits = entry.is_folder || all || fits(look, entry);
            !is_hidden && fits && (part.is_empty() || entry.words.to_lowercase().contains(&part))
        };
        let shown = (0..entries.len()).filter(|at| is_shown(&entries[*at]));
        self.shown = shown.collect();
        if !part.is_empty() {
            // Enter takes what is found first.
            let first = (0..self.shown.len()).find(|row| self.can_choose(*row));
            self.choose_only(first);
        }
    }

    /// What is shown in row `row`.
    pub fn entry(&self, row: usize) -> Option<&Entry> {
        let Some(Ok(entries)) = &self.entries else {
            return None;
        };
        entries.get(*self.shown.get(row)?)
    }

    /// Whether row `row` can be chosen.
    pub fn can_choose(&self, row: usize) -> bool {
        let entry = self.entry(row);
        entry.is_some_and(|entry| is_choosable(&self.look, entry))
    }

    fn choose_only(&mut self, row: Option<usize>) {
        self.chosen = row.into_iter().collect();
        self.at = row;
    }

    /// A row was clicked; `adds` it to the chosen ones, or all between the last one and it.
    pub fn click(&mut self, row: usize, adds: bool, all_between: bool) {
        if !self.can_choose(row) {
            return;
        }
        self.problem = None;
        let is_many = self.look.kind == Kind::Files;
        match self.at.filter(|_| is_many) {
            Some(from) if all_between => {
                let between = from.min(row)..=from.max(row);
                let files = between.filter(|row| self.entry(*row).is_some_and(|e| !e.is_folder));
                self.chosen = files.collect();
            }
            _ if adds && is_many => {
                if !self.chosen.remove(&row) {
                    self.chosen.insert(row);
                }
                self.at = Some(row);
            }
            _ => self.choose_only(Some(row)),
        }
        self.take_over_name(row);
    }

    /// Saving under the name of a file that is there.
    fn take_over_name(&mut self, row: usize) {
        if self.look.kind == Kind::Save
            && let Some(entry) = self.entry(row).filter(|entry| !entry.is_folder)
        {
            self.text = entry.words.clone();
        }
    }

    /// Arrow keys: `rows` further down.
    pub fn step(&mut self, rows: isize) {
        let Some(last) = self.shown.len().checked_sub(1) else {
            return;
        };
        let target = match self.at {
            Some(at) => at.saturating_add_signed(rows).min(last),
            None if rows > 0 => 0,
            None => last,
        };
        let can = |row: &usize| self.can_choose(*row);
        let found = match rows > 0 {
            true => (target..=last).find(can),
            false => (0..=target).rev().find(can),
        };
        if let Some(row) = found {
            self.choose_only(Some(row));
            self.take_over_name(row);
        }
    }

    /// All files that are shown.
    pub fn choose_all(&mut self) {
        let rows = 0..self.shown.len();
        let files = rows.filter(|row| self.entry(*row).is_some_and(|entry| !entry.is_folder));
        self.chosen = files.collect();
    }

    /// A path was typed as far as a separator: goes there.
    pub fn typed(&mut self, folders: &Folders) {
        self.problem = None;
        self.to_replace = None;
        self.filter();
        if is_path(&self.text) && self.text.ends_with(['/', '\\']) {
            let path = self.typed_path();
            self.look(path, Intent::Enter, folders);
        }
    }

    fn look(&mut self, path: PathBuf, intent: Intent, folders: &Folders) {
        folders.look(path.clone());
        self.looking = Some((path, intent));
    }

    /// What is typed as a path.
    fn typed_path(&self) -> PathBuf {
        let text = self.text.trim();
        let below_home = text.strip_prefix('~').zip(home());
        match below_home {
            Some((rest, home)) => home.join(rest.trim_start_matches(['/', '\\'])),
            None => self.folder.join(text),
        }
    }

    /// Which of the formats the typed name has; the first when it says nothing.
    pub fn format(&self) -> usize {
        let format = self.look.format_of(Path::new(self.text.trim()));
        format.unwrap_or_default()
    }

    /// Gives the typed name the ending of another format.
    pub fn set_format(&mut self, format: usize) {
        let mut name = PathBuf::from(self.text.trim());
        if self.look.accepts(&name) {
            name.set_extension("");
        }
        if let Some((_, [ending, ..])) = self.look.filters.get(format) {
            name.add_extension(ending);
        }
        self.text = name.to_string_lossy().into_owned();
    }

    /// Whether there is something that [`Self::confirm`] would choose.
    pub fn can_confirm(&self) -> bool {
        match self.look.kind {
            Kind::Folder => true,
            Kind::Save => !self.text.trim().is_empty(),
            Kind::File | Kind::Files => !self.chosen.is_empty() || !self.text.trim().is_empty(),
        }
    }

    /// The folder that would be chosen as things are.
    pub fn chosen_folder(&self) -> PathBuf {
        let row = self.chosen.first().and_then(|row| self.entry(*row));
        row.map_or_else(
            || self.folder.clone(),
            |entry| self.folder.join(&entry.name),
        )
    }

    /// Enter, or the button.
    pub fn confirm(&mut self, folders: &Folders) {
        self.problem = None;
        let is_typed = !self.text.trim().is_empty();
        if self.look.kind == Kind::Save {
            // A folder that arrow keys stand on is gone into.
            let folder = self.at.and_then(|row| self.entry(row));
            match folder.filter(|entry| entry.is_folder) {
                Some(entry) => {
                    let path = self.folder.join(&entry.name);
                    self.go_to(path, folders);
                }
                None if is_typed => {
                    let path = self.typed_path();
                    // A folder may be typed too.
                    self.look(path, Intent::Choose, folders);
                }
                None => self.problem = Some("Type a name to save under".into()),
            }
            return;
        }
        if is_path(&self.text) || is_typed && self.chosen.is_empty() {
            let path = self.typed_path();
            return self.look(path, Intent::Choose, folders);
        }
        match self.look.kind {
            Kind::Folder => self.answer = Some(vec![self.chosen_folder()]),
            _ => self.confirm_files(folders),
        }
    }

    fn confirm_files(&mut self, folders: &Folders) {
        let chosen = self.chosen.iter().filter_map(|row| self.entry(*row));
        let chosen: Vec<&Entry> = chosen.collect();
        match chosen[..] {
            [] => self.problem = Some("Choose a file first".into()),
            [folder] if folder.is_folder => {
                let path = self.folder.join(&folder.name);
                self.go_to(path, folders);
            }
            _ => {
                let paths = chosen.iter().map(|entry| self.folder.join(&entry.name));
                self.answer = Some(paths.collect());
            }
        }
    }

    /// A row was double-clicked.
    pub fn open_row(&mut self, row: usize, folders: &Folders) {
        let Some(entry) = self.entry(row) else { return };
        let path = self.folder.join(&entry.name);
        if entry.is_folder {
            self.go_to(path, folders);
        } else if self.can_choose(row) {
            self.choose_only(Some(row));
            self.take_over_name(row);
            self.confirm(folders);
        }
    }

    fn looked(&mut self, path: PathBuf, found: Found, intent: Intent, folders: &Folders) {
        let shown = display_path(&path);
        match (self.look.kind, found, intent) {
            // An archive, a list or arrays in place of a folder: whoever types its path means it.
            (Kind::Folder, Found::Folder | Found::File, Intent::Choose)
            | (Kind::File | Kind::Files, Found::File, Intent::Choose) => {
                self.answer = Some(vec![path]);
            }
            (_, Found::Folder, _) => {
                self.text.clear();
                self.go_to(path, folders);
            }
            // Not there yet: more may be typed.
            (_, _, Intent::Enter) => {}
            (Kind::Save, Found::NoFolder, _) => {
                self.problem = Some(format!(
                    "{shown} cannot be written: there is no such folder"
                ));
            }
            (Kind::Save, found, _) => {
                let complete = self.look.with_ending(path.clone());
                if complete != path {
                    // The file with the ending may be there although the one without is not.
                    self.look(complete, Intent::Choose, folders);
                } else if found == Found::File {
                    self.to_replace = Some(path);
                } else {
                    self.answer = Some(vec![path]);
                }
            }
            (_, Found::Nothing | Found::NoFolder, _) => {
                self.problem = Some(format!("There is no {shown}"));
            }
        }
    }

    /// The file that is there may be replaced.
    pub fn replace(&mut self) {
        self.answer = self.to_replace.take().map(|path| vec![path]);
    }

    /// Makes the folder whose name was typed.
    pub fn make_folder(&mut self, folders: &Folders) {
        let name = self.new_folder.take().unwrap_or_default();
        if !name.trim().is_empty() {
            folders.make(self.folder.join(name.trim()));
        }
    }
}

/// The user's own folder.
pub fn home() -> Option<PathBuf> {
    // Unlike `UserDirs` it reads no file.
    directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf())
}

/// Whether what is typed is a path rather than a name.
fn is_path(text: &str) -> bool {
    let text = text.trim();
    text.contains(['/', '\\']) || text.starts_with('~') || Path::new(text).is_absolute()
}

/// Whether a file is of the kind that is looked for; where a folder is wanted, files show what it is.
fn fits(look: &Look, entry: &Entry) -> bool {
    look.kind == Kind::Folder || look.accepts(entry.name.as_ref())
}

fn is_choosable(look: &Look, entry: &Entry) -> bool {
    entry.is_folder || look.kind != Kind::Folder
}

#[cfg(test)]
mod tests;
