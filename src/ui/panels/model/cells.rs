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
        let none = || ["–".to_owned(), String::new()];
        let (mut values, mut counts) = (none(), none());
        if let Some((shape, values_out)) = shapes::of_part(&state.design.nodes, &name) {
            let batch = state.experiment.training.batch_size;
            let output = match shape.output {
                Shape::Flat(values) => thousands(values),
                maps => maps.to_string(),
            };
            values = [output, bytes(activation_bytes(values_out, batch))];
            if (shape.parameters, shape.multiply_adds) != (0, 0) {
                counts = [shape.parameters, shape.multiply_adds].map(count);
            }
        }
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
        let start = format!("{} {}, {}", self.number, self.name, self.detail);
        let ([output, _], [parameters, multiply_adds]) = (&self.values, &self.counts);
        match &self.problem {
            Some(problem) => format!("{start}, does not fit: {}", problem.reason),
            None if multiply_adds.is_empty() => format!("{start}, output {output}"),
            None => format!(
                "{start}, output {output}, {parameters} parameters, {multiply_adds} multiply-adds"
            ),
        }
    }
}

fn count(value: usize) -> String {
    if value == 0 {
        "–".to_owned()
    } else {
        thousands(value)
    }
}
