//! `convscope evaluate`: classification report, confusion matrix, cross-table and answers of a model on a dataset.

use std::{iter, path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

use super::{
    Usage,
    args::{EvaluateArgs, Part},
    judged::Judged,
    output::{Output, figure, say},
    progress::Progress,
    session::{Session, say_what_is_broken},
    table::Table,
};
use crate::{
    data::{Dataset, LeftOut, SplitName, dataset::display_path, files::write_atomically},
    engine::{self, EvaluateRequest, Evaluated, EvaluatedWeights, OpenRequest},
    format::thousands,
    plain,
    train::{
        ClassificationReport, ConfusionMatrix, CrossTable, Evaluation, checkpoint::Weights,
        predictions, report,
    },
};

pub fn run(args: &EvaluateArgs, output: Output) -> Result<()> {
    let (evaluation, dataset) = judge(args)?;
    let dataset = &*dataset;
    let Some(evaluation) = evaluation else {
        bail!(
            "the model was trained without a {} part: use --split validation or --split all",
            word(args.split)
        );
    };
    let evaluation = at_threshold(&evaluation, args.threshold)?;
    if let Some(path) = &args.predictions {
        let csv = predictions::csv(&evaluation, dataset).map_err(anyhow::Error::msg)?;
        write_atomically(path, &csv)
            .with_context(|| format!("cannot write {}", display_path(path)))?;
        say(&format!("predictions are in {}", display_path(path)));
    }
    if args.per_file {
        tell_images(&evaluation, dataset, output)?;
    }
    if output.is_json() {
        let report = json_report(&evaluation, dataset, args)?;
        return output.json(&report);
    }
    tell(&evaluation, dataset, output)
}

/// What the weights say about the part, and the dataset; no evaluation when that part is empty.
pub fn judge(args: &EvaluateArgs) -> Result<(Option<Arc<Evaluation>>, Arc<Dataset>)> {
    let weights = args.weights;
    let judged = Judged::load(&args.model, weights)?;
    let session = Session::start()?;
    let open = session.open_dataset(OpenRequest {
        edits: Some(judged.edits.clone()),
        ..OpenRequest::new(&args.data)
    })?;
    let classes = (open.dataset.classes.as_slice(), args.data.as_path());
    let request = EvaluateRequest {
        weights: EvaluatedWeights::Of(Box::new(engine::Judged {
            snapshot: judged.snapshot((&args.model, weights), classes)?,
            split: judged.split,
            run: Some(run_of(&args.model).to_path_buf()),
            answers: Arc::default(),
        })),
        dataset: Arc::clone(&open),
        part: part(args.split),
    };
    let bar = Progress::new("classifying images");
    let evaluated = session.answer(request, bar, |_, _| Ok(()))?;
    let evaluated = evaluated.context("stopped while classifying images")?;
    let Evaluated {
        evaluation,
        dataset,
    } = &*evaluated;
    say_what_is_broken(dataset);
    Ok((evaluation.clone(), Arc::clone(dataset)))
}

/// The part that is meant; `None` is every image.
fn part(part: Part) -> Option<SplitName> {
    match part {
        Part::Train => Some(SplitName::Train),
        Part::Validation => Some(SplitName::Validation),
        Part::Test => Some(SplitName::Test),
        Part::All => None,
    }
}

/// What the part is called.
fn word(asked: Part) -> &'static str {
    part(asked).map_or("all", SplitName::word)
}

/// The folder of the run that `model` is or may lie in.
fn run_of(model: &Path) -> &Path {
    match model.parent() {
        Some(folder) if !model.is_dir() => folder,
        _ => model,
    }
}

fn at_threshold(evaluation: &Evaluation, threshold: Option<f64>) -> Result<Evaluation> {
    match threshold {
        None => Ok(evaluation.clone()),
        Some(_) if evaluation.threshold().is_none() => Err(Usage::error(
            "--threshold is for models with one sigmoid unit: this one takes the most probable class",
        )),
        Some(threshold) => Ok(evaluation.at_threshold(threshold)),
    }
}

fn json_report(evaluation: &Evaluation, dataset: &Dataset, args: &EvaluateArgs) -> Result<Value> {
    let classes = &dataset.classes;
    let left_out = LeftOut::of(dataset);
    let matrix = &evaluation.confusion;
    let mut per_class = Map::new();
    for (class, score) in classes.iter().zip(matrix.class_scores()) {
        per_class.insert(class.clone(), serde_json::to_value(score)?);
    }
    let table = CrossTable::new(matrix);
    Ok(json!({
        "accuracy": matrix.accuracy(),
        "loss": evaluation.loss,
        "images": evaluation.samples.len(),
        "unreadable": left_out.unreadable,
        "left_out": left_out.passed_over,
        "split": word(args.split),
        "weights": match args.weights {
            Weights::Best => "best",
            Weights::Last => "last",
        },
        "epoch": evaluation.epoch,
        "threshold": evaluation.threshold(),
        "per_class": per_class,
        "macro": matrix.macro_average(),
        "weighted": matrix.weighted_average(),
        "confusion": matrix.rows(),
        "cross_table": {
            "true": table.row_names(classes),
            "pred": table.column_names(classes),
            "counts": table.counts,
        },
        "classes": classes,
    }))
}

fn tell(evaluation: &Evaluation, dataset: &Dataset, output: Output) -> Result<()> {
    // Names stand in the columns of tables.
    let visible = |class: &String| plain::visible(class).into_owned();
    let classes: &[String] = &dataset.classes.iter().map(visible).collect::<Vec<_>>();
    let matrix = &evaluation.confusion;
    output.text(&ClassificationReport::new(matrix, classes).text())?;
    if classes.len() > CrossTable::MOST_COLUMNS {
        output.text(&most_confused(matrix, classes))?;
    } else {
        output.text(&confusion_table(evaluation, classes).render())?;
        let table = CrossTable::new(matrix);
        output.text(&format!("\n{}", table.text(classes)))?;
    }
    let second = classes.get(1).map_or("", String::as_str);
    let threshold = evaluation.threshold();
    let threshold = threshold.map(|from| format!("  {second} from {from}"));
    output.text(&format!(
        "\naccuracy {:.4}  loss {}  images {}  epoch {}{}",
        matrix.accuracy(),
        figure(evaluation.loss),
        thousands(evaluation.samples.len()),
        evaluation.epoch,
        threshold.unwrap_or_default()
    ))?;
    if let Some(words) = LeftOut::of(dataset).words() {
        output.text(&format!("\nNote: {words}"))?;
    }
    Ok(())
}

/// Confusions that are listed in place of a table of very many classes.
const LISTED_CONFUSIONS: usize = 20;

/// The confusions that happen most often.
fn most_confused(matrix: &ConfusionMatrix, classes: &[String]) -> String {
    let mut table = Table::new(["actual", "predicted", ">images"]);
    let all = matrix.confusions();
    for confusion in all.iter().take(LISTED_CONFUSIONS) {
        let name = |class| report::class_name(classes, class);
        let (actual, predicted) = (name(confusion.actual), name(confusion.predicted));
        table.row([actual, predicted, confusion.count.to_string()]);
    }
    format!(
        "\nThe most frequent of {} confusions; --json gives the whole table\n{}",
        thousands(all.len()),
        table.render()
    )
}

fn confusion_table(evaluation: &Evaluation, classes: &[String]) -> Table {
    let first = iter::once("actual \\ predicted".to_owned());
    let mut table = Table::new(first.chain(on_the_right(classes)));
    for (class, row) in classes.iter().zip(evaluation.confusion.rows()) {
        table.row(iter::once(class.clone()).chain(row.iter().map(u64::to_string)));
    }
    table
}

/// Headings over numbers.
fn on_the_right(classes: &[String]) -> impl Iterator<Item = String> {
    classes.iter().map(|class| format!(">{class}"))
}

/// One line per image, in the order of the files.
fn tell_images(evaluation: &Evaluation, dataset: &Dataset, output: Output) -> Result<()> {
    let classes = &dataset.classes;
    if output.is_json() {
        for row in predictions::rows(evaluation, dataset) {
            let named = classes.iter().cloned().zip(row.probabilities);
            let probabilities: Map<String, Value> = named
                .map(|(class, &probability)| (class, probability.into()))
                .collect();
            output.json(&json!({
                "file": row.file,
                "actual": row.actual,
                "predicted": row.predicted,
                "probabilities": probabilities,
            }))?;
        }
        return Ok(());
    }
    let fixed = ["file", "actual", "predicted"].map(String::from);
    let mut table = Table::new(fixed.into_iter().chain(on_the_right(classes)));
    for row in predictions::rows(evaluation, dataset) {
        let fixed = [row.file, row.actual.to_owned(), row.predicted.to_owned()];
        let probabilities = row.probabilities.iter().map(|value| format!("{value:.4}"));
        table.row(fixed.into_iter().chain(probabilities));
    }
    output.text(&format!("{}\n", table.render()))
}
