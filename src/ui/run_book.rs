//! The notebook of runs: what is listed, which runs are chosen and what they recorded, and a run that waits for
//! its dataset to be continued. Plain data and its part of the reducer.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    engine::{JobId, RunFigures},
    train::{
        Experiment,
        runs::{Listing, RunRecord, RunState},
    },
};

/// What a chosen run recorded.
#[derive(Debug, Clone)]
pub enum Recorded {
    /// It is being read.
    Reading(JobId),
    /// It was read.
    Read(Arc<RunFigures>),
    /// Why it cannot be read.
    Failed(String),
}

/// A run that goes on as soon as its dataset is open.
#[derive(Debug, Clone)]
pub struct Continuing {
    /// The job that opens the dataset.
    pub job: JobId,
    /// The run's folder.
    pub folder: PathBuf,
    /// What it trains and how.
    pub experiment: Experiment,
}

/// The notebook of runs.
#[derive(Debug, Clone, Default)]
pub struct RunBook {
    /// The runs; `None` before they were listed.
    pub listing: Option<Arc<Listing>>,
    /// Why they cannot be listed.
    pub failed: Option<String>,
    /// Something has happened since they were listed.
    pub stale: bool,
    /// Runs that are laid over each other and compared, in the order they were chosen.
    pub chosen: Vec<PathBuf>,
    /// The chosen run was chosen because its training ended, not by the user.
    chosen_by_itself: bool,
    /// What the chosen runs recorded.
    pub recorded: BTreeMap<PathBuf, Recorded>,
    /// A run that was killed, and that the user has not decided about.
    pub offered: Option<PathBuf>,
    /// A run that waits for its dataset.
    pub continuing: Option<Continuing>,
}

impl RunBook {
    /// The run in `folder`.
    pub fn find(&self, folder: &Path) -> Option<&Arc<RunRecord>> {
        self.listing.as_ref()?.find(folder)
    }

    /// The chosen runs that are listed, in the order they were chosen.
    pub fn chosen_runs(&self) -> impl Iterator<Item = &Arc<RunRecord>> {
        self.chosen.iter().filter_map(|folder| self.find(folder))
    }

    /// What a chosen run recorded, once it was read.
    pub fn figures(&self, folder: &Path) -> Option<&Arc<RunFigures>> {
        match self.recorded.get(folder) {
            Some(Recorded::Read(figures)) => Some(figures),
            _ => None,
        }
    }

    /// Chooses `folders`; what others recorded is forgotten.
    pub fn choose(&mut self, folders: Vec<PathBuf>) {
        self.recorded.retain(|folder, _| folders.contains(folder));
        self.chosen = folders;
        self.chosen_by_itself = false;
    }

    /// Training of the run in `folder` has ended: it is chosen unless the user has chosen others.
    pub fn trained(&mut self, folder: PathBuf) {
        self.stale = true;
        if self.chosen.is_empty() || self.chosen_by_itself {
            self.choose(vec![folder]);
            self.chosen_by_itself = true;
        }
    }

    /// What the run in `folder` recorded was read by `job`.
    pub fn was_read(&mut self, job: JobId, folder: &Path, figures: Arc<RunFigures>) {
        if let Some(recorded) = self.reading(job, folder) {
            *recorded = Recorded::Read(figures);
        }
    }

    /// It was not read: with a sentence when that failed.
    pub fn reading_ended(&mut self, job: JobId, folder: &Path, message: Option<String>) {
        match (self.reading(job, folder), message) {
            (Some(recorded), Some(message)) => *recorded = Recorded::Failed(message),
            (Some(_), None) => drop(self.recorded.remove(folder)),
            (None, _) => {}
        }
    }

    fn reading(&mut self, job: JobId, folder: &Path) -> Option<&mut Recorded> {
        let recorded = self.recorded.get_mut(folder)?;
        matches!(recorded, Recorded::Reading(its) if *its == job).then_some(recorded)
    }

    /// The runs in `folders` were moved to the bin.
    pub fn discarded(&mut self, folders: &[PathBuf]) {
        self.stale = true;
        self.chosen.retain(|chosen| !folders.contains(chosen));
        self.recorded.retain(|read, _| !folders.contains(read));
        self.offered = self.offered.take().filter(|run| !folders.contains(run));
    }

    /// They could not be listed: with a sentence when that failed.
    pub fn listing_ended(&mut self, message: Option<String>) {
        // Asked to end, it must not begin again at once.
        self.failed = Some(message.unwrap_or_else(|| "Looking for runs was stopped".to_owned()));
        self.stale = false;
    }

    /// The runs were listed.
    pub fn listed(&mut self, listing: Arc<Listing>) {
        self.failed = None;
        self.chosen.retain(|chosen| listing.find(chosen).is_some());
        // A run that went on meanwhile has more to tell.
        self.recorded.retain(|folder, recorded| match recorded {
            Recorded::Reading(_) => true,
            Recorded::Failed(_) => false,
            Recorded::Read(figures) => listing
                .find(folder)
                .is_some_and(|run| run.epochs == figures.history.len()),
        });
        let is_open = |run: &&Arc<RunRecord>| run.state == RunState::Unfinished && !run.notes.left;
        if self.listing.is_none() {
            let newest = listing.runs.iter().find(is_open);
            self.offered = newest.map(|run| run.folder.clone());
        } else if let Some(offered) = &self.offered {
            let still = listing.find(offered);
            if still.filter(is_open).is_none() {
                self.offered = None;
            }
        }
        self.listing = Some(listing);
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::train::{DataReport, recipes, runs::RunNotes};

    fn run(folder: &str, state: RunState) -> RunRecord {
        RunRecord {
            folder: folder.into(),
            notes: RunNotes::default(),
            experiment: Arc::new(recipes::find(Path::new("shapes")).unwrap()),
            state,
            result: None,
            data: DataReport::default(),
            started: SystemTime::UNIX_EPOCH,
            ended: None,
            epochs: 0,
            best: None,
            diverged: None,
            seconds: 0.0,
            parameters: None,
            has_model: false,
            has_report: false,
        }
    }

    fn listed(book: &mut RunBook, runs: Vec<RunRecord>) {
        book.listed(Arc::new(Listing {
            runs: runs.into_iter().map(Arc::new).collect(),
            skipped: Vec::new(),
        }));
    }

    #[test]
    fn the_newest_killed_run_is_offered_once_unless_it_was_left() {
        let left = RunRecord {
            notes: RunNotes {
                left: true,
                ..RunNotes::default()
            },
            ..run("/left", RunState::Unfinished)
        };
        let killed = run("/killed", RunState::Unfinished);
        let all = || {
            let stopped = run("/stopped", RunState::Stopped);
            vec![left.clone(), stopped, killed.clone()]
        };
        let mut book = RunBook::default();
        listed(&mut book, all());
        assert_eq!(book.offered.as_deref(), Some(Path::new("/killed")));
        listed(&mut book, vec![run("/killed", RunState::Running)]);
        assert_eq!(book.offered, None, "somebody continues it");
        listed(&mut book, all());
        assert_eq!(book.offered, None, "it is offered at the start only");
    }

    #[test]
    fn what_runs_recorded_follows_what_is_chosen_and_listed() {
        let (mut book, job) = (RunBook::default(), JobId(5));
        listed(
            &mut book,
            vec![run("/a", RunState::Running), run("/b", RunState::Finished)],
        );
        book.choose(vec!["/b".into(), "/a".into()]);
        for folder in ["/a", "/b"] {
            book.recorded.insert(folder.into(), Recorded::Reading(job));
            book.was_read(job, Path::new(folder), Arc::new(RunFigures::default()));
        }
        let folders: Vec<_> = book.chosen_runs().map(|run| run.folder.clone()).collect();
        assert_eq!(folders, [PathBuf::from("/b"), "/a".into()]);
        let longer = RunRecord {
            epochs: 1,
            ..run("/a", RunState::Running)
        };
        listed(&mut book, vec![longer, run("/b", RunState::Finished)]);
        assert!(
            book.figures(Path::new("/a")).is_none(),
            "there is a new epoch"
        );
        assert!(book.figures(Path::new("/b")).is_some());
        book.discarded(&[PathBuf::from("/b")]);
        assert_eq!(book.chosen, [PathBuf::from("/a")]);
        assert!(book.stale && book.recorded.is_empty());
    }

    #[test]
    fn the_run_that_was_trained_last_is_chosen_unless_the_user_chose() {
        let mut book = RunBook::default();
        for folder in ["/a", "/b"] {
            book.trained(folder.into());
            assert_eq!(book.chosen, [PathBuf::from(folder)]);
        }
        book.choose(vec!["/a".into()]);
        book.trained("/c".into());
        assert_eq!(book.chosen, [PathBuf::from("/a")]);
    }

    #[test]
    fn what_cannot_be_read_says_so_in_its_place_and_a_stranger_changes_nothing() {
        let (mut book, folder) = (RunBook::default(), Path::new("/a"));
        let reading = Recorded::Reading(JobId(3));
        book.recorded.insert("/a".into(), reading);
        let cases = [
            (4, Some("no"), false, "a stranger"),
            (3, Some("no"), true, "its place in the picture says so"),
        ];
        for (job, message, failed, why) in cases {
            book.reading_ended(JobId(job), folder, message.map(String::from));
            let recorded = book.recorded.get(folder);
            assert_eq!(
                matches!(recorded, Some(Recorded::Failed(_))),
                failed,
                "{why}"
            );
        }
        book.was_read(JobId(3), folder, Arc::new(RunFigures::default()));
        assert!(book.figures(folder).is_none(), "it is late");
        book.listing_ended(Some("no".into()));
        assert_eq!(
            book.failed.as_deref(),
            Some("no"),
            "the list says so itself"
        );
    }
}
