//! Ctrl+C, SIGTERM, a closed terminal (SIGHUP) and, on Windows, closing the console, logging out and shutting down:
//! all ask the process to end, and all are answered alike.

use std::io;

use crate::sys;

/// Calls `end` each time somebody asks the process to end, on a thread of its own; call once. Who started the
/// process with `nohup` wants it to outlive the terminal: then SIGHUP stays ignored.
///
/// # Errors
/// When the system refuses.
pub fn when_asked_to_end(end: impl FnMut() + Send + 'static) -> io::Result<()> {
    let outlives_terminal = sys::ignores_hangup();
    ctrlc::set_handler(end).map_err(io::Error::other)?;
    if outlives_terminal {
        sys::ignore_hangup();
    }
    Ok(())
}
