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
mod files;
mod follow;
mod frame_times;
mod history;
mod judging;
pub mod ownership;
pub mod panels;
pub mod public_datasets;
mod reduce;
pub mod rehearsal;
pub mod run_book;
pub mod settings;
mod shortcuts;
pub mod state;
pub mod textures;
pub mod theme;
mod training;
pub mod weights_check;
pub mod widgets;
pub mod workspace;

use std::path::PathBuf;

use eframe::egui;

use crate::format;

/// Which graphics interface draws the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Renderer {
    /// wgpu, and OpenGL when that does not start.
    #[default]
    Auto,
    /// wgpu only.
    Wgpu,
    /// OpenGL only: five times cheaper without a GPU.
    Glow,
}

/// How the window starts.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A dataset, model, experiment or image to open.
    pub open: Option<PathBuf>,
    /// Which graphics interface to use.
    pub renderer: Renderer,
}

/// Why the window did not open.
#[derive(Debug, thiserror::Error)]
#[error(
    "the window cannot be opened: {0}; try --renderer glow, or use the commands that need no window (convscope --help)"
)]
pub struct WindowError(String);

const WINDOW_SIZE: [f32; 2] = [1280.0, 800.0];
const SMALLEST_WINDOW: [f32; 2] = [960.0, 600.0];

/// Opens the window and returns when it is closed and every thread is joined.
///
/// # Errors
/// When neither graphics interface works.
pub fn run(options: &Options) -> Result<(), WindowError> {
    let renderers: &[eframe::Renderer] = match options.renderer {
        Renderer::Auto => &[eframe::Renderer::Wgpu, eframe::Renderer::Glow],
        Renderer::Wgpu => &[eframe::Renderer::Wgpu],
        Renderer::Glow => &[eframe::Renderer::Glow],
    };
    let mut failure = String::new();
    for &renderer in renderers {
        match open_window(options, renderer) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error.to_string(),
        }
    }
    Err(WindowError(failure))
}

fn open_window(options: &Options, renderer: eframe::Renderer) -> eframe::Result {
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
    let open = options.open.clone();
    eframe::run_native(
        "Convscope",
        native,
        Box::new(move |context| {
            let app = app::App::start(&context.egui_ctx, app::Places::default(), open)?;
            Ok(Box::new(app))
        }),
    )
}
