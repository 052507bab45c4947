//! The development commands: each is a few calls of cargo after the set-up.
//!
//! The two packages are built by separate calls of cargo. In one call cargo would unite the features of
//! their shared dependencies, so that `cargo run` and `cargo test --workspace` would each rebuild what
//! the other had built (libtorch's bindings and the graphics stack among it).

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::setup::libtorch_is_ours;

const PACKAGES: [&str; 3] = ["convscope", "convscope-generate", "xtask"];

/// A call of the cargo that runs us, with the environment that the user's own cargo would have: whatever else it
/// inherited would look to build scripts like a change, and they would run again at every turn.
pub fn cargo(root: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(tells_a_program_of_its_package) {
            command.env_remove(name);
        }
    }
    if libtorch_is_ours(root) {
        command.env_remove("LIBTORCH");
    }
    command
}

/// Whether `cargo run` sets this variable for the program; people set others that begin alike (`CARGO_HOME`).
fn tells_a_program_of_its_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
        .iter()
        .any(|start| name.starts_with(start))
        || [
            "CARGO",
            "CARGO_CRATE_NAME",
            "CARGO_PRIMARY_PACKAGE",
            "OUT_DIR",
        ]
        .contains(&name)
}

/// Runs a step, says which, and fails when it fails.
pub fn step(command: &mut Command) -> Result<()> {
    let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let name = format!("cargo {}", words.join(" "));
    eprintln!("── {name}");
    let status = command
        .status()
        .with_context(|| format!("Cannot start {name}"))?;
    if !status.success() {
        bail!("`{name}` failed ({status}); what it says above is the reason.");
    }
    Ok(())
}

/// Starts Convscope; without a display and without arguments it trains the shapes recipe instead.
pub fn run(root: &Path, args: &[OsString]) -> Result<ExitCode> {
    let mut command = cargo(root, &["run", "--package", "convscope", "--"]);
    if args.is_empty() && !has_display() {
        eprintln!(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): training the shapes recipe without a window."
        );
        command
            .args(["train", "shapes", "--out", "runs/shapes"])
            .current_dir(root);
    } else {
        command.args(args);
    }
    let status = command.status().context("Cannot start cargo")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Every test, or what the arguments select in Convscope.
pub fn test(root: &Path, args: &[OsString]) -> Result<()> {
    if !args.is_empty() {
        return step(cargo(root, &["test"]).args(args).current_dir(root));
    }
    PACKAGES.iter().try_for_each(|package| {
        step(cargo(root, &["test", "--package", package]).current_dir(root))
    })
}

/// What CI demands, tests last; `with_tests` is off where CI calls them by itself.
pub fn check(root: &Path, with_tests: bool) -> Result<()> {
    step(cargo(root, &["fmt", "--all", "--check"]).current_dir(root))?;
    for package in PACKAGES {
        let clippy = [
            "clippy",
            "--package",
            package,
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        step(cargo(root, &clippy).current_dir(root))?;
    }
    for package in PACKAGES {
        let doc = ["doc", "--package", package, "--no-deps"];
        step(
            cargo(root, &doc)
                .env("RUSTDOCFLAGS", "-D warnings")
                .current_dir(root),
        )?;
    }
    if with_tests { test(root, &[]) } else { Ok(()) }
}

/// The benchmarks, in the release profile.
pub fn bench(root: &Path, args: &[OsString]) -> Result<()> {
    step(
        cargo(root, &["bench", "--package", "convscope"])
            .args(args)
            .current_dir(root),
    )
}

/// Makes every picture in `screenshots/` from the real window, on a virtual display where there is none.
pub fn screenshots(root: &Path) -> Result<()> {
    let mut command = cargo(
        root,
        &[
            "test",
            "--test",
            "desktop",
            "screenshots",
            "--",
            "--ignored",
            "--nocapture",
        ],
    );
    command
        .env("CONVSCOPE_SCREENSHOTS", root.join("screenshots"))
        .current_dir(root);
    let _display = if has_display() {
        None
    } else {
        let display = VirtualDisplay::start()?;
        command.env("DISPLAY", &display.name);
        Some(display)
    };
    step(&mut command)
}

/// Does to the real program whatever is known to go wrong, and writes what came of it into `docs/faults.md`.
pub fn faults(root: &Path) -> Result<()> {
    let test = [
        "test",
        "--test",
        "program",
        "write_the_table",
        "--",
        "--ignored",
        "--nocapture",
    ];
    step(
        cargo(root, &test)
            .env("CONVSCOPE_FAULTS", root.join("docs/faults.md"))
            .current_dir(root),
    )
}

fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// An Xvfb of our own, ended when dropped.
struct VirtualDisplay {
    server: Child,
    name: String,
}

impl VirtualDisplay {
    fn start() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-displayfd", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("There is no display and no Xvfb: install it (Debian and Ubuntu: `apt-get install xvfb`)")?;
        let stdout = server.stdout.take();
        let mut display = Self {
            server,
            name: String::new(),
        };
        let mut number = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut number)?;
        }
        if number.trim().is_empty() {
            bail!("Xvfb ended without opening a display: run `Xvfb :99` to see why.");
        }
        display.name = format!(":{}", number.trim());
        Ok(display)
    }
}

impl Drop for VirtualDisplay {
    fn drop(&mut self) {
        let ended = self.server.kill().and_then(|()| self.server.wait());
        if let Err(error) = ended {
            eprintln!("Cannot end Xvfb: {error}");
        }
    }
}
