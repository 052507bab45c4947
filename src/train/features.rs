//! What frozen layers make of each image, computed once: every epoch would compute the same again. Of training images
//! that holds as long as they do not vary and nothing random stands before what is trained; of those that a network is
//! judged by it always does.

use tch::{TchError, Tensor};

use super::{
    estimate::Images,
    fit::{Data, FitError, Watchers},
};
use crate::{
    data::{augment::AugmentationConfig, batches},
    format::counted,
    model::{Network, Node, network::Mode},
};

/// Images per forward pass.
pub const BATCH: usize = 32;
/// More than this is not kept in memory: layers then compute it again in each epoch.
pub const MOST_BYTES: usize = 2 << 30;

/// Which images' features a phase keeps, and where the network goes on from them. Plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The node that goes on from them.
    pub start: usize,
    /// Those of training images, too: not of validation images alone.
    pub training: bool,
}

impl Kept {
    /// What pays for `images` when training starts at node `trained`: features of all of them, of the validation part
    /// alone, or `None`: nothing is frozen, or they would take more than `most_bytes`.
    pub fn new(
        nodes: &[Node],
        trained: usize,
        images: Images,
        augmentation: &AugmentationConfig,
        most_bytes: usize,
    ) -> Option<Self> {
        let all = Self {
            start: training_start(nodes, trained, augmentation),
            training: images.train > 0,
        };
        let judged = Self {
            start: boundary(nodes, trained),
            training: false,
        };
        let pays = |kept: &Self| {
            let is_some = kept.start > 0 && kept.images(images) > 0;
            is_some && kept.bytes(nodes, images) <= most_bytes
        };
        [all, judged].into_iter().find(pays)
    }

    /// How many of `images` there are features of.
    pub fn images(&self, images: Images) -> usize {
        let train = if self.training { images.train } else { 0 };
        train + images.validation
    }

    /// Bytes of the features of those of `images`.
    pub fn bytes(&self, nodes: &[Node], images: Images) -> usize {
        let values = nodes[self.start - 1].shape.output.values();
        let values = values.saturating_mul(self.images(images));
        values.saturating_mul(size_of::<f32>())
    }
}

/// The node that training images go on from where their features are kept, when training starts at node `trained`; 0
/// where that would not pay.
pub fn training_start(nodes: &[Node], trained: usize, augmentation: &AugmentationConfig) -> usize {
    if !augmentation.is_none() {
        return 0;
    }
    let is_random = |node: &Node| node.op.is_random_where_frozen();
    let random = nodes.iter().position(is_random).unwrap_or(nodes.len());
    boundary(nodes, trained.min(random))
}

/// The last node up to `end` from which on nothing reads what lies farther back than the node before it; 0 when no node
/// before it has weights, so that nothing would be saved.
fn boundary(nodes: &[Node], end: usize) -> usize {
    let mut farthest = usize::MAX;
    let mut start = 0;
    for (at, node) in nodes.iter().enumerate().skip(1).rev() {
        for wire in &node.inputs {
            farthest = farthest.min(wire.unwrap_or(0));
        }
        if at <= end && farthest + 1 >= at {
            start = at;
            break;
        }
    }
    let has_weights = nodes[..start].iter().any(|node| node.shape.parameters > 0);
    if has_weights { start } else { 0 }
}

/// Outputs of the last frozen node that is a boundary, for images of a run.
pub struct FrozenFeatures {
    /// The node that goes on from them.
    start: usize,
    samples: Vec<usize>,
    /// `[samples, …]`.
    values: Tensor,
    /// Row of each sample of the dataset.
    rows: Vec<Option<i64>>,
}

impl FrozenFeatures {
    /// Runs the images that [`Kept`] says through the frozen layers; `None` when that would not pay.
    ///
    /// `before` is what the phase before knew. It is kept where it is of the same nodes and images: what was frozen then
    /// was not changed since.
    ///
    /// # Errors
    /// When the run is stopped or libtorch refuses.
    pub fn compute(
        before: Option<Self>,
        network: &Network,
        data: &Data<'_>,
        most_bytes: usize,
        observer: &mut Watchers<'_>,
    ) -> Result<Option<Self>, FitError> {
        let split = data.split;
        let images = Images {
            train: split.train.len(),
            validation: split.validation.len(),
        };
        let (nodes, trained) = (network.nodes(), network.trainable_from());
        let kept = Kept::new(nodes, trained, images, data.augmentation, most_bytes);
        let Some(Kept { start, training }) = kept else {
            return Ok(None);
        };
        let train = if training { &split.train[..] } else { &[] };
        let samples = [train, &split.validation[..]].concat();
        let before = before.filter(|known| known.start == start && known.samples == samples);
        if before.is_some() {
            return Ok(before);
        }
        observer.note(format!(
            "Frozen layers: their output is computed once for {}",
            counted(
                samples.len(),
                if training {
                    "image"
                } else {
                    "validation image"
                }
            )
        ));
        let _no_grad = tch::no_grad_guard();
        let folded = network.folded((0, start))?;
        let network = folded.as_ref().unwrap_or(network);
        let mut values = Tensor::new();
        for (number, chunk) in samples.chunks(BATCH).enumerate() {
            observer.pulse()?;
            let input = network.input(&batches::gather(data.pixels, chunk)?)?;
            let part = network.forward_between(&input, Mode::Evaluate, (0, start), None)?;
            if number == 0 {
                // At once, since joining parts would take twice the memory.
                let mut shape = part.size();
                shape[0] = samples.len() as i64;
                values = part.f_new_empty(shape, (part.kind(), part.device()))?;
            }
            let at = (number * BATCH) as i64;
            values.f_narrow(0, at, chunk.len() as i64)?.f_copy_(&part)?;
        }
        let mut rows = vec![None; data.dataset.samples.len()];
        for (row, sample) in samples.iter().enumerate() {
            rows[*sample] = Some(row as i64);
        }
        Ok(Some(Self {
            start,
            samples,
            values,
            rows,
        }))
    }

    /// The node that goes on from them.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Those of `samples`, `[samples, …]`; `None` when not all of them are known.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn of(&self, samples: &[usize]) -> Result<Option<Tensor>, TchError> {
        let rows = samples.iter().map(|sample| self.rows[*sample]);
        let Some(rows) = rows.collect::<Option<Vec<i64>>>() else {
            return Ok(None);
        };
        let rows = Tensor::f_from_slice(&rows)?.f_to_device(self.values.device())?;
        self.values.f_index_select(0, &rows).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::graph, train::recipes};
    use std::path::Path;

    /// Where training and judged images go on from, by name; the image itself is "".
    #[test]
    fn features_reach_as_far_as_nothing_changes() {
        let still = AugmentationConfig::default();
        let turned = AugmentationConfig {
            rotation_degrees: 10.0,
            ..still
        };
        let rows: [(&str, &str, &str, &AugmentationConfig, &str, &str); 7] = [
            (
                "stochastic depth of frozen blocks drops nothing, and a backbone may be cut within",
                "malaria",
                "base.features.8.1",
                &still,
                "base.features.8.1",
                "base.features.8.1",
            ),
            (
                "a shortcut is not cut",
                "flowers-mobilenetv2",
                "base.features.5.conv.1.0",
                &still,
                "base.features.5.conv.0.0",
                "base.features.5.conv.0.0",
            ),
            (
                "nor the branch of squeeze and excitation",
                "malaria",
                "base.features.3.0.block.2.fc2",
                &still,
                "base.features.3.0.block.2.avgpool",
                "base.features.3.0.block.2.avgpool",
            ),
            (
                "training images vary, judged ones never do",
                "flowers-mobilenetv2",
                "dense",
                &turned,
                "",
                "dense",
            ),
            (
                "what is dropped is drawn anew for each step",
                "flowers-mobilenetv2",
                "dense",
                &still,
                "drop",
                "dense",
            ),
            ("channels, too", "shapes", "fc", &still, "drop2d", "fc"),
            ("nothing is frozen", "shapes", "conv1", &still, "", ""),
        ];
        for (why, recipe, trained, augmentation, training, judged) in rows {
            let spec = recipes::find(Path::new(recipe)).unwrap().model;
            let nodes = graph::nodes(&spec).unwrap();
            let trained = graph::position(&nodes, trained).unwrap();
            let name = |start: usize| match start {
                0 => "",
                start => nodes[start].name.as_str(),
            };
            let start = training_start(&nodes, trained, augmentation);
            assert_eq!(name(start), training, "{why}: training");
            assert_eq!(name(boundary(&nodes, trained)), judged, "{why}: judged");
        }
        let mut spec = recipes::find(Path::new("shapes")).unwrap().model;
        spec.layers.remove(0);
        let nodes = graph::nodes(&spec).unwrap();
        assert_eq!(nodes[2].name, "conv2");
        assert_eq!(boundary(&nodes, 2), 0, "what is frozen has no weights");
    }
}
