//! Who asks the window to close: signals, as logging out and shutting down send them, and a display that goes away. The real
//! program in a real window, while a run goes on.
//!
//! Needs what `end_to_end.rs` needs, and says so without it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{fs, path::PathBuf};

use crate::common::{Desktop, Window};
use convscope::train::run_folder::{MODEL_FILE, RunResult};

/// Begins a run and waits for its first epoch.
fn training(desktop: &Desktop) -> Window<'_> {
    let window = desktop.open(&[]);
    window.wait_for_line("Opened shapes", 0);
    window.press("ctrl+3");
    window.press("ctrl+Return");
    window.wait_for_line("Epoch 1", 0);
    window
}

/// The only run.
fn run(desktop: &Desktop) -> PathBuf {
    let mut runs = fs::read_dir(desktop.home.path().join("runs")).unwrap();
    runs.next().unwrap().unwrap().path()
}

#[test]
fn a_signal_closes_the_window_in_order() {
    if !crate::common::is_possible() {
        return;
    }
    for signal in ["TERM", "HUP"] {
        let desktop = Desktop::start(1280, 800);
        let status = training(&desktop).end_with(signal);
        assert!(status.success(), "{signal}: {status}");
        let run = run(&desktop);
        let result = RunResult::load(&run).unwrap().unwrap();
        assert!(
            !result.completed && result.failure.is_none(),
            "{signal}: {result:?}"
        );
        assert!(result.best_epoch >= 1, "{signal}: the last epoch is kept");
        assert!(run.join(MODEL_FILE).is_file(), "{signal}");
        assert!(
            desktop.home.path().join("settings.ron").is_file(),
            "{signal}"
        );
    }
}

#[test]
fn a_display_that_goes_away_ends_the_program_without_a_crash() {
    if !crate::common::is_possible() {
        return;
    }
    let desktop = Desktop::start(1280, 800);
    let status = training(&desktop).lose_display();
    assert_eq!(status.code(), Some(1), "{status}");
    // The run was cut off after its last epoch, or it ended in order first: it can be continued or its model is there.
    let run = run(&desktop);
    if let Some(result) = RunResult::load(&run).unwrap() {
        assert!(result.failure.is_none(), "{result:?}");
        assert!(run.join(MODEL_FILE).is_file(), "{result:?}");
    }
    assert!(!convscope::train::run_folder::is_running(&run));
}
