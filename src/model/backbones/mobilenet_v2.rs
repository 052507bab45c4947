//! MobileNetV2 at width 1 (`torchvision.models.mobilenet_v2`): inverted residuals with linear bottlenecks.

use super::*;

pub(super) const PUBLISHED: Published = Published {
    word: "MobileNetV2",
    id: "mobilenet_v2",
    drafts,
    top,
    modules: &[("classifier.1", "classifier")],
    keras: Some(Keras {
        before: 1,
        pads_first: false,
    }),
    of_timm: |name| timm::renamed(name, "features.18", timm_module),
};

/// Expansion, channels, repetitions and first stride of each stage (Sandler et al. 2018, table 2).
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];
const STEM: usize = 32;
const LAST: usize = 1280;

fn drafts(mut net: Builder) -> Vec<Draft> {
    net.conv_norm_activation("features.0", conv(STEM, 3, 2), Activation::Relu6);
    let (mut channels, mut number) = (STEM, 1);
    for (expansion, filters, repetitions, first_stride) in STAGES {
        for repetition in 0..repetitions {
            let stride = if repetition == 0 { first_stride } else { 1 };
            let channels_of = (channels, expansion, filters);
            net.block(|net| block(net, number, channels_of, stride));
            (channels, number) = (filters, number + 1);
        }
    }
    let name = format!("features.{number}");
    net.conv_norm_activation(&name, conv(LAST, 1, 1), Activation::Relu6);
    net.finish()
}

/// Widened, filtered channel by channel, narrowed again; with a shortcut where the shape stays.
fn block(
    net: &mut Builder,
    number: usize,
    (channels, expansion, filters): (usize, usize, usize),
    stride: usize,
) {
    let before = net.last();
    let hidden = channels * expansion;
    let mut part = 0;
    if expansion != 1 {
        let name = format!("features.{number}.conv.0");
        net.conv_norm_activation(&name, conv(hidden, 1, 1), Activation::Relu6);
        part += 1;
    }
    let name = format!("features.{number}.conv.{part}");
    net.conv_norm_activation(&name, depthwise(hidden, 3, stride), Activation::Relu6);
    net.node(
        format!("features.{number}.conv.{}", part + 1),
        conv(filters, 1, 1),
    );
    net.batch_norm(format!("features.{number}.conv.{}", part + 2));
    if stride == 1 && channels == filters {
        net.add(format!("features.{number}.add"), before);
    }
}

/// Also EfficientNet's.
pub(super) fn top(classes: usize) -> Vec<LayerSpec> {
    vec![
        LayerSpec::new("avgpool", GlobalAvgPool2d),
        LayerSpec::new("dropout", Dropout { rate: 0.2 }),
        dense("classifier", classes, Activation::Linear),
    ]
}

/// timm counts the blocks of each stage, torchvision all of them. Those of the first stage do not widen their input.
fn timm_module(stage: usize, repetition: usize, part: &str) -> Option<String> {
    let before: usize = STAGES.get(..stage)?.iter().map(|stage| stage.2).sum();
    let part = match (stage, part) {
        (0, "conv_dw") | (1.., "conv_pw") => "0.0",
        (_, "bn1") => "0.1",
        (1.., "conv_dw") => "1.0",
        (1.., "bn2") => "1.1",
        (0, "conv_pw") => "1",
        (0, "bn2") | (1.., "conv_pwl") => "2",
        (1.., "bn3") => "3",
        _ => return None,
    };
    let number = before + repetition + 1;
    Some(format!("features.{number}.conv.{part}"))
}
