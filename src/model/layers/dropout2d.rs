//! Channel dropout: no map may be relied upon.

use super::*;

/// Like dropout, with whole channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout2d {
    /// Probability, 0..1.
    pub rate: f64,
}

impl Layer for Dropout2d {
    fn about(&self) -> About {
        About {
            words: "Channel dropout",
            tip: "Like dropout, with whole maps: neighbouring pixels say much the same, so dropping one changes little",
            word: "Dropout2d",
            first_name: "drop2d",
        }
    }

    fn fresh() -> Self {
        Self { rate: 0.2 }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![dropout::rate(&mut self.rate)]
    }

    fn describe(&self) -> String {
        format!("Dropout2d {}", self.rate)
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::Dropout2d(self.rate)))
    }
}
