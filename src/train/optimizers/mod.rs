//! The rules by which gradients move weights, with their state in our hands so that it can be saved.

mod state;

use serde::{Deserialize, Serialize};

pub use state::OptimizerState;

/// The rule by which gradients move weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Optimizer {
    /// Stochastic gradient descent.
    Sgd {
        /// Step size, > 0.
        learning_rate: f64,
        /// Share of the last movement that is kept, 0 to below 1.
        #[serde(default)]
        momentum: f64,
        /// Nesterov's look ahead.
        #[serde(default)]
        nesterov: bool,
    },
    /// RMSprop (Hinton's lecture 6e).
    RmsProp {
        /// Step size, > 0.
        learning_rate: f64,
        /// Decay of the mean of squared gradients, 0 to below 1: PyTorch's `alpha`, Keras' `rho`.
        #[serde(default = "alpha")]
        alpha: f64,
        /// Share of the last movement that is kept, 0 to below 1.
        #[serde(default)]
        momentum: f64,
        /// Added to the denominator.
        #[serde(default = "epsilon")]
        epsilon: f64,
        /// Epsilon is added before the root is taken, as Keras does; PyTorch adds it after.
        #[serde(default)]
        epsilon_inside_root: bool,
    },
    /// Adam (Kingma & Ba 2015), PyTorch's defaults.
    Adam {
        /// Step size, > 0.
        learning_rate: f64,
        /// Decay of the mean of gradients, 0 to below 1.
        #[serde(default = "beta1")]
        beta1: f64,
        /// Decay of the mean of squared gradients, 0 to below 1.
        #[serde(default = "beta2")]
        beta2: f64,
        /// Added to the denominator.
        #[serde(default = "epsilon")]
        epsilon: f64,
        /// Epsilon is added before the mean of squared gradients is corrected for its beginning at 0, as Keras does
        /// (the paper's ε̂); PyTorch adds it after.
        #[serde(default)]
        epsilon_hat: bool,
    },
    /// Adam with weight decay apart from the gradients (Loshchilov & Hutter 2019).
    AdamW {
        /// Step size, > 0.
        learning_rate: f64,
        /// Decay of the mean of gradients, 0 to below 1.
        #[serde(default = "beta1")]
        beta1: f64,
        /// Decay of the mean of squared gradients, 0 to below 1.
        #[serde(default = "beta2")]
        beta2: f64,
        /// Added to the denominator.
        #[serde(default = "epsilon")]
        epsilon: f64,
        /// Share of each weight that is lost per step, times the learning rate.
        #[serde(default = "weight_decay")]
        weight_decay: f64,
    },
}

const fn alpha() -> f64 {
    0.99
}

const fn beta1() -> f64 {
    0.9
}

const fn beta2() -> f64 {
    0.999
}

const fn epsilon() -> f64 {
    1e-8
}

const fn weight_decay() -> f64 {
    0.01
}

impl Optimizer {
    /// Adam with PyTorch's defaults.
    pub const fn adam(learning_rate: f64) -> Self {
        Self::Adam {
            learning_rate,
            beta1: beta1(),
            beta2: beta2(),
            epsilon: epsilon(),
            epsilon_hat: false,
        }
    }

    /// Its name as the field writes it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sgd { .. } => "SGD",
            Self::RmsProp { .. } => "RMSprop",
            Self::Adam { .. } => "Adam",
            Self::AdamW { .. } => "AdamW",
        }
    }

    /// The step size.
    pub fn learning_rate(&self) -> f64 {
        let mut copy = *self;
        *copy.rate()
    }

    /// Sets the step size.
    pub fn set_learning_rate(&mut self, rate: f64) {
        *self.rate() = rate;
    }

    fn rate(&mut self) -> &mut f64 {
        match self {
            Self::Sgd { learning_rate, .. }
            | Self::RmsProp { learning_rate, .. }
            | Self::Adam { learning_rate, .. }
            | Self::AdamW { learning_rate, .. } => learning_rate,
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting out of range, with the range.
    pub fn check(&self) -> Result<(), String> {
        let rate = self.learning_rate();
        if !(rate > 0.0 && rate.is_finite()) {
            return Err(format!(
                "learning rate is {rate}: use a number above 0, such as 0.001"
            ));
        }
        let is_decay = |value: f64| (0.0..1.0).contains(&value);
        let is_size = |value: f64| value.is_finite() && value >= 0.0;
        let (decays, sizes): (&[f64], &[f64]) = match self {
            Self::Sgd { momentum, .. } => (&[*momentum], &[]),
            Self::RmsProp {
                alpha,
                momentum,
                epsilon,
                ..
            } => (&[*alpha, *momentum], &[*epsilon]),
            Self::Adam {
                beta1,
                beta2,
                epsilon,
                ..
            } => (&[*beta1, *beta2], &[*epsilon]),
            Self::AdamW {
                beta1,
                beta2,
                epsilon,
                weight_decay,
                ..
            } => (&[*beta1, *beta2], &[*epsilon, *weight_decay]),
        };
        let word = self.word();
        if !decays.iter().all(|value| is_decay(*value)) {
            return Err(format!(
                "{word}'s momentum and decays must be from 0 to below 1"
            ));
        }
        if !sizes.iter().all(|value| is_size(*value)) {
            return Err(format!(
                "{word}'s epsilon and weight decay must be 0 or more"
            ));
        }
        if let Self::Sgd {
            momentum: 0.0,
            nesterov: true,
            ..
        } = self
        {
            return Err("Nesterov needs a momentum above 0".into());
        }
        Ok(())
    }
}
