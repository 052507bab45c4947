//! Published networks as lists of nodes, with torchvision's tensor names. A network is one file here and one line of
//! the table.
//!
//! Each file writes one network down as torchvision's does: operations in order, under the names of its
//! modules, so that `base.features.0.0.weight` is torchvision's `features.0.0.weight`.

mod builder;
pub mod keras;
mod timm;
pub mod top;

use serde::{Deserialize, Serialize};

use super::{
    graph::Draft,
    layers::{Dropout, Flatten, GlobalAvgPool2d},
    ops,
    spec::{Activation, LayerSpec},
    windows::Window,
};
use builder::{Builder, biased, conv, depthwise};
use keras::Keras;
use top::dense;

/// What its file says of a network.
struct Published {
    /// Its name as papers write it.
    word: &'static str,
    /// Its name on the command line, which is torchvision's.
    id: &'static str,
    /// Its nodes without its top.
    drafts: fn(Builder) -> Vec<Draft>,
    /// Layers that follow it for so many classes, as torchvision has them.
    top: fn(usize) -> Vec<LayerSpec>,
    /// torchvision's modules of the top, and which of its layers they are; the last one's outputs are the logits.
    modules: &'static [(&'static str, &'static str)],
    /// How Keras counts its layers; `None` when Keras has no such network.
    keras: Option<Keras>,
    /// torchvision's name of an array that timm calls otherwise; `None` when that is none of timm's names.
    of_timm: fn(&str) -> Option<String>,
}

macro_rules! table {
    ($($(#[$about:meta])* $file:ident: $name:ident,)*) => {
        $(mod $file;)*

        /// A published network. Layers and tensors are named as in torchvision.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Backbone {
            $($(#[$about])* $name,)*
        }

        impl Backbone {
            /// All of them.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$name),*];

            fn published(self) -> &'static Published {
                match self {
                    $(Self::$name => &$file::PUBLISHED,)*
                }
            }
        }
    };
}

table! {
    /// Sandler et al. 2018. The smallest.
    #[default]
    mobilenet_v2: MobileNetV2,
    /// Tan & Le 2019.
    efficientnet_b0: EfficientNetB0,
    /// Simonyan & Zisserman 2015, configuration D.
    vgg16: Vgg16,
    /// He et al. 2016.
    resnet18: ResNet18,
}

impl Backbone {
    /// Its name as papers write it.
    pub fn word(self) -> &'static str {
        self.published().word
    }

    /// Its name on the command line.
    pub fn id(self) -> &'static str {
        self.published().id
    }

    /// torchvision's name of the array that timm calls `name`; `None` when that is none of timm's names.
    pub fn of_timm(self, name: &str) -> Option<String> {
        (self.published().of_timm)(name)
    }
}

/// The nodes of `architecture` without its top; with `batch_norm_inference` its batch normalisation uses
/// the running values even while it is trained.
pub fn drafts(architecture: Backbone, batch_norm_inference: bool) -> Vec<Draft> {
    (architecture.published().drafts)(Builder::new(batch_norm_inference))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        graph::{self, Op},
        layers, shapes,
        spec::{
            Head, InitialWeights, Initialisation, InputSpec, LayerKind, LayerSpec, ModelSpec,
            Preprocessing,
        },
    };

    fn spec(architecture: Backbone, side: usize) -> ModelSpec {
        ModelSpec {
            name: "test".into(),
            input: InputSpec {
                height: side,
                width: side,
                ..InputSpec::default()
            },
            preprocessing: Preprocessing::default(),
            initialisation: Initialisation::PyTorch,
            layers: vec![LayerSpec::new(
                "base",
                LayerKind::Backbone(layers::Backbone {
                    architecture,
                    weights: InitialWeights::Random,
                    batch_norm_inference: true,
                }),
            )],
            head: Head::Softmax,
        }
    }

    #[test]
    fn sizes_and_parameters_are_the_published_ones() {
        // Parameters of torchvision 0.28's models less those of their tops; VGG16's is also Keras'.
        let cases = [
            (Backbone::MobileNetV2, 160, "5 × 5 × 1280", 2_223_872),
            (Backbone::EfficientNetB0, 100, "4 × 4 × 1280", 4_007_548),
            (Backbone::Vgg16, 150, "4 × 4 × 512", 14_714_688),
            (Backbone::ResNet18, 224, "7 × 7 × 512", 11_176_512),
        ];
        for (architecture, side, output, parameters) in cases {
            let shapes = shapes::layer_shapes(&spec(architecture, side)).unwrap();
            let word = architecture.word();
            assert_eq!(shapes[0].output.to_string(), output, "{word}");
            assert_eq!(shapes[0].parameters, parameters, "{word}");
        }
    }

    #[test]
    fn names_are_unique_and_wires_point_backwards() {
        for architecture in Backbone::ALL {
            let drafts = drafts(architecture, true);
            let mut names: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), drafts.len(), "{}", architecture.word());
            for (at, draft) in drafts.iter().enumerate() {
                assert!(draft.inputs.iter().flatten().all(|input| *input < at));
            }
        }
    }

    #[test]
    fn batch_normalisation_is_told_whether_it_may_look_at_the_batch() {
        for wanted in [true, false] {
            let nodes = drafts(Backbone::ResNet18, wanted);
            let told = nodes.iter().filter_map(|draft| match &draft.op {
                Op::BatchNorm2d(norm) => Some(norm.inference),
                _ => None,
            });
            assert!(told.into_iter().all(|inference| inference == wanted));
        }
    }

    #[test]
    fn nodes_carry_the_layers_name() {
        let nodes = graph::nodes(&spec(Backbone::MobileNetV2, 96)).unwrap();
        assert_eq!(nodes[0].name, "base.features.0.0");
        assert_eq!(
            nodes.last().map(|node| node.name.as_str()),
            Some("base.features.18.2")
        );
    }

    #[test]
    fn layers_blocks_and_steps_are_found_by_name() {
        let nodes = graph::nodes(&spec(Backbone::EfficientNetB0, 96)).unwrap();
        let name = |at: Option<usize>| at.map(|at| &*nodes[at].name);
        let cases = [
            ("a layer", "base", "base.features.0.0", "base.features.8.2"),
            (
                "a block",
                "base.features.2.1",
                "base.features.2.1.block.0.0",
                "base.features.2.1.add",
            ),
            (
                "a stage",
                "base.features.2",
                "base.features.2.0.block.0.0",
                "base.features.2.1.add",
            ),
            (
                "a step",
                "base.features.0.1",
                "base.features.0.1",
                "base.features.0.1",
            ),
        ];
        for (why, called, first, last) in cases {
            assert_eq!(name(graph::position(&nodes, called)), Some(first), "{why}");
            assert_eq!(
                name(graph::output_position(&nodes, called)),
                Some(last),
                "{why}"
            );
        }
        for called in ["base.features.20", "bas", "base.", ""] {
            assert_eq!(graph::position(&nodes, called), None, "{called}");
        }
    }

    #[test]
    fn blocks_end_where_their_output_is() {
        for (architecture, some, count) in [
            (Backbone::MobileNetV2, "base.features.3.add", 23),
            (Backbone::EfficientNetB0, "base.features.2.1.add", 22),
            (Backbone::Vgg16, "base.features.30", 31),
            (Backbone::ResNet18, "base.layer2.0.relu2", 12),
        ] {
            let nodes = graph::nodes(&spec(architecture, 96)).unwrap();
            let ends = graph::block_ends(&nodes);
            assert_eq!(ends.len(), count, "{}", architecture.word());
            assert!(ends.iter().any(|end| nodes[*end].name == some));
            assert_eq!(ends.last(), Some(&(nodes.len() - 1)));
        }
    }
}
