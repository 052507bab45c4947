//! `convscope doctor`: what is wrong with a dataset.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::{
    Usage, args::DoctorArgs, output::Output, progress::Progress, session::Session, table::Table,
};
use crate::{
    data::{
        Dataset, Split, SplitConfig,
        doctor::{Examination, Finding, FindingKind, Likeness},
    },
    engine::{ExamineRequest, OpenRequest},
    format::{counted, thousands},
};

/// Findings of one kind that people see; the others are counted.
const MOST_SHOWN: usize = 10;
/// Letters per line of a message.
const MESSAGE_WIDTH: usize = 76;

pub fn run(args: &DoctorArgs, output: Output) -> Result<()> {
    let config = config(args)?;
    let session = Session::start()?;
    let open = session.open_dataset(OpenRequest {
        kind: args.kind,
        ..OpenRequest::new(&args.data)
    })?;
    let request = ExamineRequest {
        open: Arc::clone(&open),
        drawn: None,
        readings: None,
    };
    let bar = Progress::new("examining images");
    let examined = session.answer(request, bar, |_, _| Ok(()))?;
    let readings = &examined
        .context("stopped while examining the images")?
        .readings;
    let mut dataset = Dataset::clone(&open.dataset);
    // A split divides what can be used, as it will for training.
    dataset.broken.extend(readings.broken());
    let is_divided = draws(&config)
        || dataset.has_given_parts()
        || dataset.samples.iter().any(|sample| sample.moved.is_some());
    let split = if is_divided {
        Split::new(&dataset, &config)?
    } else {
        Split::default()
    };
    tell(&Examination::new(&dataset, &split, readings), output)
}

/// Whether parts are drawn that the dataset does not give.
fn draws(config: &SplitConfig) -> bool {
    config.validation + config.test > 0.0
}

/// # Errors
/// Wrong usage, when the shares make no sense.
fn config(args: &DoctorArgs) -> Result<SplitConfig> {
    let defaults = SplitConfig::default();
    let config = SplitConfig {
        validation: args.validation.unwrap_or(0.0),
        test: args.test.unwrap_or(0.0),
        seed: args.seed.unwrap_or(defaults.seed),
        ..defaults
    };
    // Whether shares make sense does not depend on the dataset.
    Split::new(&Dataset::default(), &config).map_err(|error| Usage::error(error.to_string()))?;
    if args.seed.is_some() && !draws(&config) {
        return Err(Usage::error(
            "--seed decides which images are drawn: give --validation or --test too",
        ));
    }
    Ok(config)
}

fn tell(found: &Examination, output: Output) -> Result<()> {
    for finding in &found.findings {
        output.json(&json!({
            "kind": finding.kind.word(),
            "severity": finding.severity.word(),
            "files": finding.files,
            "message": finding.message,
        }))?;
    }
    let classes = found.classes.iter();
    let classes: Map<String, Value> = classes.map(|(c, n)| (c.clone(), json!(n))).collect();
    let parts = found.splits.iter();
    let splits: Map<String, Value> = parts.map(|(p, n)| (p.word().into(), json!(n))).collect();
    output.json(&json!({
        "samples": found.samples,
        "classes": classes,
        "splits": splits,
        "broken": found.broken,
        "skipped": found.skipped,
        "duplicates": found.duplicates,
        "leaks": found.leaks,
        "near_leaks": found.near_leaks,
        "near_duplicates": near_duplicates(found),
        "sizes": sizes(found),
        "channels": found.channels,
    }))?;
    if output.is_json() {
        return Ok(());
    }
    if !found.findings.is_empty() {
        output.text(&format!("{}\n", findings_table(&found.findings).render()))?;
    }
    output.text(&overview(found))
}

/// Pairs that look alike, in whatever parts and classes.
fn near_duplicates(found: &Examination) -> usize {
    let is_near = |kind| !matches!(kind, Likeness::Exact);
    found.pairs.iter().filter(|pair| is_near(pair.kind)).count()
}

fn sizes(found: &Examination) -> Value {
    let side = |(width, height): (u32, u32)| json!([width, height]);
    found.sizes.map_or(Value::Null, |sizes| {
        json!({
            "min": side(sizes.min),
            "median": side(sizes.median),
            "max": side(sizes.max),
            "distinct": sizes.distinct,
        })
    })
}

fn findings_table(findings: &[Finding]) -> Table {
    let mut table = Table::new(["severity", "kind", "what, where, what to do"]);
    let mut counts: BTreeMap<FindingKind, usize> = BTreeMap::new();
    let mut add = |heading: [&str; 2], message: &str| {
        for (line, text) in wrapped(message, MESSAGE_WIDTH).into_iter().enumerate() {
            let [severity, kind] = if line == 0 { heading } else { [""; 2] };
            table.row([severity.to_owned(), kind.to_owned(), text]);
        }
    };
    for finding in findings {
        let heading = [finding.severity.word(), finding.kind.words()];
        let count = counts.entry(finding.kind).or_default();
        *count += 1;
        if *count <= MOST_SHOWN {
            add(heading, &finding.message);
        }
    }
    for (kind, count) in counts {
        if let Some(more @ 1..) = count.checked_sub(MOST_SHOWN) {
            let message = format!("and {} more; --json lists them", thousands(more));
            add(["", kind.words()], &message);
        }
    }
    table
}

/// `text` in lines of at most `width` letters where words allow it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
    }
    lines
}

/// What there is, and what matters most.
fn overview(found: &Examination) -> String {
    let list = |counts: Vec<(String, usize)>| {
        let counts = counts.iter();
        let words = counts.map(|(name, count)| format!("{name} {}", thousands(*count)));
        words.collect::<Vec<_>>().join(", ")
    };
    let mut table = Table::new(["", ""]);
    let mut row = |name: &str, value: String| {
        for (line, text) in wrapped(&value, MESSAGE_WIDTH).into_iter().enumerate() {
            table.row([if line == 0 { name } else { "" }.to_owned(), text]);
        }
    };
    row("images", thousands(found.samples));
    row("classes", list(found.classes.clone()));
    let parts = found.splits.iter();
    let parts: Vec<_> = parts.map(|(p, n)| (p.word().to_owned(), *n)).collect();
    match parts.is_empty() {
        true => row("parts", "none given".to_owned()),
        false => row("parts", list(parts)),
    }
    if let Some(sizes) = found.sizes {
        let words = |(width, height): (u32, u32)| format!("{width}×{height}");
        let [min, median, max] = [sizes.min, sizes.median, sizes.max].map(words);
        row(
            "pixels",
            match sizes.distinct {
                1 => min,
                _ => format!("{min} to {max}, median {median}"),
            },
        );
    }
    let channels = found.channels.clone().into_iter();
    row("channels", list(channels.collect()));
    row("passed over", counted(found.skipped, "file"));
    row("result", found.summary());
    // The headings are empty.
    table.render().trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_wrap_between_words() {
        let cases: [(&str, usize, &[&str]); 4] = [
            ("", 5, &[""]),
            ("one two three", 7, &["one two", "three"]),
            ("é é é", 3, &["é é", "é"]),
            ("a incomprehensible b", 4, &["a", "incomprehensible", "b"]),
        ];
        for (text, width, lines) in cases {
            assert_eq!(wrapped(text, width), lines, "{text}");
        }
    }
}
