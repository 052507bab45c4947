//! Downloading public datasets and weights.

use std::path::PathBuf;

use super::App;
use crate::{
    engine::{Download, ListDatasets, Listed, Progress, Slot},
    ui::action::DownloadsAction,
};

impl App {
    pub(super) fn act_on_downloads(&mut self, action: DownloadsAction) {
        match action {
            DownloadsAction::Toggle => self.toggle_catalogue(),
            DownloadsAction::Begin(name) => self.download(&name),
            DownloadsAction::Pause(name) => self.pause_download(&name),
            DownloadsAction::Cancel(name) => self.cancel_download(&name),
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
        let is_known = self.state.slot::<ListDatasets>().asked.is_some();
        let layers = &self.state.experiment.model.layers;
        if !is_known && layers.iter().any(|layer| layer.kind.wants_imagenet()) {
            self.list();
        }
    }

    fn list(&mut self) {
        let (catalogue, folder) = (&self.places.catalogue, &self.places.datasets);
        let (catalogue, folder) = (catalogue.clone(), folder.clone());
        let request = ListDatasets { catalogue, folder };
        self.state.ask(&self.engine, request);
    }

    fn toggle_catalogue(&mut self) {
        self.chrome.catalogue = !self.chrome.catalogue;
        let is_idle = self.state.waiting::<Download>().next().is_none();
        // While something is downloaded, the listing would wait for its end and tell nothing new.
        if self.chrome.catalogue && (is_idle || self.state.listed().is_none()) {
            self.list();
        }
    }

    fn download(&mut self, name: &str) {
        let is_running = self.state.download_job(name).is_some();
        let listed = self.state.listed_as(name).filter(|_| !is_running);
        if let Some(listed) = listed {
            let request = Download {
                entry: listed.entry.clone(),
                folder: self.folder_of(listed),
            };
            self.state.ask(&self.engine, request);
        }
    }

    fn pause_download(&mut self, name: &str) {
        let Some(job) = self.state.download_job(name) else {
            return;
        };
        self.engine.cancel(job);
        // One that still waits is only told of when its turn comes.
        if !self.state.jobs.contains_key(&job) {
            self.state
                .with_slot_of(name, |slot: &mut Slot<Download>| slot.job = None);
        }
    }

    fn cancel_download(&mut self, name: &str) {
        if let Some(job) = self.state.download_job(name) {
            self.engine.cancel(job);
        }
        if let Some(listed) = self.state.listed_as(name) {
            let folder = self.folder_of(listed);
            self.engine.discard_download(listed.entry.clone(), folder);
        }
        let nothing = Progress { done: 0, total: 0 };
        self.state.with_slot_of(name, |slot: &mut Slot<Download>| {
            *slot = Slot {
                reached: Some(nothing),
                ..Slot::EMPTY
            };
        });
    }
}
