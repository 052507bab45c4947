//! Keras' counting of layers, which the notebooks use to say what is frozen (`base.layers[:100]`).
//!
//! Keras counts the input, zero padding, rescaling, normalisation and reshaping as layers; here padding
//! belongs to the convolution and the image is prepared before the network, so those have no node of their
//! own. The other way round, Keras puts the activation of some convolutions into their layer where
//! torchvision has a module of its own.

use super::Backbone;
use crate::model::graph::{Draft, Op};

/// How Keras counts the layers of a network, where it differs from one layer for each node.
pub(super) struct Keras {
    /// Layers before the first node: the input, and what prepares the image inside.
    pub before: usize,
    /// Whether a layer of zero padding stands before the first convolution, as before all others that halve the size.
    pub pads_first: bool,
}

/// Layers of `architecture` without its top as Keras counts them: for each, in order, the position of the
/// first node that computes it, or `None` for a layer that computes nothing of ours. Keras has no ResNet-18.
///
/// MobileNetV2 has 154 and EfficientNet-B0 with ImageNet weights 238, the ones in `len(base.layers)`.
pub fn layers(architecture: Backbone) -> Option<Vec<Option<usize>>> {
    let keras = architecture.published().keras.as_ref()?;
    let mut layers = vec![None; keras.before];
    let drafts = super::drafts(architecture, true);
    for (node, draft) in drafts.iter().enumerate() {
        if is_fused(&drafts, draft) {
            continue;
        }
        if keras.is_padded(draft) {
            layers.push(None);
        }
        layers.push(Some(node));
        // Keras makes the row of means a map of one pixel again.
        if matches!(draft.op, Op::Squeeze(_)) {
            layers.push(None);
        }
    }
    Some(layers)
}

/// Position of the first node that is not frozen when Keras' layers before `number` (from 0) are, as
/// `base.layers[:number]` says; the number of nodes when all are. `None` without such a layer.
pub fn boundary(architecture: Backbone, number: usize) -> Option<usize> {
    let layers = layers(architecture)?;
    let rest = layers.get(number..)?;
    let first = rest.iter().find_map(|node| *node);
    Some(first.unwrap_or_else(|| super::drafts(architecture, true).len()))
}

/// Keras' number, from 0, of the layer that computes `node`, or of the one that computes what it is part
/// of; `None` when Keras has no such network.
pub fn number(architecture: Backbone, node: usize) -> Option<usize> {
    let layers = layers(architecture)?;
    layers
        .iter()
        .rposition(|first| first.is_some_and(|first| first <= node))
}

/// An activation right behind a convolution, which Keras makes a part of that.
fn is_fused(drafts: &[Draft], draft: &Draft) -> bool {
    let before = draft.inputs.iter().flatten().map(|at| &drafts[*at].op);
    matches!(draft.op, Op::Activation(_))
        && before.into_iter().all(|op| matches!(op, Op::Conv2d(_)))
}

impl Keras {
    /// A convolution before which Keras puts a layer of zero padding.
    fn is_padded(&self, draft: &Draft) -> bool {
        let is_first = draft.inputs == [None];
        matches!(&draft.op, Op::Conv2d(conv) if conv.window.stride == 2.into())
            && (self.pads_first || !is_first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_as_many_layers_as_in_keras() {
        // `len(keras.applications.….layers)`, Keras 3, include_top=False.
        for (architecture, count) in [
            (Backbone::MobileNetV2, Some(154)),
            (Backbone::EfficientNetB0, Some(238)),
            (Backbone::Vgg16, Some(19)),
            (Backbone::ResNet18, None),
        ] {
            assert_eq!(layers(architecture).map(|layers| layers.len()), count);
        }
    }

    #[test]
    fn boundaries_stand_where_the_notebooks_put_them() {
        let cases = [
            ("all", Backbone::MobileNetV2, 0, "features.0.0"),
            // `base.layers[100]` is `block_11_expand_relu`, and `block_11` is torchvision's `features.12`.
            (
                "recipe 4",
                Backbone::MobileNetV2,
                100,
                "features.12.conv.0.2",
            ),
            (
                "a padding layer is part of what follows",
                Backbone::MobileNetV2,
                12,
                "features.2.conv.1.0",
            ),
            (
                "recipe 5: all but the last two",
                Backbone::EfficientNetB0,
                236,
                "features.8.1",
            ),
            ("the first convolution", Backbone::Vgg16, 1, "features.0"),
            ("its activation is in it", Backbone::Vgg16, 2, "features.2"),
        ];
        for (why, architecture, layer, name) in cases {
            let drafts = super::super::drafts(architecture, true);
            let node = boundary(architecture, layer).unwrap();
            assert_eq!(drafts[node].name, name, "{why}");
        }
        assert_eq!(
            boundary(Backbone::MobileNetV2, 154),
            Some(super::super::drafts(Backbone::MobileNetV2, true).len())
        );
        assert_eq!(boundary(Backbone::MobileNetV2, 155), None);
        assert_eq!(boundary(Backbone::ResNet18, 3), None);
    }

    #[test]
    fn numbers_and_boundaries_are_each_others_inverse() {
        for architecture in [
            Backbone::MobileNetV2,
            Backbone::EfficientNetB0,
            Backbone::Vgg16,
        ] {
            for (layer, node) in layers(architecture).unwrap().into_iter().enumerate() {
                let Some(node) = node else { continue };
                assert_eq!(number(architecture, node), Some(layer));
                assert_eq!(boundary(architecture, layer), Some(node));
            }
        }
        let drafts = super::super::drafts(Backbone::Vgg16, true);
        let relu = drafts
            .iter()
            .position(|draft| draft.name == "features.1")
            .unwrap();
        assert_eq!(number(Backbone::Vgg16, relu), Some(1));
    }
}
