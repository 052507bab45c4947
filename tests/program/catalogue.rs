//! `convscope catalogue` and `convscope download` as people and scripts use them: the real program, a server
//! on this machine, kills and Ctrl+C in the middle.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::server::{Server, hang, noise, send, send_file, sha256};
use convscope::data::download::Options;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(300);
/// Where the server stops in the middle of the file.
const CUT: usize = 123_457;

/// A folder for one test, with a catalogue in it.
struct Sandbox(tempfile::TempDir);

impl Sandbox {
    /// `set` is one archive, `pair` two files; `sha256` is what the catalogue says about the archive.
    fn new(server: &Server, bytes: usize, sha256: &str) -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        let entry = |name: &str, files: &str| {
            format!(
                "(name: \"{name}\", title: \"A {name}\", description: \"Pictures\", files: [{files}],
                 licence: (name: \"CC0\", url: \"https://example.org/\"), homepage: \"https://example.org/\",
                 class_names: [\"a\", \"b\"]),"
            )
        };
        let file = |name: &str| {
            format!(
                "(name: \"{name}\", urls: [\"{}\"])",
                server.url(&format!("/{name}"))
            )
        };
        let archive = format!(
            "(name: \"set.zip\", urls: [\"{}\"], bytes: {bytes}, sha256: \"{sha256}\")",
            server.url("/set.zip")
        );
        let text = format!(
            "(format: 1, datasets: [{} {}])",
            entry("set", &archive),
            entry("pair", &format!("{}, {}", file("one.gz"), file("two.gz")))
        );
        fs::write(sandbox.path("catalogue.ron"), text).unwrap();
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convscope"));
        command
            .args(args)
            .arg("--catalogue")
            .arg(self.path("catalogue.ron"))
            .env("CONVSCOPE_DATASETS", self.path("datasets"))
            .env("CONVSCOPE_CACHE", self.path("cache"))
            .current_dir(self.0.path());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Starts a download of `set` and waits until [`CUT`] bytes are on the disk.
    fn start(&self) -> Child {
        let mut child = self
            .command(&["download", "set"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let part = self.path("datasets/set/set.zip.part");
        let started = Instant::now();
        while fs::metadata(&part).map_or(0, |data| data.len()) < CUT as u64 {
            assert!(started.elapsed() < PATIENCE, "the part never grew");
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            thread::sleep(Duration::from_millis(5));
        }
        child
    }
}

#[track_caller]
fn json(output: &Output) -> Vec<Value> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let parse =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    text.lines().map(parse).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Gives the first client [`CUT`] bytes and then nothing; serves others well.
fn hanging_once(file: &Arc<Vec<u8>>) -> Server {
    let file = Arc::clone(file);
    Server::start(move |asked, out| {
        if asked.number == 0 {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: \"v1\"\r\n\r\n",
                file.len()
            );
            send(out, head.as_bytes());
            send(out, &file[..CUT]);
            hang();
        }
        send_file(out, asked, &file, "\"v1\"", usize::MAX);
    })
}

fn good(file: &Arc<Vec<u8>>) -> Server {
    let file = Arc::clone(file);
    Server::start(move |asked, out| send_file(out, asked, &file, "\"v1\"", usize::MAX))
}

fn file() -> Arc<Vec<u8>> {
    Arc::new(noise(300_000, 1))
}

#[test]
fn what_is_listed_and_downloaded_keeps_the_contract() {
    let file = file();
    let server = good(&file);
    let sandbox = Sandbox::new(&server, file.len(), &sha256(&file));
    let before = json(&sandbox.run(&["catalogue", "--json"]));
    assert_eq!(before.len(), 2);
    let set = &before[0];
    assert_eq!(
        (&set["name"], &set["title"], &set["bytes"], &set["licence"]),
        (
            &"set".into(),
            &"A set".into(),
            &300_000.into(),
            &"CC0".into()
        )
    );
    assert_eq!(set["classes"], serde_json::json!(["a", "b"]));
    assert_eq!(
        (&set["downloaded"], &set["path"]),
        (&false.into(), &Value::Null)
    );

    let done = json(&sandbox.run(&["download", "set", "--json"]))
        .pop()
        .unwrap();
    let path = sandbox.path("datasets/set/set.zip");
    assert_eq!(done["path"], path.to_str().unwrap());
    assert_eq!(
        (&done["bytes"], &done["verified"]),
        (&300_000.into(), &true.into())
    );
    assert!(fs::read(&path).unwrap() == *file);

    let pair = json(&sandbox.run(&["download", "pair", "--json"]))
        .pop()
        .unwrap();
    assert_eq!(
        pair["path"],
        sandbox.path("datasets/pair").to_str().unwrap()
    );
    assert_eq!(
        (&pair["bytes"], &pair["verified"]),
        (&600_000.into(), &false.into())
    );

    let after = json(&sandbox.run(&["catalogue", "--json"]));
    assert!(after.iter().all(|entry| entry["downloaded"] == true));
    assert_eq!(after[0]["path"], done["path"]);

    // What is there is not downloaded again, nor when its record is lost and the hash is known.
    let asked = server.asked().len();
    json(&sandbox.run(&["download", "set", "--json"]));
    fs::remove_file(sandbox.path("datasets/set/done.ron")).unwrap();
    json(&sandbox.run(&["download", "set", "--json"]));
    assert_eq!(server.asked().len(), asked);
    // A file that was changed is.
    fs::write(&path, b"changed").unwrap();
    json(&sandbox.run(&["download", "set", "--json"]));
    assert_eq!(server.asked().len(), asked + 1);
    assert!(fs::read(&path).unwrap() == *file);
}

#[test]
fn people_read_a_table_and_a_sentence() {
    let file = file();
    let server = good(&file);
    let sandbox = Sandbox::new(&server, file.len(), &sha256(&file));
    let listed = sandbox.run(&["catalogue"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(text.contains("300.0 kB") && text.contains("CC0"), "{text}");
    let out = sandbox.path("elsewhere");
    let done = sandbox.run(&["download", "set", "--out", out.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        text.contains("SHA-256 is right") && text.contains("elsewhere/set/set.zip"),
        "{text}"
    );
    assert!(out.join("set/set.zip").is_file());
}

#[cfg(unix)]
#[test]
fn a_killed_download_goes_on_where_it_stopped() {
    let file = file();
    let server = hanging_once(&file);
    let sandbox = Sandbox::new(&server, file.len(), &sha256(&file));
    let mut child = sandbox.start();
    // SIGKILL: nothing can be tidied up.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!sandbox.path("datasets/set/set.zip").exists());
    let listed = sandbox.run(&["catalogue"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("123.5 kB so far"));

    let done = json(&sandbox.run(&["download", "set", "--json"]))
        .pop()
        .unwrap();
    assert_eq!(done["verified"], true);
    assert_eq!(server.froms(), [0, CUT], "only the rest was asked for");
    assert_eq!(server.asked()[1].if_range.as_deref(), Some("\"v1\""));
    assert!(fs::read(sandbox.path("datasets/set/set.zip")).unwrap() == *file);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_part_and_says_how_to_go_on() {
    let file = file();
    let server = hanging_once(&file);
    let sandbox = Sandbox::new(&server, file.len(), &sha256(&file));
    let child = sandbox.start();
    let pressed = Instant::now();
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
    let ended = child.wait_with_output().unwrap();
    println!("ended {:?} after Ctrl+C", pressed.elapsed());
    assert!(
        pressed.elapsed() < Options::default().stall,
        "it waited for the server"
    );
    assert_eq!(ended.status.code(), Some(1));
    let said = stderr(&ended);
    assert!(
        said.contains("kept in") && said.contains("the same command goes on"),
        "{said}"
    );
    json(&sandbox.run(&["download", "set", "--json"]));
    assert_eq!(server.froms(), [0, CUT]);
}

#[test]
fn mistakes_and_failures_have_their_exit_statuses() {
    let file = file();
    let server = good(&file);
    let sandbox = Sandbox::new(&server, file.len(), &sha256(b"another file"));
    let wrong = sandbox.run(&["download", "set"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stderr(&wrong).contains("was deleted"), "{}", stderr(&wrong));
    assert!(!sandbox.path("datasets/set/set.zip").exists());

    let unknown = sandbox.run(&["download", "sets"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("set, pair"),
        "{}",
        stderr(&unknown)
    );

    let catalogue = sandbox.path("catalogue.ron");
    let unsafe_one = fs::read_to_string(&catalogue)
        .unwrap()
        .replace("127.0.0.1", "example.org");
    fs::write(&catalogue, unsafe_one).unwrap();
    let refused = sandbox.run(&["catalogue"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("not an https address"),
        "{}",
        stderr(&refused)
    );
    fs::remove_file(&catalogue).unwrap();
    assert_eq!(sandbox.run(&["download", "set"]).status.code(), Some(1));
}
