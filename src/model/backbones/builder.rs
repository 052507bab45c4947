//! Writing a network down node by node, each fed by the one before it unless said otherwise.

use crate::model::{
    graph::{Draft, Op},
    ops,
    spec::Activation,
    windows::Window,
};

/// Both as PyTorch's `BatchNorm2d` has them, which all four networks keep.
const MOMENTUM: f64 = 0.1;
const EPSILON: f64 = 1e-5;

/// A convolution without bias, since batch normalisation follows. Padding keeps the size at stride 1, as everywhere in
/// these networks.
pub fn conv(filters: usize, kernel: usize, stride: usize) -> ops::Conv2d {
    ops::Conv2d {
        filters,
        window: Window::square(kernel, stride, (kernel - 1) / 2),
        groups: 1,
        bias: false,
        activation: Activation::Linear,
    }
}

/// One with a bias.
pub fn biased(filters: usize, kernel: usize, stride: usize) -> ops::Conv2d {
    ops::Conv2d {
        bias: true,
        ..conv(filters, kernel, stride)
    }
}

/// Each channel on its own.
pub fn depthwise(channels: usize, kernel: usize, stride: usize) -> ops::Conv2d {
    ops::Conv2d {
        groups: channels,
        ..conv(channels, kernel, stride)
    }
}

/// The nodes so far.
pub struct Builder {
    drafts: Vec<Draft>,
    /// First node of the block that is being written.
    block: Option<usize>,
    batch_norm_inference: bool,
}

impl Builder {
    pub fn new(batch_norm_inference: bool) -> Self {
        Self {
            drafts: Vec::new(),
            block: None,
            batch_norm_inference,
        }
    }

    pub fn finish(self) -> Vec<Draft> {
        self.drafts
    }

    /// Position of the newest node; `None` is the network's input.
    pub fn last(&self) -> Option<usize> {
        self.drafts.len().checked_sub(1)
    }

    /// The nodes that `write` adds belong together.
    pub fn block(&mut self, write: impl FnOnce(&mut Self)) {
        self.block = Some(self.drafts.len());
        write(self);
        self.block = None;
    }

    /// A node that reads `inputs`.
    pub fn node_of(
        &mut self,
        name: impl Into<String>,
        op: impl Into<Op>,
        inputs: Vec<Option<usize>>,
    ) {
        self.drafts.push(Draft {
            inputs,
            block: self.block,
            ..Draft::new(name, op, None)
        });
    }

    /// A node that reads the newest one.
    pub fn node(&mut self, name: impl Into<String>, op: impl Into<Op>) {
        let last = self.last();
        self.node_of(name, op, vec![last]);
    }

    pub fn batch_norm(&mut self, name: impl Into<String>) {
        let inference = self.batch_norm_inference;
        let op = ops::BatchNorm2d {
            momentum: MOMENTUM,
            epsilon: EPSILON,
            inference,
        };
        self.node(name, op);
    }

    /// torchvision's `Conv2dNormActivation`: convolution `.0`, batch normalisation `.1`, activation `.2`.
    pub fn conv_norm_activation(&mut self, name: &str, conv: ops::Conv2d, activation: Activation) {
        self.node(format!("{name}.0"), conv);
        self.batch_norm(format!("{name}.1"));
        self.node(format!("{name}.2"), activation);
    }

    /// The newest node plus `shortcut`.
    pub fn add(&mut self, name: impl Into<String>, shortcut: Option<usize>) {
        let last = self.last();
        self.node_of(name, ops::Add, vec![last, shortcut]);
    }
}
