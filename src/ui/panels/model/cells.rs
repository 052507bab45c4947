//! What a row of the list says of a layer, as text.

use crate::{
    model::{
        Shape, ShapeError,
        arithmetic::activation_bytes,
        freezing::{self, Frozen},
        shapes,
    },
    ui::{
        design::Chosen,
        format::{bytes, thousands},
        state::AppState,
    },
};

/// What a row says of a layer.
pub struct Cells {
    /// Its number in the list.
    pub number: String,
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
    /// Of the layer of this row; `None` when there is none.
    pub fn new(state: &AppState, row: Chosen) -> Option<Self> {
        let model = &state.experiment.model;
        let (layer, name) = (row.layer(model)?, row.name(model)?);
        let problem = state.design.problem.as_ref();
        let is_here = |problem: &&ShapeError| row == Chosen::Layer(problem.index);
        let frozen = freezing::of_part(&state.design.nodes, state.boundary(), &name);
        let word = match frozen {
            Frozen::Nothing => "",
            Frozen::Partly => "partly frozen · ",
            Frozen::Whole => "frozen · ",
        };
        let batch = state.experiment.training.batch_size;
        let (values, counts) = match shapes::of_part(&state.design.nodes, &name) {
            None => (
                ["–".to_owned(), String::new()],
                ["–".to_owned(), String::new()],
            ),
            Some((shape, values)) => {
                let activations = bytes(activation_bytes(values, batch));
                let counts = match (shape.parameters, shape.multiply_adds) {
                    (0, 0) => ["–".to_owned(), String::new()],
                    (parameters, multiply_adds) => [count(parameters), count(multiply_adds)],
                };
                ([size_words(shape.output), activations], counts)
            }
        };
        Some(Self {
            number: row.number(),
            name: layer.name.clone(),
            detail: format!("{word}{}", layer.kind.describe()),
            problem: problem.filter(is_here).cloned(),
            frozen,
            values,
            counts,
        })
    }

    /// What a screen reader says.
    pub fn spoken(&self) -> String {
        let Self {
            number,
            name,
            detail,
            values: [output, _],
            counts: [parameters, multiply_adds],
            ..
        } = self;
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
