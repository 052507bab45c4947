//! What somebody handed over: files and folders are taken for what they hold, whatever they are called. Nothing is
//! unpacked, no image is decoded and nothing is run.

use std::{
    convert::Infallible,
    ffi::OsStr,
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    answer::Kind,
    job::{JobContext, JobError},
    kept_run,
    reader::Reader,
    task::Task,
};
use crate::{
    cancel::CancelToken,
    data::{
        Edits,
        dataset::display_path,
        sources::{self, SourceError, folder},
    },
    kept::FormatError,
    model::{bundle, weights},
    train::run_folder::MODEL_FILE,
};

/// What a path holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// One image.
    Image,
    /// A folder of images that no folders sort into classes: these.
    Photos(Arc<[PathBuf]>),
    /// A folder or file that can be opened as a dataset.
    Dataset,
    /// A model that Convscope saved.
    Model,
    /// The folder of a run.
    Run,
    /// Weights that others trained.
    Weights,
    /// What is to be trained and how.
    Experiment,
    /// The layers of a network.
    Layers,
    /// Changes to a dataset.
    Edits(Arc<Edits>),
    /// Nothing that is opened; one sentence says what it is and what to do.
    Unknown(String),
}

/// A path and what it holds.
pub type Found = (PathBuf, Thing);

/// Bytes that tell what a file is.
const HEAD: u64 = 512;
/// Longer texts are no experiment.
const LONGEST_TEXT: u64 = 4 << 20;

/// Looks what `paths` hold.
#[derive(Debug, Clone)]
pub struct Look(pub Vec<PathBuf>);

impl Task for Look {
    /// What each is, in the order in which they were asked about.
    type Answer = Arc<[Found]>;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("look what it is").brief();
    type Lane = Reader;

    fn run(&self, _: &mut Reader, context: &JobContext) -> Result<Arc<[Found]>, JobError> {
        let found = |path: &PathBuf| {
            context.cancel.check()?;
            Ok((path.clone(), look(path, &context.cancel)?))
        };
        self.0.iter().map(found).collect()
    }
}

/// What `path` holds.
///
/// # Errors
/// When `cancel` was set.
pub fn look(path: &Path, cancel: &CancelToken) -> Result<Thing, JobError> {
    let thing = if path.is_dir() {
        in_folder(path, cancel)
    } else {
        in_file(path)
    };
    match thing {
        Ok(thing) => Ok(thing),
        Err(SourceError::Cancelled(cancelled)) => Err(cancelled.into()),
        Err(error) => Ok(Thing::Unknown(error.to_string())),
    }
}

fn in_folder(path: &Path, cancel: &CancelToken) -> Result<Thing, SourceError> {
    if kept_run::folder_of(path).is_some() {
        return Ok(if path.join(MODEL_FILE).is_file() {
            Thing::Run
        } else {
            Thing::Unknown(format!(
                "{} is a run that has left no model: Continue in Runs goes on with it",
                display_path(path)
            ))
        });
    }
    if sources::is_dataset(path) {
        return Ok(Thing::Dataset);
    }
    let photos = folder::loose_images(path, cancel)?;
    if !photos.is_empty() {
        return Ok(Thing::Photos(photos.into()));
    }
    // The reader says best why it is no dataset.
    folder::scan(path, cancel).map(|_| Thing::Dataset)
}

fn in_file(path: &Path) -> Result<Thing, SourceError> {
    let read = SourceError::read(path);
    // Opening a pipe waits for whoever writes into it.
    if !fs::metadata(path).map_err(&read)?.is_file() {
        return Ok(Thing::Unknown(format!(
            "{} is a pipe or a device: give a file or a folder",
            display_path(path)
        )));
    }
    let mut head = Vec::new();
    let file = File::open(path).map_err(&read)?;
    file.take(HEAD).read_to_end(&mut head).map_err(&read)?;
    if image::guess_format(&head).is_ok() {
        return Ok(Thing::Image);
    }
    if weights::begins_like_weights(&head) {
        return Ok(of_weights(path));
    }
    if let Some(thing) = of_text(path, &head)? {
        return Ok(thing);
    }
    match sources::detect(path) {
        Ok(()) => Ok(Thing::Dataset),
        // Predicting says what it is instead: a web page, a photo of a format that is not read.
        Err(_) if folder::looks_like_image(path) => Ok(Thing::Image),
        Err(error) => Err(error),
    }
}

/// Ours, or anybody's.
fn of_weights(path: &Path) -> Thing {
    match bundle::is_model(path) {
        Ok(true) => Thing::Model,
        Ok(false) => Thing::Weights,
        Err(reason) => Thing::Unknown(format!(
            "{} is not a whole file of weights ({reason}): copy or save it again",
            display_path(path)
        )),
    }
}

/// What a file in RON, the notation of experiments, describes; `None` for what is no such text.
fn of_text(path: &Path, head: &[u8]) -> Result<Option<Thing>, SourceError> {
    let named = path.extension().and_then(OsStr::to_str);
    let is_named = named.is_some_and(|ending| ending.eq_ignore_ascii_case("ron"));
    let begins = head.iter().find(|byte| !byte.is_ascii_whitespace());
    let read = SourceError::read(path);
    if !is_named && begins != Some(&b'(') || fs::metadata(path).map_err(&read)?.len() > LONGEST_TEXT
    {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(&read)?;
    let has = |field: &str| {
        let mut lines = text.split(['\n', '(', ',']);
        let name = |part: &str| {
            part.trim_start()
                .strip_prefix(field)
                .map(str::trim_start)
                .map(str::to_owned)
        };
        lines.any(|part| name(part).is_some_and(|rest| rest.starts_with(':')))
    };
    Ok(if has("model") && has("training") {
        Some(Thing::Experiment)
    } else if has("layers") {
        Some(Thing::Layers)
    } else {
        let unknown = |words: &str| Thing::Unknown(format!("{} {words}", display_path(path)));
        match Edits::parse(&text) {
            Ok(edits) => Some(Thing::Edits(Arc::new(edits))),
            Err(reason @ (FormatError::Newer { .. } | FormatError::Older { .. })) if is_named => {
                Some(unknown(&reason.to_string()))
            }
            Err(_) if is_named => Some(unknown(
                "is neither an experiment nor layers nor changes to a dataset: open a .ron file that Convscope wrote",
            )),
            Err(_) => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::spec_file, train::recipes};

    #[test]
    fn what_is_handed_over_is_taken_for_what_it_holds() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let write = |name: &str, bytes: &[u8]| {
            let path = at(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let png = {
            let mut bytes = std::io::Cursor::new(Vec::new());
            let image = image::RgbImage::new(2, 2);
            image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
            bytes.into_inner()
        };
        let header = |json: &str| {
            let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
            bytes.extend_from_slice(json.as_bytes());
            bytes
        };
        let ours = header(r#"{"__metadata__":{"format":"convscope-model"}}"#);
        let others = header(r#"{"a.weight":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#);
        let torch = b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaa\x0a\0\0\0m/data.pkl";
        let experiment = recipes::find(Path::new("shapes")).unwrap();
        let text = experiment.to_ron().unwrap();
        fs::write(
            at("layers.ron"),
            spec_file::text(&experiment.model).unwrap(),
        )
        .unwrap();
        for (name, bytes) in [
            ("photo.png", &png[..]),
            ("photo.txt", &png),
            ("page.jpg", b"<!doctype html>"),
            ("loose/1.png", &png),
            ("loose/2.png", &png),
            ("one/only/1.png", &png),
            ("set/a/1.png", &png),
            ("set/b/1.png", &png),
            ("list.csv", b"path,label\n"),
            ("list.txt", b"path,label\na.png,a\n"),
            (
                "set.zip",
                b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaa\x05\0\0\0a.png",
            ),
            ("ours.safetensors", &ours),
            ("ours.bin", &ours),
            ("cut.safetensors", &ours[..20]),
            ("others.safetensors", &others),
            ("weights.pth", torch),
            ("weights", torch),
            ("old.pt", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."),
            ("pickle.pkl", b"\x80\x03}q\0."),
            ("experiment.ron", text.as_bytes()),
            ("experiment.txt", text.as_bytes()),
            ("edits.ron", b"(format: 1, excluded: [\"a/1.png\"])"),
            ("other.ron", b"(colour: 3)"),
            ("notes.txt", b"hello"),
            ("run/experiment.ron", text.as_bytes()),
            ("run/model.safetensors", &ours),
            ("nothing/readme.txt", b"hello"),
        ] {
            write(name, bytes);
        }
        let kind = |name: &str| match look(&at(name), &CancelToken::new()) {
            Ok(Thing::Image) => "image",
            Ok(Thing::Photos(photos)) if photos.len() == 2 => "two photos",
            Ok(Thing::Photos(_)) => "a photo",
            Ok(Thing::Dataset) => "dataset",
            Ok(Thing::Model) => "model",
            Ok(Thing::Run) => "run",
            Ok(Thing::Weights) => "weights",
            Ok(Thing::Experiment) => "experiment",
            Ok(Thing::Layers) => "layers",
            Ok(Thing::Edits(_)) => "edits",
            Ok(Thing::Unknown(sentence)) => {
                assert!(sentence.contains(name), "{name}: {sentence}");
                "unknown"
            }
            Err(_) => "cancelled",
        };
        let rows = [
            ("photo.png", "image", "as it is called"),
            ("photo.txt", "image", "whatever it is called"),
            ("page.jpg", "image", "predicting says what is wrong with it"),
            ("loose", "two photos", "no folders that could be classes"),
            ("one", "a photo", "one folder is no classes"),
            ("set", "dataset", "two classes"),
            ("list.csv", "dataset", "a list"),
            ("list.txt", "dataset", "a list of another ending"),
            ("set.zip", "dataset", "an archive"),
            ("ours.safetensors", "model", "its metadata say so"),
            ("ours.bin", "model", "whatever it is called"),
            ("cut.safetensors", "unknown", "cut off within its header"),
            ("others.safetensors", "weights", "somebody else's"),
            ("weights.pth", "weights", "PyTorch's zip"),
            ("weights", "weights", "without an ending"),
            ("old.pt", "weights", "PyTorch before 1.6"),
            (
                "pickle.pkl",
                "unknown",
                "pickles of other things are never opened",
            ),
            ("experiment.ron", "experiment", "what to train"),
            ("experiment.txt", "experiment", "whatever it is called"),
            ("layers.ron", "layers", "a network"),
            ("edits.ron", "edits", "changes to a dataset"),
            ("other.ron", "unknown", "RON of something else"),
            ("notes.txt", "unknown", "any text"),
            ("run", "run", "a run's folder"),
            ("run/model.safetensors", "model", "opening it opens its run"),
            ("nothing", "unknown", "a folder without images"),
            ("nowhere", "unknown", "not there"),
        ];
        for (name, expected, why) in rows {
            assert_eq!(kind(name), expected, "{name}: {why}");
        }
        let cancelled = CancelToken::new();
        cancelled.cancel();
        assert!(look(&at("loose"), &cancelled).is_err());
    }
}
