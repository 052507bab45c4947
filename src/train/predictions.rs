//! What was said about each image, in the order of the files. Plain data.

use serde::{Serialize, Serializer};

use super::{evaluate::Evaluation, run_tables};
use crate::data::{Dataset, dataset::display_path};

/// One image of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRow<'a> {
    /// Path of the file, or the name in an array or archive.
    pub file: String,
    /// Class it is.
    pub actual: &'a str,
    /// Class it was taken for.
    pub predicted: &'a str,
    /// One per class, 0..1.
    pub probabilities: &'a [f32],
}

/// What was said about an image that stands in no dataset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// Path or name of the image.
    #[serde(rename = "image")]
    pub name: String,
    /// The class.
    pub class: String,
    /// Its probability, 0..1.
    #[serde(serialize_with = "in_digits")]
    pub probability: f32,
}

/// `1`, not `1.0`; `0.00001`, not `1e-5`.
fn in_digits<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// `image, class, probability`: a heading and one line per image.
///
/// # Errors
/// What the csv library said.
pub fn said_csv(said: &[Said]) -> Result<Vec<u8>, String> {
    run_tables::csv(said)
}

/// The rows of `evaluation`, which is about `dataset`.
pub fn rows<'a>(
    evaluation: &'a Evaluation,
    dataset: &'a Dataset,
) -> impl Iterator<Item = ImageRow<'a>> {
    let labels = evaluation.actual.iter().zip(&evaluation.predicted);
    let numbered = evaluation.samples.iter().zip(labels).enumerate();
    numbered.map(|(position, (&sample, (&actual, &predicted)))| ImageRow {
        file: dataset
            .path(sample)
            .map_or_else(String::new, |path| display_path(&path)),
        actual: dataset.class_name(actual),
        predicted: dataset.class_name(predicted),
        probabilities: evaluation.probabilities_of(position),
    })
}

/// `file, actual, predicted, probability_CLASS…`: a heading and one line per image.
///
/// # Errors
/// What the csv library said.
pub fn csv(evaluation: &Evaluation, dataset: &Dataset) -> Result<Vec<u8>, String> {
    let fixed = ["file", "actual", "predicted"].map(String::from);
    let classes = dataset.classes.iter();
    let probabilities = classes.map(|class| format!("probability_{class}"));
    let heading: Vec<String> = fixed.into_iter().chain(probabilities).collect();
    let rows = rows(evaluation, dataset).map(|row| {
        let fixed = [row.file, row.actual.to_owned(), row.predicted.to_owned()];
        let probabilities = row.probabilities.iter().map(f32::to_string);
        fixed.into_iter().chain(probabilities).collect()
    });
    run_tables::csv(std::iter::once(heading).chain(rows))
}
