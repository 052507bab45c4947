//! Parses the command line and starts the window or a headless command.

use std::{panic, path::Path};

use clap::Parser as _;
use convscope::{
    cli::{self, Cli, RendererChoice, Status},
    data::dataset::display_path,
    file_address, sys, ui,
};
use eframe::Renderer;

fn main() {
    sys::tune_allocator();
    let arguments = Cli::parse();
    if let Err(mistake) = arguments.check() {
        mistake.exit();
    }
    let status = start(arguments);
    sys::exit_now(status as i32)
}

/// Does what was asked; everything that it started has ended when it returns.
fn start(arguments: Cli) -> Status {
    let Cli {
        command,
        json,
        open,
        renderer,
    } = arguments;
    if let Some(command) = command {
        return cli::run(command, json);
    }
    let open = open.map(file_address::to_path);
    if let Some(path) = open.as_deref().filter(|path| !path.exists()) {
        return cli::report_failure(&missing(path), Status::WrongUsage);
    }
    let renderers: &[Renderer] = match renderer.unwrap_or_default() {
        RendererChoice::Auto => &[Renderer::Wgpu, Renderer::Glow],
        RendererChoice::Wgpu => &[Renderer::Wgpu],
        RendererChoice::Glow => &[Renderer::Glow],
    };
    sys::close_own_console();
    sys::exit_without_destructors();
    sys::end_with_display();
    // The window's library panics when the display goes away between two of its questions; what it says then was printed.
    let window = || ui::run(open.as_deref(), renderers);
    match panic::catch_unwind(panic::AssertUnwindSafe(window)) {
        Ok(Ok(())) => Status::Success,
        Ok(Err(error)) => cli::report_failure(&error.to_string(), Status::Failed),
        Err(_) => Status::Failed,
    }
}

/// A word that is no command is taken for a path to open; most often it is a typing error.
fn missing(path: &Path) -> String {
    format!(
        "{} is neither a command nor a file or folder: see convscope --help",
        display_path(path)
    )
}
