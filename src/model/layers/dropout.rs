//! Dropout: no value may be relied upon.

use super::*;

/// While training, each value becomes 0 with probability `rate`, the others grow by 1/(1-rate).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// Probability, 0..1.
    pub rate: f64,
}

/// The field for a share that is dropped.
pub(super) fn rate(rate: &mut f64) -> Field<'_> {
    let tip = "Share that becomes 0 at random while training. More fights overfitting and learns slower. Default: 20 %";
    Field::new("Rate", tip, Value::Share(rate, 0.99))
}

impl Layer for Dropout {
    fn about(&self) -> About {
        About {
            words: "Dropout",
            tip: "While training, some values become 0 at random, so that none is relied upon: against overfitting",
            word: "Dropout",
            first_name: "drop1",
        }
    }

    fn fresh() -> Self {
        Self { rate: 0.2 }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![rate(&mut self.rate)]
    }

    fn describe(&self) -> String {
        format!("Dropout {}", self.rate)
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::Dropout(self.rate)))
    }
}
