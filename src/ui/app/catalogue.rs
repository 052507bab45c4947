//! Downloading public datasets and weights.

use std::path::PathBuf;

use super::App;
use crate::{
    engine::{Download, ListDatasets, Listed},
    ui::{action::DownloadsAction, public_datasets::DownloadState},
};

impl App {
    pub(super) fn act_on_downloads(&mut self, action: DownloadsAction) {
        match action {
            DownloadsAction::Toggle => self.toggle_catalogue(),
            DownloadsAction::Begin(name) => self.download(name),
            DownloadsAction::Pause(name) => self.pause_download(&name),
            DownloadsAction::Cancel(name) => self.cancel_download(name),
        }
    }

    /// The folder that a download goes to.
    fn folder_of(&self, listed: &Listed) -> PathBuf {
        match listed.weights_of {
            Some(_) => self.places.folders.weights.clone(),
            None => self.places.datasets.clone(),
        }
    }

    /// Has the list of datasets and weights read, once, when the model needs to know what is there.
    pub(super) fn look_for_weights(&mut self) {
        let public = &self.state.public;
        let is_known = public.listed.is_some() || public.job.is_some() || public.failed.is_some();
        let layers = &self.state.experiment.model.layers;
        if !is_known && layers.iter().any(|layer| layer.kind.wants_imagenet()) {
            self.list();
        }
    }

    fn list(&mut self) {
        let (catalogue, folder) = (&self.places.catalogue, &self.places.datasets);
        let (catalogue, folder) = (catalogue.clone(), folder.clone());
        let request = ListDatasets { catalogue, folder };
        let job = self.state.ask(&self.engine, request);
        self.state.public.job = Some(job);
    }

    fn toggle_catalogue(&mut self) {
        self.chrome.catalogue = !self.chrome.catalogue;
        let public = &self.state.public;
        // While something is downloaded, the listing would wait for its end and tell nothing new.
        if self.chrome.catalogue && (public.listed.is_none() || !public.is_busy()) {
            self.list();
        }
    }

    fn download(&mut self, name: String) {
        let public = &self.state.public;
        let Some(listed) = public
            .find(&name)
            .filter(|_| public.job_of(&name).is_none())
        else {
            return;
        };
        let request = Download {
            entry: listed.entry.clone(),
            folder: self.folder_of(listed),
        };
        let bytes = public.bytes(&name);
        let job = self.state.ask(&self.engine, request);
        let downloads = &mut self.state.public.downloads;
        downloads.insert(name, DownloadState::Running { job, bytes });
    }

    fn pause_download(&mut self, name: &str) {
        let public = &mut self.state.public;
        let Some(job) = public.job_of(name) else {
            return;
        };
        self.engine.cancel(job);
        // One that still waits is only told of when its turn comes.
        if !self.state.jobs.contains_key(&job) {
            public.ended(job, None, None);
        }
    }

    fn cancel_download(&mut self, name: String) {
        let public = &self.state.public;
        if let Some(job) = public.job_of(&name) {
            self.engine.cancel(job);
        }
        if let Some(listed) = public.find(&name) {
            let folder = self.folder_of(listed);
            self.engine.discard_download(listed.entry.clone(), folder);
        }
        let downloads = &mut self.state.public.downloads;
        downloads.insert(name, DownloadState::Absent);
    }
}
