//! `cargo xtask …`: sets Convscope up on a fresh machine, and runs, tests, measures and packs it.
//!
//! A program rather than scripts, so that it is the same on Linux, macOS and Windows. Map: [`pins`] is the
//! table of what is fetched, [`setup`] installs it with [`fetch`] and [`unpack`], [`commands`] and [`dist`]
//! are the rest.

mod commands;
mod dist;
mod fetch;
mod pins;
mod setup;
mod unpack;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

/// Set-up and development commands of Convscope
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Fetch libtorch into third_party/libtorch, once
    Setup(setup::Options),
    /// Set up, build and start Convscope (without a display: train the shapes recipe)
    Run {
        /// Passed on to convscope
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Set up and run every test
    Test {
        /// Passed on to cargo test
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Do what CI does: format, clippy, docs, tests
    Check {
        /// Leave the tests out
        #[arg(long)]
        no_test: bool,
    },
    /// Run the benchmarks
    Bench {
        /// Passed on to cargo bench
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Make the pictures in screenshots/ from the real window
    Screenshots,
    /// Harm files and processes in every way that is known, and write docs/faults.md
    Faults,
    /// Pack a folder and an archive that run elsewhere
    Dist,
}

fn main() -> ExitCode {
    perform(Task::parse()).unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn perform(task: Task) -> Result<ExitCode> {
    let root = root();
    let options = if let Task::Setup(options) = &task {
        *options
    } else {
        setup::Options::default()
    };
    setup::setup(&root, options)?;
    // clap swallows a leading `--` that cargo needs.
    let passed_on: Vec<OsString> = env::args_os().skip(2).collect();
    match task {
        Task::Setup(_) => Ok(()),
        Task::Run { args } => return commands::run(&root, &args),
        Task::Test { .. } => commands::test(&root, &passed_on),
        Task::Check { no_test } => commands::check(&root, !no_test),
        Task::Bench { .. } => commands::bench(&root, &passed_on),
        Task::Screenshots => commands::screenshots(&root),
        Task::Faults => commands::faults(&root),
        Task::Dist => dist::dist(&root),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The repository: cargo says where this package lies now, which may not be where it was built.
fn root() -> PathBuf {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package)
        .parent()
        .map_or_else(|| ".".into(), Path::to_path_buf)
}
