//! Gets a wheel: from the folder `CONVSCOPE_WHEELS` where there is one, else with the user's own pip,
//! which knows their index, proxy and certificates.

use std::env;
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::pins::Wheel;

/// Where wheels come from.
pub enum Source {
    /// A folder that already holds them: a class room without network, or a test.
    Folder(PathBuf),
    /// `python -m pip`; the words start a Python 3 that has pip.
    Pip(Vec<&'static str>),
}

impl Source {
    /// `CONVSCOPE_WHEELS`, or the first Python on the `PATH` that has pip.
    pub fn find() -> Result<Self> {
        if let Some(folder) = env::var_os("CONVSCOPE_WHEELS") {
            return Ok(Self::Folder(folder.into()));
        }
        let candidates: &[&[&str]] = if cfg!(windows) {
            &[&["python3"], &["python"], &["py", "-3"]]
        } else {
            &[&["python3"], &["python"]]
        };
        let mut without_pip = None;
        for python in candidates {
            if !succeeds(
                python,
                &["-c", "import sys; sys.exit(sys.version_info < (3, 7))"],
            ) {
                continue;
            }
            if succeeds(python, &["-m", "pip", "--version"]) {
                return Ok(Self::Pip(python.to_vec()));
            }
            without_pip.get_or_insert_with(|| python.join(" "));
        }
        match without_pip {
            Some(python) => bail!(
                "{python} has no pip: install it (Debian and Ubuntu: `apt-get install python3-pip`; \
                 elsewhere: `{python} -m ensurepip --upgrade`) and run the command again."
            ),
            None => bail!(
                "No Python 3 was found: install Python 3.7 or newer with pip (python.org, or your system's packages) \
                 and run the command again, or set LIBTORCH to a libtorch of your own."
            ),
        }
    }

    /// Returns the path of the wheel, which lies in `scratch` unless it came from a folder.
    pub fn fetch(&self, wheel: &Wheel, scratch: &Path) -> Result<PathBuf> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(wheel.file);
                if !path.is_file() {
                    bail!(
                        "CONVSCOPE_WHEELS has no {}: put it into {}, or unset CONVSCOPE_WHEELS to fetch it.",
                        wheel.file,
                        folder.display()
                    );
                }
                Ok(path)
            }
            Self::Pip(python) => {
                eprintln!("Fetching {} with pip", wheel.requirement()?);
                let output = pip_download(python, wheel, scratch)?;
                if !output.status.success() {
                    bail!(
                        "{}",
                        failure(
                            &String::from_utf8_lossy(&output.stderr),
                            &wheel.requirement()?
                        )
                    );
                }
                let path = scratch.join(wheel.file);
                if !path.is_file() {
                    bail!(
                        "pip's package index gave another file than {}: use PyPI \
                         or put the file into a folder named by CONVSCOPE_WHEELS.",
                        wheel.file
                    );
                }
                Ok(path)
            }
        }
    }
}

/// Runs pip with its bar on our standard error where that is a terminal; its complaints are kept.
fn pip_download(python: &[&str], wheel: &Wheel, scratch: &Path) -> Result<Output> {
    let mut command = command(python);
    command.args([
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
    ]);
    command.args([
        "--python-version",
        "3.12",
        "--implementation",
        "cp",
        "--abi",
        "cp312",
    ]);
    command
        .args(["--platform", wheel.platform()?, "--dest"])
        .arg(scratch)
        .arg(wheel.requirement()?);
    // A setting meant for `pip install` must not forbid a download.
    command.env("PIP_REQUIRE_VIRTUALENV", "0");
    command.envs([
        ("PIP_NO_INPUT", "1"),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ]);
    // pip's temporary copy must lie on the disk that was checked, and vanish with the staging folder.
    command.envs(["TMPDIR", "TEMP", "TMP"].map(|name| (name, scratch)));
    if stderr().is_terminal() {
        command.stdout(stderr());
    } else {
        command.stdout(Stdio::null());
    }
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command.output().context("Cannot start Python")
}

/// One sentence with the remedy, from what pip wrote.
fn failure(complaints: &str, requirement: &str) -> String {
    let network = [
        "NewConnectionError",
        "ConnectTimeout",
        "Connection",
        "timed out",
        "name resolution",
        "ProxyError",
    ];
    if complaints.contains("No space left") {
        "pip ran out of disk space: free some and run the command again.".to_owned()
    } else if network.iter().any(|sign| complaints.contains(sign)) {
        format!(
            "pip could not reach its package index to fetch {requirement}: check the network and proxy and run the \
             command again, or name a folder that has the wheels in CONVSCOPE_WHEELS."
        )
    } else {
        let last = complaints
            .lines()
            .rev()
            .find(|line| line.starts_with("ERROR"))
            .unwrap_or("it gave no reason");
        let reason = last
            .trim_start_matches("ERROR:")
            .trim()
            .trim_end_matches('.');
        format!(
            "pip could not fetch {requirement} ({reason}): mend that and run the command again."
        )
    }
}

fn command(python: &[&str]) -> Command {
    let mut command = Command::new(python[0]);
    command.args(&python[1..]);
    command
}

fn succeeds(python: &[&str], args: &[&str]) -> bool {
    let mut command = command(python);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_of_pip_becomes_one_sentence() {
        let rows = [
            (
                "WARNING: Retrying after connection broken by 'NewConnectionError(...)'\nERROR: No matching",
                "network",
            ),
            (
                "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
                "disk space",
            ),
            (
                "WARNING: x\nERROR: No matching distribution found for torch==2.13.0",
                "(No matching distribution found",
            ),
            ("Segmentation fault", "gave no reason"),
        ];
        for (complaints, expected) in rows {
            let sentence = failure(complaints, "torch==2.13.0");
            assert!(
                sentence.contains(expected) && !sentence.contains('\n'),
                "{sentence}"
            );
        }
    }
}
