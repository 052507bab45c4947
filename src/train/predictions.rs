//! What was said about each image, in the order of the files. Plain data.

use super::evaluate::Evaluation;
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
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fixed = ["file", "actual", "predicted"].map(String::from);
    let classes = dataset.classes.iter();
    let probabilities = classes.map(|class| format!("probability_{class}"));
    let heading = fixed.into_iter().chain(probabilities);
    writer.write_record(heading).map_err(|e| e.to_string())?;
    for row in rows(evaluation, dataset) {
        let fixed = [row.file, row.actual.to_owned(), row.predicted.to_owned()];
        let probabilities = row.probabilities.iter().map(f32::to_string);
        let record = fixed.into_iter().chain(probabilities);
        writer.write_record(record).map_err(|e| e.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}
