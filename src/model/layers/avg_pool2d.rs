//! Average pooling: smaller, smoother maps.

use super::{max_pool2d::pooling, *};

/// The mean of each `size`×`size` window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvgPool2d {
    /// Side of the window in pixels.
    pub size: usize,
    /// Step of the window in pixels.
    pub stride: usize,
}

pooling!(
    AvgPool2d,
    "Average pooling",
    "Keeps the mean of each window: smaller, smoother maps"
);
