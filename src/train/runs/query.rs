//! Finding and ordering runs: their figures by name, and what people type to filter them.

use std::cmp::Ordering;

use super::RunRecord;

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Validation accuracy of the kept weights, 0..1.
    ValAccuracy,
    /// Their loss on the validation part.
    ValLoss,
    /// Their accuracy on the test part, 0..1.
    TestAccuracy,
    /// Accuracy on the training part in the epoch they are of, 0..1.
    TrainAccuracy,
    /// Loss on the training part in that epoch.
    TrainLoss,
    /// Epochs finished.
    Epochs,
    /// Wall time of all epochs.
    Seconds,
    /// Numbers in the network.
    Parameters,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ValAccuracy,
        Self::ValLoss,
        Self::TestAccuracy,
        Self::TrainAccuracy,
        Self::TrainLoss,
        Self::Epochs,
        Self::Seconds,
        Self::Parameters,
    ];

    /// Its names in a filter, the usual one first. Headings of the table are among them, with `_` for a space.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::ValAccuracy => &["val_accuracy", "val_acc"],
            Self::ValLoss => &["val_loss"],
            Self::TestAccuracy => &["test_accuracy", "test_acc"],
            Self::TrainAccuracy => &["accuracy", "train_accuracy", "train_acc"],
            Self::TrainLoss => &["loss", "train_loss"],
            Self::Epochs => &["epochs"],
            Self::Seconds => &["seconds", "time"],
            Self::Parameters => &["parameters"],
        }
    }

    /// The figure that is called `name`.
    fn find(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|metric| metric.names().contains(&name))
    }

    /// Whether it is a share of 0..1.
    pub fn is_share(self) -> bool {
        matches!(
            self,
            Self::ValAccuracy | Self::TestAccuracy | Self::TrainAccuracy
        )
    }

    /// Its value; `None` where it is not known or not a number.
    pub fn of(self, run: &RunRecord) -> Option<f64> {
        let best = run.best.as_ref();
        let value = match self {
            Self::ValAccuracy => best?.val_accuracy?,
            Self::ValLoss => best?.val_loss?,
            Self::TestAccuracy => run.test_accuracy()?,
            Self::TrainAccuracy => best?.train_accuracy,
            Self::TrainLoss => best?.train_loss,
            Self::Epochs => run.epochs as f64,
            Self::Seconds => run.seconds,
            Self::Parameters => run.parameters? as f64,
        };
        (!value.is_nan()).then_some(value)
    }
}

/// What people typed to filter runs: words, `#tags` and bounds such as `val_accuracy>0.9`. A run must meet all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    words: Vec<String>,
    tags: Vec<String>,
    bounds: Vec<(Metric, Bound, f64)>,
    misunderstood: Vec<String>,
}

/// How a figure may stand to its limit. Longer signs first, so that `>=` is not taken for `>`.
const BOUNDS: [(&str, Bound); 5] = [
    (">=", &[Ordering::Greater, Ordering::Equal]),
    ("<=", &[Ordering::Less, Ordering::Equal]),
    (">", &[Ordering::Greater]),
    ("<", &[Ordering::Less]),
    ("=", &[Ordering::Equal]),
];
type Bound = &'static [Ordering];

impl Query {
    /// Of what was typed. What is no bound and no tag is a word, so nothing that people type is wrong; what looks
    /// like a bound and is none is told by [`Self::misunderstood`].
    pub fn parse(typed: &str) -> Self {
        let mut query = Self::default();
        for term in without_spaces(&typed.to_lowercase()).split_whitespace() {
            if let Some(tag) = term.strip_prefix('#').filter(|tag| !tag.is_empty()) {
                query.tags.push(tag.to_owned());
                continue;
            }
            match bound(term) {
                Some(Ok(bound)) => query.bounds.push(bound),
                Some(Err(reason)) => {
                    query.misunderstood.push(reason);
                    query.words.push(term.to_owned());
                }
                None => query.words.push(term.to_owned()),
            }
        }
        query
    }

    /// What looks like a bound and is none, a sentence each: it was looked for as a word.
    pub fn misunderstood(&self) -> &[String] {
        &self.misunderstood
    }

    /// Whether `run` is meant. Tags may be typed by their beginning.
    pub fn matches(&self, run: &RunRecord) -> bool {
        let has_tag = |tag: &String| {
            let tags = run.notes.tags.iter();
            tags.map(|own| own.to_lowercase())
                .any(|own| own.starts_with(tag.as_str()))
        };
        let meets = |(metric, bound, limit): &(Metric, Bound, f64)| {
            let order = metric.of(run).and_then(|value| value.partial_cmp(limit));
            order.is_some_and(|order| bound.contains(&order))
        };
        if !(self.tags.iter().all(has_tag) && self.bounds.iter().all(meets)) {
            return false;
        }
        if self.words.is_empty() {
            return true;
        }
        let text = text(run);
        // What is unfinished is not meant by `finished`.
        let is_met = |word: &String| word == run.state.word() || text.contains(word.as_str());
        self.words.iter().all(is_met)
    }
}

/// Bounds as one word each: `val acc > 90%` becomes `val_acc>90%`.
fn without_spaces(typed: &str) -> String {
    let mut text = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    for sign in ['>', '<', '='] {
        for spaced in [format!(" {sign}"), format!("{sign} ")] {
            text = text.replace(&spaced, &sign.to_string());
        }
        let names = Metric::ALL.into_iter().flat_map(Metric::names);
        for name in names.filter(|name| name.contains('_')) {
            let heading = format!("{}{sign}", name.replace('_', " "));
            text = text.replace(&heading, &format!("{name}{sign}"));
        }
    }
    text
}

/// `name>limit`; a limit may be a percentage, and that of a share above 1 is one. `None` for what has no sign, else
/// why it is no bound.
fn bound(term: &str) -> Option<Result<(Metric, Bound, f64), String>> {
    let (at, sign, bound) = BOUNDS
        .iter()
        .find_map(|(sign, bound)| Some((term.find(sign)?, *sign, *bound)))?;
    let (name, limit) = (&term[..at], &term[at + sign.len()..]);
    let Some(metric) = Metric::find(name) else {
        let names = Metric::ALL.map(|metric| metric.names()[0]).join(", ");
        return Some(Err(format!(
            "There is no figure {name}; there are {names}."
        )));
    };
    let Ok(number) = limit.trim_end_matches('%').parse::<f64>() else {
        return Some(Err(format!(
            "{name}{sign} needs a number behind it, such as {name}{sign}{}.",
            if metric.is_share() { "90%" } else { "1" }
        )));
    };
    let is_percentage = limit.ends_with('%') || metric.is_share() && number > 1.0;
    let limit = if is_percentage {
        number / 100.0
    } else {
        number
    };
    Some(Ok((metric, bound, limit)))
}

/// Everything about a run that a word may be found in, in small letters.
fn text(run: &RunRecord) -> String {
    let experiment = &run.experiment;
    let folder = run.folder.file_name().unwrap_or_default();
    let parts = [
        run.name(),
        folder.to_string_lossy().into_owned(),
        run.notes.text.clone(),
        run.notes.tags.join(" "),
        run.failure().unwrap_or_default().to_owned(),
        experiment.title.clone(),
        experiment.model.name.clone(),
        experiment.dataset.path.to_string_lossy().into_owned(),
    ];
    parts.join("\n").to_lowercase()
}
