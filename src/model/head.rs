//! From logits to probabilities and to a class.

use tch::{Kind, TchError, Tensor};

use super::spec::Head;

/// Probabilities `[N, classes]` of `logits` `[N, logits]`: their softmax, or the sigmoid and what it leaves to 1.
///
/// # Errors
/// When libtorch refuses.
pub fn probabilities(head: Head, logits: &Tensor) -> Result<Tensor, TchError> {
    match head {
        Head::Softmax => logits.f_softmax(-1, Kind::Float),
        Head::Sigmoid { .. } => {
            let second = logits.f_sigmoid()?;
            let first = second.f_neg()?.f_add_scalar_(1.0)?;
            Tensor::f_cat(&[first, second], -1)
        }
    }
}

/// The class that `head` takes for these probabilities: the most probable one, or the second of two from its
/// threshold on.
pub fn decide(head: Head, probabilities: &[f32]) -> usize {
    match (head, probabilities) {
        (Head::Sigmoid { threshold }, [_, second]) => usize::from(f64::from(*second) >= threshold),
        _ => argmax(probabilities),
    }
}

/// Position of the largest value; the first of equals, 0 for none.
pub fn argmax(values: &[f32]) -> usize {
    let better =
        |best: usize, (i, value): (usize, &f32)| if *value > values[best] { i } else { best };
    values.iter().enumerate().fold(0, better)
}
