//! What the system and libraries say, in plain words: people read sentences, not numbers of errors and C++ frames.

use std::{borrow::Cow, io};

use crate::format;

/// Where libtorch goes on with the frames of its C++ stack.
const FRAMES: [&str; 3] = [
    "\nException raised from",
    "\nC++ CapturedTraceback",
    "\nframe #0",
];
/// How the standard library ends what the system said.
const OS_ERROR: &str = " (os error ";
/// libtorch's words for memory that it did not get.
const REFUSED: &str = "you tried to allocate ";
const NO_MEMORY: [&str; 4] = [
    "can't allocate memory",
    "not enough memory",
    "std::bad_alloc",
    "Cannot allocate memory",
];

/// A message without C++ frames and numbers of errors; what tells of too little memory becomes one sentence.
pub fn text(message: &str) -> String {
    let end = FRAMES.iter().filter_map(|frames| message.find(frames));
    let message = message[..end.min().unwrap_or(message.len())].trim();
    out_of_memory(message).unwrap_or_else(|| without_numbers(message))
}

/// What libtorch said about a failed computation, in a sentence.
pub fn torch(error: &tch::TchError) -> String {
    let words = text(&error.to_string());
    match words.strip_prefix("Internal torch error: ") {
        Some(inner) => format!("libtorch: {inner}"),
        None if words.starts_with(OUT_OF_MEMORY) => words,
        None => format!("libtorch: {words}"),
    }
}

const OUT_OF_MEMORY: &str = "out of memory";

fn out_of_memory(message: &str) -> Option<String> {
    if !NO_MEMORY.iter().any(|words| message.contains(words)) {
        return None;
    }
    let asked = message.split_once(REFUSED).and_then(|(_, behind)| {
        let digits = behind.split(|letter: char| !letter.is_ascii_digit()).next();
        digits?.parse().ok()
    });
    Some(no_memory_for(asked))
}

/// That there is no memory for `asked` bytes, in a sentence.
pub fn no_memory_for(asked: Option<u64>) -> String {
    let asked = asked.map_or_else(
        || "more is needed than is free".to_owned(),
        |count| format!("{} more are needed than are free", format::bytes(count)),
    );
    format!(
        "{OUT_OF_MEMORY}: {asked}; use a smaller batch, smaller images or a smaller network, or close other programs"
    )
}

/// Puts words in the place of `No such file or directory (os error 2)`.
fn without_numbers(message: &str) -> String {
    let mut plain = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, behind)) = rest.split_once(OS_ERROR) {
        let number = behind.split_once(')');
        let Some((code, after)) =
            number.and_then(|(code, after)| Some((code.parse::<i32>().ok()?, after)))
        else {
            plain.push_str(before);
            plain.push_str(OS_ERROR);
            rest = behind;
            continue;
        };
        let error = io::Error::from_raw_os_error(code);
        match before.strip_suffix(&system_words(&error)) {
            Some(before) => {
                plain.push_str(before);
                plain.push_str(&io(&error));
            }
            // Said in another language: the words stay, the number goes.
            None => plain.push_str(before),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// What the system says, without the error's number.
fn system_words(error: &io::Error) -> String {
    let words = error.to_string();
    let end = words.rfind(OS_ERROR).unwrap_or(words.len());
    words[..end].to_owned()
}

/// What kept a file from being read or written, to follow its name and a colon.
pub fn io(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    let words = match error.kind() {
        // A library's own words say more than their kind.
        _ if error.raw_os_error().is_none() && error.get_ref().is_some() => {
            return text(&error.to_string());
        }
        Kind::NotFound => "there is no such file or folder",
        Kind::PermissionDenied => "permission is denied",
        Kind::AlreadyExists => "there is something of this name already",
        Kind::IsADirectory => "it is a folder, not a file",
        Kind::NotADirectory => "a part of its path is a file, not a folder",
        Kind::DirectoryNotEmpty => "the folder is not empty",
        Kind::StorageFull => "no space is left on the disk",
        Kind::QuotaExceeded => "your share of the disk is used up",
        Kind::FileTooLarge => "the file would be larger than the system allows",
        Kind::ReadOnlyFilesystem => "the disk can only be read",
        Kind::InvalidFilename => "the name is too long or holds letters that the disk refuses",
        Kind::StaleNetworkFileHandle
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown => "the network drive or server cannot be reached",
        Kind::ResourceBusy | Kind::ExecutableFileBusy => "another program is using it",
        Kind::TimedOut => "nothing came in time",
        Kind::BrokenPipe => "nobody reads it any more",
        Kind::UnexpectedEof => "it ends too early",
        Kind::OutOfMemory => "there is too little memory",
        _ => match (cfg!(windows), error.raw_os_error()) {
            // ENFILE and EMFILE, or ERROR_TOO_MANY_OPEN_FILES.
            (false, Some(23 | 24)) | (true, Some(4)) => {
                "too many files are open: close other programs, or raise the limit (ulimit -n)"
            }
            // EIO, or ERROR_CRC and ERROR_IO_DEVICE.
            (false, Some(5)) | (true, Some(23 | 1117)) => "the disk reports an error: check it",
            _ => return system_words(error),
        },
    };
    words.to_owned()
}

/// A name as a terminal can show it: control characters and letters that cannot be seen or turn the direction of
/// writing are escaped (`\u{1b}`), since they would change what stands around them.
pub fn visible(name: &str) -> Cow<'_, str> {
    escaped(name, is_unseen)
}

/// Like [`visible`] for text of several lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| letter != '\n' && is_unseen(letter))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_escaped(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            // Without width, and marks of direction; line and paragraph ends; embeddings and isolates.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_libtorch_did_not_get_is_one_sentence() {
        let error = tch::Tensor::f_zeros([1 << 50], (tch::Kind::Float, tch::Device::Cpu))
            .map(drop)
            .unwrap_err();
        assert!(
            error.to_string().len() > 200,
            "libtorch tells a story: {error}"
        );
        let words = torch(&error);
        assert!(
            words.starts_with("out of memory: 4503.6 TB more are needed"),
            "{words}"
        );
        assert_eq!(words.lines().count(), 1, "{words}");
        for word in ["alloc", "frame", "Exception", "libtorch"] {
            assert!(!words.contains(word), "{word} in {words}");
        }
        assert_eq!(
            text("std::bad_alloc"),
            words.replace(
                "4503.6 TB more are needed than are free",
                "more is needed than is free"
            )
        );
    }

    #[test]
    fn frames_of_libtorch_are_cut_off() {
        let one = tch::Tensor::zeros([2, 3], (tch::Kind::Float, tch::Device::Cpu));
        let error = one.f_matmul(&one).unwrap_err();
        let words = torch(&error);
        assert!(
            words.starts_with("libtorch: mat1 and mat2 shapes"),
            "{words}"
        );
        assert_eq!(words.lines().count(), 1, "{words}");
    }

    #[test]
    fn what_the_system_says_becomes_words() {
        let of = io::Error::from_raw_os_error;
        let gone = of(2).to_string();
        assert!(gone.ends_with("(os error 2)"), "{gone}");
        let cases = [
            (
                format!("cannot read a.png: {gone}"),
                "cannot read a.png: there is no such file or folder",
            ),
            (
                format!("a: {gone}, b: {gone}"),
                "a: there is no such file or folder, b: there is no such file or folder",
            ),
            ("Datei fehlt (os error 2)".into(), "Datei fehlt"),
            (
                "a name (os error two) stays".into(),
                "a name (os error two) stays",
            ),
            ("an end (os error -".into(), "an end (os error -"),
            ("nothing to change".into(), "nothing to change"),
        ];
        for (said, plain) in cases {
            assert_eq!(text(&said), plain);
        }
    }

    #[cfg(unix)]
    #[test]
    fn every_reason_of_the_system_has_words_without_a_number() {
        let cases = [
            (libc::ENOENT, "no such file"),
            (libc::EACCES, "permission"),
            (libc::EISDIR, "is a folder"),
            (libc::ENOTDIR, "is a file"),
            (libc::ENOSPC, "no space"),
            (libc::EROFS, "only be read"),
            (libc::EMFILE, "too many files"),
            (libc::ENFILE, "too many files"),
            (libc::EIO, "reports an error"),
            (libc::ENAMETOOLONG, "too long"),
            (libc::ENOMEM, "memory"),
            (libc::ELOOP, "ymbolic"),
        ];
        for (code, part) in cases {
            let words = io(&io::Error::from_raw_os_error(code));
            assert!(words.contains(part), "{code}: {words}");
            assert!(!words.contains("os error"), "{words}");
        }
        let own = io::Error::new(io::ErrorKind::NotFound, "the entry is encrypted");
        assert_eq!(io(&own), "the entry is encrypted");
        assert_eq!(
            io(&io::ErrorKind::NotFound.into()),
            "there is no such file or folder"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_escaped_and_nothing_else() {
        for (name, shown, why) in [
            ("cat", "cat", "a plain name"),
            (
                "čtyři 猫 e\u{301}",
                "čtyři 猫 e\u{301}",
                "letters of any language",
            ),
            ("a\u{1b}[31mb", "a\\u{1b}[31mb", "colours a terminal"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd", "breaks lines of a table"),
            ("x\u{202e}gnp.exe", "x\\u{202e}gnp.exe", "reads backwards"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}", "has no width"),
            (
                "\u{9b}31m",
                "\\u{9b}31m",
                "another way to colour a terminal",
            ),
        ] {
            assert_eq!(visible(name), shown, "{why}");
        }
        assert_eq!(visible_lines("a\nb\u{7}"), "a\nb\\u{7}");
    }
}
