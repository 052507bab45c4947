//! Rescaling: pixel values as a network wants them, within the network.

use super::*;

/// `scale · value + offset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rescaling {
    /// Factor.
    pub scale: f64,
    /// Added after scaling.
    #[serde(default)]
    pub offset: f64,
}

impl Layer for Rescaling {
    fn about(&self) -> About {
        About {
            words: "Rescaling",
            tip: "Multiplies every value and adds something; nothing of it is learned",
            word: "Rescaling",
            first_name: "rescale",
        }
    }

    fn fresh() -> Self {
        Self {
            scale: 1.0,
            offset: 0.0,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        let tip = "Every value is multiplied by this. Default: 1";
        vec![
            Field::number("Scale", tip, &mut self.scale, -1e6..=1e6),
            Field::number(
                "Offset",
                "Added after multiplying. Default: 0",
                &mut self.offset,
                -1e6..=1e6,
            ),
        ]
    }

    fn describe(&self) -> String {
        let sign = if self.offset < 0.0 { '−' } else { '+' };
        format!("Rescaling ×{:.6} {sign} {}", self.scale, self.offset.abs())
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        let Self { scale, offset } = *self;
        Ok(Draft::only(ops::Rescaling { scale, offset }))
    }
}
