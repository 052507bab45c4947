//! Whether the weights that the network begins with can be had: what the window knows of files and downloads before a
//! run needs them. Plain data.

use std::{path::PathBuf, sync::Arc};

use super::{public_datasets::DownloadState, state::AppState};
use crate::model::{
    spec::{Backbone, ColorMode, InitialWeights},
    weights::examine::Examined,
};

/// A file of weights and the layer that shall begin with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightsOf {
    /// Position of the layer.
    pub layer: usize,
    /// The file.
    pub path: PathBuf,
    architecture: Backbone,
    color_mode: ColorMode,
}

/// What is known of a file of weights.
#[derive(Debug, Clone, Default)]
pub struct WeightsCheck {
    /// What was asked about last.
    pub of: Option<WeightsOf>,
    /// What it found, or why it could not.
    pub answer: Option<Result<Arc<Examined>, String>>,
}

impl WeightsCheck {
    /// Why the file cannot be used.
    fn problem(&self) -> Option<String> {
        match self.answer.as_ref()? {
            Ok(examined) => examined.problem(),
            Err(reason) => Some(reason.clone()),
        }
    }
}

impl AppState {
    /// The first backbone that begins with a file.
    pub fn file_of_weights(&self) -> Option<WeightsOf> {
        let model = &self.experiment.model;
        model.layers.iter().enumerate().find_map(|(layer, spec)| {
            let Some((architecture, InitialWeights::File(path))) = spec.kind.published() else {
                return None;
            };
            Some(WeightsOf {
                layer,
                path: path.clone(),
                architecture,
                color_mode: model.input.color_mode,
            })
        })
    }

    /// Why the network cannot begin with the weights that it shall begin with, as far as is known.
    pub fn why_no_weights(&self) -> Option<String> {
        let file = self.file_of_weights();
        self.experiment.model.layers.iter().find_map(|layer| {
            let (architecture, weights) = layer.kind.published()?;
            let reason = match weights {
                InitialWeights::Random => None,
                InitialWeights::ImageNet => match self.public.weights(architecture)?.1 {
                    DownloadState::Ready(_) => None,
                    DownloadState::Running { .. } => {
                        Some("its ImageNet weights are still being downloaded".to_owned())
                    }
                    _ => Some(
                        "its ImageNet weights are not on this computer: download them or choose a file in the Model step"
                            .to_owned(),
                    ),
                },
                InitialWeights::File(_) if file == self.weights.of => self.weights.problem(),
                InitialWeights::File(_) => None,
            };
            reason.map(|reason| format!("{}: {reason}", layer.name))
        })
    }
}
