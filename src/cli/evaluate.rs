//! `convscope evaluate`: accuracy, report and confusion matrix of a model on a dataset.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

use super::{
    args::{EvaluateArgs, Part},
    output::{Output, figure, say},
    progress::Progress,
    session::Session,
    source,
    table::{Align, Table},
};
use crate::{
    cancel::Cancelled,
    data::{
        Dataset, Edits, PixelCache, Split, SplitConfig, SplitName, dataset::display_path,
        files::write_atomically,
    },
    engine::OpenRequest,
    format::thousands,
    model::{Network, bundle::Bundle, network::Placement},
    train::{Evaluation, evaluate::evaluate_images, metrics::ClassScore},
};

pub fn run(args: &EvaluateArgs, output: Output) -> Result<()> {
    let bundle = source::load_model(&args.model)?;
    let session = Session::start()?;
    let open = session.open_dataset(OpenRequest {
        edits: Some(Edits::clone(&bundle.edits)),
        ..OpenRequest::new(&args.data)
    })?;
    check_classes(&bundle, &open.dataset, &args.data)?;
    let (dataset, pixels) = session.pixels(&open, bundle.snapshot.spec.input.format())?;
    let indices = indices(&dataset, &bundle.split, args.split)?;
    let evaluation = evaluate_part(&bundle, (&dataset, &pixels), &indices, &session)?;
    if let Some(path) = &args.predictions {
        let csv = predictions_csv(&evaluation, &dataset)?;
        write_atomically(path, &csv)
            .with_context(|| format!("cannot write {}", display_path(path)))?;
        say(&format!("predictions are in {}", display_path(path)));
    }
    tell(&evaluation, &dataset.classes, output)
}

fn check_classes(bundle: &Bundle, dataset: &Dataset, data: &Path) -> Result<()> {
    if *bundle.snapshot.classes == *dataset.classes {
        return Ok(());
    }
    bail!(
        "the model knows {} and {} has {}: give the dataset that it was trained on",
        bundle.snapshot.classes.join(", "),
        display_path(data),
        dataset.classes.join(", ")
    )
}

/// The samples of one part, divided as for training.
fn indices(dataset: &Dataset, config: &SplitConfig, part: Part) -> Result<Vec<usize>> {
    let name = match part {
        Part::Train => SplitName::Train,
        Part::Validation => SplitName::Validation,
        Part::Test => SplitName::Test,
        Part::All => {
            let all = 0..dataset.samples.len();
            return Ok(all.filter(|&index| dataset.is_usable(index)).collect());
        }
    };
    let split = Split::new(dataset, config)?;
    let indices = split.part(name).to_vec();
    if indices.is_empty() {
        let word = name.word();
        bail!("the model was trained without a {word} part: use --split validation or --split all");
    }
    Ok(indices)
}

fn evaluate_part(
    bundle: &Bundle,
    (dataset, pixels): (&Dataset, &PixelCache),
    indices: &[usize],
    session: &Session,
) -> Result<Evaluation> {
    let network = Network::from_snapshot(&bundle.snapshot, Placement::default())?;
    let mut bar = Progress::new("classifying images");
    let evaluation = evaluate_images(&network, dataset, pixels, indices, |done| {
        bar.at(done, indices.len());
        if session.was_interrupted() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    })?;
    Ok(evaluation)
}

fn tell(evaluation: &Evaluation, classes: &[String], output: Output) -> Result<()> {
    let matrix = &evaluation.confusion;
    let scores = matrix.class_scores();
    let averages = [
        ("macro", matrix.macro_average()),
        ("weighted", matrix.weighted_average()),
    ];
    let mut per_class = Map::new();
    for (class, score) in classes.iter().zip(&scores) {
        per_class.insert(class.clone(), serde_json::to_value(score)?);
    }
    let [(_, macro_average), (_, weighted_average)] = averages;
    output.json(&json!({
        "accuracy": matrix.accuracy(),
        "loss": evaluation.loss,
        "images": evaluation.samples.len(),
        "per_class": Value::Object(per_class),
        "macro": macro_average,
        "weighted": weighted_average,
        "confusion": matrix.rows(),
        "classes": classes,
    }))?;
    if output.is_json() {
        return Ok(());
    }
    let named = classes
        .iter()
        .map(String::as_str)
        .zip(scores.iter().copied());
    output.text(&report_table(named.chain(averages)).render())?;
    output.text(&format!(
        "\n{}",
        confusion_table(evaluation, classes).render()
    ))?;
    output.text(&format!(
        "\naccuracy {}  loss {}  images {}",
        figure(matrix.accuracy()),
        figure(evaluation.loss),
        thousands(evaluation.samples.len())
    ))?;
    Ok(())
}

fn report_table<'a>(scores: impl Iterator<Item = (&'a str, ClassScore)>) -> Table {
    let mut table = Table::new(&[
        ("class", Align::Left),
        ("precision", Align::Right),
        ("recall", Align::Right),
        ("F1", Align::Right),
        ("support", Align::Right),
    ]);
    for (name, score) in scores {
        table.row([
            name.to_owned(),
            figure(score.precision),
            figure(score.recall),
            figure(score.f1),
            score.support.to_string(),
        ]);
    }
    table
}

fn confusion_table(evaluation: &Evaluation, classes: &[String]) -> Table {
    let names = classes.iter().map(|class| (class.as_str(), Align::Right));
    let heading: Vec<_> = std::iter::once(("actual \\ predicted", Align::Left))
        .chain(names)
        .collect();
    let mut table = Table::new(&heading);
    for (class, row) in classes.iter().zip(evaluation.confusion.rows()) {
        table.row(std::iter::once(class.clone()).chain(row.iter().map(u64::to_string)));
    }
    table
}

/// One line per image: file, actual, predicted, then a probability for each class.
fn predictions_csv(evaluation: &Evaluation, dataset: &Dataset) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let probabilities = dataset
        .classes
        .iter()
        .map(|class| format!("probability_{class}"));
    let heading = ["file", "actual", "predicted"]
        .map(String::from)
        .into_iter()
        .chain(probabilities);
    writer.write_record(heading)?;
    for (position, &sample) in evaluation.samples.iter().enumerate() {
        let path = dataset
            .path(sample)
            .map_or_else(String::new, |path| display_path(&path));
        let class = |labels: &[usize]| {
            labels
                .get(position)
                .map_or("", |&label| dataset.class_name(label))
                .to_owned()
        };
        let fixed = [
            path,
            class(&evaluation.actual),
            class(&evaluation.predicted),
        ];
        let probabilities = evaluation
            .probabilities_of(position)
            .iter()
            .map(f32::to_string);
        writer.write_record(fixed.into_iter().chain(probabilities))?;
    }
    writer.into_inner().context("cannot write the predictions")
}
