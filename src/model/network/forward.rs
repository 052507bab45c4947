//! The forward pass: nodes in order, each output tappable, kept no longer than it is read.

use tch::{Kind, TchError, Tensor};

use super::{Mode, Network};
use crate::model::compute::Weights;

/// Sees the position and the output of each node as it is computed.
pub type Tap<'a> = &'a mut dyn FnMut(usize, &Tensor);

impl Network {
    /// Logits `[N, logits]` of `input` `[N, C, H, W]`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, TchError> {
        self.forward_between(input, mode, (0, self.nodes.len()), None)
    }

    /// The output of the node before `end`, when `input` is that of the node before `start`; `tap(index, output)` sees each
    /// node's output. No node from `start` on may read anything older: it must be a boundary between layers.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward_between(
        &self,
        input: &Tensor,
        mode: Mode,
        (start, end): (usize, usize),
        mut tap: Option<Tap<'_>>,
    ) -> Result<Tensor, TchError> {
        #[cfg(test)]
        super::tests::passes::note(input, mode, (start, end));
        let lost = || TchError::Torch("a node's input is no longer there".into());
        let end = end.min(self.nodes.len());
        let mut outputs: Vec<Option<Tensor>> = (0..end).map(|_| None).collect();
        let mut last = input.shallow_clone();
        for (index, node) in self.nodes.iter().enumerate().take(end).skip(start) {
            let mut inputs = Vec::with_capacity(node.inputs.len());
            // Whether nobody, the way back included, will see the first input again: it may be overwritten.
            let mut mine = false;
            for wire in &node.inputs {
                inputs.push(match *wire {
                    Some(from) if from >= start => {
                        let output = &mut outputs[from];
                        let is_last = self.last_reader[from] == index;
                        // A tap may have kept it.
                        mine = self.overwritable[from] && tap.is_none() && inputs.is_empty();
                        let value = if is_last {
                            output.take()
                        } else {
                            output.as_ref().map(Tensor::shallow_clone)
                        };
                        value.ok_or_else(lost)?
                    }
                    _ => input.shallow_clone(),
                });
            }
            let weights = Weights {
                arrays: self.arrays[index].iter().map(|p| &p.value).collect(),
                bf16: self.placement.bf16 && mode == Mode::Train,
                training: mode == Mode::Train,
                frozen: index < self.trainable_from,
            };
            drop(std::mem::replace(
                &mut last,
                node.op.apply(&inputs, mine, &weights)?,
            ));
            drop(inputs);
            if let Some(tap) = &mut tap {
                tap(index, &last);
            }
            if self.last_reader[index] > index {
                outputs[index] = Some(last.shallow_clone());
            }
        }
        last.f_to_kind(Kind::Float)
    }
}
