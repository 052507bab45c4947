//! What a row of the list says of a layer, as text.

use crate::{
    model::{
        Shape, ShapeError,
        arithmetic::activation_bytes,
        freezing::{Freezing, Frozen},
    },
    ui::{
        format::{bytes, thousands},
        state::AppState,
    },
};

/// What a row says of a layer.
pub struct Cells {
    /// Its name.
    pub name: String,
    /// Its kind and settings.
    pub detail: String,
    /// Why it does not fit.
    pub problem: Option<ShapeError>,
    /// How much of it is frozen.
    pub frozen: Frozen,
    /// Output and activations of a batch.
    pub values: [String; 2],
    /// Parameters and multiply-adds.
    pub counts: [String; 2],
}

impl Cells {
    /// Of the layer at `at`.
    pub fn new(state: &AppState, at: usize, freezing: &Freezing) -> Self {
        let layer = &state.experiment.model.layers[at];
        let problem = state.design.problem.as_ref();
        let frozen = freezing.layers.get(at);
        let frozen = frozen.map_or(Frozen::Nothing, |layer| layer.frozen);
        let word = match frozen {
            Frozen::Nothing => "",
            Frozen::Partly => "partly frozen · ",
            Frozen::Whole => "frozen · ",
        };
        let batch = state.experiment.training.batch_size;
        let design = &state.design;
        let (values, counts) = match design.shapes.get(at) {
            None => (
                ["–".to_owned(), String::new()],
                ["–".to_owned(), String::new()],
            ),
            Some(shape) => {
                let activations = bytes(activation_bytes(design.values[at], batch));
                let counts = match (shape.parameters, shape.multiply_adds) {
                    (0, 0) => ["–".to_owned(), String::new()],
                    (parameters, multiply_adds) => [count(parameters), count(multiply_adds)],
                };
                ([size_words(shape.output), activations], counts)
            }
        };
        Self {
            name: layer.name.clone(),
            detail: format!("{word}{}", layer.kind.describe()),
            problem: problem.filter(|problem| problem.index == at).cloned(),
            frozen,
            values,
            counts,
        }
    }

    /// What a screen reader says.
    pub fn spoken(&self, at: usize) -> String {
        let Self {
            name,
            detail,
            values: [output, _],
            counts: [parameters, multiply_adds],
            ..
        } = self;
        let number = at + 1;
        match &self.problem {
            Some(problem) => format!(
                "{number} {name}, {detail}, does not fit: {}",
                problem.reason
            ),
            None if multiply_adds.is_empty() => {
                format!("{number} {name}, {detail}, output {output}")
            }
            None => format!(
                "{number} {name}, {detail}, output {output}, {parameters} parameters, {multiply_adds} multiply-adds"
            ),
        }
    }
}

fn size_words(shape: Shape) -> String {
    match shape {
        Shape::Maps { .. } => shape.to_string(),
        Shape::Flat(values) => thousands(values),
    }
}

fn count(value: usize) -> String {
    if value == 0 {
        "–".to_owned()
    } else {
        thousands(value)
    }
}
