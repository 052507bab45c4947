//! Downloads through the engine, as the window starts them: events, pausing, waiting in line, giving up.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::server::{Server, hang, noise, send, send_file, send_status, sha256};
use convscope::{
    data::{
        catalogue::{Entry, FileEntry, Licence},
        datasets_folder::{self, Fetched, Status},
        download::{self, Options},
    },
    engine::{Download, EngineHandle, Event, Folders, JobEvent, ListDatasets},
};

const PATIENCE: Duration = Duration::from_secs(300);
const CUT: usize = 123_457;

fn entry(name: &str, server: &Server, file: &[u8]) -> Entry {
    Entry {
        name: name.into(),
        title: "A set".into(),
        description: "Pictures".into(),
        recipes: Vec::new(),
        files: vec![FileEntry {
            name: "set.zip".into(),
            urls: vec![server.url(&format!("/{name}"))],
            bytes: Some(file.len() as u64),
            sha256: Some(sha256(file)),
        }],
        licence: Licence {
            name: "CC0".into(),
            url: "https://example.org/".into(),
        },
        homepage: "https://example.org/".into(),
        citation: String::new(),
        class_names: vec!["a".into(), "b".into()],
    }
}

fn engine(home: &tempfile::TempDir) -> EngineHandle {
    EngineHandle::start(Arc::new(|| {}), Folders::below(home.path())).unwrap()
}

fn wait<T>(engine: &EngineHandle, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        while let Some(event) = engine.events().try_next() {
            if let Some(found) = wanted(event) {
                return found;
            }
        }
        assert!(start.elapsed() < PATIENCE, "the event never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn fetch(entry: Entry, folder: PathBuf) -> Download {
    Download { entry, folder }
}

fn list(catalogue: Option<PathBuf>, folder: PathBuf) -> ListDatasets {
    ListDatasets { catalogue, folder }
}

/// Waits until the first [`CUT`] bytes of a download are on the disk: events of progress are thinned.
fn wait_for_part(folder: &Path, name: &str) {
    let target = folder.join(name).join("set.zip");
    let start = Instant::now();
    while download::unfinished(&target) < CUT as u64 {
        assert!(start.elapsed() < PATIENCE, "the part never grew");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The first client gets [`CUT`] bytes and then nothing, others the whole file.
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

/// After so long a silent server is given up anyway: whoever waits for that has not looked whether somebody asked.
fn given_up_after() -> Duration {
    Options::default().stall
}

#[test]
fn a_paused_download_goes_on_and_a_cancelled_one_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("datasets");
    let file = Arc::new(noise(300_000, 1));
    let server = hanging_once(&file);
    let (entry, engine) = (entry("set", &server, &file), engine(&home));

    let first = engine.ask(fetch(entry.clone(), folder.clone()));
    wait(&engine, |event| match event {
        Event::Job(job, JobEvent::Progress(progress)) if job == first => {
            assert_eq!(progress.total, 300_000);
            Some(())
        }
        _ => None,
    });
    wait_for_part(&folder, "set");
    let pressed = Instant::now();
    engine.cancel(first);
    wait(&engine, |event| match event {
        Event::Job(job, JobEvent::Cancelled) if job == first => Some(()),
        _ => None,
    });
    println!("paused after {:?}", pressed.elapsed());
    assert!(pressed.elapsed() < given_up_after());
    let partial = Status::Partial { bytes: CUT as u64 };
    assert_eq!(datasets_folder::status(&entry, &folder), partial);

    let second = engine.ask(fetch(entry.clone(), folder.clone()));
    let fetched = wait(&engine, |event| {
        let failure = event.failure();
        assert!(failure.is_none(), "{failure:?}");
        let (job, fetched) = event.answer::<Download>()?;
        (job == second).then(|| Fetched::clone(&fetched))
    });
    assert_eq!(server.froms(), [0, CUT]);
    assert!(fs::read(&fetched.path).unwrap() == *file && fetched.verified);
    assert_eq!(
        datasets_folder::status(&entry, &folder),
        Status::Ready(fetched)
    );

    let server = hanging_once(&file);
    let other = self::entry("other", &server, &file);
    let third = engine.ask(fetch(other.clone(), folder.clone()));
    wait_for_part(&folder, "other");
    engine.cancel(third);
    engine.discard_download(other.clone(), folder.clone());
    wait(&engine, |event| match event {
        Event::Job(job, JobEvent::Cancelled) if job == third => Some(()),
        _ => None,
    });
    // The listing comes after the discarding, so its answer shows it done.
    engine.ask(list(None, folder.clone()));
    wait(&engine, |event| event.answer::<ListDatasets>().map(drop));
    assert_eq!(datasets_folder::status(&other, &folder), Status::Absent);
}

#[test]
fn failures_are_sentences_and_the_engine_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("datasets");
    let file = Arc::new(noise(1_000, 1));
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| match asked.path.as_str() {
        "/gone" => send_status(out, "404 Not Found", ""),
        _ => send_file(out, asked, &served, "\"v1\"", usize::MAX),
    });
    let engine = engine(&home);
    let gone = engine.ask(fetch(entry("gone", &server, &file), folder.clone()));
    let set = engine.ask(fetch(entry("set", &server, &file), folder.clone()));
    let mut failed = None;
    wait(&engine, |event| {
        if let Some((job, message)) = event.failure()
            && job == gone
        {
            failed = Some(message.to_owned());
        }
        (event.answer::<Download>()?.0 == set).then_some(())
    });
    let failed = failed.unwrap();
    assert!(failed.contains("no longer has the file"), "{failed}");

    let job = engine.ask(list(None, folder.clone()));
    let listed = wait(&engine, |event| {
        let (done, listed) = event.answer::<ListDatasets>()?;
        (done == job).then_some(listed)
    });
    assert!(listed.iter().any(|listed| listed.entry.name == "flowers"));
    let job = engine.ask(list(Some(home.path().join("none.ron")), folder));
    let message = wait(&engine, |event| {
        let (failed, message) = event.failure()?;
        (failed == job).then(|| message.to_owned())
    });
    assert!(message.contains("none.ron"), "{message}");
}

#[test]
fn closing_the_engine_stops_a_hanging_download_at_once() {
    let home = tempfile::tempdir().unwrap();
    let file = Arc::new(noise(300_000, 1));
    let server = hanging_once(&file);
    let engine = engine(&home);
    let entry = entry("set", &server, &file);
    engine.ask(fetch(entry.clone(), home.path().to_path_buf()));
    wait_for_part(home.path(), "set");
    let closed = Instant::now();
    drop(engine);
    println!("closed after {:?}", closed.elapsed());
    assert!(closed.elapsed() < given_up_after());
    let partial = Status::Partial { bytes: CUT as u64 };
    assert_eq!(datasets_folder::status(&entry, home.path()), partial);
}
