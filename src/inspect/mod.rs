//! Looking inside a network: its filters, its feature maps, what excites it, and what it says.
//!
//! An inspection is a request, an answer and a function in a file of its own ([`Inspection`]), and a row in [`TABLE`]. The engine,
//! the command line and the window take everything else from there.

pub mod activations;
pub mod augmented;
pub mod colours;
pub mod feature_maps;
pub mod filters;
mod looking;
pub mod maximise;
pub mod predict;

use std::{convert::Infallible, fmt::Debug, sync::Arc};

pub use looking::{Looking, NO_MODEL, Part, built};

use crate::{
    cancel::Cancelled,
    data::Picture,
    model::{Node, network::NetworkError},
    plain,
};

/// What the command line can look at, in the order of its help.
pub const TABLE: &[Row] = &[
    Row::of::<filters::Filters>(),
    Row::of::<feature_maps::MapsOfLayer>(),
    Row::of::<maximise::MaximiseConfig>(),
    Row::of::<activations::Activations>(),
];

/// Why an inspection did not work.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// libtorch refused.
    #[error("{}", plain::torch(.0))]
    Torch(#[from] tch::TchError),
    /// There is no such layer, unit or class.
    #[error("{0}")]
    NotThere(String),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The node at position `layer`.
fn node(nodes: &[Node], layer: usize) -> Result<&Node, InspectError> {
    nodes.get(layer).ok_or_else(|| {
        let (number, layers) = (layer + 1, nodes.len());
        InspectError::NotThere(format!(
            "there is no layer {number}: the network has {layers}"
        ))
    })
}

/// How long inspections take: those that take long never keep quick ones waiting.
pub trait Speed: Debug + Send + Sync + 'static {
    /// What the thread is called.
    const NAME: &'static str;
    /// Whether they keep processors busy.
    const IS_SLOW: bool;
}

/// One image through the network, or less. Of those that are asked for only the newest counts, and one that fails says so where its
/// answer would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quick {}

impl Speed for Quick {
    const NAME: &'static str = "quick";
    const IS_SLOW: bool = false;
}

/// Many passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slow {}

impl Speed for Slow {
    const NAME: &'static str = "slow";
    const IS_SLOW: bool = true;
}

/// Something to find out about a network.
pub trait Inspection: Debug + Clone + PartialEq + Send + Sync + 'static {
    /// What comes of it. Plain data.
    type Answer: Debug + Send + Sync + 'static;
    /// What is shown before the end; [`Infallible`] when nothing is.
    type Partial: Debug + Send + Sync + 'static;
    /// How long it takes.
    type Speed: Speed;
    /// What it does, for messages: "could not …".
    const WORDS: &'static str;
    /// Whether it looks into a network: what it finds out is then of this network alone.
    const NEEDS_MODEL: bool = true;

    /// Finds it out.
    ///
    /// # Errors
    /// When something is not there, libtorch refuses or somebody cancels.
    fn run(&self, look: &Looking<'_, Self::Partial>) -> Result<Self::Answer, InspectError>;
}

/// An inspection that can be asked for by its name, and written.
pub trait Listed: Inspection {
    /// What it is called on the command line.
    const NAME: &'static str;
    /// What it is and what its array holds, for the command line's help.
    const HELP: &'static str;
    /// What it takes besides model and layer.
    const TAKES: &'static [Takes] = &[];

    /// What was asked for on the command line.
    ///
    /// # Errors
    /// One sentence.
    fn given(given: &Given<'_>) -> Result<Self, String>;

    /// What is written of an answer.
    fn shown(&self, answer: &Self::Answer) -> Shown;
}

/// What an inspection may take from the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// An image, without which it is nothing.
    Image,
    /// A class.
    Class,
    /// A unit of a layer.
    Unit,
    /// A seed.
    Seed,
}

/// What was given on the command line, looked up in the model.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// What it computes.
    pub nodes: &'a [Node],
    /// Position of the chosen node.
    pub layer: Option<usize>,
    /// Position of the chosen class.
    pub class: Option<usize>,
    /// The chosen unit.
    pub unit: Option<usize>,
    /// What random numbers depend on.
    pub seed: u64,
}

impl Given<'_> {
    /// The chosen node, or the first convolution.
    ///
    /// # Errors
    /// When the model has none.
    pub fn layer_or_convolution(&self) -> Result<usize, String> {
        let first = || filters::convolutions(self.nodes).first().copied();
        self.layer
            .or_else(first)
            .ok_or_else(|| "the model has no convolution: choose a layer with --layer".to_owned())
    }
}

/// An answer as it is written: numbers, a picture, and what there is to say about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What it is of: the name of a layer, mostly.
    pub of: String,
    /// Lengths of the array's axes.
    pub shape: Vec<usize>,
    /// The numbers, row-major.
    pub values: Vec<f32>,
    /// The same as a picture.
    pub picture: Picture,
    /// A number that was reached, and what it is the value of.
    pub score: Option<(f32, String)>,
}

impl Shown {
    /// Numbers of `of` with nothing else to say.
    pub fn of(of: &str, shape: Vec<usize>, values: Vec<f32>) -> Self {
        Self {
            of: of.to_owned(),
            shape,
            values,
            picture: Picture::filled(0, 0, [0; 3]),
            score: None,
        }
    }
}

/// A row of [`TABLE`].
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is, in words.
    pub help: &'static str,
    /// What it takes besides model and layer.
    pub takes: &'static [Takes],
    /// What was asked for.
    pub given: fn(&Given<'_>) -> Result<Named, String>,
}

impl Row {
    const fn of<I: Listed>() -> Self {
        Self {
            name: I::NAME,
            help: I::HELP,
            takes: I::TAKES,
            given: |given| Ok(Named(Arc::new(I::given(given)?))),
        }
    }

    /// The row called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.name == name)
    }
}

/// An inspection whose answer is only written.
trait Any: Debug + Send + Sync {
    fn written(&self, look: &Looking<'_, Infallible>) -> Result<Shown, InspectError>;
}

impl<I: Listed> Any for I {
    fn written(&self, look: &Looking<'_, Infallible>) -> Result<Shown, InspectError> {
        let answer = self.run(&look.telling(&|_| {}))?;
        Ok(self.shown(&answer))
    }
}

/// An inspection that was asked for by its name.
#[derive(Debug, Clone)]
pub struct Named(Arc<dyn Any>);

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Inspection for Named {
    type Answer = Shown;
    type Partial = Infallible;
    type Speed = Slow;
    const WORDS: &'static str = "look inside the model";

    fn run(&self, look: &Looking<'_, Infallible>) -> Result<Shown, InspectError> {
        self.0.written(look)
    }
}
