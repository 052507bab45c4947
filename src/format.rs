//! Numbers and times as people read them.

use std::time::SystemTime;

/// `1,234,567`.
pub fn thousands(value: usize) -> String {
    indicatif::HumanCount(value as u64).to_string()
}

/// Four significant digits: `0.02357`, `1.234`, `12,346`, `1.235e6`.
pub fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..6).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    if magnitude >= 4 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", thousands(value.abs().round() as usize));
    }
    let decimals = (3 - magnitude).max(0) as usize;
    format!("{value:.decimals$}")
}

/// A learning rate with as many digits as it has: `0.001`, `5e-6`.
pub fn rate(rate: f64) -> String {
    if rate != 0.0 && rate < 1e-4 {
        return format!("{rate:e}");
    }
    let text = format!("{rate:.8}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A size in decimal units, as download pages write it: `512 bytes`, `4.2 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1_000 {
        return counted(count as usize, "byte");
    }
    let mut size = count as f64 / 1_000.0;
    let mut unit = 0;
    // From 999.95 on, one decimal would read 1000.0.
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1_000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// `97.3 %` of a share of 0..1.
pub fn percent(share: f64) -> String {
    if share.is_finite() {
        format!("{:.1} %", 100.0 * share)
    } else {
        "–".to_owned()
    }
}

/// `2026-11-27 18:22`, where the computer stands.
pub fn moment(time: SystemTime) -> String {
    local(time, "%Y-%m-%d %H:%M")
}

/// The same without its year, for narrow columns: `11-27 18:22`.
pub fn short_moment(time: SystemTime) -> String {
    local(time, "%m-%d %H:%M")
}

/// The same as [`moment`] with seconds, for names of files: `2026-11-27-182205`.
pub fn stamp(time: SystemTime) -> String {
    local(time, "%Y-%m-%d-%H%M%S")
}

fn local(time: SystemTime, format: &str) -> String {
    let local = chrono::DateTime::<chrono::Local>::from(time);
    local.format(format).to_string()
}

/// `m:ss`.
pub fn minutes(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".to_owned();
    }
    let seconds = seconds.round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// `1 image`, `2 images`.
pub fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {word}{plural}", thousands(count))
}

/// `circle, square and 98 more`: as many names as fit in a sentence.
pub fn listed(names: &[String]) -> String {
    const MOST: usize = 5;
    let shown = names[..names.len().min(MOST)].join(", ");
    match names.len().checked_sub(MOST) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// `name` with its middle left out when it is longer than `longest`: both ends tell names apart.
pub fn shortened(name: &str, longest: usize) -> String {
    let count = name.chars().count();
    if count <= longest {
        return name.to_owned();
    }
    let (head, tail) = (longest * 3 / 5, longest - 1 - longest * 3 / 5);
    let head = name.chars().take(head);
    head.chain(['…'])
        .chain(name.chars().skip(count - tail))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let cases = [
            (0.0, "0"),
            (0.023_571, "0.02357"),
            (1.234_56, "1.235"),
            (12.345_6, "12.35"),
            (999.94, "999.9"),
            (12_345.6, "12,346"),
            (123_456.7, "123,457"),
            (1_234_567.0, "1.235e6"),
            (-3.9e17, "-3.900e17"),
            (-0.5, "-0.5000"),
            (0.000_012_34, "1.234e-5"),
            (f64::NAN, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value), text);
        }
        assert_eq!(
            [thousands(0), thousands(999), thousands(4_791_809)],
            ["0", "999", "4,791,809"]
        );
        assert_eq!(
            [minutes(7.4), minutes(61.0), minutes(f64::NAN)],
            ["0:07", "1:01", "–"]
        );
        assert_eq!(percent(0.9731), "97.3 %");
        assert_eq!(
            [rate(0.001), rate(5e-6), rate(1.0), rate(0.000_25)],
            ["0.001", "5e-6", "1", "0.00025"]
        );
        assert_eq!(
            [counted(1, "image"), counted(1_200, "image")],
            ["1 image", "1,200 images"]
        );
    }

    #[test]
    fn sizes_read_as_on_download_pages() {
        let cases = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (228_813_984, "228.8 MB"),
            (1_540_000_000, "1.5 GB"),
        ];
        for (count, text) in cases {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn long_names_and_lists_keep_both_ends() {
        assert_eq!(shortened("circle", 6), "circle");
        assert_eq!(shortened("a long class name 17", 10), "a long… 17");
        let names: Vec<String> = (0..7).map(|i| i.to_string()).collect();
        assert_eq!(listed(&names), "0, 1, 2, 3, 4 and 2 more");
        assert_eq!(listed(&names[..2]), "0, 1");
    }
}
