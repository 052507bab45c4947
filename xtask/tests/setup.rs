//! The set-up command as a process, on machines that lack something: a `PATH` of fake programs plays
//! the machine. Each failure must be one sentence with the remedy, status 1, nothing half-installed.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may stop at the first surprise"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

const COMPILER: (&str, &str) = ("c++", "exit 0");

/// Names with values: environment variables, or programs with scripts.
type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A Python whose `pip download` does `$1`, with `$dest` set to the folder that was asked for.
fn python(download: &str) -> String {
    format!(
        r#"case "$*" in
  *"pip download"*) while [ "$1" != --dest ]; do shift; done; dest=$2; {download};;
esac"#
    )
}

/// One machine at a time: a process started while another test writes a program would hold that file
/// open for a moment, and running it would fail as busy.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A repository with nothing but a folder of fake programs, which is the whole `PATH`.
struct Machine(
    TempDir,
    #[expect(dead_code, reason = "held")] MutexGuard<'static, ()>,
);

impl Machine {
    fn new(programs: Pairs) -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        for (name, script) in programs {
            let path = folder.path().join("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(folder, turn)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn xtask(&self, args: &[&str], env: Pairs) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        // What the machine that runs this test has must not show through.
        for name in [
            "LIBTORCH",
            "LIBTORCH_USE_PYTORCH",
            "CONVSCOPE_WHEELS",
            "CXX",
            "DISPLAY",
            "WAYLAND_DISPLAY",
        ] {
            command.env_remove(name);
        }
        command
            .args(args)
            .env("PATH", self.root().join("bin"))
            .current_dir(self.root());
        command.env("CARGO_MANIFEST_DIR", self.root().join("xtask"));
        command.env("CARGO", self.root().join("bin/cargo"));
        command.envs(env.iter().copied()).output().unwrap()
    }
}

fn last_line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr)
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn every_lack_is_one_sentence_and_leaves_nothing() {
    let offline =
        python("echo 'WARNING: NewConnectionError' >&2; echo 'ERROR: No matching' >&2; exit 1");
    let full = python("echo 'ERROR: [Errno 28] No space left on device' >&2; exit 1");
    let wrong = python(
        "echo damaged > \"$dest/torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl\"; \
                        echo damaged > \"$dest/torch-2.13.0-cp312-cp312-manylinux_2_28_aarch64.whl\"; \
                        echo damaged > \"$dest/torch-2.13.0-cp312-cp312-macosx_14_0_arm64.whl\"",
    );
    let other = python("echo other > \"$dest/torch-2.13.0+cpu-cp312-cp312-linux_x86_64.whl\"");
    let no_pip = "case \"$*\" in *pip*) exit 1;; esac";
    let rows: &[(Pairs, &str)] = &[
        (&[], "No C++ compiler was found"),
        (&[COMPILER], "No Python 3 was found"),
        (&[COMPILER, ("python3", "exit 1")], "No Python 3 was found"),
        (&[COMPILER, ("python3", no_pip)], "python3 has no pip"),
        (&[COMPILER, ("python3", &offline)], "check the network"),
        (&[COMPILER, ("python3", &full)], "out of disk space"),
        (&[COMPILER, ("python3", &wrong)], "SHA-256"),
        (&[COMPILER, ("python3", &other)], "gave another file"),
        // Where `python3` cannot do it, `python` may.
        (
            &[COMPILER, ("python3", no_pip), ("python", &wrong)],
            "SHA-256",
        ),
    ];
    for (programs, expected) in rows {
        let machine = Machine::new(programs);
        let output = machine.xtask(&["setup"], &[]);
        assert_eq!(output.status.code(), Some(1), "{expected}");
        let sentence = last_line(&output);
        assert!(
            sentence.contains(expected) && sentence.ends_with('.'),
            "{sentence}"
        );
        let third_party = machine.root().join("third_party");
        let left: Vec<_> = fs::read_dir(third_party)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert!(
            left.iter().all(|name| name == ".lock"),
            "{expected}: {left:?}"
        );
    }
}

#[test]
fn the_users_own_libtorch_wins() {
    let machine = Machine::new(&[COMPILER]);
    for own in [("LIBTORCH", "/opt/libtorch"), ("LIBTORCH_USE_PYTORCH", "1")] {
        let output = machine.xtask(&["setup"], &[own]);
        assert!(output.status.success());
        assert!(last_line(&output).contains(own.0), "{}", last_line(&output));
        assert!(!machine.root().join("third_party").exists());
    }
}

#[test]
fn without_a_display_run_trains_the_shapes_recipe() {
    let machine = Machine::new(&[COMPILER, ("cargo", "echo \"$@\"; exit 7")]);
    let headless = "run --package convscope -- train shapes --out runs/shapes\n";
    let rows: &[(&[&str], Pairs, &str)] = &[
        (&["run"], &[], headless),
        (&["run"], &[("DISPLAY", "")], headless),
        (
            &["run"],
            &[("DISPLAY", ":1")],
            "run --package convscope --\n",
        ),
        (
            &["run"],
            &[("WAYLAND_DISPLAY", "wayland-0")],
            "run --package convscope --\n",
        ),
        (
            &["run", "--", "recipes", "--json"],
            &[],
            "run --package convscope -- recipes --json\n",
        ),
    ];
    for (args, env, expected) in rows {
        let env: Vec<_> = env
            .iter()
            .copied()
            .chain([("LIBTORCH", "/opt/libtorch")])
            .collect();
        let output = machine.xtask(args, &env);
        assert_eq!(
            output.status.code(),
            Some(7),
            "the program's own status comes back"
        );
        if cfg!(target_os = "linux") {
            assert_eq!(String::from_utf8_lossy(&output.stdout), *expected);
            assert_eq!(
                last_line(&output).contains("no display"),
                *expected == headless
            );
        }
    }
}

#[test]
fn tests_pass_their_arguments_on_and_a_failure_fails() {
    let machine = Machine::new(&[COMPILER, ("cargo", "echo \"$@\"; [ \"$3\" != xtask ]")]);
    let env = [("LIBTORCH", "/opt/libtorch")];
    let all = machine.xtask(&["test"], &env);
    assert_eq!(
        String::from_utf8_lossy(&all.stdout),
        "test --package convscope\ntest --package convscope-generate\ntest --package xtask\n"
    );
    assert_eq!(all.status.code(), Some(1));
    assert!(
        last_line(&all).contains("`cargo test --package xtask` failed"),
        "{}",
        last_line(&all)
    );
    let some = machine.xtask(&["test", "--lib", "metrics", "--", "--nocapture"], &env);
    assert_eq!(
        String::from_utf8_lossy(&some.stdout),
        "test --lib metrics -- --nocapture\n"
    );
    assert!(some.status.success());
}

#[test]
fn cargo_is_called_with_what_the_user_set_and_no_more() {
    let machine = Machine::new(&[COMPILER, ("cargo", "export -p")]);
    let of_the_user = [
        "CARGO_HOME",
        "CARGO_TARGET_DIR",
        "CARGO_NET_OFFLINE",
        "CARGO_TERM_COLOR",
        "RUSTFLAGS",
    ];
    let of_cargo = [
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION_MAJOR",
        "CARGO_MANIFEST_LINKS",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "OUT_DIR",
    ];
    let env: Vec<_> = of_the_user
        .iter()
        .chain(&of_cargo)
        .map(|name| (*name, "set"))
        .chain([("LIBTORCH", "/opt/libtorch")])
        .collect();
    let output = machine.xtask(&["test", "--lib"], &env);
    let inherited = String::from_utf8_lossy(&output.stdout);
    let has = |name: &str| {
        let start = format!("export {name}=");
        inherited.lines().any(|line| line.starts_with(&start))
    };
    for name in of_the_user.iter().chain(&["LIBTORCH", "PATH"]) {
        assert!(has(name), "{name} is the user's: {inherited}");
    }
    for name in of_cargo.iter().chain(&["CARGO", "CARGO_MANIFEST_DIR"]) {
        assert!(!has(name), "{name} is cargo's: {inherited}");
    }
}

#[test]
fn what_is_packed_is_built_in_a_folder_of_its_own() {
    let machine = Machine::new(&[COMPILER, ("cargo", "echo \"$@\"; exit 1")]);
    let libtorch = machine.root().join("libtorch");
    fs::create_dir_all(libtorch.join("lib")).unwrap();
    let output = machine.xtask(&["dist"], &[("LIBTORCH", libtorch.to_str().unwrap())]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "build --profile dist --package convscope --bin convscope\n"
    );
}

#[test]
fn check_stops_at_the_first_failure() {
    let machine = Machine::new(&[COMPILER, ("cargo", "echo \"$1\"; [ \"$1\" != clippy ]")]);
    let output = machine.xtask(&["check"], &[("LIBTORCH", "/opt/libtorch")]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "fmt\nclippy\n");
    assert_eq!(output.status.code(), Some(1));
}
