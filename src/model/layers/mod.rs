//! Kinds of layers: one file each, and a line in the table below. Plain data.
//!
//! A file holds all that is particular to its kind: its words, the settings with which a new one begins, their fields
//! in the editor, the nodes that it becomes ([`crate::model::ops`] says what those compute, learn and keep) and its
//! arithmetic in words and numbers. Editor, summary, estimates, files and command line read it through [`Layer`].

mod field;
mod variants;

use std::{fmt, ops::DerefMut};

use serde::{Deserialize, Serialize};

use super::{
    activation::Activation as Function,
    arithmetic::{Line, product},
    backbones,
    graph::Draft,
    ops,
    shapes::{LayerShape, Shape},
    spec::{Backbone as Architecture, InitialWeights, LayerSpec},
    windows::{Padding, Sides, Window},
};
use crate::format::thousands;
pub use field::{Field, MOST_SIDE, Value};

/// The words of a kind.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// What a menu calls it.
    pub words: &'static str,
    /// What it does, in a sentence.
    pub tip: &'static str,
    /// Its name as the field writes it.
    pub word: &'static str,
    /// What the first one is called; without a number at its end there is usually only one.
    pub first_name: &'static str,
}

/// A kind of layer with its settings.
pub trait Layer: fmt::Debug {
    /// Its words.
    fn about(&self) -> About;

    /// The settings with which a new one begins.
    fn fresh() -> Self
    where
        Self: Sized;

    /// Its settings, in the order in which the editor shows them.
    fn fields(&mut self) -> Vec<Field<'_>> {
        Vec::new()
    }

    /// Sets what follows from what was changed since it was `before`.
    fn follow(&mut self, _before: &Self)
    where
        Self: Sized,
    {
    }

    /// The kind with its settings, short enough for a table.
    fn describe(&self) -> String {
        self.about().word.to_owned()
    }

    /// What it computes from `input`, step by step.
    ///
    /// # Errors
    /// Why it does not fit, and what to do.
    fn drafts(&self, input: Shape) -> Result<Vec<Draft>, String>;

    /// How the size of its output comes about.
    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let formula = format!("{}, as the input", product(shape.output));
        vec![Line::new("Output", formula)]
    }

    /// How its number of parameters comes about.
    fn parameters(&self, _shape: &LayerShape) -> String {
        "none".to_owned()
    }

    /// How its number of multiply-adds comes about.
    fn multiply_adds(&self, _shape: &LayerShape) -> String {
        "none counted".to_owned()
    }

    /// Applied to its output at last.
    fn activation(&self) -> Function {
        Function::Linear
    }

    /// Whether its weights can be made to cost something ([`crate::model::spec::L2`]).
    fn has_l2(&self) -> bool {
        false
    }

    /// The layers within it, of a block.
    fn inner(&self) -> Option<&[LayerSpec]> {
        None
    }

    /// The same, to change.
    fn inner_mut(&mut self) -> Option<&mut Vec<LayerSpec>> {
        None
    }

    /// The published network that it is, and what its weights are before training.
    fn published(&self) -> Option<(Architecture, &InitialWeights)> {
        None
    }

    /// Whether it begins with ImageNet's weights, which must be downloaded.
    fn wants_imagenet(&self) -> bool {
        matches!(self.published(), Some((_, InitialWeights::ImageNet)))
    }
}

/// `file: Kind` of each, in the order of menus. Files that people keep call a kind by the name of its type.
macro_rules! table {
    ($($file:ident: $kind:ident,)*) => {
        $(pub mod $file;)*
        $(pub use $file::$kind;)*

        kinds! {
            /// What a layer computes.
            LayerKind: dyn Layer { $($kind)* }
        }

        impl LayerKind {
            /// Every kind with the settings of a new one.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$kind(Layer::fresh()),)*]
            }

            /// Sets what follows from what was changed since it was `before`.
            pub fn follow(&mut self, before: &Self) {
                match (self, before) {
                    $((Self::$kind(now), Self::$kind(before)) => now.follow(before),)*
                    _ => {}
                }
            }
        }

        impl DerefMut for LayerKind {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    $(Self::$kind(layer) => layer,)*
                }
            }
        }

        variants::layer_kinds!($($kind),*);
    };
}

table! {
    conv2d: Conv2d,
    depthwise_conv2d: DepthwiseConv2d,
    separable_conv2d: SeparableConv2d,
    max_pool2d: MaxPool2d,
    avg_pool2d: AvgPool2d,
    global_avg_pool2d: GlobalAvgPool2d,
    global_max_pool2d: GlobalMaxPool2d,
    batch_norm2d: BatchNorm2d,
    layer_norm2d: LayerNorm2d,
    activation: Activation,
    dropout: Dropout,
    dropout2d: Dropout2d,
    flatten: Flatten,
    dense: Dense,
    rescaling: Rescaling,
    residual: Residual,
    backbone: Backbone,
}

#[cfg(test)]
mod tests;
