//! Downloading one file so that a bad network costs time but never the file.
//!
//! The bytes go to `TARGET.part` and are renamed to `TARGET` once size and hash are right. Whatever ends a
//! download early (Cancel, a kill, a cut connection, a sleeping laptop) leaves the part, and the next call
//! asks the server only for what is missing, provided that the file there is still the same.

mod address;
mod connection;
mod error;
mod image;
mod part;

use std::{
    path::Path,
    time::{Duration, Instant},
};

pub use address::check as check_address;
use connection::{Connection, Head, LOOK_AROUND, Wanted};
pub use error::DownloadError;
pub use image::{ImageError, ImageLimits, image, looks_like_address};
use part::{Note, Part};
pub use part::{discard, sha256_of, sweep, unfinished};

use crate::cancel::CancelToken;

/// What to download.
pub struct Request<'a> {
    /// Where it is: the same file in one or more places, tried in order.
    pub urls: &'a [String],
    /// The file to write; its folder is made.
    pub target: &'a Path,
    /// Its size, if known.
    pub bytes: Option<u64>,
    /// Its SHA-256 in hexadecimal, if known.
    pub sha256: Option<&'a str>,
    /// Looked at at least every 100 ms, also while nothing arrives. What has arrived is kept.
    pub cancel: &'a CancelToken,
    /// Hears bytes that are there and bytes in all, after every chunk (up to thousands of times a second).
    pub progress: &'a dyn Fn(u64, Option<u64>),
}

/// How patient a download is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// A connection without an answer or without new bytes for this long is given up.
    pub stall: Duration,
    /// Tries at one address that bring nothing new before it is given up.
    pub tries: u32,
    /// Wait before the second try; each further one waits twice as long.
    pub first_pause: Duration,
    /// Longest wait.
    pub longest_pause: Duration,
    /// Most bytes of a file whose size is not known.
    pub largest: u64,
}

impl Default for Options {
    /// Gives a place up when it cannot be reached for 2 seconds, when its connections bring nothing new for
    /// 8 seconds, and after 100 seconds of silence.
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(20),
            tries: 5,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(15),
            largest: 100_000_000_000,
        }
    }
}

/// A file that was downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// How one answer left the part.
enum Step {
    /// Every byte is there.
    Complete,
    /// What is there belongs to another version of the file.
    StartOver,
}

/// Tries at an address that was not reached at all: without a network, waiting longer rarely helps.
const OFFLINE_TRIES: u32 = 3;
/// Times that a file may turn out to be another version before its server is given up.
const MOST_RESTARTS: u32 = 3;

/// Downloads a file, going on where an earlier call stopped.
///
/// # Errors
/// A sentence that says what happened and what to do. What has arrived is kept, except where
/// [`DownloadError`] says otherwise.
pub fn download(request: &Request<'_>, options: &Options) -> Result<Downloaded, DownloadError> {
    let mut part = Part::open(request.target)?;
    let mut errors = Vec::new();
    for url in request.urls {
        let mut place = Place {
            url,
            part: &mut part,
            request,
            options,
        };
        match place.fill() {
            Ok(sha256) => {
                let bytes = part.len();
                part.finish()?;
                return Ok(Downloaded { bytes, sha256 });
            }
            Err(error) if error.is_final() => return Err(error),
            Err(error) => errors.push(error),
        }
    }
    Err(DownloadError::of_mirrors(errors))
}

/// One of the places of a file, and what is there of it.
struct Place<'a> {
    url: &'a str,
    part: &'a mut Part,
    request: &'a Request<'a>,
    options: &'a Options,
}

impl Place<'_> {
    /// Fills the part; returns its hash, which is right if one is known.
    fn fill(&mut self) -> Result<String, DownloadError> {
        let options = self.options;
        let (mut failures, mut restarts) = (0, 0);
        let before = self.part.len();
        let mut most = before;
        loop {
            // Bytes that were there before were perhaps of another place or version.
            let is_pieced = self.part.len() > 0;
            match self.ask() {
                Ok(Step::Complete) => match self.verify() {
                    Err(DownloadError::WrongHash { .. })
                        if is_pieced && restarts < MOST_RESTARTS =>
                    {
                        (restarts, most) = (restarts + 1, 0);
                    }
                    outcome => return outcome,
                },
                Ok(Step::StartOver) => {
                    self.part.clear()?;
                    (restarts, most) = (restarts + 1, 0);
                    if restarts > MOST_RESTARTS {
                        let reason = "it cannot decide which part of the file to send";
                        return Err(DownloadError::Protocol(self.url.into(), reason.into()));
                    }
                }
                Err(error) if error.may_pass() => {
                    // A server that always starts over brings nothing new either.
                    if self.part.len() > most {
                        most = self.part.len();
                        failures = 0;
                    }
                    failures += 1;
                    let is_offline = matches!(error, DownloadError::Offline(..)) && most <= before;
                    let most_tries = if is_offline { OFFLINE_TRIES } else { u32::MAX };
                    if failures >= options.tries.min(most_tries) {
                        return Err(error);
                    }
                    pause(failures, options, self.request.cancel)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks the hash; a wrong file is thrown away.
    fn verify(&mut self) -> Result<String, DownloadError> {
        let got = self.part.sha256(self.request.cancel)?;
        match self.request.sha256 {
            Some(expected) if !expected.eq_ignore_ascii_case(&got) => {
                self.part.clear()?;
                Err(DownloadError::WrongHash {
                    url: self.url.to_owned(),
                    expected: expected.to_owned(),
                    got,
                })
            }
            _ => Ok(got),
        }
    }

    /// Asks once for what is missing and appends what comes.
    fn ask(&mut self) -> Result<Step, DownloadError> {
        let known_total = self.request.bytes.or(self.noted_total());
        if self.part.len() > 0 && known_total == Some(self.part.len()) {
            return Ok(Step::Complete);
        }
        let wanted = self.missing(known_total)?;
        let (stall, cancel) = (self.options.stall, self.request.cancel);
        let (mut connection, head) = connection::open(self.url, &wanted, stall, cancel)?;
        match head.status {
            200 => {
                self.part.begin(Note {
                    url: self.url.to_owned(),
                    version: head.version,
                    total: head.total,
                })?;
            }
            206 if wanted.from > 0 => {
                if !self.continues(&wanted, &head) {
                    return Ok(Step::StartOver);
                }
            }
            // There is nothing after what is there: either that is everything, or the file shrank.
            416 if wanted.from > 0 => {
                let there = self.part.len();
                let is_all = head.total == Some(there)
                    && self.request.bytes.is_none_or(|bytes| bytes == there);
                return Ok(if is_all {
                    Step::Complete
                } else {
                    Step::StartOver
                });
            }
            status => return Err(DownloadError::Status(self.url.to_owned(), status)),
        }
        let total = self.request.bytes.or(self.agreed(head.total)?);
        self.receive(&mut connection, total)
    }

    fn noted_total(&self) -> Option<u64> {
        self.part.note()?.total
    }

    /// What to ask for; throws the part away when it cannot go on from there.
    fn missing(&mut self, total: Option<u64>) -> Result<Wanted, DownloadError> {
        let note = self.part.note().filter(|note| note.url == self.url);
        let version = note.and_then(|note| note.version.clone());
        let expected = self.request.bytes;
        let is_too_long = expected.is_some_and(|bytes| self.part.len() > bytes);
        // Without a version, only the hash can tell whether the pieces fit together.
        if is_too_long || (version.is_none() && self.request.sha256.is_none()) {
            self.part.clear()?;
        }
        Ok(Wanted {
            from: self.part.len(),
            total,
            version,
            may_be_plain: false,
        })
    }

    /// Whether a 206 answer is the part of the file that was asked for, of the version that is there.
    fn continues(&self, wanted: &Wanted, head: &Head) -> bool {
        let total = head.total;
        let noted_total = self.noted_total();
        let same_version =
            wanted.version.is_none() || head.version.is_none() || wanted.version == head.version;
        let same_total = total.is_none() || noted_total.is_none() || total == noted_total;
        let there = self.part.len();
        head.first == Some(there) && wanted.from == there && same_version && same_total
    }

    /// The `total` of the server, once it agrees with what is known.
    fn agreed(&mut self, total: Option<u64>) -> Result<Option<u64>, DownloadError> {
        match (self.request.bytes, total) {
            (Some(expected), Some(total)) if total != expected => {
                self.too_much(Some(expected), crate::format::bytes(total))
            }
            (None, Some(total)) if total > self.options.largest => {
                self.too_much(None, String::new())
            }
            _ => Ok(total),
        }
    }

    /// Throws away what is there: the server has a file of the size `got` instead of `expected`, or one that is too
    /// large.
    fn too_much<T>(&mut self, expected: Option<u64>, got: String) -> Result<T, DownloadError> {
        self.part.clear()?;
        let url = self.url.to_owned();
        Err(match expected {
            Some(expected) => DownloadError::WrongSize { url, expected, got },
            None => DownloadError::TooLarge(url, self.options.largest),
        })
    }

    /// Appends the body to the part.
    fn receive(
        &mut self,
        connection: &mut Connection,
        total: Option<u64>,
    ) -> Result<Step, DownloadError> {
        let request = self.request;
        (request.progress)(self.part.len(), total);
        while let Some(chunk) = connection.next(request.cancel)? {
            let len = self.part.len() + chunk.len() as u64;
            if len > total.unwrap_or(self.options.largest) {
                return self.too_much(total, "more".into());
            }
            self.part.append(&chunk)?;
            (request.progress)(len, total);
        }
        match total {
            Some(total) if self.part.len() < total => Err(DownloadError::CutOff {
                url: self.url.to_owned(),
                received: self.part.len(),
                total: Some(total),
            }),
            _ => Ok(Step::Complete),
        }
    }
}

fn pause(failures: u32, options: &Options, cancel: &CancelToken) -> Result<(), DownloadError> {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    let wait = options
        .first_pause
        .saturating_mul(doubled)
        .min(options.longest_pause);
    let start = Instant::now();
    while let Some(left) = wait.checked_sub(start.elapsed()) {
        cancel.check()?;
        std::thread::sleep(left.min(LOOK_AROUND));
    }
    Ok(())
}
