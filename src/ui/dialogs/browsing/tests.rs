//! What the dialog chooses, on folders of a disk.

use std::{fs, path::Path, sync::Arc, thread::sleep, time::Duration};

use super::*;
use crate::ui::{dialogs::Purpose, saving::Saving};

/// A folder with models, a picture, a folder of folders.
fn disk() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for folder in ["runs/deep", "images"] {
        fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    for file in [
        "net1.safetensors",
        "net10.safetensors",
        "cat.png",
        ".hidden.safetensors",
    ] {
        fs::write(home.path().join(file), "x").unwrap();
    }
    home
}

struct Dialog {
    folders: Folders,
    browsing: Browsing,
}

impl Dialog {
    fn open(purpose: Purpose, folder: &Path) -> Self {
        let folders = Folders::start(Arc::new(|| {})).unwrap();
        let question = Question {
            purpose,
            folder: Some(folder.to_path_buf()),
            name: "blood".into(),
            places: Vec::new(),
        };
        let browsing = Browsing::open(question, &folders);
        let mut dialog = Self { folders, browsing };
        dialog.settle();
        dialog
    }

    /// Until everything that was asked has been answered.
    fn settle(&mut self) -> Option<Vec<PathBuf>> {
        loop {
            let answer = self.browsing.take(&self.folders);
            let is_busy = self.browsing.entries.is_none() || self.browsing.looking.is_some();
            if answer.is_some() || !is_busy {
                return answer;
            }
            sleep(Duration::from_millis(1));
        }
    }

    fn type_in(&mut self, text: &str) -> Option<Vec<PathBuf>> {
        self.browsing.text = text.to_owned();
        self.browsing.typed(&self.folders);
        self.settle()
    }

    fn enter(&mut self) -> Option<Vec<PathBuf>> {
        self.browsing.confirm(&self.folders);
        self.settle()
    }

    fn names(&self) -> Vec<String> {
        let rows = 0..self.browsing.shown.len();
        let names = rows.filter_map(|row| self.browsing.entry(row));
        names.map(|entry| entry.words.clone()).collect()
    }
}

#[test]
fn only_what_can_be_opened_is_shown_and_typing_finds_it() {
    let disk = disk();
    let mut dialog = Dialog::open(Purpose::OpenModel, disk.path());
    assert_eq!(
        dialog.names(),
        ["images", "runs", "net1.safetensors", "net10.safetensors"]
    );
    dialog.browsing.all_files = true;
    dialog.browsing.filter();
    assert!(dialog.names().contains(&"cat.png".to_owned()));
    assert_eq!(dialog.type_in("T10"), None);
    assert_eq!(dialog.names(), ["net10.safetensors"]);
    assert_eq!(
        dialog.enter(),
        Some(vec![disk.path().join("net10.safetensors")])
    );
}

#[test]
fn arrows_go_through_what_is_shown_and_enter_goes_into_folders() {
    let disk = disk();
    let mut dialog = Dialog::open(Purpose::OpenModel, disk.path());
    for _ in 0..2 {
        dialog.browsing.step(1);
    }
    assert_eq!(dialog.enter(), None);
    assert_eq!(dialog.browsing.folder, disk.path().join("runs"));
    let folders = &dialog.folders;
    dialog.browsing.go_up(folders);
    dialog.settle();
    dialog.browsing.step(-1);
    assert_eq!(
        dialog.enter(),
        Some(vec![disk.path().join("net10.safetensors")])
    );
}

#[test]
fn a_folder_is_chosen_by_being_in_it_by_its_row_or_by_its_path() {
    let disk = disk();
    let open = || Dialog::open(Purpose::OpenDataset, disk.path());
    assert_eq!(open().enter(), Some(vec![disk.path().to_path_buf()]));
    let mut dialog = open();
    dialog.browsing.step(1);
    assert_eq!(dialog.enter(), Some(vec![disk.path().join("images")]));
    let mut dialog = open();
    let deep = disk.path().join("runs/deep");
    dialog.type_in(deep.to_str().unwrap());
    assert_eq!(dialog.enter(), Some(vec![deep]));
    let mut dialog = open();
    dialog.type_in("runs/");
    assert_eq!(
        dialog.browsing.folder,
        disk.path().join("runs/"),
        "a path leads on as it is typed"
    );
    let mut dialog = open();
    let file = disk.path().join("cat.png");
    dialog.type_in(file.to_str().unwrap());
    assert_eq!(dialog.enter(), Some(vec![file]), "an archive, say");
    assert!(
        !open().browsing.can_choose(2),
        "files show what the folder is"
    );
}

#[test]
fn what_is_there_is_replaced_only_when_asked() {
    let disk = disk();
    let mut dialog = Dialog::open(Purpose::Save(Saving::Model), disk.path());
    assert_eq!(
        dialog.browsing.text, "blood.safetensors",
        "named after what it is"
    );
    assert_eq!(
        dialog.enter(),
        Some(vec![disk.path().join("blood.safetensors")])
    );
    for name in ["net1", "net1.safetensors"] {
        let mut dialog = Dialog::open(Purpose::Save(Saving::Model), disk.path());
        dialog.type_in(name);
        assert_eq!(dialog.enter(), None, "{name}");
        let there = disk.path().join("net1.safetensors");
        assert_eq!(dialog.browsing.to_replace, Some(there.clone()), "{name}");
        dialog.browsing.replace();
        assert_eq!(dialog.settle(), Some(vec![there]), "{name}");
    }
    let mut dialog = Dialog::open(Purpose::Save(Saving::Model), disk.path());
    dialog.type_in("nowhere/new");
    assert_eq!(dialog.enter(), None);
    assert!(
        dialog
            .browsing
            .problem
            .as_ref()
            .unwrap()
            .contains("no such folder")
    );
}

#[test]
fn several_images_are_chosen_at_once() {
    let disk = disk();
    for name in ["a.png", "b.jpg", "c.txt"] {
        fs::write(disk.path().join("images").join(name), "").unwrap();
    }
    let mut dialog = Dialog::open(Purpose::ChooseImages, &disk.path().join("images"));
    assert_eq!(dialog.names(), ["a.png", "b.jpg"]);
    dialog.browsing.click(0, false, false);
    dialog.browsing.click(1, true, false);
    let both: Vec<_> = ["a.png", "b.jpg"]
        .map(|name| disk.path().join("images").join(name))
        .into();
    assert_eq!(dialog.enter(), Some(both.clone()));
    let mut dialog = Dialog::open(Purpose::ChooseImages, &disk.path().join("images"));
    dialog.browsing.click(0, false, false);
    dialog.browsing.click(1, false, true);
    assert_eq!(dialog.enter(), Some(both));
}

#[test]
fn a_folder_that_has_gone_leads_home() {
    let mut dialog = Dialog::open(Purpose::OpenModel, Path::new("/nowhere/at/all"));
    dialog.settle();
    assert_eq!(Some(dialog.browsing.folder.clone()), home());
}

#[test]
fn another_format_takes_the_place_of_the_ending() {
    let disk = disk();
    let mut dialog = Dialog::open(Purpose::Save(Saving::Model), disk.path());
    for (typed, expected) in [
        ("net", "net.safetensors"),
        ("net.v2", "net.v2.safetensors"),
        ("net.SafeTensors", "net.safetensors"),
    ] {
        dialog.browsing.text = typed.into();
        dialog.browsing.set_format(0);
        assert_eq!(dialog.browsing.text, expected);
        assert_eq!(dialog.browsing.format(), 0);
    }
}
