//! An activation as a layer of its own.

use serde::{Deserialize, Serialize};

use super::{Field, Function, Layer};
use crate::model::{graph::Draft, shapes::Shape};

/// A function of each value on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activation(pub Function);

impl Layer for Activation {
    fn words(&self) -> &'static str {
        "Activation"
    }

    fn tip(&self) -> &'static str {
        "A function of each value on its own, without which all layers together were one linear one"
    }

    fn word(&self) -> &'static str {
        self.0.word()
    }

    fn first_name(&self) -> &'static str {
        match self.0 {
            Function::Relu => "relu1",
            _ => "act1",
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
