//! EfficientNet-B0 (`torchvision.models.efficientnet_b0`): inverted residuals with squeeze and excitation.

use super::*;

pub(super) const PUBLISHED: Published = Published {
    word: "EfficientNet-B0",
    id: "efficientnet_b0",
    drafts,
    top: mobilenet_v2::top,
    modules: &[("classifier.1", "classifier")],
    keras: Some(Keras {
        // The input, and what prepares the image inside: rescaling, normalisation, rescaling.
        before: 4,
        pads_first: true,
    }),
    of_timm: |name| timm::renamed(name, "features.8", timm_module),
};

/// Expansion, kernel, first stride, channels and repetitions of each stage (Tan & Le 2019, table 1).
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
];
const STEM: usize = 32;
const LAST: usize = 1280;
/// A block squeezes to its input channels divided by this.
const SQUEEZE: usize = 4;
/// Probability with which the block after the last would be dropped; block `i` of `n` is at `i / n` of it.
const STOCHASTIC_DEPTH: f64 = 0.2;

struct Block {
    /// torchvision's name of it.
    name: String,
    channels: usize,
    hidden: usize,
    filters: usize,
    kernel: usize,
    stride: usize,
    /// Probability with which training drops it.
    drop_rate: f64,
}

fn drafts(mut net: Builder) -> Vec<Draft> {
    net.conv_norm_activation("features.0", conv(STEM, 3, 2), Activation::Silu);
    let blocks: usize = STAGES.iter().map(|(.., repetitions)| repetitions).sum();
    let (mut channels, mut done) = (STEM, 0);
    for (stage, (expansion, kernel, first_stride, filters, repetitions)) in (1..).zip(STAGES) {
        for repetition in 0..repetitions {
            let block = Block {
                name: format!("features.{stage}.{repetition}"),
                channels,
                hidden: channels * expansion,
                filters,
                kernel,
                stride: if repetition == 0 { first_stride } else { 1 },
                drop_rate: STOCHASTIC_DEPTH * done as f64 / blocks as f64,
            };
            net.block(|net| block.write(net));
            (channels, done) = (filters, done + 1);
        }
    }
    let name = format!("features.{}", STAGES.len() + 1);
    net.conv_norm_activation(&name, conv(LAST, 1, 1), Activation::Silu);
    net.finish()
}

impl Block {
    fn write(&self, net: &mut Builder) {
        let before = net.last();
        let name = |part: usize| format!("{}.block.{part}", self.name);
        let mut part = 0;
        if self.hidden != self.channels {
            net.conv_norm_activation(&name(0), conv(self.hidden, 1, 1), Activation::Silu);
            part = 1;
        }
        let depthwise = depthwise(self.hidden, self.kernel, self.stride);
        net.conv_norm_activation(&name(part), depthwise, Activation::Silu);
        self.squeeze_and_excite(net, &name(part + 1));
        net.node(format!("{}.0", name(part + 2)), conv(self.filters, 1, 1));
        net.batch_norm(format!("{}.1", name(part + 2)));
        if self.stride == 1 && self.channels == self.filters {
            let drop = ops::StochasticDepth(self.drop_rate);
            net.node(format!("{}.stochastic_depth", self.name), drop);
            net.add(format!("{}.add", self.name), before);
        }
    }

    /// Each channel is weighted by what the means of all channels say about it (Hu et al. 2018).
    fn squeeze_and_excite(&self, net: &mut Builder, name: &str) {
        let maps = net.last();
        let squeezed = (self.channels / SQUEEZE).max(1);
        net.node(format!("{name}.avgpool"), ops::Squeeze);
        net.node(format!("{name}.fc1"), biased(squeezed, 1, 1));
        net.node(format!("{name}.activation"), Activation::Silu);
        net.node(format!("{name}.fc2"), biased(self.hidden, 1, 1));
        net.node(format!("{name}.scale_activation"), Activation::Sigmoid);
        let weights = net.last();
        net.node_of(
            format!("{name}.multiply"),
            ops::Multiply,
            vec![maps, weights],
        );
    }
}

/// Blocks of the first stage do not widen their input.
fn timm_module(stage: usize, repetition: usize, part: &str) -> Option<String> {
    let part = match (stage, part) {
        (0, "conv_dw") | (1.., "conv_pw") => "0.0",
        (_, "bn1") => "0.1",
        (1.., "conv_dw") => "1.0",
        (1.., "bn2") => "1.1",
        (0, "se.conv_reduce") => "1.fc1",
        (0, "se.conv_expand") => "1.fc2",
        (0, "conv_pw") => "2.0",
        (0, "bn2") => "2.1",
        (1.., "se.conv_reduce") => "2.fc1",
        (1.., "se.conv_expand") => "2.fc2",
        (1.., "conv_pwl") => "3.0",
        (1.., "bn3") => "3.1",
        _ => return None,
    };
    Some(format!("features.{}.{repetition}.block.{part}", stage + 1))
}
