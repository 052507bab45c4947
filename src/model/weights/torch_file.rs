//! The two containers that `torch.save` writes: a zip archive since PyTorch 1.6, before that a sequence of
//! pickles followed by the values. torchvision's published weights are of either kind.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    io::{Read, Seek, SeekFrom},
    rc::Rc,
};

use zip::ZipArchive;

use super::{
    Problem,
    pickle::{self, Made, Object, Storage, TensorView, Value},
    tensor::{self, Budget},
};
use crate::model::snapshot::NamedArray;

/// More bytes of a table of contents are not read; VGG16's has 5 thousand.
const MOST_CONTENTS: u64 = 16 << 20;
/// Where a file may keep its state dictionary instead of being one.
const WITHIN: [&str; 3] = ["state_dict", "model_state_dict", "model"];
/// The program that begins the legacy format: it makes the number 0x1950a86a20f9469cfc6c (`torch/serialization.py`,
/// `MAGIC_NUMBER`).
pub const LEGACY_MAGIC: [u8; 15] = [
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.',
];

/// Reads the zip format: `NAME/data.pkl` describes the tensors, `NAME/data/KEY` holds their values.
pub fn read_zip(file: impl Read + Seek) -> Result<Vec<NamedArray>, Problem> {
    let mut archive = ZipArchive::new(file).map_err(zip_problem)?;
    let contents = archive
        .file_names()
        .filter_map(Result::ok)
        .find(|name| name.ends_with("/data.pkl"));
    let Some(contents) = contents.map(Cow::into_owned) else {
        return Err(Problem::Refused("is an archive of something else".into()));
    };
    let folder = contents.trim_end_matches("data.pkl").to_owned();
    let order = entry(&mut archive, &format!("{folder}byteorder"), 16).unwrap_or_default();
    if order.trim_ascii() == b"big" {
        return Err(Problem::damaged(
            "it was saved on a big-endian computer, save it on another one",
        ));
    }
    let program = entry(&mut archive, &contents, MOST_CONTENTS)?;
    let made = pickle::follow(&program)?;
    collect(&tensors(&made)?, |storage| {
        let bytes = byte_count(storage)?;
        let name = format!("{folder}data/{}", storage.key);
        // One byte more tells whether there are too many.
        let values = entry(&mut archive, &name, bytes)?;
        Ok(tensor::to_f32(storage.kind, &values).unwrap_or_default())
    })
}

/// All bytes of an entry of the archive, at most `limit`.
fn entry(
    archive: &mut ZipArchive<impl Read + Seek>,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, Problem> {
    let entry = archive.by_name(name).map_err(zip_problem)?;
    let mut bytes = Vec::new();
    entry
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Problem::damaged(format!(
            "{name} in it is larger than it says"
        )));
    }
    Ok(bytes)
}

fn zip_problem(error: zip::result::ZipError) -> Problem {
    match error {
        zip::result::ZipError::Io(error) => Problem::System(error),
        error => Problem::damaged(format!("{error}, copy or download it again")),
    }
}

/// Reads the legacy format: magic number, protocol, system information, tensors, keys of their storages;
/// then for each storage its number of values and the values.
pub fn read_legacy(file: &mut (impl Read + Seek), size: u64) -> Result<Vec<NamedArray>, Problem> {
    let mut contents = Vec::new();
    file.take(MOST_CONTENTS).read_to_end(&mut contents)?;
    let mut at = LEGACY_MAGIC.len();
    if !contents.starts_with(&LEGACY_MAGIC) {
        return Err(Problem::Refused(
            "is a pickle but was not written by torch.save".into(),
        ));
    }
    let mut next = || {
        let made = pickle::follow(contents.get(at..).unwrap_or_default())?;
        at += made.consumed;
        Ok::<Made, Problem>(made)
    };
    let (_protocol, _system, made, keys) = (next()?, next()?, next()?, next()?);
    let tensors = tensors(&made)?;
    let mut kinds: HashMap<Rc<str>, Storage> = HashMap::new();
    for (_, view) in &tensors {
        kinds.insert(Rc::clone(&view.storage.key), view.storage.clone());
    }
    let mut positions = HashMap::new();
    let mut position = at as u64;
    for key in texts(&keys)? {
        let lost = || Problem::damaged("it has values that belong to no array");
        let storage = kinds.get(&key).ok_or_else(lost)?;
        file.seek(SeekFrom::Start(position))?;
        let mut count = [0; 8];
        file.read_exact(&mut count)?;
        if u64::from_le_bytes(count) != storage.count as u64 {
            return Err(Problem::damaged(
                "an array in it has another size than it says",
            ));
        }
        positions.insert(key, position + 8);
        position = position
            .saturating_add(8)
            .saturating_add(byte_count(storage)?);
        if position > size {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
    }
    collect(&tensors, |storage| {
        let lost = || Problem::damaged("the values of an array are missing");
        let start = positions.get(&storage.key).ok_or_else(lost)?;
        file.seek(SeekFrom::Start(*start))?;
        let mut bytes = Vec::new();
        let limit = byte_count(storage)?;
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(tensor::to_f32(storage.kind, &bytes).unwrap_or_default())
    })
}

fn byte_count(storage: &Storage) -> Result<u64, Problem> {
    let bytes = storage.count.checked_mul(storage.kind.bitsize() / 8);
    let bytes =
        bytes.ok_or_else(|| Problem::TooLarge("an array in it is larger than memory".into()));
    Ok(bytes? as u64)
}

/// The texts of a list.
fn texts(made: &Made) -> Result<Vec<Rc<str>>, Problem> {
    let wrong = || Problem::damaged("it does not say where its values are");
    let Some(Object::List(items)) = made.object(&made.value) else {
        return Err(wrong());
    };
    let text = |item: &Value| match item {
        Value::Text(text) => Ok(Rc::clone(text)),
        _ => Err(wrong()),
    };
    items.iter().map(text).collect()
}

/// Names and views of the state dictionary that a program made, or of the one within it.
fn tensors(made: &Made) -> Result<Vec<(Rc<str>, TensorView)>, Problem> {
    let entries = |value: &Value| match made.object(value) {
        Some(Object::Dict(entries)) => Some(entries),
        _ => None,
    };
    let nothing = || Problem::Refused("holds no dictionary of tensors".into());
    let outer = entries(&made.value).ok_or_else(nothing)?;
    let inner = outer.iter().find_map(|(key, value)| match key {
        Value::Text(text) if WITHIN.contains(&&**text) => entries(value),
        _ => None,
    });
    let mut tensors = Vec::new();
    for (key, value) in inner.unwrap_or(outer) {
        if let (Value::Text(name), Some(Object::Tensor(view))) = (key, made.object(value)) {
            tensors.push((Rc::clone(name), view.clone()));
        }
    }
    if tensors.is_empty() {
        return Err(nothing());
    }
    Ok(tensors)
}

/// Reads each storage once and takes the tensors out of it, in the order of `tensors`.
fn collect(
    tensors: &[(Rc<str>, TensorView)],
    mut values: impl FnMut(&Storage) -> Result<Vec<f32>, Problem>,
) -> Result<Vec<NamedArray>, Problem> {
    let mut by_storage: BTreeMap<Rc<str>, Vec<usize>> = BTreeMap::new();
    for (at, (_, view)) in tensors.iter().enumerate() {
        by_storage
            .entry(Rc::clone(&view.storage.key))
            .or_default()
            .push(at);
    }
    let (mut read, mut taken) = (Budget::default(), Budget::default());
    let mut arrays: Vec<Option<NamedArray>> = vec![None; tensors.len()];
    for indices in by_storage.into_values() {
        let storage = &tensors[indices[0]].1.storage;
        read.spend(storage.count)?;
        let all = values(storage)?;
        if all.len() != storage.count {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        for at in indices {
            let (name, view) = &tensors[at];
            if view.storage != *storage {
                return Err(Problem::damaged(
                    "two arrays in it disagree about their values",
                ));
            }
            arrays[at] = Some(NamedArray {
                name: name.to_string(),
                shape: view.shape.clone(),
                values: tensor::view(view, &all, &mut taken)?,
            });
        }
    }
    Ok(arrays.into_iter().flatten().collect())
}
