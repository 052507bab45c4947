//! Adam with its state in our hands, so that it can be saved. Equal to `torch.optim.Adam`.

use tch::{TchError, Tensor};

use super::experiment::Optimizer;
use crate::model::{NamedArray, Network, network::named_array};

/// First and second moments of every parameter.
pub struct Adam {
    config: Optimizer,
    /// Steps taken.
    step: i32,
    moments: Vec<Moments>,
}

struct Moments {
    /// Decaying mean of gradients.
    mean: Tensor,
    /// Decaying mean of squared gradients.
    square: Tensor,
}

impl Adam {
    /// For parameters of these shapes; all moments are zero.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new<'a>(
        parameters: impl Iterator<Item = &'a Tensor>,
        config: Optimizer,
    ) -> Result<Self, TchError> {
        let moments = parameters
            .map(|parameter| {
                let parameter = parameter.f_detach()?;
                Ok(Moments {
                    mean: parameter.f_zeros_like()?,
                    square: parameter.f_zeros_like()?,
                })
            })
            .collect::<Result<_, TchError>>()?;
        Ok(Self {
            config,
            step: 0,
            moments,
        })
    }

    /// Moves every parameter against its gradient (Kingma & Ba 2015, algorithm 1), in the order given
    /// to [`Self::new`]; a parameter without gradient stays. Call under no-grad.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn step<'a>(
        &mut self,
        parameters: impl Iterator<Item = &'a Tensor>,
    ) -> Result<(), TchError> {
        let Optimizer::Adam {
            learning_rate,
            beta1,
            beta2,
            epsilon,
        } = self.config;
        self.step += 1;
        let correction1 = 1.0 - beta1.powf(f64::from(self.step));
        let correction2 = 1.0 - beta2.powf(f64::from(self.step));
        for (parameter, Moments { mean, square }) in parameters.zip(&mut self.moments) {
            let gradient = parameter.f_grad()?;
            if !gradient.defined() {
                continue;
            }
            let _ = mean.f_lerp_(&gradient, 1.0 - beta1)?;
            // PyTorch's addcmul and addcdiv multiply their `value`, which tch leaves out, into the first
            // factor. Doing the same beforehand rounds as they do.
            let scaled = gradient.f_mul_scalar(1.0 - beta2)?;
            let _ = square
                .f_mul_scalar_(beta2)?
                .f_addcmul_(&scaled, &gradient)?;
            let mut denominator = square.f_sqrt()?;
            let _ = denominator
                .f_divide_scalar_(correction2.sqrt())?
                .f_add_scalar_(epsilon)?;
            let scaled = mean.f_mul_scalar(-learning_rate / correction1)?;
            let _ = parameter
                .shallow_clone()
                .f_addcdiv_(&scaled, &denominator)?;
        }
        Ok(())
    }

    /// Steps taken and both moments of every parameter of `network`, named after them.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn state(&self, network: &Network) -> Result<(i32, Vec<NamedArray>), TchError> {
        let mut arrays = Vec::with_capacity(2 * self.moments.len());
        for ((name, _), moments) in network.parameters().zip(&self.moments) {
            arrays.push(named_array(&format!("{name}.mean"), &moments.mean)?);
            arrays.push(named_array(&format!("{name}.square"), &moments.square)?);
        }
        Ok((self.step, arrays))
    }
}
