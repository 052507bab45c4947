//! The notebook of runs: what is listed, which runs are chosen and what they recorded, and a run that waits for
//! its dataset to be continued. Plain data and its part of the reducer.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    engine::{Event, JobId, RunFigures},
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
    /// The job that lists them.
    pub job: Option<JobId>,
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
    /// Jobs that change runs on the disk.
    pub changing: Vec<JobId>,
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

    /// Events about runs.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::RunsListed { job, listing } if self.job == Some(job) => self.listed(listing),
            Event::RunRead {
                job,
                folder,
                figures,
            } if matches!(self.recorded.get(&folder), Some(Recorded::Reading(its)) if *its == job) =>
            {
                self.recorded.insert(folder, Recorded::Read(figures));
            }
            Event::RunDescribed { job, .. } => {
                self.changing.retain(|its| *its != job);
                self.stale = true;
            }
            Event::RunsDiscarded { job, folders } => {
                self.changing.retain(|its| *its != job);
                self.stale = true;
                self.chosen.retain(|chosen| !folders.contains(chosen));
                self.recorded.retain(|read, _| !folders.contains(read));
                self.offered = self.offered.take().filter(|run| !folders.contains(run));
            }
            _ => {}
        }
    }

    fn listed(&mut self, listing: Arc<Listing>) {
        self.job = None;
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

    /// A job ended without a result. Whether it was one of these, and then whether the user has to be told.
    pub fn ended(&mut self, job: JobId, message: Option<&String>) -> Option<bool> {
        if self.job == Some(job) {
            self.job = None;
            // Asked to end, it must not begin again at once.
            let stopped = || "Looking for runs was stopped".to_owned();
            self.failed = Some(message.cloned().unwrap_or_else(stopped));
            self.stale = false;
            return Some(false);
        }
        if let Some(at) = self.changing.iter().position(|its| *its == job) {
            self.changing.remove(at);
            self.stale = true;
            return Some(true);
        }
        let reading =
            |recorded: &Recorded| matches!(recorded, Recorded::Reading(its) if *its == job);
        let folder = self.recorded.iter().find(|(_, recorded)| reading(recorded));
        if let Some(folder) = folder.map(|(folder, _)| folder.clone()) {
            match message {
                Some(message) => self
                    .recorded
                    .insert(folder, Recorded::Failed(message.clone())),
                None => self.recorded.remove(&folder),
            };
            return Some(false);
        }
        if self.continuing.as_ref().is_some_and(|run| run.job == job) {
            // The dataset's own failure is told where datasets are.
            self.continuing = None;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::train::{DataReport, EpochRecord, recipes, runs::RunNotes};

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
        let job = JobId(1);
        book.job = Some(job);
        let listing = Arc::new(Listing {
            runs: runs.into_iter().map(Arc::new).collect(),
            skipped: Vec::new(),
        });
        book.apply(Event::RunsListed { job, listing });
        assert_eq!(book.job, None);
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
            let figures = Arc::new(RunFigures::default());
            let folder = folder.into();
            book.apply(Event::RunRead {
                job,
                folder,
                figures,
            });
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
        let folders = vec![PathBuf::from("/b")];
        book.apply(Event::RunsDiscarded { job, folders });
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
    fn jobs_that_fail_are_told_where_they_belong() {
        let mut book = RunBook {
            job: Some(JobId(1)),
            changing: vec![JobId(2)],
            ..RunBook::default()
        };
        book.recorded
            .insert("/a".into(), Recorded::Reading(JobId(3)));
        let message = "no".to_owned();
        let cases = [
            (1, Some(false), "the list says so itself"),
            (2, Some(true), "nothing else would say so"),
            (3, Some(false), "its place in the picture says so"),
            (4, None, "a stranger"),
        ];
        for (job, expected, why) in cases {
            assert_eq!(book.ended(JobId(job), Some(&message)), expected, "{why}");
        }
        assert_eq!(book.failed, Some(message));
        let recorded = book.recorded.get(Path::new("/a"));
        assert!(matches!(recorded, Some(Recorded::Failed(_))));
        let late = Event::RunRead {
            job: JobId(3),
            folder: "/a".into(),
            figures: Arc::new(RunFigures {
                history: Vec::<EpochRecord>::new(),
                steps: Vec::new(),
            }),
        };
        book.apply(late);
        assert!(book.figures(Path::new("/a")).is_none());
    }
}
