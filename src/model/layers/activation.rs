//! An activation as a layer of its own.

use super::*;

/// A function of each value on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activation(pub Function);

impl Layer for Activation {
    fn about(&self) -> About {
        About {
            words: "Activation",
            tip: "A function of each value on its own, without which all layers together were one linear one",
            word: self.0.word(),
            first_name: match self.0 { Function::Relu => "relu1", _ => "act1", },
        }
    }

    fn fresh() -> Self {
        Self(Function::Relu)
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![Field::activation(&mut self.0)]
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(self.0))
    }
}
