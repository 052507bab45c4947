//! Those who watch a run for the engine, each in a file of its own. Who they are, and in which order they hear of an
//! epoch, stands in [`super::trainer`].

mod health;
mod publisher;
mod steering;
mod window;

pub use health::Health;
pub use publisher::Publisher;
pub use steering::Steering;
pub use window::Window;
