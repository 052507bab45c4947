//! What a command did with what was left.

use std::{
    collections::BTreeSet, os::unix::process::ExitStatusExt as _, path::Path, process::Output,
};

use super::world::given;

/// What people get to read is never longer than this.
const LONGEST_MESSAGE: usize = 600;

/// What a command gave: everything that must not change without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Standard output without times and places, and hashes of the files that it left.
    pub given: String,
    /// Standard error.
    pub said: String,
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl Answer {
    /// Of a command that was run in `root`.
    pub fn of(output: &Output, root: &Path) -> Self {
        Self {
            given: given(root, output),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
            signal: output.status.signal(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The same as without the fault.
    Same,
    /// It went on, and said what is missing or other.
    Told,
    /// It ended with a sentence.
    Refused,
    /// Something else came out, without a word.
    Silent,
    /// It died, or said what nobody can read.
    Crashed,
}

impl Verdict {
    pub const ALL: [Self; 5] = [
        Self::Same,
        Self::Told,
        Self::Refused,
        Self::Silent,
        Self::Crashed,
    ];

    pub fn of(answer: &Answer, unharmed: &Answer) -> Self {
        let unreadable = |line: &str| {
            line.len() > LONGEST_MESSAGE
                || ["panicked", "Exception raised", "RUST_BACKTRACE", "os error"]
                    .iter()
                    .any(|word| line.contains(word))
        };
        if answer.signal.is_some()
            || !matches!(answer.code, Some(0..=2))
            || answer.said.lines().any(unreadable)
        {
            return Self::Crashed;
        }
        let has_words = new_words(answer, unharmed).is_some();
        match (answer.code == unharmed.code, answer.given == unharmed.given) {
            (true, true) => Self::Same,
            (true, false) if has_words => Self::Told,
            (false, _) if has_words => Self::Refused,
            _ => Self::Silent,
        }
    }
}

/// The first line on standard error that the unharmed command does not say; how far it is does not count.
pub fn new_words(answer: &Answer, unharmed: &Answer) -> Option<String> {
    let known: BTreeSet<String> = unharmed.said.lines().map(essence).collect();
    answer
        .said
        .lines()
        .find(|line| {
            !line.trim().is_empty() && !is_progress(line) && !known.contains(&essence(line))
        })
        .map(str::to_owned)
}

/// A line without its numbers: epochs and times differ.
fn essence(line: &str) -> String {
    line.chars().filter(|c| c.is_alphabetic()).collect()
}

/// `training: 3 of 72`
fn is_progress(line: &str) -> bool {
    let counts = line
        .split_once(": ")
        .and_then(|(_, counts)| counts.split_once(" of "));
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit() || c == ',');
    counts.is_some_and(|(done, all)| is_number(done) && is_number(all.trim()))
}
