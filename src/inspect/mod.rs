//! Looking inside a network: its filters, its feature maps, what excites it, and what it says.

pub mod augmented;
pub mod colours;
pub mod feature_maps;
pub mod filters;
pub mod maximise;
pub mod predict;

use crate::{cancel::Cancelled, model::network::NetworkError, plain};

/// Why an inspection did not work.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// libtorch refused.
    #[error("{}", plain::torch(.0))]
    Torch(#[from] tch::TchError),
    /// There is no such layer, unit or class.
    #[error("{0}")]
    NotThere(String),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
