//! What comes from outside: files that are dragged over the window or handed over, and the questions they raise.
//! Plain data.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    format::{counted, shortened},
    state::AppState,
};
use crate::{
    data::{
        dataset::display_path,
        sources::{ENDINGS, folder},
    },
    engine::{Found, JobId, OpenRequest, Thing},
};

/// What comes from outside.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    /// Jobs that look at what was handed over.
    pub looking: BTreeSet<JobId>,
    /// What is dragged over the window.
    pub hovering: Option<Hovering>,
    /// What has to be decided.
    pub question: Option<Question>,
}

/// Files that are dragged over the window.
#[derive(Debug, Clone)]
pub struct Hovering {
    /// All of them.
    pub paths: Vec<PathBuf>,
    /// The job that looks at them.
    pub job: JobId,
    /// What they are, once it is known.
    pub found: Option<Arc<[Found]>>,
}

/// What has to be decided before something that was handed over is opened.
#[derive(Debug, Clone)]
pub enum Question {
    /// Another dataset than the one that was just changed.
    Replace(OpenRequest),
    /// A folder of images without classes.
    Photos(PathBuf, Arc<[PathBuf]>),
}

/// Letters of a name in a sentence.
const LONGEST_NAME: usize = 48;

/// The last name of `path`, for people.
pub fn short(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    shortened(&display_path(name.as_ref()), LONGEST_NAME)
}

/// What `path` seems to be by its name, until it was looked at.
fn by_name(path: &Path) -> Option<Thing> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    match ending.as_str() {
        _ if folder::looks_like_image(path) => Some(Thing::Image),
        "pth" | "pt" => Some(Thing::Weights),
        // What may be anything is looked at first.
        "gz" | "bin" | "txt" => None,
        ending if ENDINGS.contains(&ending) => Some(Thing::Dataset),
        _ => None,
    }
}

impl AppState {
    /// Takes in what the files are that are dragged over the window.
    pub(super) fn hovered(&mut self, job: JobId, found: Arc<[Found]>) {
        if let Some(hovering) = &mut self.arrivals.hovering
            && hovering.job == job
        {
            hovering.found = Some(found);
        }
    }

    /// The backbone that begins with weights that are handed over: the chosen one, else the first.
    pub fn backbone_for_weights(&self) -> Option<(usize, &str)> {
        use super::design::Chosen;
        let layers = &self.experiment.model.layers;
        let network = |at: usize| Some((at, layers.get(at)?.kind.published()?.0.word()));
        let chosen = match self.design.chosen {
            Some(Chosen::Layer(at)) => network(at),
            Some(Chosen::Inner(..) | Chosen::Head) | None => None,
        };
        chosen.or_else(|| (0..layers.len()).find_map(network))
    }

    /// Why weights cannot be used here.
    pub fn no_backbone(path: &Path) -> String {
        format!(
            "{} holds weights of another program: add the network that they belong to in the Model step, then drop it again",
            short(path)
        )
    }

    /// What letting go of `paths` would do: a line for each kind of thing.
    pub fn promise(&self, paths: &[PathBuf], found: Option<&[Found]>) -> Vec<String> {
        let found = match found {
            Some(found) => found.to_vec(),
            None => {
                let guessed = |path: &PathBuf| Some((path.clone(), by_name(path)?));
                let guessed: Vec<Found> = paths.iter().filter_map(guessed).collect();
                if guessed.len() < paths.len() {
                    return vec![match paths {
                        [path] => format!("Looking what {} is…", short(path)),
                        many => format!("Looking what these {} things are…", many.len()),
                    }];
                }
                guessed
            }
        };
        let is_image = |found: &&Found| found.1 == Thing::Image;
        let images = found.iter().filter(is_image).count();
        let mut lines = Vec::new();
        if images > 0 {
            lines.push(self.promise_images(images));
        }
        let others = found.iter().filter(|found| !is_image(found));
        lines.extend(others.map(|(path, thing)| self.promise_thing(path, thing)));
        /// More lines than these are counted only.
        const MOST: usize = 5;
        if lines.len() > MOST {
            let more = lines.len() - MOST;
            lines.truncate(MOST);
            lines.push(format!("and {}", counted(more, "more thing")));
        }
        lines
    }

    fn promise_images(&self, images: usize) -> String {
        let images = counted(images, "image");
        match self.name_in_hand() {
            Some(model) => {
                let model = shortened(&model, LONGEST_NAME);
                format!("Release to classify {images} with {model}")
            }
            None => format!("Release to look at {images}; to classify them, train or open a model"),
        }
    }

    pub(super) fn promise_thing(&self, path: &Path, thing: &Thing) -> String {
        let name = short(path);
        let is_busy = self.training.is_running();
        match thing {
            Thing::Unknown(sentence) => format!("Cannot be used: {sentence}"),
            Thing::Image => self.promise_images(1),
            Thing::Photos(photos) => {
                let images = counted(photos.len(), "image");
                format!("Release to classify the {images} in {name}")
            }
            _ if is_busy => format!("{name} cannot be opened now: stop the training first"),
            Thing::Dataset => format!("Release to open {name} as the dataset"),
            Thing::Model => format!("Release to take the model {name} in hand"),
            Thing::Run => format!("Release to open the run {name}: its model and its curves"),
            Thing::Weights => match self.backbone_for_weights() {
                Some((_, network)) => {
                    format!("Release to let {network} begin with the weights of {name}")
                }
                None => Self::no_backbone(path),
            },
            Thing::Experiment => format!("Release to open the experiment {name}"),
            Thing::Layers => format!("Release to take over the layers of {name}"),
            Thing::Edits(edits) => {
                let changes = counted(edits.len(), "change");
                match self.dataset().map(|dataset| &dataset.name) {
                    Some(open) => format!("Release to make the {changes} of {name} to {open}"),
                    None => format!("{name} holds {changes} to a dataset: open the dataset first"),
                }
            }
        }
    }

    /// One sentence for what cannot be used; `None` when there is nothing.
    pub fn sentence_for_unknown(unknown: &[String], all: usize) -> Option<String> {
        match unknown {
            [] => None,
            [only] => Some(only.clone()),
            [first, ..] => Some(format!(
                "{} of {all} things cannot be used; the first: {first}",
                unknown.len()
            )),
        }
    }
}
