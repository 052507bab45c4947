//! What frozen layers make of each image, computed once: as long as nothing random stands before them, every
//! epoch would compute the same again.

use tch::{TchError, Tensor};

use super::fit::{Data, FitError, Watchers};
use crate::{
    data::{augment::AugmentationConfig, batches},
    model::{Network, Node, network::Mode},
};

/// Images per forward pass.
pub const BATCH: usize = 32;
/// More than this is not kept in memory: layers then compute it again in each epoch.
pub const MOST_BYTES: usize = 2 << 30;

/// Outputs of the last frozen layer for the training and validation images of a run.
pub struct FrozenFeatures {
    /// The node that goes on from them.
    start: usize,
    /// `[images, …]`.
    values: Tensor,
    /// Row of each sample of the dataset; those that are not there are never asked for.
    rows: Vec<i64>,
}

impl FrozenFeatures {
    /// Runs all images through the frozen layers; `None` when that would not pay: nothing is frozen, images
    /// vary, a frozen layer is random, or the features would take more than `most_bytes`.
    ///
    /// # Errors
    /// When the run is stopped or libtorch refuses.
    pub fn compute(
        network: &Network,
        data: &Data<'_>,
        most_bytes: usize,
        observer: &mut Watchers<'_>,
    ) -> Result<Option<Self>, FitError> {
        let samples = [&data.split.train[..], &data.split.validation[..]].concat();
        let trained = network.trainable_from();
        let (nodes, augmentation) = (network.nodes(), data.augmentation);
        let Some(start) = start(nodes, trained, samples.len(), augmentation, most_bytes) else {
            return Ok(None);
        };
        observer.note(format!(
            "Frozen layers: their output is computed once for {} images",
            crate::format::thousands(samples.len())
        ));
        let _no_grad = tch::no_grad_guard();
        let mut values = Tensor::new();
        for (number, chunk) in samples.chunks(BATCH).enumerate() {
            observer.pulse()?;
            let input = network.input(&batches::gather(data.pixels, chunk)?)?;
            let part = network.forward_between(&input, Mode::Evaluate, (0, start))?;
            if number == 0 {
                // At once, since joining parts would take twice the memory.
                let mut shape = part.size();
                shape[0] = samples.len() as i64;
                values = part.f_new_empty(shape, (part.kind(), part.device()))?;
            }
            let at = (number * BATCH) as i64;
            values.f_narrow(0, at, chunk.len() as i64)?.f_copy_(&part)?;
        }
        let mut rows = vec![0; data.dataset.samples.len()];
        for (row, sample) in samples.iter().enumerate() {
            rows[*sample] = row as i64;
        }
        Ok(Some(Self {
            start,
            values,
            rows,
        }))
    }

    /// The node that goes on from them.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Those of `samples`, `[samples, …]`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn of(&self, samples: &[usize]) -> Result<Tensor, TchError> {
        let rows: Vec<i64> = samples.iter().map(|sample| self.rows[*sample]).collect();
        let rows = Tensor::f_from_slice(&rows)?.f_to_device(self.values.device())?;
        self.values.f_index_select(0, &rows)
    }
}

/// The node that would go on from features of `images` images kept in memory, when training starts at node `trained`;
/// `None` when keeping them would not pay: nothing is frozen, images vary, a frozen layer is random, or they would
/// take more than `most_bytes`.
pub fn start(
    nodes: &[Node],
    trained: usize,
    images: usize,
    augmentation: &AugmentationConfig,
    most_bytes: usize,
) -> Option<usize> {
    let start = boundary(nodes, trained);
    (start > 0 && augmentation.is_none() && bytes(nodes, start, images) <= most_bytes)
        .then_some(start)
}

/// Bytes of the features of `images` images that node `start` goes on from.
pub fn bytes(nodes: &[Node], start: usize, images: usize) -> usize {
    let last = start.checked_sub(1).map(|last| &nodes[last]);
    let values = last.map_or(0, |last| last.shape.output.values());
    images
        .saturating_mul(values)
        .saturating_mul(size_of::<f32>())
}

/// The node after the longest row of whole layers that are frozen and not random; 0 when none of them has
/// weights, so that nothing would be saved.
fn boundary(nodes: &[Node], trained: usize) -> usize {
    let frozen = trained.min(nodes.len());
    let random = nodes.iter().position(|node| node.op.is_random());
    let end = random.map_or(frozen, |random| random.min(frozen));
    let is_boundary = |at: &usize| {
        nodes
            .get(*at)
            .is_none_or(|next| next.layer != nodes[at - 1].layer)
    };
    let Some(start) = (1..=end).rev().find(is_boundary) else {
        return 0;
    };
    let has_weights = nodes[..start].iter().any(|node| node.shape.parameters > 0);
    if has_weights { start } else { 0 }
}
