//! What computing a node needs besides its inputs, and the functions of single values, in libtorch.

use tch::{Kind, TchError, Tensor};

use super::activation::Activation;

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
    /// The array at this position.
    pub fn array(&self, at: usize) -> Result<&Tensor, TchError> {
        let lost = || TchError::Torch("a node has lost its weights".into());
        self.arrays.get(at).copied().ok_or_else(lost)
    }

    /// The array in the kind that products are computed in.
    pub fn factor(&self, at: usize) -> Result<Tensor, TchError> {
        self.narrow(self.array(at)?)
    }

    /// `value` in the kind that products are computed in.
    pub fn narrow(&self, value: &Tensor) -> Result<Tensor, TchError> {
        if self.bf16 {
            value.f_to_kind(Kind::BFloat16)
        } else {
            Ok(value.shallow_clone())
        }
    }
}

/// Applies a function to each value; `mine` values may be overwritten, which saves memory and time.
pub fn activate(activation: Activation, input: &Tensor, mine: bool) -> Result<Tensor, TchError> {
    match activation {
        Activation::Linear => Ok(input.shallow_clone()),
        Activation::Relu if mine => input.shallow_clone().f_relu_(),
        Activation::Relu => input.f_relu(),
        Activation::Relu6 if mine => input.shallow_clone().f_relu6_(),
        Activation::Relu6 => input.f_relu6(),
        Activation::LeakyRelu { negative_slope } => {
            // `leaky_relu` has a slope of its own in tch.
            let slope = Tensor::f_from_slice(&[negative_slope as f32])?;
            input.f_prelu(&slope.f_to_device(input.device())?.f_to_kind(input.kind())?)
        }
        Activation::Silu => input.f_silu(),
        Activation::HardSwish => input.f_hardswish(),
        Activation::Elu => input.f_elu(),
        Activation::Gelu => input.f_gelu("none"),
        Activation::Tanh => input.f_tanh(),
        Activation::Sigmoid => input.f_sigmoid(),
    }
}
