//! Batch normalisation that no longer changes, worked into the convolution before it: while its running values are used
//! it only scales and shifts each channel, which the convolution's own weights and bias can do (Jacob et al. 2018,
//! section 3.2). Two passes over the maps less for each of them.

use tch::{Kind, TchError, Tensor};

use super::{Network, Parameter};
use crate::model::{
    graph::{Node, Op},
    spec::Activation,
};

impl Network {
    /// A network that says the same as this one up to rounding (1e-5 of the largest logit), where the nodes `start..end`
    /// of both run as if evaluating; `None` when none of them can be folded. It has the same nodes at the same places and
    /// shares all weights that were not folded; nodes that were folded give their results earlier, so it is not for
    /// looking into.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn folded(&self, (start, end): (usize, usize)) -> Result<Option<Self>, TchError> {
        let _no_grad = tch::no_grad_guard();
        let mut nodes: Vec<Node> = self.nodes.to_vec();
        let shared = |of_node: &Vec<Parameter>| of_node.iter().map(Parameter::shared).collect();
        let mut arrays: Vec<Vec<Parameter>> = self.arrays.iter().map(shared).collect();
        let mut is_folded = false;
        for norm in start..end.min(nodes.len()) {
            let Some((conv, epsilon)) = self.foldable(norm, start) else {
                continue;
            };
            arrays[conv] = fold(&arrays[conv], &arrays[norm], epsilon)?;
            arrays[norm].clear();
            let reader = self.last_reader[norm];
            let follows = match nodes[reader].op {
                Op::Activation(follows) if self.overwritable[norm] && reader < end => Some(follows),
                _ => None,
            };
            if let Op::Conv2d(conv) = &mut nodes[conv].op {
                conv.bias = true;
                conv.activation = follows.unwrap_or(Activation::Linear);
            }
            nodes[norm].op = Op::Activation(Activation::Linear);
            if follows.is_some() {
                nodes[reader].op = Op::Activation(Activation::Linear);
            }
            is_folded = true;
        }
        if !is_folded {
            return Ok(None);
        }
        Ok(Some(Self {
            spec: self.spec.clone(),
            nodes: nodes.into(),
            last_reader: self.last_reader.clone(),
            overwritable: self.overwritable.clone(),
            arrays,
            trainable_from: self.trainable_from,
            normalisation: self.normalisation,
            placement: self.placement,
        }))
    }

    /// The convolution, from `start` on, that alone feeds the batch normalisation `norm` and nothing else, and what is
    /// added to the variance.
    fn foldable(&self, norm: usize, start: usize) -> Option<(usize, f64)> {
        let Node { op, inputs, .. } = &self.nodes[norm];
        let (Op::BatchNorm2d(norm), &[Some(conv)]) = (op, &inputs[..]) else {
            return None;
        };
        let before = &self.nodes[conv].op;
        let is_bare = matches!(before, Op::Conv2d(_)) && before.activation() == Activation::Linear;
        (conv >= start && is_bare && self.overwritable[conv]).then_some((conv, norm.epsilon))
    }
}

impl Parameter {
    fn shared(&self) -> Self {
        Self {
            name: self.name.clone(),
            value: self.value.shallow_clone(),
            ..*self
        }
    }
}

/// Weight and bias of a convolution `conv` (weight, perhaps bias) and the batch normalisation `norm` after it (weight,
/// bias, running mean and variance), worked out in f64.
fn fold(conv: &[Parameter], norm: &[Parameter], epsilon: f64) -> Result<Vec<Parameter>, TchError> {
    let [weight, bias @ ..] = conv else {
        return Err(TchError::Torch("a convolution has lost its weights".into()));
    };
    let [gamma, beta, mean, variance] = norm else {
        return Err(TchError::Torch(
            "a normalisation has lost its values".into(),
        ));
    };
    let wide = |array: &Parameter| array.value.f_to_kind(Kind::Double);
    let deviation = wide(variance)?.f_add_scalar(epsilon)?.f_sqrt()?;
    let scale = wide(gamma)?.f_div(&deviation)?;
    let before = match bias {
        [bias, ..] => wide(bias)?.f_sub(&wide(mean)?)?,
        [] => wide(mean)?.f_neg()?,
    };
    let shift = before.f_mul(&scale)?.f_add(&wide(beta)?)?;
    let scaled = wide(weight)?.f_mul(&scale.f_view([-1, 1, 1, 1])?)?;
    let narrow = |value: &Tensor| value.f_to_kind(Kind::Float);
    let bias_name = weight.name.replace(".weight", ".bias");
    Ok(vec![
        Parameter {
            value: narrow(&scaled)?,
            learned: false,
            ..weight.shared()
        },
        Parameter {
            name: bias_name,
            value: narrow(&shift)?,
            learned: false,
        },
    ])
}
