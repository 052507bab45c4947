//! The window: egui panels over an [`crate::engine::EngineHandle`].
//!
//! One direction of flow: engine events change the [`state::AppState`] through a pure reducer, panels
//! draw it and push [`action::Action`]s, the [`app::App`] carries them out.

pub mod action;
pub mod app;
pub mod arrivals;
mod chrome;
pub mod data_tools;
pub mod design;
pub mod dialogs;
mod follow;
mod frame_times;
pub mod history;
mod judging;
mod notices;
pub mod ownership;
pub mod panels;
pub mod public_datasets;
mod reduce;
pub mod rehearsal;
pub mod run_book;
pub mod saving;
pub mod settings;
mod shortcuts;
pub mod slots;
pub mod state;
pub mod textures;
pub mod theme;
mod training;
mod turns;
mod unfit;
pub mod weights_check;
pub mod widgets;
pub mod workspace;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use eframe::egui;

use crate::{format, signals, sys};

/// Why the window did not open.
#[derive(Debug, thiserror::Error)]
#[error(
    "the window cannot be opened: {0}; try --renderer glow, or use the commands that need no window (convscope --help)"
)]
pub struct WindowError(String);

const WINDOW_SIZE: [f32; 2] = [1280.0, 800.0];
const SMALLEST_WINDOW: [f32; 2] = [960.0, 600.0];

/// Opens the window, with `open` (a dataset, model, experiment or image), and returns when it is closed and every thread is
/// joined. The first of the `renderers` that works draws it.
///
/// # Errors
/// When none works.
pub fn run(open: Option<&Path>, renderers: &[eframe::Renderer]) -> Result<(), WindowError> {
    let window = OpenWindow::default();
    closes_when_asked(&window);
    leave_when_the_display_goes();
    let mut failure = String::new();
    for &renderer in renderers {
        match open_window(open, renderer, &window) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error.to_string(),
        }
    }
    Err(WindowError(failure))
}

/// The window that is open, for whoever wants it closed.
type OpenWindow = Arc<Mutex<Option<egui::Context>>>;

/// Makes a signal and logging out close the window as its button does: the run keeps its last epoch and settings are
/// written. The second time ends the process at once.
fn closes_when_asked(window: &OpenWindow) {
    let window = Arc::clone(window);
    let asked = signals::when_asked_to_end(move || {
        let window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = &*window {
            context.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        window.is_some()
    });
    // Without it a signal ends the process as it would any other.
    drop(asked);
}

/// When the display goes away winit panics, and unwinding then crashes in the drivers of a display that is not there. The
/// run is cut off after its last epoch instead and can be continued.
fn leave_when_the_display_goes() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        told(panic);
        let is_window = std::thread::current().name() == Some("main");
        let place = panic.location().map_or("", |place| place.file());
        if is_window && place.contains("winit") {
            sys::exit_now(1);
        }
    }));
}

fn open_window(
    open: Option<&Path>,
    renderer: eframe::Renderer,
    window: &OpenWindow,
) -> eframe::Result {
    let window = Arc::clone(window);
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Convscope")
        .with_app_id("convscope")
        .with_inner_size(WINDOW_SIZE)
        .with_min_inner_size(SMALLEST_WINDOW)
        .with_drag_and_drop(true);
    if let Ok(icon) = eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")) {
        viewport = viewport.with_icon(icon);
    }
    let native = eframe::NativeOptions {
        viewport,
        renderer,
        ..Default::default()
    };
    let open = open.map(Path::to_path_buf);
    eframe::run_native(
        "Convscope",
        native,
        Box::new(move |context| {
            *window.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.egui_ctx.clone());
            let app = app::App::start(&context.egui_ctx, app::Places::default(), open)?;
            Ok(Box::new(app))
        }),
    )
}
