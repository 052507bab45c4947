//! What each kind of node computes, in libtorch.

use tch::{Kind, TchError, Tensor};

use super::{graph::Op, spec::Activation};

/// What a node has besides its inputs.
pub struct Weights<'a> {
    /// Its arrays, in the order in which the network keeps them.
    pub arrays: Vec<&'a Tensor>,
    /// Convolutions and dense layers compute in bfloat16.
    pub bf16: bool,
    /// The network is being trained.
    pub training: bool,
    /// The node is not.
    pub frozen: bool,
}

impl Weights<'_> {
    fn array(&self, at: usize) -> Result<&Tensor, TchError> {
        let lost = || TchError::Torch("a node has lost its weights".into());
        self.arrays.get(at).copied().ok_or_else(lost)
    }

    /// The array in the kind that products are computed in.
    fn factor(&self, at: usize) -> Result<Tensor, TchError> {
        self.narrow(self.array(at)?)
    }

    fn narrow(&self, value: &Tensor) -> Result<Tensor, TchError> {
        if self.bf16 {
            value.f_to_kind(Kind::BFloat16)
        } else {
            Ok(value.shallow_clone())
        }
    }
}

/// Whether what `op` gives is new memory that nothing on the way back reads, so that the next node may overwrite it.
///
/// A gradient of ReLU, ReLU6, tanh and sigmoid is worked out from their output; flattening, a linear activation and
/// dropout that drops nothing hand their input on, which may be such an output.
pub fn is_output_free(op: &Op) -> bool {
    match *op {
        Op::Conv2d { activation, .. } | Op::Dense { activation, .. } => {
            use Activation::{Elu, Gelu, Linear, Relu, Relu6, Sigmoid, Silu, Tanh};
            match activation {
                Linear | Silu | Elu | Gelu => true,
                Relu | Relu6 | Tanh | Sigmoid => false,
            }
        }
        Op::BatchNorm2d { .. }
        | Op::MaxPool2d { .. }
        | Op::AvgPool2d { .. }
        | Op::GlobalAvgPool2d
        | Op::Squeeze
        | Op::Rescaling { .. }
        | Op::Add
        | Op::Multiply => true,
        Op::Activation(_)
        | Op::Dropout(_)
        | Op::Dropout2d(_)
        | Op::StochasticDepth(_)
        | Op::Flatten => false,
    }
}

/// The output of a node; with `mine` the first input may be overwritten.
///
/// # Errors
/// When libtorch refuses.
pub fn apply(
    op: &Op,
    inputs: &[Tensor],
    mine: bool,
    weights: &Weights<'_>,
) -> Result<Tensor, TchError> {
    let lost = || TchError::Torch("a node has too few inputs".into());
    let input = inputs.first().ok_or_else(lost)?;
    let training = weights.training;
    match *op {
        Op::Conv2d {
            stride,
            padding,
            groups,
            bias,
            activation,
            ..
        } => {
            let (weight, input) = (weights.factor(0)?, weights.narrow(input)?);
            let bias = if bias { Some(weights.factor(1)?) } else { None };
            let (stride, padding) = ([stride as i64; 2], [padding as i64; 2]);
            let output = input.f_conv2d(
                &weight,
                bias.as_ref(),
                stride,
                padding,
                [1, 1],
                groups as i64,
            )?;
            activate(activation, &output, true)
        }
        Op::Dense { activation, .. } => {
            let (weight, bias) = (weights.factor(0)?, weights.factor(1)?);
            let output = weights.narrow(input)?.f_linear(&weight, Some(&bias))?;
            activate(activation, &output, true)
        }
        Op::BatchNorm2d {
            momentum,
            epsilon,
            inference,
        } => input.f_batch_norm(
            Some(weights.array(0)?),
            Some(weights.array(1)?),
            Some(weights.array(2)?),
            Some(weights.array(3)?),
            training && !inference && !weights.frozen,
            momentum,
            epsilon,
            true,
        ),
        Op::MaxPool2d {
            size,
            stride,
            padding,
        } => {
            let (size, stride, padding) =
                ([size as i64; 2], [stride as i64; 2], [padding as i64; 2]);
            input.f_max_pool2d(size, stride, padding, [1, 1], false)
        }
        Op::AvgPool2d { size, stride } => {
            let (size, stride) = ([size as i64; 2], [stride as i64; 2]);
            input.f_avg_pool2d(size, stride, [0, 0], false, true, None)
        }
        Op::GlobalAvgPool2d => input.f_mean_dim([2i64, 3].as_slice(), false, None::<Kind>),
        Op::Squeeze => input.f_mean_dim([2i64, 3].as_slice(), true, None::<Kind>),
        Op::Activation(activation) => activate(activation, input, mine),
        Op::Dropout(rate) => input.f_dropout(rate, training),
        Op::Dropout2d(rate) => input.f_feature_dropout(rate, training),
        Op::StochasticDepth(rate) => stochastic_depth(input, rate, training && !weights.frozen),
        Op::Rescaling { scale, offset } => input.f_mul_scalar(scale)?.f_add_scalar(offset),
        Op::Flatten => input.f_flatten(1, -1),
        Op::Add => input.f_add(inputs.get(1).ok_or_else(lost)?),
        Op::Multiply => input.f_mul(inputs.get(1).ok_or_else(lost)?),
    }
}

/// Applies a function to each value; `mine` values may be overwritten, which saves memory and time.
fn activate(activation: Activation, input: &Tensor, mine: bool) -> Result<Tensor, TchError> {
    match activation {
        Activation::Linear => Ok(input.shallow_clone()),
        Activation::Relu if mine => input.shallow_clone().f_relu_(),
        Activation::Relu => input.f_relu(),
        Activation::Relu6 if mine => input.shallow_clone().f_relu6_(),
        Activation::Relu6 => input.f_relu6(),
        Activation::Silu => input.f_silu(),
        Activation::Elu => input.f_elu(),
        Activation::Gelu => input.f_gelu("none"),
        Activation::Tanh => input.f_tanh(),
        Activation::Sigmoid => input.f_sigmoid(),
    }
}

/// Each image keeps its values, grown by 1/(1-rate), or loses them all with probability `rate`.
fn stochastic_depth(input: &Tensor, rate: f64, training: bool) -> Result<Tensor, TchError> {
    if !training || rate == 0.0 {
        return Ok(input.shallow_clone());
    }
    let mut shape = vec![1; input.dim()];
    shape[0] = input.size()[0];
    let mut kept = Tensor::f_empty(shape.as_slice(), (input.kind(), input.device()))?
        .f_bernoulli_float_(1.0 - rate)?;
    input.f_mul(&kept.f_divide_scalar_(1.0 - rate)?)
}
