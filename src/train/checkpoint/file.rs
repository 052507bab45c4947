//! One file of a checkpoint: arrays as safetensors, everything else in its metadata, and a hash over all of it.
//!
//! Metadata keys: `format` with its number, `blake3`, in snapshots `epoch` and, when layers were frozen, `frozen`:
//! the hash of the file that holds their arrays, which are written once per phase.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use safetensors::SafeTensors;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    data::dataset::display_path,
    kept::Kind,
    model::{
        ModelSpec, NamedArray,
        bundle::{safetensors_entries, write_safetensors},
        parameters,
    },
    plain,
};

/// Precedes the format's number.
const FORMAT: &str = "convscope-checkpoint-";
/// Format 2 had no hash and no frozen arrays in files of their own.
const FORMATS: Kind<Entries> = Kind {
    oldest: 2,
    steps: &[Ok],
};
/// The first format with a hash.
const HASHED: u32 = 3;
const FORMAT_KEY: &str = "format";
const HASH_KEY: &str = "blake3";
const EPOCH_KEY: &str = "epoch";
const FROZEN_KEY: &str = "frozen";
/// Begins the names of files of frozen arrays; the beginning of their hash follows.
const FROZEN_PREFIX: &str = "frozen-";
const ENDING: &str = ".safetensors";

type Entries = BTreeMap<String, String>;

/// A checkpoint's file as it was read, whole.
pub struct File {
    /// Where it is, for messages.
    pub path: String,
    /// Its arrays and the frozen ones, in node order.
    pub arrays: Vec<NamedArray>,
    /// How many of the arrays are in the file of the frozen ones.
    pub frozen: usize,
    entries: Entries,
}

impl File {
    /// Reads a file of a network of `spec`, and that of its frozen arrays.
    pub fn read(path: &Path, spec: &ModelSpec) -> Result<Self, String> {
        let (entries, mut arrays) = read(path)?;
        let shown = display_path(path);
        let mut frozen = 0;
        if let Some(hash) = entries.get(FROZEN_KEY) {
            let other = frozen_path(path, hash);
            let (found, mut more) = read(&other)?;
            if found.get(HASH_KEY) != Some(hash) {
                let other = display_path(&other);
                return Err(format!("{other} holds other weights than {shown} needs"));
            }
            frozen = more.len();
            arrays.append(&mut more);
        }
        parameters::sort_arrays(&mut arrays, spec)
            .map_err(|error| format!("{shown} is damaged ({error})"))?;
        Ok(Self {
            path: shown,
            arrays,
            frozen,
            entries,
        })
    }

    /// The epoch that its arrays are of.
    pub fn epoch(&self) -> Result<usize, String> {
        let epoch = self.entries.get(EPOCH_KEY);
        let epoch = epoch.and_then(|epoch| epoch.parse().ok());
        epoch.ok_or_else(|| format!("{} is damaged (it does not say its epoch)", self.path))
    }

    /// The plain data called `key`.
    pub fn entry<T: DeserializeOwned>(&self, key: &str) -> Result<T, String> {
        let text = self.entries.get(key).map_or("", String::as_str);
        ron::from_str(text).map_err(|error| format!("{} is damaged ({key}: {error})", self.path))
    }
}

/// A file of a checkpoint before it is written.
#[derive(Default)]
pub struct Draft<'a> {
    arrays: Vec<(String, &'a NamedArray)>,
    entries: Entries,
}

impl<'a> Draft<'a> {
    /// Weights after `epoch`.
    pub fn of_epoch(epoch: usize) -> Self {
        let mut draft = Self::default();
        draft.set(EPOCH_KEY, epoch.to_string());
        draft
    }

    fn set(&mut self, key: &str, value: String) {
        self.entries.insert(key.to_owned(), value);
    }

    /// Adds plain data.
    pub fn entry(&mut self, key: &str, value: &impl Serialize) -> Result<(), String> {
        self.set(key, ron::to_string(value).map_err(|e| e.to_string())?);
        Ok(())
    }

    /// Adds arrays, with `prefix` before their names.
    pub fn arrays(&mut self, prefix: &str, arrays: &'a [NamedArray]) {
        let named = arrays.iter();
        self.arrays
            .extend(named.map(|array| (format!("{prefix}{}", array.name), array)));
    }

    /// Says which file of frozen arrays belongs to it.
    pub fn frozen(&mut self, hash: &str) {
        self.set(FROZEN_KEY, hash.to_owned());
    }

    /// Writes it to `path`, atomically; the arrays are not copied for it.
    pub fn write(mut self, path: &Path) -> Result<(), String> {
        self.sign();
        self.put(path)
    }

    /// Writes it into `folder` under a name made of its hash, unless it is there; gives the hash.
    pub fn write_frozen(mut self, folder: &Path) -> Result<String, String> {
        let hash = self.sign();
        let path = frozen_path(&folder.join(ENDING), &hash);
        // What a power cut left of an older one would be found out at the next reading: it is made anew.
        let is_there = read(&path).is_ok_and(|(entries, _)| entries.get(HASH_KEY) == Some(&hash));
        if !is_there {
            self.put(&path)?;
        }
        Ok(hash)
    }

    /// Says its format and its hash.
    fn sign(&mut self) -> String {
        self.set(FORMAT_KEY, format!("{FORMAT}{}", FORMATS.format()));
        self.arrays.sort_by(|(a, _), (b, _)| a.cmp(b));
        let named = self.arrays.iter();
        let hash = hash(
            &self.entries,
            named.map(|(name, array)| (name.as_str(), &array.shape[..], array.bytes())),
        );
        self.set(HASH_KEY, hash.clone());
        hash
    }

    fn put(self, path: &Path) -> Result<(), String> {
        let written = write_safetensors(path, self.entries.into_iter().collect(), &self.arrays);
        written.map_err(|error| format!("{}: {}", display_path(path), plain::io(&error)))
    }
}

/// Hash of everything that a file says, whatever order it stands in.
fn hash<'a>(
    entries: &Entries,
    arrays: impl Iterator<Item = (&'a str, &'a [usize], std::borrow::Cow<'a, [u8]>)>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut field = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for (key, value) in entries.iter().filter(|(key, _)| *key != HASH_KEY) {
        field(key.as_bytes());
        field(value.as_bytes());
    }
    for (name, shape, bytes) in arrays {
        field(name.as_bytes());
        let shape: Vec<u8> = shape
            .iter()
            .flat_map(|side| (*side as u64).to_le_bytes())
            .collect();
        field(&shape);
        field(&bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// What a file holds, once its format is known and its hash is right.
fn read(path: &Path) -> Result<(Entries, Vec<NamedArray>), String> {
    let shown = display_path(path);
    let bytes =
        fs::read(path).map_err(|error| format!("cannot read {shown}: {}", plain::io(&error)))?;
    let damaged = |reason: &dyn std::fmt::Display| format!("{shown} is damaged ({reason})");
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(&error))?;
    let entries: Entries = header.metadata().clone().into_iter().flatten().collect();
    let format = format_of(&entries).ok_or_else(|| damaged(&"it does not say its format"))?;
    let entries = FORMATS
        .bring_up(format, entries)
        .map_err(|error| format!("{shown} {error}"))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(&error))?;
    let mut views: Vec<_> = tensors.iter().collect();
    views.sort_by_key(|(name, _)| *name);
    let expected = entries.get(HASH_KEY);
    // A hash is checked wherever there is one: the format that says that there is none may be what was damaged.
    if format >= HASHED || expected.is_some() {
        let named = views.iter();
        let found = hash(
            &entries,
            named.map(|(name, view)| (*name, view.shape(), view.data().into())),
        );
        if expected != Some(&found) {
            return Err(damaged(
                &"its content does not have the hash it was saved with",
            ));
        }
    }
    let arrays = views
        .iter()
        .map(|(name, view)| NamedArray::from_view(name, view));
    let arrays = arrays.collect::<Result<_, _>>();
    Ok((entries, arrays.map_err(|error| damaged(&error))?))
}

fn format_of(entries: &Entries) -> Option<u32> {
    entries.get(FORMAT_KEY)?.strip_prefix(FORMAT)?.parse().ok()
}

/// Where the frozen arrays with this hash lie, beside `path`.
fn frozen_path(path: &Path, hash: &str) -> PathBuf {
    let short = hash.get(..16).unwrap_or(hash);
    path.with_file_name(format!("{FROZEN_PREFIX}{short}{ENDING}"))
}

/// Deletes the frozen arrays in `folder` that none of its `files` needs any more.
pub fn sweep_frozen(folder: &Path, files: &[&str]) {
    let is_frozen = |name: &str| name.starts_with(FROZEN_PREFIX) && name.ends_with(ENDING);
    let list = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = list
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|n| is_frozen(&n.to_string_lossy()))
        })
        .collect();
    for file in files {
        let path = folder.join(file);
        if let Some(hash) = frozen_of(&path) {
            let needed = frozen_path(&path, &hash);
            found.retain(|path| *path != needed);
        }
    }
    for path in found {
        // It only takes room, and the next epoch tries again.
        let _ = fs::remove_file(path);
    }
}

/// The frozen arrays that the file at `path` needs, read from its header alone.
fn frozen_of(path: &Path) -> Option<String> {
    safetensors_entries(path).ok()??.remove(FROZEN_KEY)
}
