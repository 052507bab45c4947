//! Ways to harm a file, drawn by a seed.

use std::{fs, path::Path};

use rand::{Rng, RngExt as _};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// One bit anywhere is turned over.
    Flip,
    /// It ends somewhere before its end.
    Cut,
    /// Nothing is left in it.
    Empty,
    /// It is gone.
    Delete,
}

impl Harm {
    pub const ALL: [Self; 4] = [Self::Flip, Self::Cut, Self::Empty, Self::Delete];

    pub fn words(self) -> &'static str {
        match self {
            Self::Flip => "one bit flipped",
            Self::Cut => "cut",
            Self::Empty => "emptied",
            Self::Delete => "deleted",
        }
    }

    /// How often it is worth trying, of `tries` flips: what draws nothing needs no second time.
    pub fn times(self, tries: usize) -> usize {
        match self {
            Self::Flip => tries,
            Self::Cut => tries.div_ceil(3),
            Self::Empty | Self::Delete => 1,
        }
    }

    pub fn inflict(self, file: &Path, rng: &mut impl Rng) {
        let mut bytes = fs::read(file).unwrap();
        match self {
            Self::Flip => {
                let at = rng.random_range(0..bytes.len());
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
            Self::Cut => bytes.truncate(rng.random_range(1..bytes.len())),
            Self::Empty => bytes.clear(),
            Self::Delete => return fs::remove_file(file).unwrap(),
        }
        fs::write(file, bytes).unwrap();
    }
}
