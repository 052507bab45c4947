//! Models: the specification people edit, the arithmetic of its shapes, the network libtorch runs
//! and the one file a trained model is.

/// The enum of some types that have a trait in common, through which it is used.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident: dyn $common:ident { $($kind:ident)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $(#[doc = concat!("As [`type@", stringify!($kind), "`] says.")] $kind($kind),)*
        }

        impl std::ops::Deref for $name {
            type Target = dyn $common;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$kind(kind) => kind,)*
                }
            }
        }

        $(impl From<$kind> for $name {
            fn from(kind: $kind) -> Self {
                Self::$kind(kind)
            }
        })*
    };
}
pub mod activation;
pub mod arithmetic;
pub mod array_file;
pub mod backbones;
pub mod bundle;
mod compute;
pub mod edit;
pub mod freezing;
pub mod graph;
pub mod head;
pub mod layers;
pub mod names;
pub mod network;
pub mod old_specs;
pub mod ops;
pub mod parameters;
pub mod self_test;
pub mod shapes;
pub mod snapshot;
pub mod spec;
pub mod spec_file;
pub mod summary;
pub mod weights;
pub mod windows;

pub use graph::Node;
pub use network::Network;
pub use shapes::{LayerShape, Shape, ShapeError};
pub use snapshot::{NamedArray, WeightSnapshot};
pub use spec::{LayerKind, LayerSpec, ModelSpec, Padding};
