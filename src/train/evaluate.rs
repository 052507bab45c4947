//! What a network says about many images: per-image probabilities and the report made from them.

use tch::{Device, Kind, Reduction, TchError, Tensor};

use super::{fit::FitError, metrics::ConfusionMatrix};
use crate::{
    cancel::Cancelled,
    data::{Dataset, PixelCache, SplitName, batches},
    model::{Network, network::Mode},
};

/// A network's answers for one part of a dataset. Plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Which part; `None` when it is every image.
    pub split: Option<SplitName>,
    /// Epochs finished when it was made.
    pub epoch: usize,
    /// Indices into the dataset's samples, ascending.
    pub samples: Vec<usize>,
    /// Label of each.
    pub actual: Vec<usize>,
    /// Class with the highest probability for each.
    pub predicted: Vec<usize>,
    /// Softmax of the logits, `[samples, classes]` row by row, 0..1.
    pub probabilities: Vec<f32>,
    /// Mean cross-entropy.
    pub loss: f64,
    /// Actual against predicted.
    pub confusion: ConfusionMatrix,
}

impl Evaluation {
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

/// Images per forward pass; the numbers do not depend on it.
const EVALUATION_BATCH: usize = 100;

/// Runs `network` over the samples `indices`; calls `pulse(done)` before every batch.
///
/// # Errors
/// When libtorch refuses or `pulse` says to stop.
pub fn evaluate(
    network: &Network,
    dataset: &Dataset,
    pixels: &PixelCache,
    indices: &[usize],
    mut pulse: impl FnMut(usize) -> Result<(), Cancelled>,
) -> Result<Evaluation, FitError> {
    let _no_grad = tch::no_grad_guard();
    let classes = dataset.classes.len();
    let mut probabilities = Vec::with_capacity(indices.len() * classes);
    let mut loss_sum = 0.0;
    let actual: Vec<usize> = indices
        .iter()
        .map(|&index| dataset.samples[index].label)
        .collect();
    for (chunk, labels) in indices
        .chunks(EVALUATION_BATCH)
        .zip(actual.chunks(EVALUATION_BATCH))
    {
        pulse(probabilities.len() / classes.max(1))?;
        let input = network.input(&batches::gather(pixels, chunk))?;
        let logits = network.forward(&input, Mode::Evaluate)?;
        let target = labels_tensor(labels, network.placement().device)?;
        let loss =
            logits.f_cross_entropy_loss::<Tensor>(&target, None, Reduction::Sum, -100, 0.0)?;
        loss_sum += loss.f_double_value(&[])?;
        let softmax = logits
            .f_softmax(-1, Kind::Float)?
            .f_to_device(Device::Cpu)?;
        probabilities.extend(Vec::<f32>::try_from(
            softmax.f_contiguous()?.f_flatten(0, -1)?,
        )?);
    }
    let predicted: Vec<usize> = probabilities.chunks(classes.max(1)).map(argmax).collect();
    let pairs = actual.iter().copied().zip(predicted.iter().copied());
    Ok(Evaluation {
        split: None,
        epoch: 0,
        samples: indices.to_vec(),
        confusion: ConfusionMatrix::new(classes, pairs),
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

/// Position of the largest value; the first of equals, 0 for none.
pub fn argmax(values: &[f32]) -> usize {
    let better =
        |best: usize, (i, value): (usize, &f32)| if *value > values[best] { i } else { best };
    values.iter().enumerate().fold(0, better)
}

/// Labels as the integer tensor that cross-entropy wants, `[N]`.
///
/// # Errors
/// When libtorch refuses.
pub fn labels_tensor(labels: &[usize], device: Device) -> Result<Tensor, TchError> {
    let labels: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    Tensor::f_from_slice(&labels)?.f_to_device(device)
}
