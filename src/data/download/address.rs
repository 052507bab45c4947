//! Which addresses a download may use, and where a redirect leads.
//!
//! Only https, so that nobody on the way can read or change what a student downloads. This machine itself
//! may be reached without it: tests and mirrors in a classroom run there.

use ureq::http::Uri;

/// What [`check`] says of an address that would do with encryption.
pub const NOT_HTTPS: &str = "is not an https address";

/// Whether `url` may be downloaded from; else what is wrong with it.
///
/// # Errors
/// The reason, to follow "the address … ".
pub fn check(url: &str) -> Result<(), &'static str> {
    let uri: Uri = url.parse().map_err(|_| "is not an address")?;
    let host = uri.host().filter(|host| !host.is_empty());
    match (uri.scheme_str(), host) {
        (_, None) => Err("names no server"),
        (Some("https"), _) => Ok(()),
        (Some("http"), Some(host)) if is_this_machine(host) => Ok(()),
        _ => Err(NOT_HTTPS),
    }
}

/// Whether `host` is the machine that the program runs on.
pub fn is_this_machine(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

/// The server's name in `url`, for messages.
pub fn host(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host);
    host.unwrap_or(url).to_owned()
}

/// Where the header `Location: location`, answered by `from`, leads; the result is not yet checked.
/// RFC 3986, 5.2, without the rare `../` and fragments.
pub fn redirected(from: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default().trim();
    if location.contains("://") {
        return Some(location.to_owned());
    }
    let uri: Uri = from.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    if let Some(rest) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return Some(format!("{scheme}://{authority}{location}"));
    }
    let folder = uri.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    Some(format!("{scheme}://{authority}{folder}/{location}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_allowed() {
        let cases = [
            ("https://example.org/a.zip", true, "the usual case"),
            ("http://example.org/a.zip", false, "anyone could change it"),
            ("http://127.0.0.1:8080/a.zip", true, "this machine"),
            ("http://localhost/a.zip", true, "this machine"),
            ("http://[::1]:1/a", true, "this machine"),
            (
                "http://localhost.example.org/a",
                false,
                "only looks like it",
            ),
            (
                "http://127.0.0.1@example.org/a",
                false,
                "a user name, not a host",
            ),
            ("ftp://example.org/a", false, "another protocol"),
            ("file:///etc/passwd", false, "no server"),
            ("a.zip", false, "no address"),
            ("", false, "nothing"),
        ];
        for (url, allowed, reason) in cases {
            assert_eq!(check(url).is_ok(), allowed, "{url}: {reason}");
        }
    }

    #[test]
    fn redirects_lead_where_browsers_go() {
        let from = "https://a.org/files/set.zip?x=1";
        let cases = [
            ("https://b.org/c", "https://b.org/c"),
            ("http://b.org/c", "http://b.org/c"),
            ("//b.org/c", "https://b.org/c"),
            ("/c?d=e", "https://a.org/c?d=e"),
            ("c", "https://a.org/files/c"),
            ("/c#part", "https://a.org/c"),
        ];
        for (location, expected) in cases {
            assert_eq!(redirected(from, location).as_deref(), Some(expected));
        }
        let downgraded = redirected(from, "http://b.org/c").unwrap();
        assert!(check(&downgraded).is_err(), "https must stay https");
    }
}
