//! VGG16 without batch normalisation (`torchvision.models.vgg16`): thirteen 3×3 convolutions.

use super::builder::{Builder, biased};
use crate::model::{graph::Draft, ops, spec::Activation, windows::Window};

/// Filters of the convolutions before each pooling (Simonyan & Zisserman 2015, configuration D).
const STAGES: [&[usize]; 5] = [
    &[64, 64],
    &[128, 128],
    &[256, 256, 256],
    &[512, 512, 512],
    &[512, 512, 512],
];

pub fn drafts(mut net: Builder) -> Vec<Draft> {
    let mut numbers = (0..).map(|number: usize| format!("features.{number}"));
    let mut name = || numbers.next().unwrap_or_default();
    for stage in STAGES {
        for filters in stage {
            net.node(name(), biased(*filters, 3, 1));
            net.node(name(), Activation::Relu);
        }
        let pool = ops::MaxPool2d(Window::square(2, 2, 0));
        net.node(name(), pool);
    }
    net.finish()
}
