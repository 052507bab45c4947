//! What leaves the program: charts as pictures and the report of a run.

pub mod charts;
pub mod run_report;

/// Why something could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file cannot be written.
    #[error("cannot write {path}: {reason}")]
    Write {
        /// Which file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A chart cannot be drawn.
    #[error("cannot draw the chart: {0}")]
    Draw(String),
    /// A network cannot be rebuilt to look inside it.
    #[error(transparent)]
    Inspect(#[from] crate::inspect::InspectError),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] crate::cancel::Cancelled),
}
