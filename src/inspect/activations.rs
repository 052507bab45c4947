//! Figures of every step's output for one image: which layers are silent, which saturate, how values spread on their way.

use std::convert::Infallible;

use tch::Kind;

use super::{
    Given, InspectError, Inspection, Listed, Looking, Quick, Shown, Takes,
    colours::{ColourScale, MapPainter, value_range},
};

/// Asks for figures of every node's output for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activations;

/// Figures of one node's output.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The node.
    pub name: String,
    /// Mean of the values.
    pub mean: f32,
    /// Their standard deviation, that of all of them (not of a sample).
    pub std: f32,
    /// Share of values that are exactly 0, 0..1.
    pub zeros: f32,
    /// The smallest.
    pub min: f32,
    /// The largest.
    pub max: f32,
}

/// What the columns of the array are, in order.
pub const COLUMNS: [&str; 5] = ["mean", "std", "zeros", "min", "max"];

impl Figures {
    /// In the order of [`COLUMNS`].
    pub fn row(&self) -> [f32; 5] {
        [self.mean, self.std, self.zeros, self.min, self.max]
    }
}

impl Inspection for Activations {
    type Answer = Vec<Figures>;
    type Partial = Infallible;
    type Speed = Quick;
    const WORDS: &'static str = "measure the activations";

    fn run(&self, look: &Looking<'_, Infallible>) -> Result<Vec<Figures>, InspectError> {
        let nodes = look.network()?.nodes();
        let all: Vec<usize> = (0..nodes.len()).collect();
        let outputs = look.outputs(&look.input()?, &all)?;
        let figures = nodes.iter().zip(outputs).map(|(node, output)| {
            let output = output.f_to_kind(Kind::Float)?;
            let number = |value: tch::Tensor| value.f_double_value(&[]).map(|value| value as f32);
            Ok(Figures {
                name: node.name.clone(),
                mean: number(output.f_mean(Kind::Float)?)?,
                std: number(output.f_std(false)?)?,
                zeros: number(output.f_eq(0.0)?.f_mean(Kind::Float)?)?,
                min: number(output.f_min()?)?,
                max: number(output.f_max()?)?,
            })
        });
        figures.collect()
    }
}

impl Listed for Activations {
    const NAME: &'static str = "activations";
    const HELP: &'static str = "Figures of what every step makes of IMAGE: mean, standard deviation, share of zeros, smallest, largest; array [steps, 5]";
    const TAKES: &'static [Takes] = &[Takes::Image];

    fn given(_: &Given<'_>) -> Result<Self, String> {
        Ok(Self)
    }

    fn shown(&self, figures: &Vec<Figures>) -> Shown {
        let values: Vec<f32> = figures.iter().flat_map(Figures::row).collect();
        let painter = MapPainter::new(value_range(&values), ColourScale::Viridis);
        Shown {
            picture: painter.paint(&values, COLUMNS.len()),
            ..Shown::of("all", vec![figures.len(), COLUMNS.len()], values)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::looking::tests::Bench;
    use super::*;

    #[test]
    fn figures_are_those_of_the_maps() {
        let bench = Bench::new();
        let looking = bench.looking();
        let figures = Activations.run(&looking).unwrap();
        let nodes = looking.network().unwrap().nodes();
        assert_eq!(figures.len(), nodes.len());
        for (layer, figures) in figures.iter().enumerate() {
            let rgb = looking
                .resized(&looking.network().unwrap().spec().input)
                .unwrap();
            let maps = super::super::feature_maps::feature_maps(
                looking.network().unwrap(),
                0,
                &rgb,
                layer,
            );
            let values = maps.unwrap().values;
            let count = values.len() as f64;
            let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
            let square = |v: &f32| (f64::from(*v) - mean).powi(2);
            let std = (values.iter().map(square).sum::<f64>() / count).sqrt();
            let zeros = values.iter().filter(|v| **v == 0.0).count() as f64 / count;
            let close = |a: f32, b: f64| (f64::from(a) - b).abs() <= 1e-5 * b.abs().max(1.0);
            assert!(
                close(figures.mean, mean) && close(figures.std, std),
                "{figures:?}"
            );
            assert!(close(figures.zeros, zeros), "{figures:?}");
            let (min, max) = (figures.min, figures.max);
            assert!(
                values.iter().all(|v| (min..=max).contains(v)),
                "{figures:?}"
            );
            assert!(
                values.contains(&min) && values.contains(&max),
                "{figures:?}"
            );
        }
        let shown = Activations.shown(&figures);
        assert_eq!(shown.shape, [nodes.len(), 5]);
        assert_eq!(shown.values[4], figures[0].max);
    }
}
