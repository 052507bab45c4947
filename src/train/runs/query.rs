//! Finding and ordering runs: their figures by name, and what people type to filter them.

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

    /// Its name in a filter.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValAccuracy => "val_accuracy",
            Self::ValLoss => "val_loss",
            Self::TestAccuracy => "test_accuracy",
            Self::TrainAccuracy => "accuracy",
            Self::TrainLoss => "loss",
            Self::Epochs => "epochs",
            Self::Seconds => "seconds",
            Self::Parameters => "parameters",
        }
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
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
}

/// Longer ones first, so that `>=` is not taken for `>`.
const BOUNDS: [(&str, Bound); 5] = [
    (">=", Bound::AtLeast),
    ("<=", Bound::AtMost),
    (">", Bound::Above),
    ("<", Bound::Below),
    ("=", Bound::Equal),
];

impl Query {
    /// Of what was typed. What is no bound and no tag is a word, so nothing that people type is wrong.
    pub fn parse(typed: &str) -> Self {
        let mut query = Self::default();
        for term in typed.split_whitespace() {
            let lower = term.to_lowercase();
            if let Some(tag) = lower.strip_prefix('#').filter(|tag| !tag.is_empty()) {
                query.tags.push(tag.to_owned());
            } else if let Some(bound) = bound(&lower) {
                query.bounds.push(bound);
            } else {
                query.words.push(lower);
            }
        }
        query
    }

    /// Whether `run` is meant. Tags may be typed by their beginning.
    pub fn matches(&self, run: &RunRecord) -> bool {
        let has_tag = |tag: &String| {
            let tags = run.notes.tags.iter();
            tags.map(|own| own.to_lowercase())
                .any(|own| own.starts_with(tag.as_str()))
        };
        let meets = |(metric, bound, limit): &(Metric, Bound, f64)| {
            metric.of(run).is_some_and(|value| match bound {
                Bound::Above => value > *limit,
                Bound::AtLeast => value >= *limit,
                Bound::Below => value < *limit,
                Bound::AtMost => value <= *limit,
                Bound::Equal => value == *limit,
            })
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

/// `name>limit`; a limit may be a percentage.
fn bound(term: &str) -> Option<(Metric, Bound, f64)> {
    let (at, sign, bound) = BOUNDS
        .iter()
        .find_map(|(sign, bound)| Some((term.find(sign)?, *sign, *bound)))?;
    let metric = Metric::ALL
        .into_iter()
        .find(|metric| metric.name() == &term[..at])?;
    let limit = &term[at + sign.len()..];
    let limit = match limit.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok()? / 100.0,
        None => limit.parse().ok()?,
    };
    Some((metric, bound, limit))
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
        experiment.title.clone(),
        experiment.model.name.clone(),
        experiment.dataset.path.to_string_lossy().into_owned(),
    ];
    parts.join("\n").to_lowercase()
}
