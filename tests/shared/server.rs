//! A small HTTP server on this machine that can misbehave in every way a real one does.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test stops at the first surprise; each test file uses its own part"
)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use sha2::{Digest as _, Sha256};

/// What a client asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// 0 for the first request of this server.
    pub number: usize,
    /// The path.
    pub path: String,
    /// First byte of `Range: bytes=N-`.
    pub from: Option<usize>,
    /// `If-Range`.
    pub if_range: Option<String>,
}

/// It answers until the test ends.
pub struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request with `answer`, which writes to the connection; the connection is then closed.
    pub fn start(answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let Some(mut asked) = read_head(&stream) else {
                        return;
                    };
                    {
                        let mut log = log.lock().unwrap();
                        asked.number = log.len();
                        log.push(asked.clone());
                    }
                    answer(&asked, &mut stream);
                });
            }
        });
        Self { port, asked }
    }

    /// Its address for `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// First bytes of all requests so far; 0 for whole files.
    pub fn froms(&self) -> Vec<usize> {
        let asked = self.asked();
        asked.iter().map(|asked| asked.from.unwrap_or(0)).collect()
    }
}

fn read_head(stream: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut asked = Asked {
        number: 0,
        path: first.split(' ').nth(1)?.to_owned(),
        from: None,
        if_range: None,
    };
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let number = value.strip_prefix("bytes=")?.strip_suffix('-')?;
                asked.from = number.parse().ok();
            }
            "if-range" => asked.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(asked)
}

/// Writes what the client may no longer read.
pub fn send(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
}

/// An answer without a body.
pub fn send_status(stream: &mut TcpStream, status: &str, headers: &str) {
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n{headers}\r\n");
    send(stream, text.as_bytes());
}

/// Answers as a good server does: the whole file, or what was asked for if it is still `etag`; but at most
/// `most` bytes of it.
pub fn send_file(stream: &mut TcpStream, asked: &Asked, file: &[u8], etag: &str, most: usize) {
    let same = asked
        .if_range
        .as_ref()
        .is_none_or(|version| version == etag);
    match asked.from.filter(|_| same) {
        Some(from) if from >= file.len() => {
            let range = format!("Content-Range: bytes */{}\r\n", file.len());
            send_status(stream, "416 Range Not Satisfiable", &range);
        }
        Some(from) => send_range(stream, file, from, etag, most),
        None => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: {etag}\r\nAccept-Ranges: bytes\r\n\r\n",
                file.len()
            );
            send(stream, head.as_bytes());
            send(stream, &file[..most.min(file.len())]);
        }
    }
}

/// A 206 answer with the file from `from` on, at most `most` bytes.
pub fn send_range(stream: &mut TcpStream, file: &[u8], from: usize, etag: &str, most: usize) {
    let rest = &file[from..];
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {from}-{}/{}\r\nETag: {etag}\r\n\r\n",
        rest.len(),
        file.len() - 1,
        file.len()
    );
    send(stream, head.as_bytes());
    send(stream, &rest[..most.min(rest.len())]);
}

/// Says nothing for longer than any test waits.
pub fn hang() {
    thread::sleep(Duration::from_secs(3_600));
}

/// `length` bytes that never repeat in step with anything.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
