//! The window.

use std::path::PathBuf;

/// How the window starts.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Dataset, model, run or experiment to open at once.
    pub open: Option<PathBuf>,
    /// What draws.
    pub renderer: Renderer,
}

/// What draws the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Renderer {
    /// The best that works here.
    #[default]
    Auto,
    /// Vulkan, Metal or DirectX.
    Wgpu,
    /// OpenGL.
    Glow,
}

/// Why the window could not be shown.
#[derive(Debug, thiserror::Error)]
#[error("the window is not built yet")]
pub struct WindowError;

/// Shows the window and returns when it is closed.
///
/// # Errors
/// When there is no display to show it on.
pub fn run(_options: Options) -> Result<(), WindowError> {
    Err(WindowError)
}
