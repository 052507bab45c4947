//! Losses: what training makes small, and what validation and judging report.

use tch::{Device, Kind, Reduction, TchError, Tensor};

use super::{
    config::TrainingConfig,
    fit::{Data, FitError},
};
use crate::model::{Network, spec::Head};

const IGNORED_LABEL: i64 = -100;
const NONE: Option<&Tensor> = None;

/// The weight of each class, `[classes]`, on `device`; `None` when every class counts the same.
///
/// # Errors
/// When the weights do not fit the dataset or libtorch refuses.
pub fn class_weights(
    config: &TrainingConfig,
    data: &Data<'_>,
    device: Device,
) -> Result<Option<Tensor>, FitError> {
    let Some(weights) = config.class_weights.weights(data.dataset, data.split)? else {
        return Ok(None);
    };
    let samples = &data.dataset.samples;
    let mut train = data.split.train.iter();
    if !train.any(|&index| weights[samples[index].label] > 0.0) {
        let words = "every class that the training part has images of weighs 0: give at least one of them more";
        return Err(words.to_owned().into());
    }
    let weights: Vec<f32> = weights.into_iter().map(|weight| weight as f32).collect();
    Ok(Some(Tensor::f_from_slice(&weights)?.f_to_device(device)?))
}

/// What a run makes small: the data term, which is the mean of the images' losses as much as their classes weigh and
/// with smoothed labels, and the penalty for large weights. Training and validation report the same.
pub struct Loss {
    head: Head,
    class_weights: Option<Tensor>,
    label_smoothing: f64,
    /// Names of arrays with the factor of their squares.
    penalties: Vec<(String, f64)>,
}

impl Loss {
    /// The loss of `network`'s head with its layers' L2. `class_weights` is `[classes]`.
    pub fn new(network: &Network, class_weights: Option<Tensor>, label_smoothing: f64) -> Self {
        let mut penalties = Vec::new();
        for node in network.nodes().iter() {
            let l2 = node.l2;
            for (array, factor) in [("weight", l2.weight), ("bias", l2.bias)] {
                if factor != 0.0 {
                    penalties.push((format!("{}.{array}", node.name), factor));
                }
            }
        }
        Self {
            head: network.spec().head,
            class_weights,
            label_smoothing,
            penalties,
        }
    }

    /// What a step makes small: the data term of `logits` and the labels `target` `[N]`, and the penalty. Images none
    /// of which counts ([`Self::weight`] is 0) teach nothing: their data term is 0.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn training(
        &self,
        network: &Network,
        logits: &Tensor,
        target: &Tensor,
    ) -> Result<Tensor, TchError> {
        let data = if self.weight(target)? > 0.0 {
            self.data(logits, target)?
        } else {
            logits.f_sum(Kind::Float)?.f_mul_scalar(0.0)?
        };
        match self.penalty(network)? {
            Some(penalty) => data.f_add(&penalty),
            None => Ok(data),
        }
    }

    /// The data term alone; not a number when no image counts.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn data(&self, logits: &Tensor, target: &Tensor) -> Result<Tensor, TchError> {
        let (weights, smoothing) = (self.class_weights.as_ref(), self.label_smoothing);
        let answers = (logits, target);
        entropy(self.head, answers, weights, smoothing, Reduction::Mean)
    }

    /// Whether the data term is the plain mean that [`plain_sum`] sums up.
    pub fn is_plain(&self) -> bool {
        self.class_weights.is_none() && self.label_smoothing == 0.0
    }

    /// How much the images with the labels `target` `[N]` count together: their number, or the sum of their classes'
    /// weights. Means over several batches are weighted by it.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn weight(&self, target: &Tensor) -> Result<f64, TchError> {
        match &self.class_weights {
            None => Ok(target.numel() as f64),
            Some(weights) => weights
                .f_index_select(0, target)?
                .f_sum(Kind::Double)?
                .f_double_value(&[]),
        }
    }

    /// The penalty for large weights that are trained, as Keras' L2; `None` when no layer has one.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn penalty(&self, network: &Network) -> Result<Option<Tensor>, TchError> {
        let mut sum: Option<Tensor> = None;
        for (name, value) in network.trainable() {
            if let Some((_, factor)) = self.penalties.iter().find(|(array, _)| array == name) {
                let squares = value.f_square()?.f_sum(Kind::Float)?;
                let penalty = squares.f_mul_scalar(*factor)?;
                sum = Some(match sum {
                    Some(sum) => sum.f_add(&penalty)?,
                    None => penalty,
                });
            }
        }
        // Layers that are frozen cost nothing, but the network is one that has penalties.
        let nothing = || Tensor::f_zeros([], (Kind::Float, network.placement().device));
        match sum {
            None if !self.penalties.is_empty() => nothing().map(Some),
            sum => Ok(sum),
        }
    }

    /// The class that each row of `logits` says, `[N]`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn answers(&self, logits: &Tensor) -> Result<Tensor, TchError> {
        match self.head {
            Head::Softmax => logits.f_argmax(-1, false),
            Head::Sigmoid { threshold } => logits
                .f_detach()?
                .f_sigmoid()?
                .f_flatten(0, -1)?
                .f_ge(threshold)?
                .f_to_kind(Kind::Int64),
        }
    }
}

/// The losses of `logits` and the labels `target` `[N]`, their mean or sum, as the `head` of the network wants.
///
/// With a softmax it is the cross-entropy of `logits` `[N, classes]`, and `smoothing` PyTorch's `label_smoothing`. With a
/// sigmoid it is the binary cross-entropy of `logits` `[N, 1]`; smoothed targets are
/// `target · (1 − smoothing) + smoothing / 2`, as in Keras. With `weights` `[classes]` the mean is PyTorch's weighted one:
/// each image counts as much as its class weighs, divided by the sum of those weights.
///
/// # Errors
/// When libtorch refuses.
pub fn entropy(
    head: Head,
    (logits, target): (&Tensor, &Tensor),
    weights: Option<&Tensor>,
    smoothing: f64,
    reduction: Reduction,
) -> Result<Tensor, TchError> {
    if head == Head::Softmax {
        let ignored = IGNORED_LABEL;
        return logits.f_cross_entropy_loss(target, weights, reduction, ignored, smoothing);
    }
    let logits = logits.f_flatten(0, -1)?;
    let wanted = target
        .f_to_kind(Kind::Float)?
        .f_mul_scalar_(1.0 - smoothing)?
        .f_add_scalar_(smoothing / 2.0)?;
    let Some(weights) = weights else {
        return logits.f_binary_cross_entropy_with_logits(&wanted, NONE, NONE, reduction);
    };
    let each = weights.f_index_select(0, target)?;
    let sum = logits.f_binary_cross_entropy_with_logits(&wanted, Some(&each), NONE, Reduction::Sum);
    match reduction {
        Reduction::Mean => sum?.f_divide(&each.f_sum(Kind::Float)?),
        _ => sum,
    }
}

/// Sum over images of the loss without weights, smoothing and penalties: what judging a model reports, whatever it was
/// trained with.
///
/// # Errors
/// When libtorch refuses.
pub fn plain_sum(head: Head, logits: &Tensor, target: &Tensor) -> Result<Tensor, TchError> {
    entropy(head, (logits, target), None, 0.0, Reduction::Sum)
}
