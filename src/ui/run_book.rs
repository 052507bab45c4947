//! The notebook of runs: what is listed, which runs are chosen and what they recorded, and a run that waits for
//! its dataset to be continued. Plain data and its part of the reducer.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::state::AppState;
use crate::{
    engine::{JobId, ReadRun, RunFigures},
    train::{
        Experiment,
        runs::{Listing, RunRecord, RunState},
    },
};

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

    /// Chooses `folders`.
    pub fn choose(&mut self, folders: Vec<PathBuf>) {
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

    /// The runs in `folders` were moved to the bin.
    pub fn discarded(&mut self, folders: &[PathBuf]) {
        self.stale = true;
        self.chosen.retain(|chosen| !folders.contains(chosen));
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
        let is_open = |run: &&Arc<RunRecord>| run.state == RunState::Unfinished && !run.notes.left;
        // It is offered at the start only.
        let offered = match (&self.listing, &self.offered) {
            (None, _) => listing.runs.iter().find(is_open),
            (Some(_), offered) => offered.as_ref().and_then(|offered| listing.find(offered)),
        };
        self.offered = offered.filter(is_open).map(|run| run.folder.clone());
        self.listing = Some(listing);
    }
}

impl AppState {
    /// What a chosen run recorded, once it was read.
    pub fn figures(&self, folder: &Path) -> Option<&Arc<RunFigures>> {
        self.slot_of::<ReadRun>(folder).answer()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::{
        engine::{Event, JobEvent, ListRuns},
        train::{DataReport, recipes, runs::RunNotes},
    };

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
        let mut state = AppState::new(recipes::find(Path::new("shapes")).unwrap());
        let read = |folder: &str| ReadRun {
            folder: folder.into(),
            with_steps: false,
        };
        let done = Event::done::<ReadRun>;
        for (job, folder) in [(5, "/a"), (6, "/b"), (7, "/c")] {
            state.asked(JobId(job), read(folder));
        }
        state.runs.choose(vec!["/b".into(), "/a".into()]);
        let list = |state: &mut AppState, runs: Vec<RunRecord>| {
            state.asked(JobId(9), ListRuns("/".into()));
            let runs = runs.into_iter().map(Arc::new).collect();
            let skipped = Vec::new();
            state.apply(Event::done::<ListRuns>(JobId(9), Listing { runs, skipped }));
        };
        let runs = |a| vec![a, run("/b", RunState::Finished)];
        list(&mut state, runs(run("/a", RunState::Running)));
        for job in [5, 6] {
            state.apply(done(JobId(job), Arc::new(RunFigures::default())));
        }
        state.apply(Event::Job(JobId(7), JobEvent::Failed("no".into())));
        let failed = &state.slot_of::<ReadRun>("/c").failed;
        assert!(failed.is_some(), "its place in the picture says so");
        assert!(state.notices.is_empty(), "and nobody else does");
        let chosen = state.runs.chosen_runs().map(|run| run.folder.clone());
        assert_eq!(
            chosen.collect::<Vec<_>>(),
            [PathBuf::from("/b"), "/a".into()]
        );
        assert!(state.figures(Path::new("/a")).is_some());
        let longer = RunRecord {
            epochs: 1,
            ..run("/a", RunState::Running)
        };
        list(&mut state, runs(longer));
        let is_read = |folder: &str| state.figures(Path::new(folder)).is_some();
        assert!(!is_read("/a"), "there is a new epoch");
        assert!(is_read("/b"));
        let again = &state.slot_of::<ReadRun>("/c").asked;
        assert!(again.is_none(), "what failed is tried again");
        state.runs.discarded(&[PathBuf::from("/b")]);
        assert_eq!(state.runs.chosen, [PathBuf::from("/a")]);
        assert!(state.runs.stale);
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
    fn a_list_that_cannot_be_had_says_so() {
        let mut book = RunBook::default();
        book.listing_ended(Some("no".into()));
        assert_eq!(book.failed.as_deref(), Some("no"));
    }
}
