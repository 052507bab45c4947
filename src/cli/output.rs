//! The one place that writes to standard output and standard error.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::plain;

/// Standard output, in the form that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON was asked for; then nothing else may be written.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Writes a JSON object as one line; does nothing when people read.
    ///
    /// # Errors
    /// When standard output is closed or full.
    pub fn json(self, value: &Value) -> Result<()> {
        if self.json {
            write_line(&value.to_string())
        } else {
            Ok(())
        }
    }

    /// Writes text for people, names with what cannot be seen escaped; does nothing when JSON was asked for.
    ///
    /// # Errors
    /// When standard output is closed or full.
    pub fn text(self, text: &str) -> Result<()> {
        if self.json {
            Ok(())
        } else {
            write_line(&plain::visible_lines(text))
        }
    }
}

fn write_line(text: &str) -> Result<()> {
    write_bytes(format!("{text}\n").as_bytes())
}

/// Writes to standard output as it is.
///
/// # Errors
/// When standard output is closed or full.
pub fn write_bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    // A script that reads along waits for whole lines.
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.context("cannot write to standard output")
}

/// Writes a line to standard error, in plain words and with what cannot be seen escaped; a closed one is no reason to
/// stop.
pub fn say(message: &str) {
    let message = plain::text(message);
    let _ = writeln!(io::stderr().lock(), "{}", plain::visible(&message));
}

/// A number as people read it: four significant digits, `–` when it is not finite.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let scientific = format!("{value:.3e}");
    let exponent: i32 = scientific
        .rsplit_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    match exponent {
        ..-4 if value != 0.0 => scientific,
        _ => format!(
            "{value:.*}",
            usize::try_from(3 - exponent).unwrap_or(0).min(7)
        ),
    }
}

/// [`figure`] of what may be absent.
pub fn optional_figure(value: Option<f64>) -> String {
    figure(value.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_see_four_significant_digits() {
        let cases = [
            (0.0, "0.000"),
            (0.9875, "0.9875"),
            (0.99996, "1.000"),
            (0.012_345, "0.01235"),
            (1234.6, "1235"),
            (123_456.0, "123456"),
            (-1.5, "-1.500"),
            (0.000_012_345, "1.234e-5"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ];
        for (value, expected) in cases {
            assert_eq!(figure(value), expected, "{value}");
        }
        assert_eq!(optional_figure(None), "–");
    }

    #[test]
    fn what_is_not_finite_is_null_in_json() {
        assert_eq!(
            serde_json::json!({ "loss": f64::NAN, "low": f32::NEG_INFINITY }).to_string(),
            r#"{"loss":null,"low":null}"#
        );
    }
}
