//! A careful newcomer's own data, with the real program in a real window: drop a folder, let the doctor
//! find what stands in two parts, fix it, give a class a better name, train.
//!
//! Needs what `end_to_end.rs` needs. Screenshots are kept in `target/end-to-end`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::common::{Desktop, Window, leaky_folder};
use convscope::{
    data::{Edits, edits},
    train::Experiment,
};

/// Places in a window of 1280×800, as the screenshots show them.
const DOCTOR_TAB: (u32, u32) = (827, 58);
const EXAMINE: (u32, u32) = (883, 467);
const DROP_LEAKS: (u32, u32) = (808, 231);
const FIRST_CLASS: (u32, u32) = (180, 205);
const RENAME: (u32, u32) = (222, 252);

const NEW_NAME: &str = "felis catus, the house cat";

fn click(window: &Window<'_>, (x, y): (u32, u32)) {
    window.click(x, y);
}

/// Waits until the changes that were kept satisfy `is_done`.
fn wait_for_edits(sidecar: &Path, is_done: impl Fn(&Edits) -> bool) -> Edits {
    let start = Instant::now();
    loop {
        let edits = Edits::load(sidecar).unwrap();
        if is_done(&edits) {
            return edits;
        }
        assert!(
            start.elapsed() < crate::common::PATIENCE,
            "kept are {edits:?}"
        );
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn drop_a_folder_fix_a_leak_rename_a_class_train() {
    if !crate::common::is_possible() {
        return;
    }
    let desktop = Desktop::start(1280, 800);
    let home = desktop.home.path();
    fs::write(home.join("settings.ron"), "(theme: Dark)").unwrap();
    let folder = leaky_folder(home);
    let sidecar = edits::sidecar(&home.join("edits"), &folder);
    let window = desktop.open(&[]);
    window.wait_for_line("Opened shapes", 0);
    window.drop_files(&[&folder]);
    window.wait_for_line("Opened leaky: 26 images of 2 classes", 0);

    sleep(Duration::from_secs(1));
    click(&window, DOCTOR_TAB);
    sleep(Duration::from_millis(500));
    click(&window, EXAMINE);
    // Twenty-six small pictures; nothing tells a script when they are read and drawn.
    let start = Instant::now();
    let is_found = || Edits::load(&sidecar).is_ok_and(|edits| edits.excluded.len() == 2);
    while !is_found() {
        assert!(
            start.elapsed() < crate::common::PATIENCE,
            "nothing was found"
        );
        sleep(Duration::from_secs(3));
        window.rest_pointer();
        window.keep("data-1-examined");
        click(&window, DROP_LEAKS);
    }
    let kept = wait_for_edits(&sidecar, |edits| edits.excluded.len() == 2);
    let twins = ["train/cat/cat.0001.jpg", "train/dog/dog.0001.jpg"];
    assert!(kept.excluded.iter().eq(twins.iter()), "{kept:?}");

    let (x, y) = FIRST_CLASS;
    window.right_click(x, y);
    click(&window, RENAME);
    sleep(Duration::from_millis(500));
    window.press("ctrl+a");
    window.write(NEW_NAME);
    window.keep("data-2-renaming");
    window.press("Return");
    wait_for_edits(&sidecar, |edits| {
        edits
            .renamed
            .get("cat")
            .is_some_and(|name| name == NEW_NAME)
    });

    window.press("ctrl+3");
    sleep(Duration::from_millis(500));
    window.press("ctrl+Return");
    window.wait_for_line("Training finished", 0);
    window.rest_pointer();
    window.keep("data-3-trained");
    window.close();

    let run = fs::read_dir(home.join("runs")).unwrap().next().unwrap();
    let run = run.unwrap().path();
    let experiment = Experiment::load(&run.join("experiment.ron")).unwrap();
    assert_eq!(experiment.edits, Edits::load(&sidecar).unwrap());
    let split = fs::read_to_string(run.join("split.csv")).unwrap();
    for twin in twins {
        assert!(split.contains(&format!("{twin},none,")), "{split}");
    }
    assert!(split.contains(NEW_NAME), "{split}");
    let report = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(report.contains(NEW_NAME));
    assert!(
        folder.join(twins[0]).is_file(),
        "the user's files stay as they are"
    );
}
