//! Global max pooling: whether there is each pattern anywhere.

use super::{global_avg_pool2d::global_pooling, *};

/// The largest value of each feature map: `[C, H, W]` becomes C values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalMaxPool2d;

global_pooling!(
    GlobalMaxPool2d,
    "gmp",
    "Global max pooling",
    "The largest value of each map: whether its pattern is anywhere, whatever the image's size",
    "the largest value"
);
