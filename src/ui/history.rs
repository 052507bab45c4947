//! What the user did and looked at, step by step: changes to the dataset with undo and redo, selections with back and
//! forward. Plain data.

use std::sync::Arc;

use super::{
    state::{AppState, Showing},
    widgets::marks,
};
use crate::{
    data::{Edit, Edits, edits::EditError},
    engine::{ImageSource, Prediction},
};

/// The image that the whole window looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Sample of the dataset.
    Sample(usize),
    /// An image that stands in no dataset: dropped, chosen, drawn or from the web.
    Image(OwnImage),
}

/// An image that stands in no dataset; the same one is the one that was handed over together.
#[derive(Debug, Clone)]
pub struct OwnImage(Arc<ImageSource>);

impl OwnImage {
    /// Takes an image in.
    pub fn new(source: ImageSource) -> Self {
        Self(Arc::new(source))
    }

    /// Where its pixels are.
    pub fn source(&self) -> &ImageSource {
        &self.0
    }
}

impl PartialEq for OwnImage {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.is_same(&other.0)
    }
}

impl Eq for OwnImage {}

/// What the whole window looks at. Clicking anywhere sets it, everything follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The image.
    pub subject: Option<Subject>,
    /// Layer of the model.
    pub layer: Option<usize>,
    /// Filter or value of that layer.
    pub unit: Option<usize>,
    /// Class.
    pub class: Option<usize>,
    /// Cell of the confusion matrix: actual, predicted.
    pub cell: Option<(usize, usize)>,
    /// Epoch of the run, from 1.
    pub epoch: Option<usize>,
    /// Samples that an action on many means, ascending; empty when it means [`Self::sample`] alone.
    pub marked: Arc<[usize]>,
}

impl Selection {
    /// The sample of the dataset that is looked at; `None` when nothing is, or an image that stands in none.
    pub fn sample(&self) -> Option<usize> {
        match self.subject {
            Some(Subject::Sample(sample)) => Some(sample),
            Some(Subject::Image(_)) | None => None,
        }
    }

    /// The same with the image of an answer.
    #[must_use]
    pub fn with_image(&self, answer: &Prediction) -> Self {
        self.with_own_image(answer.source.clone())
    }

    /// The same with an image that may stand in no dataset.
    #[must_use]
    pub fn with_own_image(&self, source: ImageSource) -> Self {
        Self {
            subject: Some(Subject::Image(OwnImage::new(source))),
            marked: Arc::from([]),
            ..self.clone()
        }
    }

    /// The same with another sample.
    #[must_use]
    pub fn with_sample(&self, sample: Option<usize>) -> Self {
        Self {
            subject: sample.map(Subject::Sample),
            ..self.clone()
        }
    }
}

/// Where the user looked before and after.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    back: Vec<Selection>,
    forward: Vec<Selection>,
}

/// What the user changed about the dataset, step by step.
#[derive(Debug, Clone, Default)]
pub(super) struct EditHistory {
    pub undo: Vec<Arc<Edits>>,
    pub redo: Vec<Arc<Edits>>,
    /// What the engine shall apply; `None` when the open dataset is as wanted.
    pub wanted: Option<Arc<Edits>>,
}

/// Selections that Alt+← remembers.
const TRAIL_LENGTH: usize = 100;

impl AppState {
    /// The edits that the user wants: those of the open dataset, or newer ones that are being applied.
    pub fn wanted_edits(&self) -> Option<&Arc<Edits>> {
        let open = self.open_dataset()?;
        Some(self.edits.wanted.as_ref().unwrap_or(&open.edits))
    }

    /// Adds one change to the dataset. It shows once the engine has applied it.
    ///
    /// # Errors
    /// When it would mislead; nothing changes then.
    pub fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        let (Some(open), Some(edits)) = (self.open_dataset(), self.wanted_edits()) else {
            return Ok(());
        };
        let mut changed = Edits::clone(edits);
        changed.change(edit, &open.base)?;
        self.replace_edits(changed);
        Ok(())
    }

    /// Makes `edits` the wanted ones; what was before can be had again with [`Self::undo`].
    pub fn replace_edits(&mut self, edits: Edits) {
        let Some(before) = self.wanted_edits().cloned().filter(|now| **now != edits) else {
            return;
        };
        self.edits.undo.push(before);
        self.edits.redo.clear();
        self.edits.wanted = Some(Arc::new(edits));
    }

    /// Takes the last change to the dataset back. False when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(now) = self.wanted_edits().cloned() else {
            return false;
        };
        let Some(before) = self.edits.undo.pop() else {
            return false;
        };
        self.edits.redo.push(now);
        self.edits.wanted = Some(before);
        true
    }

    /// Makes a change again that was taken back. False when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(now) = self.wanted_edits().cloned() else {
            return false;
        };
        let Some(after) = self.edits.redo.pop() else {
            return false;
        };
        self.edits.undo.push(now);
        self.edits.wanted = Some(after);
        true
    }

    /// Whether there is something to undo, and to redo.
    pub fn can_undo_redo(&self) -> (bool, bool) {
        (!self.edits.undo.is_empty(), !self.edits.redo.is_empty())
    }

    /// Shows `samples`, and only these, in the browser; `words` says what they are. The first is selected.
    pub fn show_images(&mut self, samples: &[usize], words: Arc<str>) {
        let Some(&first) = samples.first() else {
            return;
        };
        let ascending = marks::ascending(samples);
        let many = ascending.len() > 1;
        self.select(Selection {
            marked: if many {
                Arc::clone(&ascending)
            } else {
                Arc::from([])
            },
            ..self.selection.with_sample(Some(first))
        });
        self.showing = Some(Showing {
            samples: ascending,
            words,
        });
    }

    /// Changes the selection and remembers the old one.
    pub fn select(&mut self, selection: Selection) {
        if selection == self.selection {
            return;
        }
        self.trail
            .back
            .push(std::mem::replace(&mut self.selection, selection));
        self.trail.forward.clear();
        if self.trail.back.len() > TRAIL_LENGTH {
            self.trail.back.remove(0);
        }
    }

    /// The selection before this one.
    pub fn go_back(&mut self) {
        if let Some(earlier) = self.trail.back.pop() {
            self.trail
                .forward
                .push(std::mem::replace(&mut self.selection, earlier));
        }
    }

    /// The selection after this one.
    pub fn go_forward(&mut self) {
        if let Some(later) = self.trail.forward.pop() {
            self.trail
                .back
                .push(std::mem::replace(&mut self.selection, later));
        }
    }
}
