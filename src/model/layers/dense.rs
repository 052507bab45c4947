//! Dense: every value counts for every unit.

use super::*;

/// Fully connected: a weighted sum of all inputs per unit, plus a bias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Output values.
    pub units: usize,
    /// Applied to the output.
    #[serde(default)]
    pub activation: Function,
}

impl Layer for Dense {
    fn about(&self) -> About {
        About {
            words: "Dense",
            tip: "Fully connected: each unit is a weighted sum of all values. The last one gives the logits",
            word: "Dense",
            first_name: "dense1",
        }
    }

    fn fresh() -> Self {
        Self {
            units: 128,
            activation: Function::Relu,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count(
                "Units",
                "Values it gives, each a weighted sum of all inputs. The last layer has one per class. Default: 128",
                &mut self.units,
            ),
            Field::activation(&mut self.activation),
        ]
    }

    fn describe(&self) -> String {
        format!("Dense {}{}", self.units, self.activation.suffix())
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        let Self { units, activation } = *self;
        Ok(Draft::only(ops::Dense { units, activation }))
    }

    fn output(&self, _shape: &LayerShape) -> Vec<Line> {
        let formula = format!("{} units", thousands(self.units));
        vec![Line::new("Output", formula)]
    }

    fn parameters(&self, shape: &LayerShape) -> String {
        format!(
            "({} + 1)·{} = {}",
            thousands(shape.input.values()),
            thousands(self.units),
            thousands(shape.parameters)
        )
    }

    fn multiply_adds(&self, shape: &LayerShape) -> String {
        format!(
            "{}·{} = {}",
            thousands(shape.input.values()),
            thousands(self.units),
            thousands(shape.multiply_adds)
        )
    }

    fn activation(&self) -> Function {
        self.activation
    }

    fn has_l2(&self) -> bool {
        true
    }
}
