//! The public datasets and weights as the window knows them: the list, and how each download stands. Plain data.

use std::path::PathBuf;

use super::state::AppState;
use crate::{
    data::{catalogue::Entry, datasets_folder::Status},
    engine::{Download, JobId, ListDatasets, Listed},
    model::spec::Backbone,
};

/// How much of one dataset is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownloadState {
    /// Nothing.
    Absent,
    /// It is downloaded, or waits for another download.
    Running(JobId),
    /// Somebody paused it, perhaps before the program was last started.
    Paused {
        /// Bytes that are there.
        bytes: u64,
    },
    /// All of it is there.
    Ready(PathBuf),
    /// It did not work.
    Failed {
        /// Bytes that are there.
        bytes: u64,
        /// What, where, what to do.
        message: String,
    },
}

impl AppState {
    /// What can be downloaded; `None` before the first listing.
    pub fn listed(&self) -> Option<&[Listed]> {
        let listed = self.slot::<ListDatasets>().answer()?;
        Some(listed)
    }

    /// What is called `name` of it.
    pub fn listed_as(&self, name: &str) -> Option<&Listed> {
        let mut listed = self.listed()?.iter();
        listed.find(|listed| listed.entry.name == name)
    }

    /// The ImageNet weights of `architecture` and how they stand; `None` before the first listing.
    pub fn imagenet_weights(&self, architecture: Backbone) -> Option<(&Entry, DownloadState)> {
        let mut listed = self.listed()?.iter();
        let found = listed.find(|listed| listed.weights_of == Some(architecture))?;
        Some((&found.entry, self.download(&found.entry.name)))
    }

    /// How what is called `name` stands.
    pub fn download(&self, name: &str) -> DownloadState {
        let slot = self.slot_of::<Download>(name);
        let listed = self.listed_as(name).map(|listed| &listed.status);
        let on_disk = match listed {
            Some(Status::Partial { bytes }) => *bytes,
            _ => 0,
        };
        let reached = slot.reached.map(|reached| reached.done as u64);
        let bytes = reached.unwrap_or(on_disk);
        match (slot.job, &slot.failed, slot.answer(), listed) {
            (Some(job), ..) => DownloadState::Running(job),
            (_, Some(message), ..) => DownloadState::Failed {
                bytes,
                message: message.clone(),
            },
            (_, _, Some(fetched), _) => DownloadState::Ready(fetched.path.clone()),
            _ if slot.asked.is_some() => DownloadState::Paused { bytes },
            // It was thrown away.
            _ if slot.reached.is_some() => DownloadState::Absent,
            (.., Some(Status::Partial { .. })) => DownloadState::Paused { bytes },
            (.., Some(Status::Ready(fetched))) => DownloadState::Ready(fetched.path.clone()),
            (.., Some(Status::Absent) | None) => DownloadState::Absent,
        }
    }

    /// The job that downloads `name`.
    pub fn download_job(&self, name: &str) -> Option<JobId> {
        self.slot_of::<Download>(name).job
    }
}
