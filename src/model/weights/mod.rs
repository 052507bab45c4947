//! Weights that others trained: reading their files, and giving them to a backbone.
//!
//! PyTorch's `.pth` files are programs for Python's unpickler. Nothing of them is executed here: a small
//! interpreter knows the few instructions that a dictionary of tensors needs and refuses everything else.

pub mod catalogue;
pub mod examine;
pub mod import;
pub mod initial;
pub mod names;
mod pickle;
mod safetensors_file;
mod tensor;
mod torch_file;

use std::{
    fs::File,
    io::{BufReader, Read as _, Seek as _},
    path::Path,
};

use super::snapshot::NamedArray;
use crate::data::dataset::display_path;

/// More values than this in one file are refused; VGG16, the largest backbone, has 138 million.
const MOST_VALUES: usize = 1 << 28;

/// Why weights cannot be used; each is one sentence with the file's name.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read or used, or is not there.
    #[error("{0}")]
    File(String),
    /// It belongs to another network.
    #[error("{path} does not fit {network}: {reason}")]
    Mismatch {
        /// Which file.
        path: String,
        /// The network.
        network: &'static str,
        /// Which array, and how it differs.
        reason: String,
    },
    /// The catalogue of weights cannot be used.
    #[error(transparent)]
    Catalogue(#[from] crate::data::catalogue::CatalogueError),
}

impl WeightsError {
    /// That `file` is not what `network` needs.
    fn mismatch(file: &Path, network: &'static str, reason: impl Into<String>) -> Self {
        Self::Mismatch {
            path: display_path(file),
            network,
            reason: reason.into(),
        }
    }
}

/// Why the contents of a file cannot be used, before its name is known.
#[derive(Debug)]
enum Problem {
    Damaged(String),
    Refused(String),
    TooLarge(String),
    System(std::io::Error),
}

impl Problem {
    fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged(reason.into())
    }

    fn of(self, path: &Path) -> WeightsError {
        let path = display_path(path);
        WeightsError::File(match self {
            Self::Damaged(reason) => format!("{path} is damaged: {reason}"),
            Self::Refused(reason) => format!(
                "{path} {reason}; nothing was run: use a file saved with torch.save(model.state_dict(), …)"
            ),
            Self::TooLarge(reason) => format!("{path} is too large: {reason}"),
            Self::System(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                format!("{path} is damaged: it ends too early, copy or download it again")
            }
            Self::System(error) => format!("cannot read {path}: {error}"),
        })
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

/// Whether a file that begins with `head` holds weights: PyTorch's zip, its format before 1.6, or safetensors. Some
/// 64 bytes are enough.
pub fn begins_like_weights(head: &[u8]) -> bool {
    /// Where the first name in a zip begins, and its length stands.
    const NAME: usize = 30;
    const LENGTH: usize = 26;
    match head {
        [b'P', b'K', 3, 4, ..] => {
            let length = head.get(LENGTH).copied().map_or(0, usize::from);
            let name = head.get(NAME..).unwrap_or_default();
            name.get(..length)
                .is_some_and(|name| name.ends_with(b"data.pkl"))
        }
        [_, _, _, _, _, _, _, 0, b'{', ..] => true,
        head => head.starts_with(&torch_file::LEGACY_MAGIC),
    }
}

/// Reads every array of a `.pth` (zip or legacy format) or `.safetensors` file, as f32 and in the file's
/// order. What a file is its first bytes say, not its name.
///
/// # Errors
/// One sentence for a file that cannot be read, is none of these, is damaged or asks for more than tensors.
pub fn read(path: &Path) -> Result<Vec<NamedArray>, WeightsError> {
    let failed = |error: std::io::Error| Problem::System(error).of(path);
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let mut file = BufReader::new(file);
    let mut start = Vec::new();
    (&mut file)
        .take(16)
        .read_to_end(&mut start)
        .map_err(failed)?;
    file.rewind().map_err(failed)?;
    let read = match start.as_slice() {
        [b'P', b'K', 3, 4, ..] => torch_file::read_zip(file),
        [0x80, 0..=5, ..] => torch_file::read_legacy(&mut file, bytes),
        // Eight bytes of length, then JSON.
        [_, _, _, _, _, _, _, _, b'{', ..] => safetensors_file::read(&mut file, bytes),
        _ => {
            return Err(WeightsError::File(format!(
                "{} is no file of weights: choose a .pth that PyTorch saved or a .safetensors",
                display_path(path)
            )));
        }
    };
    read.map_err(|problem| problem.of(path))
}

#[cfg(test)]
mod tests;
