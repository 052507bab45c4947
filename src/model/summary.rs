//! The summary of a network as notebooks print it: a line per layer, then what is trained and what is frozen.

use std::fmt;

use super::{
    freezing::{Freezing, LayerFreezing},
    graph,
    shapes::{self, Shape, ShapeError},
    spec::ModelSpec,
};
use crate::format::{bytes, thousands};

/// Bytes of a parameter: f32.
const PARAMETER_BYTES: u64 = 4;

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its kind, in one word.
    pub kind: &'static str,
    /// What comes out for one image.
    pub output: Shape,
    /// What is learned.
    pub parameters: usize,
    /// How much of it is trained.
    pub freezing: LayerFreezing,
}

/// A whole network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The network's name.
    pub name: String,
    /// From input to output.
    pub rows: Vec<Row>,
    /// Parameters that are trained.
    pub trainable: usize,
    /// Parameters that are frozen.
    pub frozen: usize,
    /// Running means and variances of batch normalisation: Keras counts them among the parameters that are
    /// not trained, PyTorch does not count them, and neither do the figures above.
    pub running_values: usize,
}

impl Summary {
    /// The summary of `spec` when `from` (a layer or node) is the first that is trained.
    ///
    /// # Errors
    /// The first layer that does not fit, with the reason.
    pub fn new(spec: &ModelSpec, from: Option<&str>) -> Result<Self, ShapeError> {
        let nodes = graph::nodes(spec)?;
        let shapes = shapes::of_nodes(&nodes);
        let freezing = Freezing::new(&nodes, from);
        let layers = spec.layers.iter().zip(&shapes).zip(&freezing.layers);
        let rows = layers.map(|((layer, shape), freezing)| Row {
            name: layer.name.clone(),
            kind: layer.kind.about().word,
            output: shape.output,
            parameters: shape.parameters,
            freezing: *freezing,
        });
        let running = nodes
            .iter()
            .map(|node| node.op.running_values(node.shape.input));
        Ok(Self {
            name: spec.name.clone(),
            rows: rows.collect(),
            trainable: freezing.trainable,
            frozen: freezing.fixed,
            running_values: running.sum(),
        })
    }

    /// All parameters.
    pub fn total(&self) -> usize {
        self.trainable + self.frozen
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["Layer (type)", "Output shape", "Param #"].map(str::to_owned);
        let mut lines = vec![heading];
        lines.extend(self.rows.iter().map(|row| {
            [
                format!("{} ({})", row.name, row.kind),
                // Batch, height, width, channels, as Keras writes them.
                format!(
                    "(None, {})",
                    row.output.joined(", ", |side| side.to_string())
                ),
                thousands(row.parameters),
            ]
        }));
        let width = |column: usize| {
            let widths = lines.iter().map(|line| line[column].chars().count());
            widths.max().unwrap_or(0)
        };
        let [first, second, third] = [width(0), width(1), width(2)];
        let rule = first + second + third + 6;
        writeln!(f, "Model: \"{}\"", self.name)?;
        for (at, [name, shape, parameters]) in lines.iter().enumerate() {
            if at < 2 {
                let dash = if at == 0 { "─" } else { "═" };
                writeln!(f, "{}", dash.repeat(rule))?;
            }
            writeln!(
                f,
                "{name:<first$}   {shape:<second$}   {parameters:>third$}"
            )?;
        }
        writeln!(f, "{}", "═".repeat(rule))?;
        for (words, count) in [
            ("Total params", self.total()),
            ("Trainable params", self.trainable),
            ("Non-trainable params", self.frozen),
        ] {
            let size = bytes(count as u64 * PARAMETER_BYTES);
            writeln!(f, "{words}: {} ({size})", thousands(count))?;
        }
        if self.running_values > 0 {
            let count = thousands(self.running_values);
            writeln!(
                f,
                "Not counted: {count} running means and variances, which Keras lists as non-trainable"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        edit::{LayerEdit, apply},
        layers::{self, Layer as _},
        spec::{Activation, Head, Initialisation, InputSpec, LayerKind, Padding, Preprocessing},
    };

    /// The network of recipe 7, made by editing.
    fn recipe_seven() -> ModelSpec {
        let mut spec = ModelSpec {
            name: "catdog-basic".into(),
            input: InputSpec {
                height: 150,
                width: 150,
                ..InputSpec::default()
            },
            preprocessing: Preprocessing::default(),
            initialisation: Initialisation::Keras,
            layers: Vec::new(),
            head: Head::Sigmoid { threshold: 0.5 },
        };
        let conv = |filters| {
            LayerKind::Conv2d(layers::Conv2d {
                filters,
                kernel: 3.into(),
                stride: 1.into(),
                padding: Padding::Valid,
                dilation: 1.into(),
                activation: Activation::Relu,
            })
        };
        let pool = || LayerKind::MaxPool2d(layers::MaxPool2d::fresh());
        let dense = |units, activation| LayerKind::Dense(layers::Dense { units, activation });
        for kind in [
            conv(32),
            pool(),
            conv(64),
            pool(),
            conv(64),
            pool(),
            LayerKind::Flatten(layers::Flatten),
            dense(256, Activation::Relu),
            dense(1, Activation::Linear),
        ] {
            let at = spec.layers.len();
            apply(&mut spec, &mut [], &LayerEdit::Insert { at, kind }).unwrap();
        }
        spec
    }

    #[test]
    fn recipe_seven_reads_as_in_the_notebook() {
        let text = Summary::new(&recipe_seven(), None).unwrap().to_string();
        let expected = [
            "Layer (type)        Output shape             Param #",
            "conv1 (Conv2d)      (None, 148, 148, 32)         896",
            "pool1 (MaxPool2d)   (None, 74, 74, 32)             0",
            "conv2 (Conv2d)      (None, 72, 72, 64)        18,496",
            "pool2 (MaxPool2d)   (None, 36, 36, 64)             0",
            "conv3 (Conv2d)      (None, 34, 34, 64)        36,928",
            "pool3 (MaxPool2d)   (None, 17, 17, 64)             0",
            "flatten (Flatten)   (None, 18496)                  0",
            "dense1 (Dense)      (None, 256)            4,735,232",
            "dense2 (Dense)      (None, 1)                    257",
            "Total params: 4,791,809 (19.2 MB)",
            "Trainable params: 4,791,809 (19.2 MB)",
            "Non-trainable params: 0 (0 bytes)",
        ];
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with(['─', '═']))
            .collect();
        for line in expected {
            assert!(lines.contains(&line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn what_is_frozen_does_not_count_as_trainable() {
        let summary = Summary::new(&recipe_seven(), Some("flatten")).unwrap();
        assert_eq!(summary.total(), 4_791_809);
        assert_eq!(summary.trainable, 4_735_232 + 257);
        assert_eq!(summary.frozen, 896 + 18_496 + 36_928);
        assert_eq!(summary.rows[0].freezing.trainable, 0);
    }

    #[test]
    fn running_values_are_named_where_there_are_any() {
        let mut spec = recipe_seven();
        let kind = LayerKind::BatchNorm2d(layers::BatchNorm2d::fresh());
        apply(&mut spec, &mut [], &LayerEdit::Insert { at: 1, kind }).unwrap();
        let summary = Summary::new(&spec, None).unwrap();
        assert_eq!(
            summary.total(),
            4_791_809 + 64,
            "a scale and a shift for each of 32 channels"
        );
        assert!(
            summary
                .to_string()
                .contains("64 running means and variances")
        );
    }
}
