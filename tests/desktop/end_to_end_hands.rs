//! Typing numbers, saving and opening in a real window while two other programs keep the processors busy: nothing that the
//! hands do is cut, lost or ignored, however late the frames come.
//!
//! Needs what `end_to_end.rs` needs. Screenshots are kept in `target/end-to-end`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::common::{Desktop, PATIENCE, Window};
use crate::desk::{Desk, Opening};
use convscope::{
    engine::EstimateRequest,
    train::TrainingConfig,
    ui::{action::WindowAction, saving::Saving, settings::Settings, workspace::Step},
};
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;

/// Where the button of the newest notification stands in a window of 1280 × 800.
fn place_of_show() -> (u32, u32) {
    let shapes = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes");
    let mut desk = Desk::start(tempfile::tempdir().unwrap(), Opening::of(shapes));
    desk.opened();
    desk.answer(desk.home.path().join("kept.ron"));
    desk.act(Saving::Experiment);
    desk.wait("the file", |app| {
        let mut notices = app.state().notices.iter();
        notices.any(|notice| notice.text.starts_with("Saved "))
    });
    let show = desk.harness.get_by_role_and_label(Role::Button, "Show");
    let middle = show.rect().center();
    (middle.x as u32, middle.y as u32)
}

/// A program that never rests.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let mut program = Command::new("yes");
        Self(program.stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the fields of the Train step stand in a window of this size.
fn places(names: &[&str]) -> Vec<(u32, u32)> {
    let shapes = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes");
    let mut desk = Desk::start(tempfile::tempdir().unwrap(), Opening::of(shapes));
    desk.opened();
    desk.act(WindowAction::GoTo(Step::Train));
    desk.wait("the forecast", |app| {
        app.state().slot::<EstimateRequest>().answer().is_some()
    });
    let place = |name: &&str| {
        let field = desk.harness.get_by_role_and_label(Role::SpinButton, name);
        let middle = field.rect().center();
        (middle.x as u32, middle.y as u32)
    };
    names.iter().map(place).collect()
}

/// Waits until the picture no longer changes: what was asked has been answered.
fn wait_until_still(window: &Window<'_>) {
    let start = Instant::now();
    let mut still = 0;
    let mut last = window.screenshot();
    while still < 3 {
        assert!(start.elapsed() < PATIENCE, "the window never rests");
        sleep(Duration::from_millis(700));
        let now = window.screenshot();
        still = if now == last { still + 1 } else { 0 };
        last = now;
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what} never came");
        sleep(Duration::from_millis(50));
    }
}

/// Waits until the settings on the disk hold an experiment like this.
fn wait_for_training(home: &Path, what: &str, is_wanted: impl Fn(&TrainingConfig) -> bool) {
    wait_for(what, || {
        let settings = fs::read_to_string(home.join("settings.ron")).unwrap_or_default();
        let settings: Option<Settings> = ron::from_str(&settings).ok();
        let experiment = settings.and_then(|settings| settings.experiment);
        experiment.is_some_and(|experiment| is_wanted(&experiment.training))
    });
}

#[test]
fn hands_are_followed_however_busy_the_machine_is() {
    if !crate::common::is_possible() {
        return;
    }
    let fields = places(&["Epochs", "Batch size"]);
    let show = place_of_show();
    let _busy = [Busy::start(), Busy::start()];
    let desktop = Desktop::start(1280, 800);
    let home = desktop.home.path();
    fs::write(home.join("settings.ron"), "(theme: Dark)").unwrap();
    let window = desktop.open(&[]);
    window.wait_for_line("Opened shapes: 1,200 images", 0);
    window.press("ctrl+3");
    window.rest_pointer();
    wait_until_still(&window);
    let enter = |field: (u32, u32), text: &str| {
        window.click(field.0, field.1);
        window.write(text);
        window.press("Return");
    };
    let (epochs, batch) = (fields[0], fields[1]);
    enter(epochs, "41");
    enter(batch, "4567");
    window.keep("hands-1-typed");
    wait_for_training(home, "41 epochs of batches of 4,567", |training| {
        training.phases[0].epochs == 41 && training.batch_size == 4_567
    });
    window.press("ctrl+z");
    wait_for_training(home, "the number before", |training| {
        training.phases[0].epochs == 41 && training.batch_size != 4_567
    });
    // Leaving a field by Tab or by starting the run counts as well.
    window.click(epochs.0, epochs.1);
    window.write("1");
    window.press("ctrl+Return");
    window.wait_for_line("Training finished after 1 epoch", 0);

    let model = home.join("kept.safetensors");
    window.press("ctrl+s");
    window.keep("hands-2-save-dark");
    window.write(model.to_str().unwrap());
    window.press("Return");
    wait_for("the model", || model.is_file());
    window.wait_for_line("Saved the model as kept.safetensors in ", 0);
    window.keep("hands-3-saved");
    window.click(show.0, show.1);
    let folder = format!("{}\n", home.display());
    wait_for("the program that shows its folder", || {
        desktop.opened() == folder
    });

    // Dialogs of this kind begin where the last one was; a file that is there is asked about.
    let written = fs::metadata(&model).unwrap().modified().unwrap();
    window.press("ctrl+s");
    window.write("kept");
    window.press("Return");
    wait_until_still(&window);
    window.keep("hands-4-replace");
    window.press("Escape");
    window.press("Escape");
    assert_eq!(
        fs::metadata(&model).unwrap().modified().unwrap(),
        written,
        "nobody said so"
    );

    let own = home.join("own");
    for class in ["cat", "dog"] {
        let folder = own.join(class);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..4 {
            let picture = convscope::data::generate::draw_random_shape(number).1;
            let file = folder.join(format!("{number}.png"));
            picture.to_image().save(file).unwrap();
        }
    }
    let skip = window.log().len();
    window.press("ctrl+o");
    window.write(own.to_str().unwrap());
    window.keep("hands-5-open-dark");
    window.press("Return");
    window.wait_for_line("Opened own: 8 images", skip);
    window.resize(960, 600);
    window.press("ctrl+o");
    wait_until_still(&window);
    window.keep("hands-6-open-small");
    window.press("Escape");
    window.close();
}
