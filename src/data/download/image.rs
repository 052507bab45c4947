//! One picture from the web, into memory: what "predict an image from an address" needs.

use std::time::{Duration, Instant};

use super::{
    address::{self, host},
    connection::{self, Wanted},
    error::DownloadError,
};
use crate::{
    cancel::{CancelToken, Cancelled},
    data::decode,
    format::bytes,
};

const CUT_OFF: &str = "the connection ended too early";

/// How much patience and room a picture gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageLimits {
    /// A connection without an answer or without new bytes for this long is given up.
    pub stall: Duration,
    /// All of it takes no longer than this.
    pub whole: Duration,
    /// Most bytes.
    pub bytes: u64,
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(10),
            whole: Duration::from_secs(30),
            bytes: 32 << 20,
        }
    }
}

/// Why there is no picture; each is one sentence with the address or its server.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// No connection, or none that can be trusted, or no proper address.
    #[error(transparent)]
    Connection(DownloadError),
    /// The server answered with an error, what came is no picture, it is too large or it did not come whole.
    #[error("{0}")]
    Unusable(String),
}

impl ImageError {
    /// The connection ended or fell silent, or the picture took too long.
    fn unfinished(url: &str, reason: &str) -> Self {
        Self::Unusable(format!(
            "{} did not send the whole image: {reason}; try again, or save it with a browser and open the file",
            host(url)
        ))
    }
}

impl From<DownloadError> for ImageError {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            DownloadError::Stalled { url, secs, .. } => {
                Self::unfinished(&url, &format!("nothing came for {secs} s"))
            }
            DownloadError::CutOff { url, .. } => Self::unfinished(&url, CUT_OFF),
            error => Self::Connection(error),
        }
    }
}

/// Whether `text` is meant as an address on the web rather than as a path.
pub fn looks_like_address(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    text.starts_with("http://") || text.starts_with("https://")
}

/// Fetches and decodes the picture at `url` (http or https), upright and in colour as files are.
///
/// # Errors
/// One sentence for whatever is wrong with the address, the connection or the picture.
pub fn image(
    url: &str,
    limits: &ImageLimits,
    cancel: &CancelToken,
) -> Result<image::RgbImage, ImageError> {
    let url = url.trim();
    let file = file(url, limits, cancel)?;
    decode::decode_bytes(&file).map_err(|reason| ImageError::Unusable(format!("{url} {reason}")))
}

fn file(url: &str, limits: &ImageLimits, cancel: &CancelToken) -> Result<Vec<u8>, ImageError> {
    let start = Instant::now();
    let too_large = || {
        let limit = bytes(limits.bytes);
        ImageError::Unusable(format!("{url} is larger than {limit}: use a smaller image"))
    };
    let wanted = Wanted {
        may_be_plain: true,
        ..Wanted::default()
    };
    let (mut connection, head) = connection::open(url, &wanted, limits.stall, cancel)?;
    if head.status != 200 {
        return Err(ImageError::Unusable(format!(
            "{} gives no image at {url} (HTTP {}): look at the address in a browser",
            host(url),
            head.status
        )));
    }
    let length = head.total.unwrap_or(0);
    if length > limits.bytes {
        return Err(too_large());
    }
    let mut file = Vec::new();
    while let Some(chunk) = connection.next(cancel)? {
        file.extend_from_slice(&chunk);
        if file.len() as u64 > limits.bytes {
            return Err(too_large());
        }
        if start.elapsed() > limits.whole {
            let secs = limits.whole.as_secs();
            let reason = format!("it takes longer than {secs} s");
            return Err(ImageError::unfinished(url, &reason));
        }
    }
    if (file.len() as u64) < length {
        return Err(ImageError::unfinished(url, CUT_OFF));
    }
    Ok(file)
}

/// Whether `url` may be fetched as a picture; else what is wrong with it. What was fetched without encryption
/// is only looked at.
pub(super) fn check(url: &str) -> Result<(), &'static str> {
    match address::check(url) {
        Err(address::NOT_HTTPS) if looks_like_address(url) => Ok(()),
        Err(address::NOT_HTTPS) => Err("is not an http or https address"),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_may_come_from_anywhere_on_the_web() {
        let cases = [
            ("https://example.org/cat.jpg", true, "the usual case"),
            ("http://example.org/cat.jpg", true, "a picture harms nobody"),
            ("HTTP://EXAMPLE.ORG/cat.jpg", true, "schemes have no case"),
            ("ftp://example.org/cat.jpg", false, "another protocol"),
            ("file:///etc/passwd", false, "files are opened as files"),
            ("https://", false, "no server"),
            ("cat.jpg", false, "a path"),
        ];
        for (url, allowed, reason) in cases {
            assert_eq!(check(url).is_ok(), allowed, "{url}: {reason}");
        }
    }

    #[test]
    fn addresses_and_paths_are_told_apart() {
        let cases = [
            ("https://example.org/cat.jpg", true),
            (" Http://example.org", true),
            ("/home/me/http.png", false),
            ("http.png", false),
            ("C:\\https\\a.png", false),
        ];
        for (text, is_address) in cases {
            assert_eq!(looks_like_address(text), is_address, "{text}");
        }
    }
}
