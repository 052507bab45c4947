//! Downloading public datasets.

use super::App;
use crate::ui::{action::Action, public_datasets::DownloadState};

impl App {
    /// Actions of the window "Public datasets".
    pub(super) fn act_on_catalogue(&mut self, action: Action) {
        match action {
            Action::ToggleCatalogue => self.toggle_catalogue(),
            Action::Download(name) => self.download(name),
            Action::PauseDownload(name) => self.pause_download(&name),
            Action::CancelDownload(name) => self.cancel_download(name),
            _ => {}
        }
    }

    fn toggle_catalogue(&mut self) {
        self.chrome.catalogue = !self.chrome.catalogue;
        let public = &mut self.state.public;
        // While something is downloaded, the listing would wait for its end and tell nothing new.
        if self.chrome.catalogue && (public.listed.is_none() || !public.is_busy()) {
            let (catalogue, folder) = (&self.places.catalogue, &self.places.datasets);
            public.job = Some(self.engine.list_datasets(catalogue.clone(), folder.clone()));
        }
    }

    fn download(&mut self, name: String) {
        let public = &mut self.state.public;
        let Some(listed) = public
            .find(&name)
            .filter(|_| public.job_of(&name).is_none())
        else {
            return;
        };
        let folder = self.places.datasets.clone();
        let job = self.engine.download(listed.entry.clone(), folder);
        let bytes = public.bytes(&name);
        public
            .downloads
            .insert(name, DownloadState::Running { job, bytes });
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
        let public = &mut self.state.public;
        if let Some(job) = public.job_of(&name) {
            self.engine.cancel(job);
        }
        if let Some(listed) = public.find(&name) {
            let folder = self.places.datasets.clone();
            self.engine.discard_download(listed.entry.clone(), folder);
        }
        public.downloads.insert(name, DownloadState::Absent);
    }
}
