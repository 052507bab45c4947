//! Looking for units that give 0 for every image: the libtorch side of [`super::health`].

use tch::{TchError, Tensor};

use super::health::DeadUnits;
use crate::model::Network;

/// Images that are looked at; more would find units that are only rare.
pub const IMAGES: usize = 64;

/// The largest output that each unit gave so far.
#[derive(Default)]
pub struct Activity {
    /// Node and `[units]`.
    largest: Vec<(usize, Tensor)>,
}

impl Activity {
    /// Hears of the output `[N, …]` of the node at `index`. Only what ends in a ReLU and is trained counts: what
    /// is frozen is not the run's doing.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn saw(
        &mut self,
        network: &Network,
        index: usize,
        output: &Tensor,
    ) -> Result<(), TchError> {
        let is_watched = index >= network.trainable_from()
            && network
                .nodes()
                .get(index)
                .is_some_and(|node| node.op.activation().can_die());
        if !is_watched {
            return Ok(());
        }
        // Everything but the units: images, and pixels of maps.
        let others: Vec<i64> = (0..output.dim() as i64).filter(|dim| *dim != 1).collect();
        let largest = output.f_detach()?.f_amax(others.as_slice(), false)?;
        match self.largest.iter_mut().find(|(node, _)| *node == index) {
            Some((_, before)) => *before = before.f_maximum(&largest)?,
            None => self.largest.push((index, largest)),
        }
        Ok(())
    }

    /// Dead and living units of every layer that was seen.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn dead_units(&self, network: &Network) -> Result<Vec<DeadUnits>, TchError> {
        let count = |(node, largest): &(usize, Tensor)| {
            // What is not a number is not dead but ill, which the loss shows.
            let dead = largest.f_le(0.0)?.f_sum(tch::Kind::Int64)?;
            Ok(DeadUnits {
                layer: network.nodes()[*node].name.clone(),
                dead: dead.f_int64_value(&[])?.unsigned_abs() as usize,
                units: largest.numel(),
            })
        };
        self.largest.iter().map(count).collect()
    }
}
