//! Our safetensors files: arrays under their names, and entries beside them.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Read as _, Write as _},
    path::Path,
};

use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};
use serde::Deserialize;

use super::snapshot::NamedArray;
use crate::data::files::write_atomically_with;

/// Writes `arrays` under their names, and `entries` beside them, as a safetensors file, atomically. The arrays are not
/// copied for it.
///
/// # Errors
/// What the system said.
pub fn write(
    path: &Path,
    entries: HashMap<String, String>,
    arrays: &[(String, &NamedArray)],
) -> io::Result<()> {
    let mut end = 0;
    let info = |(name, array): &(String, &NamedArray)| {
        let start = end;
        end += array.values.len() * size_of::<f32>();
        let info = TensorInfo {
            dtype: Dtype::F32,
            shape: array.shape.clone(),
            data_offsets: (start, end),
        };
        (name.clone(), info)
    };
    let infos = arrays.iter().map(info).collect();
    let metadata = Metadata::new(Some(entries), infos).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&metadata)?;
    // As safetensors wants it: the arrays begin at a multiple of eight bytes.
    header.resize(header.len().next_multiple_of(8), b' ');
    write_atomically_with(path, |file| {
        let mut file = BufWriter::new(file);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        for (_, array) in arrays {
            file.write_all(&array.bytes())?;
        }
        file.flush()
    })
}

/// What the safetensors file `path` says beside its arrays, none of which is read; `None` for files of other formats.
///
/// # Errors
/// What is wrong with its header, when it begins like safetensors.
pub fn entries(path: &Path) -> Result<Option<HashMap<String, String>>, String> {
    /// Longer headers are no header.
    const LONGEST: u64 = 100_000_000;
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__", default)]
        entries: HashMap<String, String>,
    }
    let words = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    };
    let mut file = File::open(path).map_err(words)?;
    let mut start = [0; 9];
    file.read_exact(&mut start).map_err(words)?;
    let [length @ .., first] = start;
    let length = u64::from_le_bytes(length);
    if first != b'{' {
        return Ok(None);
    }
    if length > LONGEST {
        return Err("its header is too long".into());
    }
    let mut header = vec![first];
    let rest = length.saturating_sub(1);
    file.take(rest).read_to_end(&mut header).map_err(words)?;
    if (header.len() as u64) < length {
        return Err("it ends too early".into());
    }
    let header: Header = serde_json::from_slice(&header).map_err(|error| error.to_string())?;
    Ok(Some(header.entries))
}
