//! Ctrl+C, SIGTERM, a closed terminal (SIGHUP) and, on Windows, closing the console, logging out and shutting down:
//! all ask the process to end, and all are answered alike.

use std::io;

use crate::sys;

/// What shells use for a process that Ctrl+C ended: 128 + SIGINT.
const INTERRUPTED_STATUS: i32 = 130;

/// Calls `end` when somebody asks the process to end, on a thread of its own; call once. When `end` finds that there is
/// nothing that could end by itself, and the second time, the process ends at once. Who started the process with
/// `nohup` wants it to outlive the terminal: then SIGHUP stays ignored.
///
/// # Errors
/// When the system refuses.
pub fn when_asked_to_end(mut end: impl FnMut() -> bool + Send + 'static) -> io::Result<()> {
    let mut is_first = true;
    let asked = move || {
        if !(std::mem::take(&mut is_first) && end()) {
            sys::exit_now(INTERRUPTED_STATUS);
        }
    };
    let outlives_terminal = sys::ignores_hangup();
    ctrlc::set_handler(asked).map_err(io::Error::other)?;
    if outlives_terminal {
        sys::ignore_hangup();
    }
    Ok(())
}
