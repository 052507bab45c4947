//! The table of faults.

use std::{collections::BTreeMap, fmt::Write as _};

use super::verdict::Verdict;

/// What became of one row.
pub struct Tried {
    pub to: String,
    pub done: String,
    pub lost: &'static str,
    /// Why what comes out may be other without a word; `None` where it must not.
    pub excuse: Option<&'static str>,
    pub verdicts: BTreeMap<Verdict, usize>,
    /// Something that was said.
    pub example: Option<String>,
    /// What went wrong, in full.
    pub faults: Vec<String>,
}

impl Tried {
    pub fn new(to: impl Into<String>, done: impl Into<String>, lost: &'static str) -> Self {
        Self {
            to: to.into(),
            done: done.into(),
            lost,
            excuse: None,
            verdicts: BTreeMap::new(),
            example: None,
            faults: Vec::new(),
        }
    }

    pub fn count(&mut self, verdict: Verdict, said: Option<String>, all: &str) {
        *self.verdicts.entry(verdict).or_default() += 1;
        if self.example.is_none() {
            self.example = said;
        }
        let excused = verdict == Verdict::Silent && self.excuse.is_some();
        if matches!(verdict, Verdict::Silent | Verdict::Crashed) && !excused {
            let (to, done) = (&self.to, &self.done);
            self.faults
                .push(format!("{to}, {done}: {verdict:?}\n{all}"));
        }
    }
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Tried>,
}

impl Table {
    pub fn add(&mut self, row: Tried) {
        eprintln!("{}, {}: {:?}", row.to, row.done, row.verdicts);
        self.rows.push(row);
    }

    pub fn faults(&self) -> Vec<String> {
        self.rows
            .iter()
            .flat_map(|row| row.faults.clone())
            .collect()
    }

    pub fn to_markdown(&self) -> String {
        let mut text = String::from(
            "# What can go wrong, and what happens then\n\n\
             Made by `cargo xtask faults`, which does each of these to the real program and compares what it gives with what it\n\
             gives unharmed. *Same*: nothing could be noticed. *Told*: it went on and said what is other. *Refused*: it ended with\n\
             one sentence. *Silent*: something else came out without a word. *Crashed*: it died, or spoke like a machine.\n\n\
             | what | what was done | same | told | refused | silent | crashed | what is lost |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let counts = Verdict::ALL.map(|verdict| match row.verdicts.get(&verdict) {
                Some(count) => count.to_string(),
                None => "·".to_owned(),
            });
            let excuse = row.excuse.map(|words| format!(" ({words})"));
            let _ = writeln!(
                text,
                "| {} | {} | {} | {}{} |",
                row.to,
                row.done,
                counts.join(" | "),
                row.lost,
                excuse.unwrap_or_default()
            );
        }
        text.push_str("\n## What it says\n\n");
        for row in &self.rows {
            if let Some(example) = &row.example {
                let _ = writeln!(text, "- {}, {}: “{}”", row.to, row.done, example.trim());
            }
        }
        text
    }
}
