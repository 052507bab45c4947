//! One HTTP answer, read on a thread of its own.
//!
//! Why a thread: looking up a name, connecting and reading block for as long as the system likes, yet the
//! user's Cancel must be noticed within 100 ms. The caller waits on a channel in short steps; when it goes,
//! [`ureq::Agent::shutdown`] closes the socket under the thread, which then ends. Only a name look-up or a
//! connection being made cannot be interrupted; such a thread is left to its timeout, with nothing in hand.

use std::{
    io::{self, Read as _},
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use ureq::{
    Agent, Timeout,
    http::{HeaderMap, Response, header},
};

use super::{
    address::{self, is_this_machine},
    error::DownloadError,
    image,
};
use crate::{cancel::CancelToken, worker::Worker};

/// Bytes handed over at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that may wait for the disk.
const CHUNKS_AHEAD: usize = 16;
/// Cancelling is noticed at least this often.
pub const LOOK_AROUND: Duration = Duration::from_millis(25);
/// Redirects that are followed.
const MOST_REDIRECTS: usize = 10;

/// What to ask for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// First byte; 0 asks for the whole file.
    pub from: u64,
    /// Bytes of the whole file, if known.
    pub total: Option<u64>,
    /// Only if the file is still this version.
    pub version: Option<String>,
    /// A connection without encryption will do, until a redirect leads to one with it.
    pub may_be_plain: bool,
}

/// The beginning of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// Bytes of the whole file, if the server says.
    pub total: Option<u64>,
    /// First byte that follows, by `Content-Range`.
    pub first: Option<u64>,
    /// What the server calls this version: a strong `ETag`, else `Last-Modified`.
    pub version: Option<String>,
    /// `Location`.
    pub location: Option<String>,
}

enum Message {
    Head(Head),
    Bytes(Vec<u8>),
    /// It ended as HTTP says it must.
    End,
    Broken(ureq::Error),
}

/// An answer that is being received. Dropping it closes the connection.
pub struct Connection {
    url: String,
    stall: Duration,
    agent: Agent,
    messages: Option<Receiver<Message>>,
    worker: Option<Worker<()>>,
    /// The thread is past what cannot be interrupted.
    has_answered: bool,
    /// Bytes of the file that are there, those before [`Wanted::from`] included.
    received: u64,
    /// Bytes of the whole file, as far as it is known.
    total: Option<u64>,
}

/// Asks `url` and follows redirects to the answer.
pub fn open(
    url: &str,
    wanted: &Wanted,
    stall: Duration,
    cancel: &CancelToken,
) -> Result<(Connection, Head), DownloadError> {
    let mut url = url.to_owned();
    // What began encrypted stays so.
    let mut may_be_plain = wanted.may_be_plain;
    for _ in 0..=MOST_REDIRECTS {
        let check = if may_be_plain {
            image::check
        } else {
            address::check
        };
        check(&url).map_err(|reason| DownloadError::Address(url.clone(), reason))?;
        may_be_plain &= !url.starts_with("https:");
        let mut connection = Connection::start(&url, wanted, stall)?;
        let Some(Message::Head(head)) = connection.wait(cancel)? else {
            return Err(connection.nonsense("a body without a beginning"));
        };
        let is_redirect = matches!(head.status, 301 | 302 | 303 | 307 | 308);
        let target = head.location.as_deref().filter(|_| is_redirect);
        match target.and_then(|location| address::redirected(&url, location)) {
            Some(next) => url = next,
            None if is_redirect => return Err(connection.nonsense("a redirect to nowhere")),
            None => {
                if head.status == 200 {
                    connection.received = 0;
                }
                connection.total = connection.total.or(head.total);
                return Ok((connection, head));
            }
        }
    }
    Err(DownloadError::Protocol(
        url,
        "it redirects in circles".into(),
    ))
}

impl Connection {
    fn start(url: &str, wanted: &Wanted, stall: Duration) -> Result<Self, DownloadError> {
        let (received, total) = (wanted.from, wanted.total);
        let agent = agent(url, stall);
        let (sender, messages) = crossbeam_channel::bounded(CHUNKS_AHEAD);
        let (its_agent, its_url, wanted) = (agent.clone(), url.to_owned(), wanted.clone());
        let worker = Worker::spawn("convscope-connection", move |_| {
            // Nobody listens any more once the caller has gone.
            let _ = receive(&its_agent, &its_url, &wanted, &sender);
        });
        let url = url.to_owned();
        let worker = worker.map_err(|error| {
            DownloadError::Protocol(url.clone(), format!("cannot start a thread: {error}"))
        })?;
        Ok(Self {
            url,
            stall,
            agent,
            messages: Some(messages),
            worker: Some(worker),
            has_answered: false,
            received,
            total,
        })
    }

    /// The next bytes of the body; `None` at its end.
    pub fn next(&mut self, cancel: &CancelToken) -> Result<Option<Vec<u8>>, DownloadError> {
        match self.wait(cancel)? {
            Some(Message::Bytes(bytes)) => {
                self.received += bytes.len() as u64;
                Ok(Some(bytes))
            }
            _ => Ok(None),
        }
    }

    fn wait(&mut self, cancel: &CancelToken) -> Result<Option<Message>, DownloadError> {
        loop {
            cancel.check()?;
            let Some(messages) = &self.messages else {
                return Ok(None);
            };
            match messages.recv_timeout(LOOK_AROUND) {
                Ok(Message::End) => return Ok(None),
                Ok(Message::Broken(error)) => return Err(self.in_words(error)),
                Ok(message) => {
                    self.has_answered = true;
                    return Ok(Some(message));
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The thread always says how it ends, unless it panicked.
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.nonsense("the connection's thread failed"));
                }
            }
        }
    }

    fn nonsense(&self, reason: &str) -> DownloadError {
        DownloadError::Protocol(self.url.clone(), reason.to_owned())
    }

    fn in_words(&self, error: ureq::Error) -> DownloadError {
        use DownloadError::{CutOff, Insecure, Offline, Stalled};
        use ureq::Error;
        let (url, received, total) = (self.url.clone(), self.received, self.total);
        let secs = self.stall.as_secs();
        match error {
            Error::HostNotFound => Offline(url, "its name cannot be found".into()),
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                let secs = self.stall.as_secs_f32();
                Offline(url, format!("no answer within {secs} s"))
            }
            Error::Timeout(_) => Stalled {
                url,
                secs,
                received,
            },
            Error::Io(error) if self.has_answered || is_cut(&error) => CutOff {
                url,
                received,
                total,
            },
            // How a failed TLS handshake arrives.
            Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Insecure(url, error.to_string())
            }
            Error::Io(error) => Offline(url, error.to_string()),
            Error::Tls(_) | Error::Rustls(_) | Error::TlsRequired => {
                Insecure(url, error.to_string())
            }
            error => self.nonsense(&error.to_string()),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // In this order: the thread may be waiting to hand a chunk over, or for the socket.
        drop(self.messages.take());
        self.agent.clone().shutdown();
        if let Some(worker) = self.worker.take()
            && !self.has_answered
        {
            drop(worker.abandoned());
        }
    }
}

fn is_cut(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

fn agent(url: &str, stall: Duration) -> Agent {
    let mut config = Agent::config_builder()
        .user_agent(concat!("convscope/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        // Redirects are followed here, so that each address is checked before it is asked.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_resolve(Some(stall))
        .timeout_connect(Some(stall))
        .timeout_recv_response(Some(stall))
        .timeout_per_read(Some(stall))
        .timeout_per_write(Some(stall));
    if is_this_machine(&address::host(url)) {
        config = config.proxy(None);
    }
    config.build().new_agent()
}

/// Runs on the connection's thread; an error means that nobody listens.
fn receive(
    agent: &Agent,
    url: &str,
    wanted: &Wanted,
    messages: &Sender<Message>,
) -> Result<(), crossbeam_channel::SendError<Message>> {
    // A compressed answer would have other bytes than the hash is of.
    let mut request = agent.get(url).header(header::ACCEPT_ENCODING, "identity");
    if wanted.from > 0 {
        request = request.header(header::RANGE, format!("bytes={}-", wanted.from));
        if let Some(version) = &wanted.version {
            request = request.header(header::IF_RANGE, version);
        }
    }
    let mut response = match request.call() {
        Ok(response) => response,
        Err(error) => return messages.send(Message::Broken(error)),
    };
    messages.send(Message::Head(head(&response)))?;
    let mut body = response.body_mut().as_reader();
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        match body.read(&mut chunk) {
            Ok(0) => return messages.send(Message::End),
            Ok(count) => {
                chunk.truncate(count);
                messages.send(Message::Bytes(chunk))?;
            }
            Err(error) => return messages.send(Message::Broken(error.into())),
        }
    }
}

fn head<B>(response: &Response<B>) -> Head {
    let headers = response.headers();
    let status = response.status().as_u16();
    // `bytes FIRST-LAST/TOTAL` or `bytes */TOTAL`.
    let range = text(headers, header::CONTENT_RANGE).and_then(|text| text.strip_prefix("bytes"));
    let (range, of_range) = range.and_then(|range| range.split_once('/')).unzip();
    let total = match status {
        206 | 416 => of_range,
        _ => text(headers, header::CONTENT_LENGTH),
    };
    Head {
        status,
        total: total.and_then(|total| total.trim().parse().ok()),
        first: range.and_then(|range| range.split_once('-')?.0.trim().parse().ok()),
        version: text(headers, header::ETAG)
            .filter(|etag| etag.starts_with('"'))
            .or_else(|| text(headers, header::LAST_MODIFIED))
            .map(str::to_owned),
        location: text(headers, header::LOCATION).map(str::to_owned),
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        let cases = [
            ("bytes 100-999/1000", (Some(100), Some(1000))),
            ("bytes 0-99/*", (Some(0), None)),
            ("bytes */1000", (None, Some(1000))),
            ("bytes=5-9/10", (None, Some(10))),
            ("items 0-1/2", (None, None)),
            ("bytes", (None, None)),
        ];
        for (text, expected) in cases {
            let response = Response::builder().status(206);
            let response = response.header("content-range", text);
            let head = head(&response.header("content-length", 7).body(()).unwrap());
            assert_eq!((head.first, head.total), expected, "{text}");
        }
    }

    #[test]
    fn only_strong_versions_count() {
        let version = |pairs: &[(&str, &str)]| {
            let mut response = Response::builder();
            for (name, value) in pairs {
                response = response.header(*name, *value);
            }
            head(&response.body(()).unwrap()).version
        };
        let date = "Mon, 01 Jan 2024 00:00:00 GMT";
        assert_eq!(
            version(&[("etag", "\"a\""), ("last-modified", date)]),
            Some("\"a\"".into())
        );
        // RFC 9110, 13.1.5: a weak tag must not stand in If-Range.
        assert_eq!(
            version(&[("etag", "W/\"a\""), ("last-modified", date)]),
            Some(date.into())
        );
        assert_eq!(version(&[("etag", "W/\"a\"")]), None);
    }
}
