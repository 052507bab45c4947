//! Residual block: layers that learn what to change of their input instead of what to make of it.

use super::*;
use crate::model::graph;

/// The sum of what `layers` make of the input and of the input itself (He et al. 2016). Where their shape is another one
/// the input goes through a convolution of 1×1 without bias that brings it to it, as in torchvision's ResNets.
///
/// The parts can be looked into and frozen by name: those of its layers (`.conv1`), `.shortcut`, `.shortcut_norm`,
/// `.add`, `.activation`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// From the input to what is added to it; names are unique within the block.
    pub layers: Vec<LayerSpec>,
    /// Batch normalisation follows the convolution of the shortcut.
    #[serde(default)]
    pub normalise_shortcut: bool,
    /// Applied to the sum.
    #[serde(default)]
    pub activation: Function,
}

/// Names of the block's own nodes.
const SHORTCUT: &str = "shortcut";
const SHORTCUT_NORM: &str = "shortcut_norm";
const ADD: &str = "add";
const ACTIVATION: &str = "activation";

impl Layer for Residual {
    fn about(&self) -> About {
        About {
            words: "Residual block",
            tip: "Layers with a shortcut around them: their output is added to their input, so that deep networks learn",
            word: "Residual",
            first_name: "block1",
        }
    }

    /// ResNet's basic block.
    fn fresh() -> Self {
        let conv = Conv2d {
            activation: Function::Linear,
            ..Conv2d::fresh()
        };
        Self {
            layers: vec![
                LayerSpec::new("conv1", conv.clone()),
                LayerSpec::new("norm1", BatchNorm2d::fresh()),
                LayerSpec::new("relu1", Activation::fresh()),
                LayerSpec::new("conv2", conv),
                LayerSpec::new("norm2", BatchNorm2d::fresh()),
            ],
            normalise_shortcut: true,
            activation: Function::Relu,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::new(
                "Normalised shortcut",
                "Where the shortcut has a convolution, batch normalisation follows it. Default: on",
                Value::Toggle(&mut self.normalise_shortcut),
            ),
            Field::activation(&mut self.activation),
        ]
    }

    fn describe(&self) -> String {
        let layers = crate::format::counted(self.layers.len(), "layer");
        format!("Residual {layers}{}", self.activation.suffix())
    }

    fn drafts(&self, input: Shape) -> Result<Vec<Draft>, String> {
        for LayerSpec { name, kind, .. } in &self.layers {
            if kind.published().is_some() || kind.inner().is_some() {
                return Err(format!(
                    "its layer {name} is a {}: move it out of the block, which holds plain layers",
                    kind.about().words.to_lowercase()
                ));
            }
            if [SHORTCUT, SHORTCUT_NORM, ADD, ACTIVATION].contains(&name.as_str()) {
                return Err(format!(
                    "its layer {name} has the name of a part of the block: give it another one"
                ));
            }
        }
        let chain = graph::chain(&self.layers, input).map_err(|(at, reason)| {
            format!("its layer {} does not fit: {reason}", self.layers[at].name)
        })?;
        let output = chain.last().map_or(input, |node| node.shape.output);
        let inner = chain.len().checked_sub(1);
        let draft = |node: graph::Node| Draft {
            name: node.name,
            op: node.op,
            inputs: node.inputs,
            block: Some(node.block),
            l2: node.l2,
        };
        let mut drafts: Vec<Draft> = chain.into_iter().map(draft).collect();
        let mut shortcut = None;
        if let Some(projection) = projection(input, output)? {
            drafts.push(Draft::new(SHORTCUT, projection, None));
            if self.normalise_shortcut {
                let last = drafts.len() - 1;
                let norm = BatchNorm2d::fresh().drafts(output)?.remove(0).op;
                drafts.push(Draft::new(SHORTCUT_NORM, norm, Some(last)));
            }
            shortcut = Some(drafts.len() - 1);
        }
        drafts.push(Draft {
            inputs: vec![inner, shortcut],
            ..Draft::new(ADD, ops::Add, None)
        });
        if self.activation != Function::Linear {
            let sum = drafts.len() - 1;
            drafts.push(Draft::new(ACTIVATION, self.activation, Some(sum)));
        }
        Ok(drafts)
    }

    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let shortcut = match projection(shape.input, shape.output) {
            Ok(Some(conv)) => {
                let (input, output) = (shape.input.channels(), shape.output.channels());
                let stride = conv.window.stride.suffix("stride");
                format!("convolution 1×1 from {input} to {output} channels{stride}")
            }
            _ => "the input itself".to_owned(),
        };
        vec![
            Line::new("Output", format!("{}, a sum of two", product(shape.output))),
            Line::new("Shortcut", shortcut),
        ]
    }

    fn parameters(&self, shape: &LayerShape) -> String {
        format!("{} in all", thousands(shape.parameters))
    }

    fn multiply_adds(&self, shape: &LayerShape) -> String {
        format!("{} in all", thousands(shape.multiply_adds))
    }

    fn activation(&self) -> Function {
        self.activation
    }

    fn inner(&self) -> Option<&[LayerSpec]> {
        Some(&self.layers)
    }

    fn inner_mut(&mut self) -> Option<&mut Vec<LayerSpec>> {
        Some(&mut self.layers)
    }
}

/// The convolution that brings `input` to the shape `output`; `None` where it has it already.
///
/// # Errors
/// When no convolution of 1×1 does.
fn projection(input: Shape, output: Shape) -> Result<Option<ops::Conv2d>, String> {
    if input == output {
        return Ok(None);
    }
    let (Shape::Maps { height, width, .. }, Shape::Maps { channels, .. }) = (input, output) else {
        return Err(format!(
            "its layers make {output} of {input}, which cannot be added: let them end in the same number of values"
        ));
    };
    let [_, rows, columns] = output.dims()[..] else {
        return Ok(None);
    };
    // Steps that leave as many pixels; a kernel of one pixel needs no padding.
    let step = |before: usize, after: usize| {
        (1..=before).find(|step| (before - 1) / step + 1 == after)
    };
    match (step(height, rows), step(width, columns)) {
        (Some(height), Some(width)) => Ok(Some(ops::Conv2d {
            filters: channels,
            window: Window {
                stride: Sides { height, width },
                ..Window::square(1, 1, 0)
            },
            groups: 1,
            bias: false,
            activation: Function::Linear,
        })),
        _ => Err(format!(
            "its layers make {output} of {input}, which no step of the shortcut gives: use padding same within the block"
        )),
    }
}
