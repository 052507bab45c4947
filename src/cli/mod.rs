//! The headless commands: everything the window does, for scripts and machines without a display.
//!
//! Results go to standard output, as tables for people or, with `--json`, as one JSON object per line;
//! progress and messages go to standard error. The exit status says how it went ([`Status`]).

mod args;
mod catalogue;
mod doctor;
mod evaluate;
mod export;
mod generate;
mod import;
mod inspect;
mod judged;
mod output;
mod predict;
mod progress;
mod recipes;
mod session;
mod source;
mod summary;
mod table;
mod train;
mod weights;

use std::io;

use crate::plain;
pub use args::{Cli, Command, RendererChoice};
use output::Output;

/// How a command ended, as the exit status tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It did what was asked.
    Success = 0,
    /// It could not; a sentence on standard error says why.
    Failed = 1,
    /// The arguments make no sense.
    WrongUsage = 2,
}

/// Arguments that each are fine but make no sense together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

impl Usage {
    fn error(message: impl Into<String>) -> anyhow::Error {
        Self(message.into()).into()
    }
}

/// Runs one command to its end.
pub fn run(command: Command, json: bool) -> Status {
    let output = Output::new(json);
    let outcome = match command {
        Command::Recipes => recipes::run(output),
        Command::Catalogue(args) => catalogue::list(&args, output),
        Command::Download(args) => catalogue::download(&args, output),
        Command::Weights(args) => weights::run(&args, output),
        Command::Import(args) => import::run(&args, output),
        Command::Generate(args) => generate::run(&args, output),
        Command::Doctor(args) => doctor::run(&args, output),
        Command::Summary(args) => summary::run(&args, output),
        Command::Train(args) => train::run(&args, output),
        Command::Evaluate(args) => evaluate::run(&args, output),
        Command::Predict(args) => predict::run(&args, output),
        Command::Inspect(args) => inspect::run(&args, output),
        Command::Export(args) => export::run(&args, output),
        Command::Report(args) => export::report(&args, output),
    };
    match outcome {
        Ok(()) => Status::Success,
        // The reader has seen enough (`| head`).
        Err(error) if is_broken_pipe(&error) => Status::Success,
        Err(error) if error.is::<Usage>() => report_failure(&error.to_string(), Status::WrongUsage),
        Err(error) => report_failure(&reasons(&error), Status::Failed),
    }
}

/// An error with its causes, each said once: many errors say theirs themselves.
fn reasons(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(|cause| plain::text(&cause.to_string())) {
        if words.is_empty() {
            words = cause;
        } else if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Says on standard error what went wrong, in one line, and passes `status` on.
pub fn report_failure(message: &str, status: Status) -> Status {
    let line = message.lines().collect::<Vec<_>>().join(" ");
    output::say(&format!("convscope: {line}"));
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read {path}: {source}")]
    struct TellsItsCause {
        path: &'static str,
        source: io::Error,
    }

    #[test]
    fn no_reason_is_said_twice() {
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let telling = TellsItsCause {
            path: "a",
            source: io::Error::from_raw_os_error(2),
        };
        assert_eq!(
            reasons(&anyhow::Error::from(telling)),
            "cannot read a: there is no such file or folder"
        );
        let silent = Err::<(), _>(gone()).context("cannot write b").unwrap_err();
        let words = reasons(&silent);
        assert!(words.starts_with("cannot write b: "), "{words}");
    }
}
