//! ResNet-18 (`torchvision.models.resnet18`): four stages of two blocks with shortcuts.

use super::*;

pub(super) const PUBLISHED: Published = Published {
    word: "ResNet-18",
    id: "resnet18",
    drafts,
    top,
    modules: &[("fc", "fc")],
    keras: None,
    of_timm: |_| None,
};

/// Channels and first stride of each stage (He et al. 2016, table 1).
const STAGES: [(usize, usize); 4] = [(64, 1), (128, 2), (256, 2), (512, 2)];
const BLOCKS_PER_STAGE: usize = 2;
const STEM: usize = 64;

fn drafts(mut net: Builder) -> Vec<Draft> {
    net.node("conv1", conv(STEM, 7, 2));
    net.batch_norm("bn1");
    net.node("relu", Activation::Relu);
    let pool = ops::MaxPool2d(Window::square(3, 2, 1));
    net.node("maxpool", pool);
    let mut channels = STEM;
    for (stage, (filters, first_stride)) in (1..).zip(STAGES) {
        for number in 0..BLOCKS_PER_STAGE {
            let stride = if number == 0 { first_stride } else { 1 };
            let name = format!("layer{stage}.{number}");
            net.block(|net| block(net, &name, (channels, filters), stride));
            channels = filters;
        }
    }
    net.finish()
}

/// torchvision applies one `relu` twice; the second one is called `relu2` here.
fn block(net: &mut Builder, name: &str, (channels, filters): (usize, usize), stride: usize) {
    let before = net.last();
    net.node(format!("{name}.conv1"), conv(filters, 3, stride));
    net.batch_norm(format!("{name}.bn1"));
    net.node(format!("{name}.relu"), Activation::Relu);
    net.node(format!("{name}.conv2"), conv(filters, 3, 1));
    net.batch_norm(format!("{name}.bn2"));
    let after = net.last();
    let mut shortcut = before;
    if stride != 1 || channels != filters {
        let conv = conv(filters, 1, stride);
        net.node_of(format!("{name}.downsample.0"), conv, vec![before]);
        net.batch_norm(format!("{name}.downsample.1"));
        shortcut = net.last();
    }
    net.node_of(format!("{name}.add"), ops::Add, vec![after, shortcut]);
    net.node(format!("{name}.relu2"), Activation::Relu);
}

fn top(classes: usize) -> Vec<LayerSpec> {
    vec![
        LayerSpec::new("avgpool", GlobalAvgPool2d),
        dense("fc", classes, Activation::Linear),
    ]
}
