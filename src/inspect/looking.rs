//! What an inspection may use: the network of the newest weights, an image or a part of a dataset, passes that see several nodes at
//! once, and ways to tell how far it is.

use std::{cell::OnceCell, collections::HashMap};

use tch::Tensor;

use super::InspectError;
use crate::{
    cancel::CancelToken,
    data::{Dataset, PixelCache, batches, decode},
    model::{
        Network, WeightSnapshot,
        network::{Mode, Placement},
        spec::InputSpec,
    },
};

/// Said where there is no model.
pub const NO_MODEL: &str = "there is no model yet: train one or open a model file";

/// Images of a part that are looked at in one pass: few enough that whoever cancels does not wait.
const IMAGES_PER_PASS: usize = 16;

/// Images of a dataset.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// Its pixels at the network's input size.
    pub pixels: &'a PixelCache,
    /// Which samples.
    pub samples: &'a [usize],
}

/// The network of `snapshot`, frozen; built when nobody has built it yet.
///
/// # Errors
/// When it cannot be built.
pub fn built<'a>(
    snapshot: &WeightSnapshot,
    network: &'a OnceCell<Network>,
) -> Result<&'a Network, InspectError> {
    if let Some(network) = network.get() {
        return Ok(network);
    }
    let mut new = Network::from_snapshot(snapshot, Placement::default())?;
    new.freeze();
    Ok(network.get_or_init(|| new))
}

/// What an inspection looks at, and with what.
pub struct Looking<'a, P> {
    /// The weights; `None` when there is no model.
    pub(crate) snapshot: Option<&'a WeightSnapshot>,
    /// Their network, once somebody wanted it.
    pub(crate) network: &'a OnceCell<Network>,
    /// The image at its own size.
    pub(crate) image: Option<&'a image::RgbImage>,
    /// The images.
    pub(crate) part: Option<Part<'a>>,
    /// Cancelled when nobody waits for the answer any more.
    pub cancel: &'a CancelToken,
    /// Takes how far it is: finished units of all.
    pub(crate) progress: &'a dyn Fn(usize, usize),
    /// Whether it is time to tell something.
    pub(crate) is_due: &'a dyn Fn() -> bool,
    /// Takes what is shown before the end.
    pub(crate) tell: &'a dyn Fn(P),
}

impl<'a, P> Looking<'a, P> {
    /// The weights.
    ///
    /// # Errors
    /// When there is no model.
    pub fn snapshot(&self) -> Result<&'a WeightSnapshot, InspectError> {
        let none = || InspectError::NotThere(NO_MODEL.into());
        self.snapshot.ok_or_else(none)
    }

    /// The network of the weights, frozen.
    ///
    /// # Errors
    /// When there is no model or its network cannot be built.
    pub fn network(&self) -> Result<&'a Network, InspectError> {
        built(self.snapshot()?, self.network)
    }

    /// The image, resized to `input`; row-major RGB.
    ///
    /// # Errors
    /// When there is none.
    pub fn resized(&self, input: &InputSpec) -> Result<Vec<u8>, InspectError> {
        let image = self
            .image
            .ok_or_else(|| InspectError::NotThere("there is no image: choose one".into()))?;
        Ok(decode::resized(image, (input.height, input.width), input.resize).into_raw())
    }

    /// The image as the network gets it, `[1, C, H, W]`.
    ///
    /// # Errors
    /// When there is no image or no network.
    pub fn input(&self) -> Result<Tensor, InspectError> {
        let network = self.network()?;
        Ok(network.input(&self.resized(&network.spec().input)?)?)
    }

    /// Tells how far it is.
    ///
    /// # Errors
    /// When somebody cancelled.
    pub fn progress(&self, done: usize, total: usize) -> Result<(), InspectError> {
        (self.progress)(done, total);
        Ok(self.cancel.check()?)
    }

    /// Shows something before the end, when it is time to.
    pub fn show(&self, partial: impl FnOnce() -> P) {
        if (self.is_due)() {
            (self.tell)(partial());
        }
    }

    /// The outputs of `nodes` for `input` `[N, C, H, W]`, in their order, of one pass without a way back.
    ///
    /// # Errors
    /// When there is no such node or libtorch refuses.
    pub fn outputs(&self, input: &Tensor, nodes: &[usize]) -> Result<Vec<Tensor>, InspectError> {
        let _no_grad = tch::no_grad_guard();
        self.tapped(input, nodes, nodes.iter().max().map_or(0, |last| last + 1))
    }

    fn tapped(
        &self,
        input: &Tensor,
        nodes: &[usize],
        end: usize,
    ) -> Result<Vec<Tensor>, InspectError> {
        let network = self.network()?;
        for &layer in nodes {
            super::node(network.nodes(), layer)?;
        }
        let mut seen = HashMap::new();
        let mut tap = |index: usize, output: &Tensor| {
            if nodes.contains(&index) {
                seen.insert(index, output.shallow_clone());
            }
        };
        let last = network.forward_between(input, Mode::Evaluate, (0, end), Some(&mut tap))?;
        // Every node before `end` is seen.
        let kept = |node| seen.get(node).unwrap_or(&last).shallow_clone();
        Ok(nodes.iter().map(kept).collect())
    }

    /// The outputs of `nodes` for `input`, and the gradient of one number with respect to each: `score` makes it of the logits
    /// `[N, logits]`. One pass there and one back.
    ///
    /// # Errors
    /// When there is no such node or libtorch refuses.
    pub fn gradients(
        &self,
        input: &Tensor,
        nodes: &[usize],
        score: impl FnOnce(&Tensor) -> Result<Tensor, tch::TchError>,
    ) -> Result<Vec<(Tensor, Tensor)>, InspectError> {
        let network = self.network()?;
        let end = network.nodes().len();
        // Nothing else needs one: the weights are frozen.
        let input = input.f_detach()?.set_requires_grad(true);
        let all: Vec<usize> = nodes
            .iter()
            .copied()
            .chain([end.saturating_sub(1)])
            .collect();
        let mut outputs = self.tapped(&input, &all, end)?;
        let logits = outputs.pop().unwrap_or(input);
        let score = score(&logits)?;
        let gradients = Tensor::f_run_backward(&[score], &outputs, false, false)?;
        Ok(outputs
            .into_iter()
            .map(|output| output.detach())
            .zip(gradients)
            .collect())
    }

    /// Shows `see` the images of the part, a batch at a time: their positions in the dataset and `[N, C, H, W]` as the network
    /// gets them. Tells how far it is.
    ///
    /// # Errors
    /// When there is no part, `see` fails or somebody cancels.
    pub fn over_part(
        &self,
        mut see: impl FnMut(&[usize], &Tensor) -> Result<(), InspectError>,
    ) -> Result<(), InspectError> {
        let Some(part) = self.part else {
            let words = "there are no images: open a dataset";
            return Err(InspectError::NotThere(words.into()));
        };
        let network = self.network()?;
        let total = part.samples.len();
        let mut done = 0;
        for samples in part.samples.chunks(IMAGES_PER_PASS) {
            self.progress(done, total)?;
            let bytes = batches::gather(part.pixels, samples);
            let bytes = bytes.map_err(|error| InspectError::NotThere(error.to_string()))?;
            see(samples, &network.input(&bytes)?)?;
            done += samples.len();
        }
        self.progress(total, total)
    }

    /// The same; `tell` takes what is shown before the end.
    pub(crate) fn telling<'b, Q>(&self, tell: &'b dyn Fn(Q)) -> Looking<'b, Q>
    where
        'a: 'b,
    {
        Looking {
            snapshot: self.snapshot,
            network: self.network,
            image: self.image,
            part: self.part,
            cancel: self.cancel,
            progress: self.progress,
            is_due: self.is_due,
            tell,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
