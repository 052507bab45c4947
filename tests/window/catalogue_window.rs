//! The window "Datasets and weights": the list, a download with pause and resume, a failure, small windows.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use crate::desk::{Desk, Opening};
use crate::server::{Server, hang, noise, send, send_file, send_status, sha256};
use convscope::{
    engine::{Download, ListDatasets},
    model::{
        LayerKind, layers,
        spec::{Backbone, InitialWeights},
    },
    ui::{
        action::{Action, DownloadsAction, WindowAction},
        app::App,
        design::{Chosen, DesignAction},
        dialogs::Purpose,
        public_datasets::DownloadState,
        state::DataState,
    },
};
use eframe::egui::{self, accesskit::Role};
use egui_kittest::kittest::Queryable as _;

const CUT: usize = 123_457;
/// A menu entry's label ends with its shortcut, of which this has none.
const MENU_ENTRY: &str = "Download datasets and weights… ";

const CHOSEN: &str = "/some/where/mine.pth";

impl Desk {
    fn with_catalogue(size: [f32; 2], theme: egui::Theme, catalogue: Option<&str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("catalogue.ron");
        if let Some(text) = catalogue {
            fs::write(&file, text).unwrap();
        }
        let bundled = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes");
        let opening = Opening {
            size,
            theme,
            catalogue: catalogue.map(|_| file),
            ..Opening::of(bundled)
        };
        let mut desk = Self::start(home, opening);
        desk.opened();
        desk
    }

    fn wait_for(&mut self, name: &str, wanted: impl Fn(&DownloadState) -> bool) {
        self.wait(name, |app| wanted(&app.state().download(name)));
    }

    /// Opens the window as people do.
    fn open_list(&mut self) {
        self.click("File");
        self.click(MENU_ENTRY);
        self.wait("the list", |app| app.state().listed().is_some());
    }
}

fn entry(name: &str, url: &str, bytes: usize, sha256: &str) -> String {
    format!(
        "(name: \"{name}\", title: \"The {name} set\", description: \"{}\",
          files: [(name: \"set.npz\", urls: [\"{url}\"], bytes: {bytes}, sha256: \"{sha256}\")],
          licence: (name: \"CC BY 4.0\", url: \"https://creativecommons.org/licenses/by/4.0/\"),
          homepage: \"https://example.org/\", class_names: [\"a\", \"b\"]),",
        "A description that is so long that it cannot stand in one line of the window. ".repeat(2)
    )
}

#[test]
fn a_download_shows_its_progress_pauses_resumes_and_opens() {
    let file = Arc::new(noise(300_000, 1));
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| {
        if asked.path == "/gone" {
            return send_status(out, "404 Not Found", "");
        }
        if asked.number == 0 {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: \"v1\"\r\n\r\n",
                served.len()
            );
            send(out, head.as_bytes());
            send(out, &served[..CUT]);
            // Progress is told at most 20 times a second, so there must be some after whenever the reader begins.
            for byte in &served[CUT..CUT + 50_000] {
                std::thread::sleep(Duration::from_millis(60));
                send(out, &[*byte]);
            }
        }
        send_file(out, asked, &served, "\"v1\"", usize::MAX);
    });
    let hash = sha256(&file);
    let text = format!(
        "(format: 1, datasets: [{} {}])",
        entry("good", &server.url("/set"), file.len(), &hash),
        entry("lost", &server.url("/gone"), file.len(), &hash)
    );
    let mut desk = Desk::with_catalogue([1280.0, 800.0], egui::Theme::Dark, Some(&text));
    desk.open_list();
    for part in [
        "The good set",
        "so long that it cannot",
        "300.0 kB",
        "2 classes",
        "CC BY 4.0",
    ] {
        assert!(desk.shows(part), "{part}");
    }

    desk.click("Download The good set");
    let target = desk.home.path().join("datasets/good/set.npz");
    desk.wait("123,457 bytes", |app| {
        let jobs = &app.state().jobs;
        let job = app.state().download_job("good");
        let running = job.and_then(|job| jobs.get(&job));
        running
            .and_then(|running| running.progress)
            .is_some_and(|progress| progress.done >= CUT)
    });
    assert!(desk.shows("of 300.0 kB"), "progress stands in the window");
    desk.click("Pause The good set");
    desk.wait_for("good", |state| {
        matches!(state, DownloadState::Paused { .. })
    });
    assert!(desk.shows("Paused at") && desk.shows("Resume The good set"));
    assert!(!desk.shows("Pause The good set") && !target.exists());

    desk.click("Resume The good set");
    desk.wait_for("good", |state| matches!(state, DownloadState::Ready(_)));
    assert!(desk.shows("Downloaded") && fs::read(&target).unwrap() == *file);
    let from = server.asked()[1].from;
    assert!(
        from.is_some_and(|from| from >= CUT),
        "only the rest was asked for, from {from:?} on"
    );

    desk.click("Download The lost set");
    desk.wait_for("lost", |state| {
        matches!(state, DownloadState::Failed { .. })
    });
    assert!(desk.shows("no longer has the file") && desk.shows("Try again The lost set"));

    desk.click("Open The good set");
    assert!(desk.state().waiting::<Download>().next().is_none());
    assert!(!desk.shows("The lost set"), "the window has closed");
    let opens =
        |state: &DataState| matches!(state, DataState::Opening { path, .. } if *path == target);
    let told = |app: &App| {
        let notices = &app.state().notices;
        notices.iter().any(|notice| notice.text.contains("set.npz"))
    };
    desk.wait("the opening", |app| opens(&app.state().data) || told(app));
}

#[test]
fn waiting_and_cancelled_downloads() {
    let file = Arc::new(noise(300_000, 1));
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| match asked.path.as_str() {
        "/first" => hang(),
        _ => send_file(out, asked, &served, "\"v1\"", usize::MAX),
    });
    let hash = sha256(&file);
    let text = format!(
        "(format: 1, datasets: [{} {}])",
        entry("first", &server.url("/first"), file.len(), &hash),
        entry("second", &server.url("/second"), file.len(), &hash)
    );
    let mut desk = Desk::with_catalogue([1280.0, 800.0], egui::Theme::Light, Some(&text));
    desk.open_list();
    desk.click("Download The first set");
    desk.wait("the start", |app| {
        let job = app.state().download_job("first");
        job.is_some_and(|job| app.state().jobs.contains_key(&job))
    });
    desk.click("Download The second set");
    assert!(desk.shows("Waits for the download before it"));
    desk.click("Pause The second set");
    assert!(
        desk.shows("Resume The second set"),
        "at once, though its turn has not come"
    );
    desk.click("Resume The second set");
    desk.click("Cancel The first set");
    assert!(desk.shows("Download The first set"));
    desk.wait_for("second", |state| matches!(state, DownloadState::Ready(_)));
    assert_eq!(desk.state().download("first"), DownloadState::Absent);
    assert!(
        !desk
            .home
            .path()
            .join("datasets/first/set.npz.part")
            .exists()
    );
}

#[test]
fn the_shipped_list_fits_small_windows_and_a_damaged_one_says_so() {
    for theme in [egui::Theme::Light, egui::Theme::Dark] {
        let mut desk = Desk::with_catalogue([960.0, 600.0], theme, None);
        desk.open_list();
        assert!(desk.shows("Flower photos") && desk.shows("CC BY 2.0"));
        let window = desk
            .harness
            .get_by_role_and_label(Role::Window, "Datasets and weights")
            .rect();
        assert!(
            egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(960.0, 600.0))
                .contains_rect(window),
            "{window}"
        );
        let button = desk
            .harness
            .get_by_role_and_label(Role::Button, "Download Flower photos")
            .rect();
        assert!(
            window.contains_rect(button),
            "{button} is outside of {window}"
        );
        if let Some(folder) = std::env::var_os("CONVSCOPE_PICTURES") {
            let name = format!("catalogue-{theme:?}.png");
            desk.harness
                .render()
                .unwrap()
                .save(PathBuf::from(folder).join(name))
                .unwrap();
        }
        let context = desk.harness.ctx.clone();
        desk.harness
            .state_mut()
            .act(&context, DownloadsAction::Toggle);
        desk.harness.step();
        assert!(!desk.shows("Download Flower photos"));
    }
    let mut desk = Desk::with_catalogue(
        [960.0, 600.0],
        egui::Theme::Dark,
        Some("(format: 2, datasets: [])"),
    );
    desk.click("File");
    desk.click(MENU_ENTRY);
    desk.wait("the failure", |app| {
        app.state().slot::<ListDatasets>().failed.is_some()
    });
    assert!(desk.shows("its format is 2"));
}

const WITH_BACKBONE: &str = r#"(
    format: 2, name: "transfer", title: "Transfer", dataset: (path: "SHAPES"),
    split: (validation: 0.2, test: 0.0, stratified: true, seed: 1),
    model: (
        name: "transfer", input: (height: 64, width: 64),
        preprocessing: (mean: (0.5, 0.5, 0.5), std: (0.5, 0.5, 0.5)), initialisation: Keras,
        layers: [
            (name: "base", kind: Backbone(architecture: ResNet18, weights: ImageNet)),
            (name: "pool", kind: GlobalAvgPool2d),
            (name: "dense", kind: Dense(units: 3)),
        ],
    ),
    training: (phases: [(epochs: 1, optimizer: Adam(learning_rate: 0.001))], batch_size: 8, seed: 1),
)"#;

#[test]
fn weights_stand_in_the_list_and_a_model_knows_whether_its_own_are_here() {
    let mut desk = Desk::with_catalogue([1280.0, 800.0], egui::Theme::Light, None);
    let base = |desk: &Desk| {
        desk.harness.state().state().experiment.model.layers[0]
            .kind
            .clone()
    };
    let stands = |desk: &Desk| {
        let state = desk.harness.state().state();
        let weights = state.imagenet_weights(Backbone::ResNet18);
        weights.map(|(entry, stands)| (entry.name.clone(), stands))
    };
    assert_eq!(stands(&desk), None, "nobody has asked yet");
    let shapes = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes");
    let file = desk.home.path().join("transfer.ron");
    fs::write(
        &file,
        WITH_BACKBONE.replace("SHAPES", shapes.to_str().unwrap()),
    )
    .unwrap();
    let context = desk.harness.ctx.clone();
    desk.harness
        .state_mut()
        .act(&context, WindowAction::OpenPath(file));
    desk.wait("the listing that the model needs", |app| {
        app.state().listed().is_some()
    });
    assert_eq!(
        stands(&desk),
        Some(("resnet-18".to_owned(), DownloadState::Absent))
    );

    desk.open_list();
    assert!(desk.shows("WEIGHTS OF PUBLISHED NETWORKS"));
    assert!(desk.shows("Download ResNet-18 · ImageNet") && desk.shows("BSD 3-Clause"));

    // "Choose a file…" is for the layer that is chosen, if that has weights to choose.
    let choose_weights = |desk: &mut Desk, layer: usize| {
        let chosen = DesignAction::Choose(Some(Chosen::Layer(layer)));
        desk.answer(CHOSEN.into());
        for action in [Action::Design(chosen), Action::Ask(Purpose::ChooseWeights)] {
            desk.harness.state_mut().act(&context, action);
            desk.harness.step();
        }
    };
    let layers = |desk: &Desk| desk.harness.state().state().experiment.model.layers.clone();
    let before = layers(&desk);
    choose_weights(&mut desk, 1);
    assert_eq!(layers(&desk), before, "the pooling layer has no weights");
    choose_weights(&mut desk, 0);
    match base(&desk) {
        LayerKind::Backbone(layers::Backbone { weights, .. }) => {
            assert_eq!(weights, InitialWeights::File(CHOSEN.into()));
        }
        other => panic!("{other:?}"),
    }
    if let Some(folder) = std::env::var_os("CONVSCOPE_PICTURES") {
        desk.harness
            .get_by_label("Download ResNet-18 · ImageNet")
            .scroll_to_me();
        desk.harness.run_steps(20);
        let picture = desk.harness.render().unwrap();
        picture
            .save(PathBuf::from(folder).join("weights.png"))
            .unwrap();
    }
}
