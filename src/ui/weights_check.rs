//! Whether the weights that the network begins with can be had: what the window knows of files and downloads before a
//! run needs them. Plain data.

use std::path::Path;

use super::{public_datasets::DownloadState, state::AppState};
use crate::{
    engine::ExamineWeights,
    model::{
        ModelSpec,
        spec::{Backbone, ColorMode, InitialWeights},
    },
};

/// The first backbone of `model` that begins with a file: its position, the file, and what decides whether that fits.
pub fn file_of_weights(model: &ModelSpec) -> Option<(usize, &Path, Backbone, ColorMode)> {
    let mut layers = model.layers.iter().enumerate();
    layers.find_map(|(at, layer)| match layer.kind.published()? {
        (architecture, InitialWeights::File(path)) => {
            Some((at, path.as_path(), architecture, model.input.color_mode))
        }
        _ => None,
    })
}

impl AppState {
    /// Whether the file of weights was asked about as it is wanted now.
    pub fn weights_are_asked(&self) -> bool {
        let asked = self.slot::<ExamineWeights>().asked.as_ref();
        let asked = asked.and_then(|asked| file_of_weights(&asked.spec));
        asked == file_of_weights(&self.experiment.model)
    }

    /// Why the file of weights cannot be used, as far as is known.
    fn problem_of_file(&self) -> Option<String> {
        let slot = self.slot::<ExamineWeights>();
        let problem = || slot.newest_answer()?.problem();
        let known = slot.failed.clone().or_else(problem);
        known.filter(|_| self.weights_are_asked())
    }

    /// Why the network cannot begin with the weights that it shall begin with, as far as is known.
    pub fn why_no_weights(&self) -> Option<String> {
        self.experiment.model.layers.iter().find_map(|layer| {
            let (architecture, weights) = layer.kind.published()?;
            let reason = match weights {
                InitialWeights::Random => None,
                InitialWeights::ImageNet => match self.imagenet_weights(architecture)?.1 {
                    DownloadState::Ready(_) => None,
                    DownloadState::Running(_) => {
                        Some("its ImageNet weights are still being downloaded".to_owned())
                    }
                    _ => Some(
                        "its ImageNet weights are not on this computer: download them or choose a file in the Model step"
                            .to_owned(),
                    ),
                },
                InitialWeights::File(_) => self.problem_of_file(),
            };
            reason.map(|reason| format!("{}: {reason}", layer.name))
        })
    }
}
