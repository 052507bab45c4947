//! What a network says about many images: per-image probabilities and the report made from them.

use tch::{Device, Tensor};

use super::{fit::FitError, loss, metrics::ConfusionMatrix, step};
use crate::{
    cancel::Cancelled,
    data::{Dataset, PixelCache, SplitName},
    model::{Network, head, spec::Head},
};

/// A network's answers for one part of a dataset. Plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Which part; `None` when it is every image.
    pub split: Option<SplitName>,
    /// Epochs finished when it was made.
    pub epoch: usize,
    /// How the model goes from probabilities to a class.
    pub head: Head,
    /// Indices into the dataset's samples, ascending.
    pub samples: Vec<usize>,
    /// Label of each.
    pub actual: Vec<usize>,
    /// Class that the model's head takes for each.
    pub predicted: Vec<usize>,
    /// `[samples, classes]` row by row, 0..1.
    pub probabilities: Vec<f32>,
    /// Mean cross-entropy, binary with a sigmoid head, whatever the network was trained with: no class weights, smoothed
    /// labels or penalties.
    pub loss: f64,
    /// Actual against predicted.
    pub confusion: ConfusionMatrix,
}

impl Evaluation {
    /// From which probability on the second of two classes is taken; `None` when the most probable class is.
    pub fn threshold(&self) -> Option<f64> {
        match self.head {
            Head::Sigmoid { threshold } => Some(threshold),
            Head::Softmax => None,
        }
    }

    /// The same probabilities decided at another threshold, 0..1, without running the network again. Nothing
    /// changes when the model has none.
    #[must_use]
    pub fn at_threshold(&self, threshold: f64) -> Self {
        let head = match self.head {
            Head::Sigmoid { .. } => Head::Sigmoid { threshold },
            Head::Softmax => Head::Softmax,
        };
        let classes = self.confusion.classes();
        let predicted = decided(head, &self.probabilities, classes);
        Self {
            confusion: counted(&self.actual, &predicted, classes),
            head,
            predicted,
            ..self.clone()
        }
    }

    /// Share classified correctly, 0..1.
    pub fn accuracy(&self) -> f64 {
        self.confusion.accuracy()
    }

    /// Probabilities of the `position`-th sample, one per class.
    pub fn probabilities_of(&self, position: usize) -> &[f32] {
        let classes = self.confusion.classes();
        self.probabilities
            .get(position * classes..(position + 1) * classes)
            .unwrap_or(&[])
    }

    /// Positions (into [`Self::samples`]) of what is `actual` and was taken for `predicted`.
    pub fn positions_in_cell(&self, actual: usize, predicted: usize) -> Vec<usize> {
        (0..self.samples.len())
            .filter(|&i| self.actual[i] == actual && self.predicted[i] == predicted)
            .collect()
    }
}

fn decided(head: Head, probabilities: &[f32], classes: usize) -> Vec<usize> {
    let shares = probabilities.chunks(classes.max(1));
    shares.map(|shares| head::decide(head, shares)).collect()
}

fn counted(actual: &[usize], predicted: &[usize], classes: usize) -> ConfusionMatrix {
    let pairs = actual.iter().copied().zip(predicted.iter().copied());
    ConfusionMatrix::new(classes, pairs)
}

/// Images per forward pass at most.
pub const EVALUATION_BATCH: usize = 100;
/// Multiply-adds per forward pass at most, where there is a choice: a tenth of a second of a slow machine, so that
/// whoever asks to stop does not wait. It depends on the network alone, so that numbers do not depend on the machine.
const MOST_MULTIPLY_ADDS: usize = 1 << 30;

/// Images per forward pass of `network` for work that can be stopped at any moment.
fn images_per_pass(network: &Network) -> usize {
    let of_nodes = network.nodes().iter();
    let each: usize = of_nodes.map(|node| node.shape.multiply_adds).sum();
    (MOST_MULTIPLY_ADDS / each.max(1)).clamp(1, EVALUATION_BATCH)
}

/// Runs `network` over the images of the samples `indices`; calls `pulse(done)` before every batch.
///
/// # Errors
/// When libtorch refuses or `pulse` says to stop.
pub fn evaluate_images(
    network: &Network,
    dataset: &Dataset,
    pixels: &PixelCache,
    indices: &[usize],
    pulse: impl FnMut(usize) -> Result<(), Cancelled>,
) -> Result<Evaluation, FitError> {
    let folded = step::folded_for_judging(network, None)?;
    let folded = folded.as_ref().unwrap_or(network);
    let logits = |samples: &[usize]| step::logits(folded, pixels, None, samples, None);
    let batch = images_per_pass(network);
    evaluate(network, dataset, (indices, batch), logits, pulse)
}

/// Counts what `network` says about the samples `indices`, `batch` at a time, whose logits `logits` computes; calls
/// `pulse(done)` before every batch.
///
/// # Errors
/// When libtorch refuses or `pulse` says to stop.
pub fn evaluate(
    network: &Network,
    dataset: &Dataset,
    (indices, batch): (&[usize], usize),
    mut logits: impl FnMut(&[usize]) -> Result<Tensor, FitError>,
    mut pulse: impl FnMut(usize) -> Result<(), Cancelled>,
) -> Result<Evaluation, FitError> {
    let _no_grad = tch::no_grad_guard();
    let kind = network.spec().head;
    let classes = dataset.classes.len();
    let mut probabilities = Vec::with_capacity(indices.len() * classes);
    let mut loss_sum = 0.0;
    let actual: Vec<usize> = indices
        .iter()
        .map(|&index| dataset.samples[index].label)
        .collect();
    for (chunk, labels) in indices.chunks(batch).zip(actual.chunks(batch)) {
        pulse(probabilities.len() / classes.max(1))?;
        let logits = logits(chunk)?;
        let target = step::labels_tensor(labels, network)?;
        loss_sum += loss::plain_sum(kind, &logits, &target)?.f_double_value(&[])?;
        let shares = head::probabilities(kind, &logits)?.f_to_device(Device::Cpu)?;
        probabilities.extend(Vec::<f32>::try_from(
            shares.f_contiguous()?.f_flatten(0, -1)?,
        )?);
    }
    let predicted = decided(kind, &probabilities, classes);
    Ok(Evaluation {
        split: None,
        epoch: 0,
        head: kind,
        samples: indices.to_vec(),
        confusion: counted(&actual, &predicted, classes),
        loss: if indices.is_empty() {
            0.0
        } else {
            loss_sum / indices.len() as f64
        },
        actual,
        predicted,
        probabilities,
    })
}
