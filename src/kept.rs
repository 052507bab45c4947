//! Versions of the files that people keep.
//!
//! A file says its format before anything else, and nothing else of it is looked at before that number: what a newer
//! program wrote gets a sentence of its own, what an older one wrote is brought up to today's form step by step, each
//! step a small function from one format to the next. Only then is it parsed.
//!
//! A format is counted up when a field changes its meaning, goes, or cannot be passed over by an older program. A field
//! that takes a default where it is missing, and that can be passed over where it is unknown, needs no new format.
//! `tests/kept/` has files of every format, and `tests/program/kept.rs` opens them.

pub mod fields;

use std::{borrow::Cow, fs, io, path::Path};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::data::files::write_atomically;

/// From one format to the next; an error says what is wrong with the file.
pub type Step<C> = fn(C) -> Result<C, String>;

/// A kind of file: what it holds as `C` before it is parsed (a text, a map of entries).
#[derive(Debug)]
pub struct Kind<C: 'static> {
    /// The oldest format that is still read.
    pub oldest: u32,
    /// From the oldest format on.
    pub steps: &'static [Step<C>],
}

/// Why a file cannot be read; what follows its path in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A newer program wrote it.
    #[error(
        "was written by a newer Convscope (its format is {found}, this one reads up to {newest}): update Convscope"
    )]
    Newer {
        /// Its format.
        found: u32,
        /// The newest format that is known.
        newest: u32,
    },
    /// It is older than anything that is still read.
    #[error(
        "has format {found}, and this Convscope reads {oldest} and newer: open it with an older one"
    )]
    Older {
        /// Its format.
        found: u32,
        /// The oldest format that is read.
        oldest: u32,
    },
    /// Its format is known, and it is not what it should be.
    #[error("is damaged: {0}")]
    Damaged(String),
}

/// Why a file cannot be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The system did not give it.
    Read(io::Error),
    /// It is not what it should be.
    Format(FormatError),
}

impl FormatError {
    /// What a file that is set aside is called by it: `newer`, `older` or `damaged`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "newer",
            Self::Older { .. } => "older",
            Self::Damaged(_) => "damaged",
        }
    }
}

impl<C> Kind<C> {
    /// The format that is written today.
    pub const fn format(&self) -> u32 {
        self.oldest + self.steps.len() as u32
    }

    /// What a file of the format `found` holds, in today's form.
    ///
    /// # Errors
    /// When the format is not known, or a step fails.
    pub fn bring_up(&self, found: u32, content: C) -> Result<C, FormatError> {
        let (oldest, newest) = (self.oldest, self.format());
        if found > newest {
            return Err(FormatError::Newer { found, newest });
        }
        if found < oldest {
            return Err(FormatError::Older { found, oldest });
        }
        let mut steps = self.steps.iter().skip((found - oldest) as usize);
        steps
            .try_fold(content, |content, step| step(content))
            .map_err(FormatError::Damaged)
    }
}

impl Kind<String> {
    /// Files that have had one format so far.
    pub const FIRST: Self = Self {
        oldest: 1,
        steps: &[],
    };

    /// Reads the file `path`, which [`Self::save`] made; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, is damaged or has a format that is not known.
    pub fn load<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, LoadError> {
        let read = match fs::read_to_string(path) {
            Ok(text) => self.read(&text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // No text at all.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(FormatError::Damaged(error.to_string()))
            }
            Err(error) => return Err(LoadError::Read(error)),
        };
        read.map_err(LoadError::Format)
    }

    /// Writes `value` to `path` as [`Self::write`] does, atomically.
    ///
    /// # Errors
    /// What the system said.
    pub fn save(&self, path: &Path, value: &impl Serialize) -> io::Result<()> {
        let text = self.write(value).map_err(io::Error::other)?;
        write_atomically(path, text.as_bytes())
    }

    /// A RON text in today's form; borrowed when it has it already. `unmarked` is the format of a text that does not
    /// say its own.
    ///
    /// # Errors
    /// When the format is not known, or a step fails.
    pub fn current<'a>(&self, text: &'a str, unmarked: u32) -> Result<Cow<'a, str>, FormatError> {
        let found = format_of(text).unwrap_or(unmarked);
        if found == self.format() {
            return Ok(Cow::Borrowed(text));
        }
        self.bring_up(found, text.to_owned()).map(Cow::Owned)
    }

    /// Reads a value whose text [`Self::write`] made; one without a format, as programs wrote them before there were
    /// formats, has the oldest.
    ///
    /// # Errors
    /// When the format is not known or the text is not what it should be.
    pub fn read<T: DeserializeOwned>(&self, text: &str) -> Result<T, FormatError> {
        let mut content = self.current(text, self.oldest)?.into_owned();
        if let Some((at, _)) = mark(&content) {
            // As many spaces, so that errors name the right place.
            content.replace_range(at.clone(), &" ".repeat(at.len()));
        }
        ron::from_str(&content).map_err(|error| FormatError::Damaged(error.to_string()))
    }

    /// `value`, a structure without a name, as RON for people, its format first.
    ///
    /// # Errors
    /// When a value cannot be written as RON.
    pub fn write(&self, value: &impl Serialize) -> Result<String, String> {
        let text = ron::ser::to_string_pretty(value, ron::ser::PrettyConfig::default())
            .map_err(|error| error.to_string())?;
        Ok(text.replacen('(', &format!("(\n    format: {},", self.format()), 1))
    }
}

/// The format that a RON text says. It is looked for at the very beginning first, where it is found whatever follows.
fn format_of(text: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Marked {
        format: u32,
    }
    mark(text)
        .map(|(_, format)| format)
        .or_else(|| Some(ron::from_str::<Marked>(text).ok()?.format))
}

/// Where `format: 2,` stands at the beginning of a RON structure, and its number.
fn mark(text: &str) -> Option<(std::ops::Range<usize>, u32)> {
    let rest = blank(blank(text).strip_prefix('(')?);
    let start = text.len() - rest.len();
    let rest = blank(blank(rest.strip_prefix("format")?).strip_prefix(':')?);
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = rest.split_at(digits);
    let rest = blank(rest);
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    Some((start..text.len() - rest.len(), number.parse().ok()?))
}

/// `text` from the first character on that is neither space nor comment.
fn blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let after = match text.get(..2) {
            Some("//") => text.find('\n'),
            Some("/*") => text.find("*/").map(|end| end + 2),
            _ => return text,
        };
        text = after.map_or("", |end| &text[end..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        colour: String,
    }

    /// Format 1 said `color`, format 2 had a number for it.
    const KIND: Kind<String> = Kind {
        oldest: 1,
        steps: &[
            |text| Ok(text.replace("color:", "colour:")),
            |text| match text.split_once("colour: 7") {
                Some((before, after)) => Ok(format!("{before}colour: \"red\"{after}")),
                None => Err("there is no such colour".into()),
            },
        ],
    };

    #[test]
    fn every_format_is_brought_up_and_a_newer_one_is_named() {
        let newer = |found| Err(FormatError::Newer { found, newest: 3 });
        let red = || {
            Ok(Note {
                colour: "red".into(),
            })
        };
        for (why, text, expected) in [
            ("before there were formats", "(color: 7)", red()),
            ("the oldest", "(format: 1, color: 7)", red()),
            ("one step", "(format: 2, colour: 7)", red()),
            ("today's", "(format: 3, colour: \"red\")", red()),
            (
                "comments and spaces before it",
                "// by hand\n /* twice */ ( // so\n format : 3 , colour: \"red\",)",
                red(),
            ),
            ("a newer one", "(format: 4, colour: \"red\")", newer(4)),
            (
                "a newer one of which nothing is understood",
                "(format: 9, $$$ \u{0}",
                newer(9),
            ),
            (
                "a newer one that says it last",
                "(hue: 7.5, format: 4)",
                newer(4),
            ),
            (
                "older than anything",
                "(format: 0)",
                Err(FormatError::Older {
                    found: 0,
                    oldest: 1,
                }),
            ),
            (
                "a step that fails",
                "(format: 2, colour: 8)",
                Err(FormatError::Damaged("there is no such colour".into())),
            ),
        ] {
            assert_eq!(KIND.read::<Note>(text), expected, "{why}");
        }
        let text = KIND.write(&red().unwrap_or_else(|_: FormatError| unreachable!()));
        let text = text.unwrap();
        assert!(text.starts_with("(\n    format: 3,\n    colour"), "{text}");
        assert_eq!(KIND.read::<Note>(&text), red());
    }

    #[test]
    fn errors_name_the_place_in_the_file() {
        let error = KIND.read::<Note>("(\n  format: 3,\n  hue: 1)").unwrap_err();
        assert!(error.to_string().contains("3:"), "{error}");
        let error = KIND.read::<Note>("(format: 3, hue: 1)").unwrap_err();
        assert!(error.to_string().contains("1:13"), "{error}");
    }
}
