//! VGG16 without batch normalisation (`torchvision.models.vgg16`): thirteen 3×3 convolutions.

use super::*;

pub(super) const PUBLISHED: Published = Published {
    word: "VGG16",
    id: "vgg16",
    drafts,
    top,
    modules: &[
        ("classifier.0", "fc1"),
        ("classifier.3", "fc2"),
        ("classifier.6", "classifier"),
    ],
    keras: Some(Keras {
        before: 1,
        pads_first: true,
    }),
    of_timm: |_| None,
};

/// Filters of the convolutions before each pooling (Simonyan & Zisserman 2015, configuration D).
const STAGES: [&[usize]; 5] = [
    &[64, 64],
    &[128, 128],
    &[256, 256, 256],
    &[512, 512, 512],
    &[512, 512, 512],
];
/// Units of the two hidden layers.
const HIDDEN: usize = 4096;

fn drafts(mut net: Builder) -> Vec<Draft> {
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

fn top(classes: usize) -> Vec<LayerSpec> {
    let dropout = |name: &str| LayerSpec::new(name, Dropout { rate: 0.5 });
    vec![
        LayerSpec::new("flatten", Flatten),
        dense("fc1", HIDDEN, Activation::Relu),
        dropout("dropout1"),
        dense("fc2", HIDDEN, Activation::Relu),
        dropout("dropout2"),
        dense("classifier", classes, Activation::Linear),
    ]
}
