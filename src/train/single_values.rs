//! Batch normalisation on maps of one pixel: a batch must have two images, or there is nothing to normalise.
//!
//! One value per channel has no variance: PyTorch refuses it, and the running variance would become 0/0. Where the last
//! batch of an epoch would be a single image it gets another one from the batch before; where that is no way out, the
//! run does not begin.

use super::config::TrainingConfig;
use crate::{
    format::counted,
    model::{ModelSpec, Node, graph},
};

/// Images that a batch needs.
const PAIR: usize = 2;

/// The first of the trained `nodes` whose batch normalisation sees one value per channel and image.
fn single_valued(trained: &[Node]) -> Option<&Node> {
    trained.iter().find(|node| {
        node.op.looks_at_batch() && matches!(node.shape.input.dims().as_slice(), [_, 1, 1])
    })
}

/// Fewest images of a batch that trains `nodes` from position `from` on.
pub fn least_batch(nodes: &[Node], from: usize) -> usize {
    match single_valued(nodes.get(from..).unwrap_or(&[])) {
        Some(_) => PAIR,
        None => 1,
    }
}

/// `order` in batches of `size`, as many as ever; a last one with fewer than `least` images takes what it lacks from the
/// one before.
pub fn batches(order: &[usize], size: usize, least: usize) -> impl Iterator<Item = &[usize]> {
    let size = size.max(1);
    let count = order.len().div_ceil(size);
    let lacking = least.saturating_sub(order.len() - count.saturating_sub(1) * size);
    (0..count).map(move |number| {
        let end = |batch: usize| match count - batch {
            0 => order.len(),
            1 => batch * size - lacking.min(size),
            _ => batch * size,
        };
        let start = if number == 0 { 0 } else { end(number) };
        &order[start..end(number + 1)]
    })
}

/// Whether every batch of `images` training images has enough of them for the batch normalisation of `spec`.
///
/// # Errors
/// Which layer sees a single value per channel, and what to do.
pub fn check(spec: &ModelSpec, config: &TrainingConfig, images: usize) -> Result<(), String> {
    let all = config.images_per_epoch(images);
    let (size, rest) = (config.batch_size.min(all), all % config.batch_size.max(1));
    // A third image can be spared.
    let has_enough = size > PAIR || size == PAIR && rest != 1;
    if has_enough || all == 0 {
        return Ok(());
    }
    let Ok(nodes) = graph::nodes(spec) else {
        return Ok(());
    };
    let phases = config.phases.iter();
    let first = phases
        .map(|phase| graph::boundary(&nodes, phase.trainable_from.as_deref()))
        .min();
    let Some(node) = single_valued(&nodes[first.unwrap_or(0)..]) else {
        return Ok(());
    };
    let which = match (all, config.batch_size) {
        (1, _) => "there is only one training image: add some".to_owned(),
        (_, 1) => "a batch is a single image: use a batch size of 3 or more".to_owned(),
        _ => format!(
            "the last of the batches of {} is a single image: use a batch size of 3 or more, or leave out a smaller last batch",
            counted(config.batch_size, "image")
        ),
    };
    Err(format!(
        "batch normalisation {} cannot be trained on one value per channel: its maps are of 1 × 1 pixel, and {which}",
        node.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_batch_is_smaller_than_it_may_be_and_none_more() {
        type Case = (&'static str, usize, (usize, usize), &'static [usize]);
        let cases: &[Case] = &[
            ("nothing to do", 10, (4, 1), &[4, 4, 2]),
            ("a single image may stay alone", 9, (4, 1), &[4, 4, 1]),
            ("it gets another one", 9, (4, 2), &[4, 3, 2]),
            ("two are enough", 10, (4, 2), &[4, 4, 2]),
            ("nothing is left over", 8, (4, 2), &[4, 4]),
            (
                "the smallest size that can spare one",
                7,
                (3, 2),
                &[3, 2, 2],
            ),
            ("a batch larger than all", 3, (100, 2), &[3]),
            ("no images", 0, (4, 2), &[]),
        ];
        for (why, images, (size, least), expected) in cases {
            let order: Vec<usize> = (0..*images).rev().collect();
            let found: Vec<&[usize]> = batches(&order, *size, *least).collect();
            let lengths: Vec<usize> = found.iter().map(|batch| batch.len()).collect();
            assert_eq!(lengths, *expected, "{why}");
            assert_eq!(found.concat(), order, "{why}: every image once, in order");
        }
    }
}
