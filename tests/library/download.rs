//! The downloader against a server that misbehaves: nothing it does may cost the file, or hang.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    cell::RefCell,
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::server::{Asked, Server, hang, noise, send, send_file, send_range, send_status, sha256};
use convscope::{
    cancel::CancelToken,
    data::download::{
        self, DownloadError as Error, Downloaded, Options, Request, discard, unfinished,
    },
};

const ALL: usize = usize::MAX;
/// Where servers cut the file; not a multiple of any buffer.
const CUT: usize = 123_457;

/// One download: what is known about the file, and where it goes.
struct Job {
    folder: tempfile::TempDir,
    urls: Vec<String>,
    bytes: Option<u64>,
    sha256: Option<String>,
    options: Options,
    cancel: CancelToken,
    heard: RefCell<Vec<(u64, Option<u64>)>>,
}

impl Job {
    fn new(urls: &[String]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            urls: urls.to_vec(),
            bytes: None,
            sha256: None,
            options: Options {
                // Longer than a busy machine lets a server that answers wait.
                stall: Duration::from_secs(4),
                tries: 3,
                first_pause: Duration::from_millis(10),
                longest_pause: Duration::from_millis(40),
                largest: 10_000_000,
            },
            cancel: CancelToken::new(),
            heard: RefCell::default(),
        }
    }

    /// The size and hash of `file` are known.
    fn knowing(mut self, file: &[u8]) -> Self {
        self.bytes = Some(file.len() as u64);
        self.sha256 = Some(sha256(file));
        self
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("sub").join("set.zip")
    }

    fn run(&self) -> Result<Downloaded, Error> {
        let request = Request {
            urls: &self.urls,
            target: &self.target(),
            bytes: self.bytes,
            sha256: self.sha256.as_deref(),
            cancel: &self.cancel,
            progress: &|done, total| self.heard.borrow_mut().push((done, total)),
        };
        download::download(&request, &self.options)
    }

    /// The file is `file` and nothing else is left.
    #[track_caller]
    fn has(&self, file: &[u8]) {
        assert!(fs::read(self.target()).unwrap() == file, "the bytes differ");
        let left: Vec<_> = fs::read_dir(self.target().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["set.zip"]);
    }

    /// There is no file, and `kept` bytes of one.
    #[track_caller]
    fn has_only(&self, kept: usize) {
        assert!(!self.target().exists(), "a file that must not be there");
        assert_eq!(unfinished(&self.target()), kept as u64);
    }
}

fn one(server: &Server) -> Job {
    Job::new(&[server.url("/set.zip")])
}

/// A server that gives the whole file except for its first answer, which is `first`'s.
fn first_then_good(
    file: &Arc<Vec<u8>>,
    first: impl Fn(&mut TcpStream, &[u8]) + Send + Sync + 'static,
) -> Server {
    let file = Arc::clone(file);
    Server::start(move |asked, out| match asked.number {
        0 => first(out, &file),
        _ => send_file(out, asked, &file, "\"v1\"", ALL),
    })
}

fn file() -> Arc<Vec<u8>> {
    Arc::new(noise(300_000, 1))
}

fn begin(file: &[u8], etag: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: {etag}\r\n\r\n",
        file.len()
    )
}

#[test]
fn a_plain_file_arrives_whole_and_is_verified() {
    let file = file();
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| send_file(out, asked, &served, "\"v1\"", ALL));
    let job = one(&server).knowing(&file);
    let done = job.run().unwrap();
    assert_eq!(
        done,
        Downloaded {
            bytes: 300_000,
            sha256: sha256(&file),
        }
    );
    job.has(&file);
    let heard = job.heard.borrow();
    assert!(heard.len() > 2 && heard.is_sorted());
    assert_eq!(heard.last(), Some(&(300_000, Some(300_000))));

    let unknown = one(&server);
    let done = unknown.run().unwrap();
    assert_eq!(done.sha256, sha256(&file));
}

#[test]
fn what_ends_early_goes_on_where_it_stopped() {
    type First = fn(&mut TcpStream, &[u8]);
    let cases: [(First, &str); 2] = [
        (
            |out, file| {
                send(out, begin(file, "\"v1\"").as_bytes());
                send(out, &file[..CUT]);
            },
            "the connection is cut, short of the promised length",
        ),
        (
            |out, file| {
                send(out, begin(file, "\"v1\"").as_bytes());
                send(out, &file[..CUT]);
                hang();
            },
            "the server falls silent",
        ),
    ];
    for (first, reason) in cases {
        let file = file();
        let server = first_then_good(&file, first);
        let job = one(&server);
        job.run().unwrap();
        job.has(&file);
        assert_eq!(server.froms(), [0, CUT], "{reason}");
        let versions: Vec<_> = server.asked().into_iter().map(|a| a.if_range).collect();
        assert_eq!(versions, [None, Some("\"v1\"".into())], "{reason}");
    }
}

#[test]
fn servers_that_never_do_better_are_given_up() {
    let file = file();
    // Always cut at the same place, ranges refused: nothing new arrives after the first time.
    let served = Arc::clone(&file);
    let server = Server::start(move |_, out| {
        send(out, begin(&served, "\"v1\"").as_bytes());
        send(out, &served[..CUT]);
    });
    let job = one(&server).knowing(&file);
    let error = job.run().unwrap_err();
    assert!(
        matches!(&error, Error::CutOff { received, total: Some(300_000), .. } if *received == CUT as u64),
        "{error}"
    );
    // The first brought something new, so the counting begins after it.
    assert_eq!(server.asked().len(), 3);
    job.has_only(CUT);

    let silent = Server::start(|_, _| hang());
    let job = one(&silent);
    let error = job.run().unwrap_err();
    assert!(matches!(error, Error::Stalled { .. }), "{error}");
    assert_eq!(silent.asked().len(), 3);

    // Every connection brings a little: it goes on for as long as that is so.
    let served = Arc::clone(&file);
    let dripping = Server::start(move |asked, out| {
        send_file(out, asked, &served, "\"v1\"", 30_000);
    });
    let job = one(&dripping).knowing(&file);
    job.run().unwrap();
    job.has(&file);
    assert_eq!(
        dripping.asked().len(),
        10,
        "more than three tries, each with something new"
    );
}

#[test]
fn refused_ranges_and_changed_files_start_over() {
    // As long as the old one, so that its length gives nothing away.
    let (file, newer) = (file(), Arc::new(noise(300_000, 2)));
    type Then = fn(&mut TcpStream, &Asked, &[u8]);
    let cases: [(Then, &[usize], &str); 5] = [
        (
            |out, _, newer| {
                send(out, begin(newer, "\"v1\"").as_bytes());
                send(out, newer);
            },
            &[0, CUT],
            "200 instead of 206: the server knows no ranges",
        ),
        (
            |out, asked, newer| send_file(out, asked, newer, "\"v2\"", ALL),
            &[0, CUT],
            "another version, which If-Range tells",
        ),
        (
            |out, asked, newer| match asked.from {
                Some(from) => send_range(out, newer, from, "\"v2\"", ALL),
                None => send_file(out, asked, newer, "\"v2\"", ALL),
            },
            &[0, CUT, 0],
            "another version, though If-Range is ignored",
        ),
        (
            |out, asked, newer| match asked.from {
                Some(_) => send_range(out, newer, 7, "\"v1\"", ALL),
                None => send_file(out, asked, newer, "\"v1\"", ALL),
            },
            &[0, CUT, 0],
            "a range that begins elsewhere",
        ),
        (
            |out, asked, newer| match asked.from {
                Some(_) => send_status(
                    out,
                    "416 Range Not Satisfiable",
                    "Content-Range: bytes */9\r\n",
                ),
                None => send_file(out, asked, newer, "\"v1\"", ALL),
            },
            &[0, CUT, 0],
            "the file shrank",
        ),
    ];
    for (then, froms, reason) in cases {
        let (old, new) = (Arc::clone(&file), Arc::clone(&newer));
        let server = Server::start(move |asked, out| match asked.number {
            0 => {
                send(out, begin(&old, "\"v1\"").as_bytes());
                send(out, &old[..CUT]);
            }
            _ => then(out, asked, &new),
        });
        let job = one(&server);
        job.run()
            .unwrap_or_else(|error| panic!("{reason}: {error}"));
        job.has(&newer);
        assert_eq!(server.froms(), froms, "{reason}");
    }
}

#[test]
fn a_file_of_unknown_length_that_turns_out_complete_is_complete() {
    let file = file();
    let served = Arc::clone(&file);
    // Neither a length nor an end: only the 416 afterwards says that nothing is missing.
    let server = Server::start(move |asked, out| match asked.number {
        0 => {
            send(out, b"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n\r\n");
            send(out, &served);
            hang();
        }
        _ => send_file(out, asked, &served, "\"v1\"", ALL),
    });
    let job = one(&server);
    job.run().unwrap();
    job.has(&file);
    assert_eq!(server.froms(), [0, file.len()]);
}

#[test]
fn wrong_sizes_are_refused_and_nothing_of_them_is_kept() {
    type Answer = fn(&mut TcpStream);
    let cases: [(Answer, &str); 4] = [
        (
            |out| {
                let page = b"<html>Please sign in</html>";
                send(out, begin(page, "\"v1\"").as_bytes());
                send(out, page);
            },
            "a sign-in page",
        ),
        (
            |out| {
                let larger = noise(400_000, 1);
                send(out, begin(&larger, "\"v1\"").as_bytes());
                send(out, &larger);
            },
            "a larger file, and it says so",
        ),
        (
            |out| {
                send(out, b"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n\r\n");
                send(out, &noise(300_001, 1));
            },
            "one byte more, and it does not say so",
        ),
        (
            |out| {
                send(out, b"HTTP/1.1 200 OK\r\n\r\n");
                for _ in 0..2_000 {
                    send(out, &[0; 100_000]);
                }
            },
            "it never ends",
        ),
    ];
    for (answer, reason) in cases {
        let server = Server::start(move |_, out| answer(out));
        let job = one(&server).knowing(&file());
        let error = job.run().unwrap_err();
        assert!(
            matches!(
                error,
                Error::WrongSize {
                    expected: 300_000,
                    ..
                }
            ),
            "{reason}: {error}"
        );
        job.has_only(0);
        assert_eq!(
            server.asked().len(),
            1,
            "{reason}: asking again cannot help"
        );
        let most = job.heard.borrow().iter().map(|heard| heard.0).max();
        assert!(most <= Some(300_000), "{reason}: it took {most:?}");
    }
    let endless = Server::start(|_, out| {
        send(out, b"HTTP/1.1 200 OK\r\n\r\n");
        for _ in 0..2_000 {
            send(out, &[0; 100_000]);
        }
    });
    let job = one(&endless);
    let error = job.run().unwrap_err();
    assert!(matches!(error, Error::TooLarge(_, 10_000_000)), "{error}");
    job.has_only(0);
}

#[test]
fn a_wrong_file_is_deleted_and_the_next_place_is_asked() {
    let (file, forged) = (file(), Arc::new(noise(300_000, 9)));
    let served = Arc::clone(&forged);
    let bad = Server::start(move |asked, out| send_file(out, asked, &served, "\"v1\"", ALL));
    let job = one(&bad).knowing(&file);
    let error = job.run().unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::WrongHash { .. }), "{text}");
    assert!(
        text.contains(&sha256(&file)) && text.contains(&sha256(&forged)),
        "{text}"
    );
    assert_eq!(
        bad.asked().len(),
        1,
        "the whole wrong file once, not several times"
    );
    job.has_only(0);

    let served = Arc::clone(&file);
    let good = Server::start(move |asked, out| send_file(out, asked, &served, "\"g\"", ALL));
    let job = Job::new(&[bad.url("/a"), good.url("/b")]).knowing(&file);
    assert!(job.run().is_ok());
    job.has(&file);
    assert_eq!(good.froms(), [0]);
}

#[test]
fn another_place_goes_on_with_the_part_if_the_hash_is_known() {
    let file = file();
    let served = Arc::clone(&file);
    let gone = Server::start(move |asked, out| match asked.number {
        0 => {
            send(out, begin(&served, "\"v1\"").as_bytes());
            send(out, &served[..CUT]);
        }
        _ => send_status(out, "404 Not Found", ""),
    });
    let served = Arc::clone(&file);
    let good = Server::start(move |asked, out| send_file(out, asked, &served, "\"g\"", ALL));
    let job = Job::new(&[gone.url("/a"), good.url("/b")]).knowing(&file);
    job.run().unwrap();
    job.has(&file);
    assert_eq!(good.froms(), [CUT]);
    assert_eq!(
        good.asked()[0].if_range,
        None,
        "versions are each server's own"
    );

    // The first place had another file: the pieces do not fit, so the second gives all of it.
    let forged = noise(300_000, 9);
    let gone = Server::start(move |asked, out| match asked.number {
        0 => {
            send(out, begin(&forged, "\"v1\"").as_bytes());
            send(out, &forged[..CUT]);
        }
        _ => send_status(out, "404 Not Found", ""),
    });
    let served = Arc::clone(&file);
    let good = Server::start(move |asked, out| send_file(out, asked, &served, "\"g\"", ALL));
    let job = Job::new(&[gone.url("/a"), good.url("/b")]).knowing(&file);
    job.run().unwrap();
    job.has(&file);
    assert_eq!(good.froms(), [CUT, 0]);
}

#[test]
fn statuses_are_told_in_words_and_only_passing_ones_are_tried_again() {
    let cases = [
        ("404 Not Found", 404, 1, "no longer has the file"),
        ("403 Forbidden", 403, 1, "does not let us"),
        ("416 Range Not Satisfiable", 416, 1, "refuses"),
        ("500 Internal Server Error", 500, 3, "out of order"),
        ("503 Service Unavailable", 503, 3, "too busy"),
    ];
    for (line, number, tries, words) in cases {
        let server = Server::start(move |_, out| send_status(out, line, ""));
        let job = one(&server);
        let error = job.run().unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, Error::Status(_, status) if status == number),
            "{text}"
        );
        assert!(
            text.contains(words) && text.contains(&number.to_string()),
            "{text}"
        );
        assert_eq!(server.asked().len(), tries, "{line}");
    }
    let file = file();
    let server = first_then_good(&file, |out, _| send_status(out, "502 Bad Gateway", ""));
    let job = one(&server);
    job.run().unwrap();
    job.has(&file);
}

#[test]
fn redirects_are_followed_but_never_out_of_https() {
    let file = file();
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| match asked.path.as_str() {
        "/old/set.zip" => send_status(out, "302 Found", "Location: ../new\r\n"),
        "/old/../new" => send_status(out, "301 Moved Permanently", "Location: /set.zip\r\n"),
        "/round" => send_status(out, "302 Found", "Location: /round\r\n"),
        "/plain" => send_status(out, "302 Found", "Location: http://example.org/set.zip\r\n"),
        "/nowhere" => send_status(out, "302 Found", ""),
        _ => send_file(out, asked, &served, "\"v1\"", ALL),
    });
    let job = Job::new(&[server.url("/old/set.zip")]).knowing(&file);
    job.run().unwrap();
    job.has(&file);
    for (path, part) in [
        ("/plain", "not an https address"),
        ("/round", "circles"),
        ("/nowhere", "redirect"),
    ] {
        let error = Job::new(&[server.url(path)]).run().unwrap_err().to_string();
        assert!(error.contains(part), "{path}: {error}");
    }
    let error = Job::new(&["http://example.org/x".into()])
        .run()
        .unwrap_err();
    assert!(matches!(error, Error::Address { .. }), "{error}");
}

#[test]
fn without_a_network_it_says_so_and_what_to_do() {
    // A port that was just free: nothing listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let dead = format!("http://127.0.0.1:{port}/set.zip");
    let job = Job::new(std::slice::from_ref(&dead));
    let text = job.run().unwrap_err().to_string();
    for part in [
        "cannot reach 127.0.0.1",
        "internet connection",
        &dead,
        "open the file from disk",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let file = file();
    let served = Arc::clone(&file);
    let good = Server::start(move |asked, out| send_file(out, asked, &served, "\"v1\"", ALL));
    let job = Job::new(&[dead, good.url("/b")]).knowing(&file);
    job.run().unwrap();
    job.has(&file);
}

/// More than a busy machine takes to notice anything, and far less than what a client that does not look would wait for.
const PATIENCE: Duration = Duration::from_secs(300);
const FOREVER: Duration = Duration::from_secs(3_000);

#[test]
fn cancelling_is_noticed_at_once_wherever_the_server_hangs_and_keeps_the_part() {
    type Answer = fn(&mut TcpStream, &[u8]);
    let cases: [(Answer, usize, &str); 3] = [
        (|_, _| hang(), 0, "before the answer"),
        (
            |out, file| {
                send(out, begin(file, "\"v1\"").as_bytes());
                send(out, &file[..CUT]);
                hang();
            },
            CUT,
            "in the middle",
        ),
        (
            |out, _| send_status(out, "500 Internal Server Error", ""),
            0,
            "between two tries",
        ),
    ];
    for (answer, kept, reason) in cases {
        let file = file();
        let server = first_then_good(&file, answer);
        let mut job = one(&server).knowing(&file);
        job.options.stall = FOREVER;
        job.options.first_pause = FOREVER;
        job.options.longest_pause = FOREVER;
        let (cancel, target) = (job.cancel.clone(), job.target());
        let canceller = thread::scope(|scope| {
            let server = &server;
            let canceller = scope.spawn(move || {
                // Once it waits for the server, as far as can be seen from here.
                while server.asked().is_empty() || unfinished(&target) < kept as u64 {
                    thread::sleep(Duration::from_millis(5));
                }
                thread::sleep(Duration::from_millis(100));
                cancel.cancel();
                Instant::now()
            });
            let error = job.run().unwrap_err();
            assert!(matches!(error, Error::Cancelled(_)), "{reason}: {error}");
            canceller.join().unwrap()
        });
        let late = canceller.elapsed();
        println!("{reason}: noticed after {late:?}");
        assert!(late < PATIENCE, "{reason}: noticed after {late:?}");
        job.has_only(kept);

        job.cancel = CancelToken::new();
        job.run().unwrap();
        job.has(&file);
        assert_eq!(server.froms(), [0, kept], "{reason}");
    }
}

#[test]
fn a_part_can_be_thrown_away() {
    let file = file();
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| match asked.number {
        0..3 => {
            send(out, begin(&served, "\"v1\"").as_bytes());
            send(out, &served[..CUT]);
        }
        _ => send_file(out, asked, &served, "\"v1\"", ALL),
    });
    let job = one(&server);
    job.run().unwrap_err();
    job.has_only(CUT);
    discard(&job.target()).unwrap();
    let folder = job.target().parent().unwrap().to_path_buf();
    assert_eq!(
        fs::read_dir(folder).unwrap().count(),
        0,
        "the note goes as well"
    );
    job.run().unwrap();
    job.has(&file);
    assert_eq!(server.froms().last(), Some(&0));
}

#[test]
fn bytes_that_nobody_can_place_are_not_built_upon() {
    let file = file();
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| send_file(out, asked, &served, "\"v1\"", ALL));
    let job = one(&server);
    let part = job.folder.path().join("sub/set.zip.part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    for note in [
        None,
        Some("(not a note"),
        Some("(url:\"http://else\",version:None,total:None)"),
    ] {
        fs::write(&part, b"of unknown origin").unwrap();
        if let Some(note) = note {
            fs::write(part.with_extension("part.ron"), note).unwrap();
        }
        job.run().unwrap();
        job.has(&file);
    }
    assert_eq!(server.froms(), [0, 0, 0]);
}

#[test]
fn two_downloads_never_write_the_same_part() {
    let file = file();
    let server = first_then_good(&file, |out, file| {
        send(out, begin(file, "\"v1\"").as_bytes());
        send(out, &file[..CUT]);
        hang();
    });
    let mut job = one(&server);
    job.options.stall = FOREVER;
    let (target, urls) = (job.target(), job.urls.clone());
    let cancel = job.cancel.clone();
    let other = thread::spawn(move || {
        let request = Request {
            urls: &urls,
            target: &target,
            bytes: None,
            sha256: None,
            cancel: &CancelToken::new(),
            progress: &|_, _| {},
        };
        while unfinished(&target) < CUT as u64 {
            thread::sleep(Duration::from_millis(5));
        }
        let outcome = download::download(&request, &Options::default());
        cancel.cancel();
        outcome
    });
    assert!(matches!(job.run(), Err(Error::Cancelled(_))));
    let error = other.join().unwrap().unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert_eq!(server.asked().len(), 1);
    job.has_only(CUT);
}

#[test]
fn what_cannot_be_written_is_said_with_its_place() {
    let server = Server::start(|asked, out| send_file(out, asked, &noise(10, 1), "\"v\"", ALL));
    let job = one(&server);
    fs::write(job.folder.path().join("sub"), b"a file in the way").unwrap();
    let error = job.run().unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error}");
    assert!(error.to_string().contains("sub"), "{error}");
    assert_eq!(server.asked().len(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_nothing_is_tried_again() {
    let file = file();
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| send_file(out, asked, &served, "\"v1\"", ALL));
    let job = one(&server);
    let part = job.folder.path().join("sub/set.zip.part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    // Every write to this device fails as on a full disk.
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let text = job.run().unwrap_err().to_string();
    assert!(
        text.contains("the disk is full") && text.contains("set.zip.part"),
        "{text}"
    );
    assert_eq!(server.asked().len(), 1);
}
