//! What an optimizer remembers between steps, and the step itself. Equal to PyTorch's and, where an option says so,
//! to Keras' (`tests/library/optimizers.rs`).

use tch::{TchError, Tensor};

use super::Optimizer;
use crate::model::{NamedArray, network::named_array};

/// An optimizer at work on a list of parameters.
pub struct OptimizerState {
    rule: Optimizer,
    /// Steps taken.
    step: i32,
    /// For each parameter, one tensor per name of [`Optimizer::slots`].
    slots: Vec<Vec<Tensor>>,
}

impl Optimizer {
    /// Names of what is remembered for each parameter.
    pub fn slots(&self) -> &'static [&'static str] {
        match self {
            Self::Sgd { momentum: 0.0, .. } => &[],
            Self::Sgd { .. } => &["velocity"],
            Self::RmsProp { momentum: 0.0, .. } => &["square"],
            Self::RmsProp { .. } => &["square", "velocity"],
            Self::Adam { .. } | Self::AdamW { .. } => &["mean", "square"],
        }
    }
}

impl OptimizerState {
    /// For parameters of these shapes; everything remembered is zero.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new<'a>(
        parameters: impl Iterator<Item = &'a Tensor>,
        rule: Optimizer,
    ) -> Result<Self, TchError> {
        let slots = parameters.map(|parameter| {
            let parameter = parameter.f_detach()?;
            let zeros = rule.slots().iter().map(|_| parameter.f_zeros_like());
            zeros.collect::<Result<Vec<Tensor>, TchError>>()
        });
        let slots = slots.collect::<Result<_, TchError>>()?;
        Ok(Self {
            rule,
            step: 0,
            slots,
        })
    }

    /// Moves every parameter by its gradient, in the order given to [`Self::new`]; a parameter without
    /// gradient stays. Call under no-grad.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn step<'a>(
        &mut self,
        parameters: impl Iterator<Item = &'a Tensor>,
        learning_rate: f64,
    ) -> Result<(), TchError> {
        self.step += 1;
        for (parameter, slots) in parameters.zip(&mut self.slots) {
            let gradient = parameter.f_grad()?;
            if gradient.defined() {
                let mut parameter = parameter.shallow_clone();
                let step = self.step;
                change(
                    &self.rule,
                    step,
                    learning_rate,
                    &mut parameter,
                    &gradient,
                    slots,
                )?;
            }
        }
        Ok(())
    }

    /// Steps taken and everything remembered, named after `names`, which go with the parameters.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn state<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<(i32, Vec<NamedArray>), TchError> {
        let mut arrays = Vec::new();
        for (name, slots) in names.zip(&self.slots) {
            for (slot, value) in self.rule.slots().iter().zip(slots) {
                arrays.push(named_array(&format!("{name}.{slot}"), value)?);
            }
        }
        Ok((self.step, arrays))
    }

    /// Takes up a state that [`Self::state`] gave.
    ///
    /// # Errors
    /// When an array is missing or has another shape, or libtorch refuses.
    pub fn restore<'a>(
        &mut self,
        names: impl Iterator<Item = &'a str>,
        step: i32,
        arrays: &[NamedArray],
    ) -> Result<(), String> {
        self.step = step;
        for (name, slots) in names.zip(&mut self.slots) {
            for (slot, value) in self.rule.slots().iter().zip(slots) {
                let wanted = format!("{name}.{slot}");
                let array = arrays.iter().find(|array| array.name == wanted);
                let array = array.ok_or_else(|| format!("{wanted} is missing"))?;
                let dims: Vec<i64> = array.shape.iter().map(|dim| *dim as i64).collect();
                if dims != value.size() {
                    return Err(format!("{wanted} has another shape"));
                }
                let source = Tensor::f_from_slice(&array.values);
                let restored = source.and_then(|source| value.f_copy_(&source.f_view(&dims[..])?));
                restored.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}

// PyTorch's addcmul and addcdiv multiply their `value`, which tch leaves out, into the first factor. Doing
// the same beforehand rounds as they do.
fn change(
    rule: &Optimizer,
    step: i32,
    learning_rate: f64,
    parameter: &mut Tensor,
    gradient: &Tensor,
    slots: &mut [Tensor],
) -> Result<(), TchError> {
    match (*rule, slots) {
        (
            Optimizer::Adam {
                beta1,
                beta2,
                epsilon,
                ..
            }
            | Optimizer::AdamW {
                beta1,
                beta2,
                epsilon,
                ..
            },
            [mean, square],
        ) => {
            if let Optimizer::AdamW { weight_decay, .. } = rule {
                let _ = parameter.f_mul_scalar_(1.0 - learning_rate * weight_decay)?;
            }
            // Kingma & Ba 2015, algorithm 1.
            let _ = mean.f_lerp_(gradient, 1.0 - beta1)?;
            decay_squares(square, gradient, beta2)?;
            let correction1 = 1.0 - beta1.powf(f64::from(step));
            let correction2 = 1.0 - beta2.powf(f64::from(step));
            let epsilon = match rule {
                Optimizer::Adam {
                    epsilon_hat: true, ..
                } => epsilon / correction2.sqrt(),
                _ => epsilon,
            };
            let mut denominator = square.f_sqrt()?;
            let _ = denominator
                .f_divide_scalar_(correction2.sqrt())?
                .f_add_scalar_(epsilon)?;
            let scaled = mean.f_mul_scalar(-learning_rate / correction1)?;
            let _ = parameter.f_addcdiv_(&scaled, &denominator)?;
        }
        (
            Optimizer::RmsProp {
                alpha,
                momentum,
                epsilon,
                epsilon_inside_root,
                ..
            },
            [square, velocity @ ..],
        ) => {
            decay_squares(square, gradient, alpha)?;
            let denominator = if epsilon_inside_root {
                square.f_add_scalar(epsilon)?.f_sqrt()?
            } else {
                square.f_sqrt()?.f_add_scalar_(epsilon)?
            };
            match velocity {
                [velocity, ..] => {
                    let _ = velocity
                        .f_mul_scalar_(momentum)?
                        .f_addcdiv_(gradient, &denominator)?;
                    let _ = parameter.f_sub_(&velocity.f_mul_scalar(learning_rate)?)?;
                }
                [] => {
                    let scaled = gradient.f_mul_scalar(-learning_rate)?;
                    let _ = parameter.f_addcdiv_(&scaled, &denominator)?;
                }
            }
        }
        (
            Optimizer::Sgd {
                momentum, nesterov, ..
            },
            slots,
        ) => {
            let direction = match slots {
                [velocity, ..] => {
                    let _ = velocity.f_mul_scalar_(momentum)?.f_add_(gradient)?;
                    if nesterov {
                        gradient.f_add(&velocity.f_mul_scalar(momentum)?)?
                    } else {
                        velocity.shallow_clone()
                    }
                }
                [] => gradient.shallow_clone(),
            };
            let _ = parameter.f_sub_(&direction.f_mul_scalar(learning_rate)?)?;
        }
        // `OptimizerState::new` makes as many slots as the rule names.
        _ => return Err(TchError::Torch("the optimizer has lost its state".into())),
    }
    Ok(())
}

/// `square ← decay · square + (1 − decay) · gradient²`.
fn decay_squares(square: &mut Tensor, gradient: &Tensor, decay: f64) -> Result<(), TchError> {
    let scaled = gradient.f_mul_scalar(1.0 - decay)?;
    let _ = square.f_mul_scalar_(decay)?.f_addcmul_(&scaled, gradient)?;
    Ok(())
}
