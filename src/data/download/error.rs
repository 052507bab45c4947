//! What can go wrong with a download, in words for people who are not administrators.

use std::{io, path::Path};

use super::address::host;
use crate::{
    cancel::Cancelled,
    data::dataset::display_path,
    format::{bytes, counted},
};

/// Why a file was not downloaded. What has arrived is kept unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// Somebody asked to stop, or to pause.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The address, or one that it leads to, may not be used: what is wrong with it.
    #[error("the address {0} {1}: use another")]
    Address(String, &'static str),
    /// No connection came about: whence, and what the system said.
    #[error(
        "cannot reach {host}: {1}; check the internet connection, or download {0} on another computer and open the file from disk",
        host = host(.0)
    )]
    Offline(String, String),
    /// The connection cannot be trusted: whence, and what the TLS library said.
    #[error(
        "the connection to {host} is not secure: {1}; check this computer's date, and whether the network wants you to sign in",
        host = host(.0)
    )]
    Insecure(String, String),
    /// The server answered with an error: whence, and the HTTP status.
    #[error("{} {} (HTTP {}): {}", host(.0), words(*.1), .1, advice(*.1, .0))]
    Status(String, u16),
    /// The answer was no proper HTTP: whence, and what was wrong with it.
    #[error("{} gave an answer that makes no sense: {}; try again later", host(.0), .1)]
    Protocol(String, String),
    /// Nothing arrived for too long, several times.
    #[error(
        "nothing came from {} for {}; {} are kept: try again to go on from there",
        host(.url),
        counted(*.secs as usize, "second"),
        bytes(*.received)
    )]
    Stalled {
        /// Whence.
        url: String,
        /// How long nothing came.
        secs: u64,
        /// Bytes that are there.
        received: u64,
    },
    /// The connection ended too early, several times.
    #[error(
        "the connection to {} ends too early each time, with {} of {}: try again later to go on from there",
        host(.url),
        bytes(*.received),
        .total.map_or("an unknown number".into(), bytes)
    )]
    CutOff {
        /// Whence.
        url: String,
        /// Bytes that are there.
        received: u64,
        /// Bytes that should be; `None` when the server does not say.
        total: Option<u64>,
    },
    /// The server has a file of another size; nothing of it is kept.
    #[error(
        "{} sends {got} instead of the expected {}: this is not the file (a sign-in page of the network, or the file was changed)",
        host(.url),
        bytes(*.expected)
    )]
    WrongSize {
        /// Whence.
        url: String,
        /// Bytes that the file must have.
        expected: u64,
        /// Size that the server offers, in words.
        got: String,
    },
    /// The file is too large to be meant: whence, and most bytes that are accepted. Nothing of it is kept.
    #[error("{} sends more than {}: this cannot be a dataset for this program", host(.0), bytes(*.1))]
    TooLarge(String, u64),
    /// The file is not what it should be; it was deleted.
    #[error(
        "the file from {} is damaged or another one and was deleted: its SHA-256 is {got}, expected {expected}; download it again later, or from another place",
        host(.url)
    )]
    WrongHash {
        /// Whence.
        url: String,
        /// Hash that it must have.
        expected: String,
        /// Hash that it has.
        got: String,
    },
    /// This file cannot be written, and what the system said.
    #[error("cannot write {0}: {words}", words = write_words(.1))]
    Write(String, #[source] io::Error),
    /// Another process downloads the same file, to this path.
    #[error("another Convscope downloads {0} right now: wait for it, or close it")]
    Busy(String),
    /// Every address failed; the reasons, joined.
    #[error("none of the addresses works: {0}")]
    Mirrors(String),
}

impl DownloadError {
    /// For `map_err` on what the system says about `path`.
    pub(in crate::data) fn write(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = display_path(path);
        move |error| Self::Write(path.clone(), error)
    }

    /// Whether the same address may work a little later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Offline(..) | Self::Protocol(..) | Self::Stalled { .. } | Self::CutOff { .. } => {
                true
            }
            Self::Status(_, status) => matches!(status, 408 | 425 | 429 | 500..),
            _ => false,
        }
    }

    /// Whether another address cannot help.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Cancelled(_) | Self::Write(..) | Self::Busy(_))
    }

    /// The error for a file none of whose addresses worked, from one error for each.
    pub(super) fn of_mirrors(mut errors: Vec<Self>) -> Self {
        if errors
            .iter()
            .all(|error| matches!(error, Self::Offline(..)))
        {
            // Without a network, one address says all.
            errors.truncate(1);
        }
        match errors.pop() {
            None => Self::Mirrors("there is none".into()),
            Some(only) if errors.is_empty() => only,
            Some(last) => {
                let words = errors.iter().chain([&last]).map(ToString::to_string);
                Self::Mirrors(words.collect::<Vec<_>>().join("; "))
            }
        }
    }
}

fn words(status: u16) -> &'static str {
    match status {
        401 | 403 | 407 => "does not let us have the file",
        404 | 410 => "no longer has the file",
        408 | 429 | 503 => "is too busy",
        416 => "refuses the missing part of the file",
        500.. => "is out of order",
        _ => "does not give the file",
    }
}

fn advice(status: u16, url: &str) -> String {
    match status {
        404 | 410 => format!("look for it on the dataset's home page; the address was {url}"),
        408 | 429 | 500.. => "try again later".into(),
        _ => format!("try {url} in a browser and open the file from disk"),
    }
}

fn write_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full; free some space and start the download again, it goes on where it stopped".into()
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "the folder is not writable; choose another one, with CONVSCOPE_DATASETS or --out".into()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_says_where_and_what_to_do() {
        let url = || "https://example.org/set.zip".to_owned();
        let write =
            |kind: io::ErrorKind| DownloadError::Write("/data/set.zip.part".into(), kind.into());
        let status = |status| DownloadError::Status(url(), status);
        let cases: [(DownloadError, &[&str]); 8] = [
            (
                DownloadError::Offline(url(), "no route".into()),
                &["example.org", "no route", "open the file from disk"],
            ),
            (status(404), &["no longer has", "404", "home page"]),
            (status(403), &["403", "browser"]),
            (status(500), &["out of order", "500", "later"]),
            (
                write(io::ErrorKind::StorageFull),
                &["/data/set.zip.part", "disk is full", "goes on"],
            ),
            (
                write(io::ErrorKind::PermissionDenied),
                &["not writable", "CONVSCOPE_DATASETS"],
            ),
            (
                DownloadError::CutOff {
                    url: url(),
                    received: 5_000_000,
                    total: Some(228_813_984),
                },
                &["5.0 MB of 228.8 MB", "later"],
            ),
            (
                DownloadError::WrongHash {
                    url: url(),
                    expected: "aa".into(),
                    got: "bb".into(),
                },
                &["deleted", "is bb", "expected aa", "again"],
            ),
        ];
        for (error, parts) in cases {
            let text = error.to_string();
            for part in parts {
                assert!(text.contains(part), "{part:?} is missing in: {text}");
            }
        }
    }

    #[test]
    fn several_addresses_give_several_reasons() {
        let status = |status| DownloadError::Status("https://a.org/x".into(), status);
        assert!(matches!(
            DownloadError::of_mirrors(vec![status(404)]),
            DownloadError::Status(_, 404)
        ));
        let offline = |url: &str| DownloadError::Offline(url.into(), "no route".into());
        let errors = vec![offline("https://a.org/x"), offline("https://b.org/x")];
        let once = DownloadError::of_mirrors(errors).to_string();
        assert!(once.contains("a.org") && !once.contains("b.org"), "{once}");
        let both = DownloadError::of_mirrors(vec![status(404), status(403)]).to_string();
        assert!(both.contains("404") && both.contains("403"), "{both}");
    }
}
