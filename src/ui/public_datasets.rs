//! The public datasets and weights as the window knows them: the list, and how each download stands. Plain data.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{
    data::{
        catalogue::Entry,
        datasets_folder::{Fetched, Status},
    },
    engine::{JobId, Listed},
    model::spec::Backbone,
};

/// How much of one dataset is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DownloadState {
    /// Nothing.
    Absent,
    /// It is downloaded, or waits for another download.
    Running {
        /// The job.
        job: JobId,
        /// Bytes that were there when it was asked for.
        bytes: u64,
    },
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

/// The list and the downloads.
#[derive(Debug, Clone, Default)]
pub struct PublicDatasets {
    /// The newest listing.
    pub job: Option<JobId>,
    /// What can be downloaded; `None` before the first listing.
    pub listed: Option<Arc<[Listed]>>,
    /// Why the newest listing failed.
    pub failed: Option<String>,
    /// How each dataset stands, by name.
    pub downloads: BTreeMap<String, DownloadState>,
}

impl PublicDatasets {
    /// The dataset called `name`.
    pub fn find(&self, name: &str) -> Option<&Listed> {
        let mut listed = self.listed.iter().flat_map(|listed| listed.iter());
        listed.find(|listed| listed.entry.name == name)
    }

    /// How the ImageNet weights of `architecture` stand; `None` before the first listing.
    pub fn weights(&self, architecture: Backbone) -> Option<(&Entry, &DownloadState)> {
        let mut listed = self.listed.iter().flat_map(|listed| listed.iter());
        let found = listed.find(|listed| listed.weights_of == Some(architecture))?;
        Some((&found.entry, self.state(&found.entry.name)))
    }

    /// How the dataset `name` stands.
    pub fn state(&self, name: &str) -> &DownloadState {
        self.downloads.get(name).unwrap_or(&DownloadState::Absent)
    }

    /// The job that downloads `name`.
    pub fn job_of(&self, name: &str) -> Option<JobId> {
        match self.state(name) {
            DownloadState::Running { job, .. } => Some(*job),
            _ => None,
        }
    }

    /// Whether something is downloaded or waits for it.
    pub fn is_busy(&self) -> bool {
        let mut states = self.downloads.values();
        states.any(|state| matches!(state, DownloadState::Running { .. }))
    }

    /// Bytes of `name` that are there, as far as is known.
    pub fn bytes(&self, name: &str) -> u64 {
        match self.state(name) {
            DownloadState::Absent | DownloadState::Ready(_) => 0,
            DownloadState::Running { bytes, .. }
            | DownloadState::Paused { bytes }
            | DownloadState::Failed { bytes, .. } => *bytes,
        }
    }

    /// The list has come.
    pub fn arrived(&mut self, listed: Arc<[Listed]>) {
        for Listed { entry, status, .. } in listed.iter() {
            let state = match status {
                Status::Absent => DownloadState::Absent,
                Status::Partial { bytes } => DownloadState::Paused { bytes: *bytes },
                Status::Ready(fetched) => DownloadState::Ready(fetched.path.clone()),
            };
            let old = self.downloads.get(&entry.name);
            // What runs now is known better than from the disk.
            if !matches!(old, Some(DownloadState::Running { .. })) {
                self.downloads.insert(entry.name.clone(), state);
            }
        }
        self.job = None;
        self.failed = None;
        self.listed = Some(listed);
    }

    /// A download is complete.
    pub fn downloaded(&mut self, name: String, fetched: Fetched) {
        self.downloads
            .insert(name, DownloadState::Ready(fetched.path));
    }

    /// A job ended without a result, having `bytes`; returns whether it was one of these.
    pub fn ended(&mut self, job: JobId, bytes: Option<u64>, message: Option<&String>) -> bool {
        if self.job == Some(job) {
            self.job = None;
            self.failed = message.cloned();
            return true;
        }
        let is_its = |state: &DownloadState| matches!(state, DownloadState::Running { job: its, .. } if *its == job);
        let found = self.downloads.iter().find(|(_, state)| is_its(state));
        let Some((name, DownloadState::Running { bytes: before, .. })) = found else {
            return false;
        };
        let (name, bytes) = (name.clone(), bytes.unwrap_or(*before));
        let state = match message.cloned() {
            Some(message) => DownloadState::Failed { bytes, message },
            None => DownloadState::Paused { bytes },
        };
        self.downloads.insert(name, state);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_ends_as_paused_failed_or_ready_and_strangers_change_nothing() {
        let (job, other) = (JobId(1), JobId(2));
        let running = DownloadState::Running { job, bytes: 5 };
        let failed = Some("no network".to_owned());
        let cases = [
            (None, None, DownloadState::Paused { bytes: 5 }),
            (Some(9), None, DownloadState::Paused { bytes: 9 }),
            (
                Some(9),
                failed.clone(),
                DownloadState::Failed {
                    bytes: 9,
                    message: "no network".into(),
                },
            ),
        ];
        for (bytes, message, expected) in cases {
            let mut public = PublicDatasets::default();
            public.downloads.insert("set".into(), running.clone());
            assert!(!public.ended(other, bytes, message.as_ref()));
            assert_eq!(public.state("set"), &running);
            assert!(public.ended(job, bytes, message.as_ref()));
            assert_eq!(public.state("set"), &expected);
            assert!(!public.is_busy());
        }
        let mut public = PublicDatasets {
            job: Some(other),
            ..PublicDatasets::default()
        };
        assert!(public.ended(other, None, failed.as_ref()));
        assert_eq!(public.failed, failed);
    }
}
