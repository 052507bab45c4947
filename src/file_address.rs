//! Addresses of files (`file:///home/me/a%20b.png`), as file managers and browsers copy them, and paths (RFC 8089).

use std::path::PathBuf;

/// What `typed` means: a path, which it is already or which its address of a file says.
pub fn to_path(typed: impl Into<PathBuf>) -> PathBuf {
    let typed = typed.into();
    let path = typed.to_str().and_then(|text| path_of(text, cfg!(windows)));
    path.map_or(typed, from_bytes)
}

fn from_bytes(bytes: Vec<u8>) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        std::ffi::OsString::from_vec(bytes).into()
    }
    #[cfg(not(unix))]
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// The path in the address `text`; `None` when it is no address of a file of this computer.
fn path_of(text: &str, windows: bool) -> Option<Vec<u8>> {
    let text = text.trim();
    let scheme = text.get(..5)?;
    if !scheme.eq_ignore_ascii_case("file:") {
        return None;
    }
    let rest = &text[5..];
    let Some(behind) = rest.strip_prefix("//") else {
        // `file:/a/b`, the short form.
        return rest.starts_with('/').then(|| local(rest, windows));
    };
    let (host, path) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
    match host {
        "" | "localhost" => Some(local(path, windows)),
        // `file://C:/a`: wrong, and common.
        _ if windows && is_drive(host) => Some(local(&format!("/{behind}"), windows)),
        // A share of another computer.
        _ if windows => Some([b"//".as_slice(), &decoded(behind)].concat()),
        _ => None,
    }
}

fn local(path: &str, windows: bool) -> Vec<u8> {
    let drive = path.strip_prefix('/').filter(|rest| {
        let first = rest.split('/').next().unwrap_or_default();
        windows && is_drive(first)
    });
    let mut bytes = decoded(drive.unwrap_or(path));
    if let (Some(_), Some(bar)) = (drive, bytes.get_mut(1)) {
        *bar = b':';
    }
    bytes
}

/// `C:`, or `C|` as old programs write it.
fn is_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':' | b'|'] if letter.is_ascii_alphabetic())
}

/// `%20` and the like as the bytes that they stand for; anything else as it is.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_file_means_its_path() {
        for (text, windows, path, why) in [
            (
                "file:///home/x%20y.png",
                false,
                Some("/home/x y.png"),
                "as file managers copy it",
            ),
            (
                "file://localhost/a/b",
                false,
                Some("/a/b"),
                "this computer by name",
            ),
            ("file:/a/b", false, Some("/a/b"), "the short form"),
            (
                "FILE:///a%2",
                false,
                Some("/a%2"),
                "a percent sign that is none",
            ),
            (
                "file:///%C3%A4%zz",
                false,
                Some("/ä%zz"),
                "letters of any language",
            ),
            ("file://server/share/a", false, None, "another computer"),
            ("file.png", false, None, "a name"),
            ("/home/file:/a", false, None, "a path"),
            ("https://example.org/a.png", false, None, "the web"),
            (
                "file:///C:/me/a%20b.png",
                true,
                Some("C:/me/a b.png"),
                "a drive",
            ),
            (
                "file://C:/me/a.png",
                true,
                Some("C:/me/a.png"),
                "one slash too few",
            ),
            (
                "file:///C|/me",
                true,
                Some("C:/me"),
                "as it was once written",
            ),
            (
                "file://server/share/a",
                true,
                Some("//server/share/a"),
                "a share",
            ),
            (r"C:\me\a.png", true, None, "a drive is no scheme"),
            ("é", false, None, "short and not ASCII"),
        ] {
            let found = path_of(text, windows).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(found.as_deref(), path, "{text}: {why}");
        }
        assert_eq!(to_path("a/b.png"), PathBuf::from("a/b.png"));
    }
}
