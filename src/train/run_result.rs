//! How a run ended, and what was left out at its end: `result.ron` of its folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::runs::RunsError;
use crate::kept::Kind;

/// How a run ended; missing while it goes on, and when the program was killed.
pub const RESULT_FILE: &str = "result.ron";

/// What is left to do when a run has taken its last step and its weights are kept. Plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndStage {
    /// The kept weights classify the validation part.
    Validation,
    /// The kept weights classify the test part.
    Test,
    /// The report is written.
    Report,
}

impl EndStage {
    /// Its name in what programs read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Test => "test",
            Self::Report => "report",
        }
    }

    /// What happens, as a status bar says it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Validation => "Judging the validation part",
            Self::Test => "Judging the test part",
            Self::Report => "Writing the report",
        }
    }

    /// What a run lacks that was ended without it.
    pub fn lacking(self) -> &'static str {
        match self {
            Self::Validation => "the validation part was not judged",
            Self::Test => "the test part was not judged",
            Self::Report => "the report was not written",
        }
    }
}

/// What a run lacks, for the end of a sentence; `None` when it lacks nothing.
pub fn lacking(left_out: &[EndStage]) -> Option<String> {
    let words: Vec<&str> = left_out.iter().map(|stage| stage.lacking()).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// How a run ended. Plain data. Fields added later take their default when an older file lacks them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunResult {
    /// Nobody stopped it and nothing failed.
    pub completed: bool,
    /// Why it could not go on.
    pub failure: Option<String>,
    /// Epoch whose weights are kept; 0 when none was finished.
    pub best_epoch: usize,
    /// Accuracy of the kept weights on the test part, 0..1; `None` when that part is empty or was not judged.
    pub test_accuracy: Option<f64>,
    /// What somebody did not wait for or what failed; the run can be continued to do it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<EndStage>,
    /// Phases, from 1, that early stopping ended.
    pub stopped_early: Vec<usize>,
    /// What damaged files cost it, in sentences.
    #[serde(default)]
    pub lost: Vec<String>,
    /// Identifies which image stood in which part.
    pub split_hash: String,
    /// How it computed, in words.
    pub computed: String,
    /// Wall time of the last sitting.
    pub seconds: f64,
}

impl RunResult {
    /// How the run in `folder` ended; `None` while it goes on and when the program was killed.
    ///
    /// # Errors
    /// When it cannot be read, is damaged or of a newer format.
    pub fn load(folder: &Path) -> Result<Option<Self>, RunsError> {
        let file = folder.join(RESULT_FILE);
        Kind::FIRST.load(&file).map_err(RunsError::load(&file))
    }
}
