//! The report of a run: curves, confusion matrix, filters and feature maps as PNG files, and one HTML
//! page that holds them all and needs nothing else.

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, html};

use super::{
    Bundle, ExportError, FORMATS, Format, Make, Need, Pulse, picture::png_bytes, write_error,
    write_file,
};
use crate::{
    colours::{self, TILE_BACKGROUND, hex},
    data::Picture,
    inspect::{InspectError, colours::ColourScale, feature_maps::feature_maps, filters},
    model::{Network, bundle::Bundle as Model, network::Placement, shapes::layer_shapes},
    train::{
        ClassificationReport, ConfusionMatrix, CrossTable, EpochRecord, Evaluation, Experiment,
        report::class_name, run_folder::REPORT_FILE, setting_words,
    },
};

/// The row of the table.
pub const FORMAT: Format = Format {
    name: "report",
    title: "Report",
    about: "One page that needs nothing else; to a folder, with its pictures beside it",
    ending: "html",
    needs: &[Need::Experiment, Need::Dataset, Need::Run],
    in_run: Some(REPORT_FILE),
    make: Make::Path(write),
    parity: None,
};

/// A picture of the report: file name, caption, pixels.
struct Figure {
    file: String,
    caption: String,
    picture: Picture,
}

/// Writes the page to `path`, when that ends like one, else into the folder `path`, beside its PNG files; `pulse` is called
/// before each picture.
fn write(bundle: &Bundle, path: &Path, pulse: Pulse<'_>) -> Result<(), ExportError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let is_page = ending.is_some_and(|ending| ending.eq_ignore_ascii_case(FORMAT.ending));
    if !is_page {
        fs::create_dir_all(path).map_err(|error| write_error(path, &error))?;
    }
    let mut pages = Vec::new();
    let mut keep = |figure: Figure| {
        pulse()?;
        let png = png_bytes(&figure.picture)?;
        if !is_page {
            write_file(&path.join(&figure.file), &png)?;
        }
        pages.push((figure, BASE64_STANDARD.encode(&png)));
        Ok(())
    };
    figures(bundle, &mut keep)?;
    let page = page(bundle, &pages)?.into_string();
    let file = if is_page {
        path
    } else {
        &path.join(REPORT_FILE)
    };
    write_file(file, page.as_bytes())
}

/// Filters and feature maps are tiny: they are enlarged towards this side, about the width of the page.
const VIEWABLE_SIDE: usize = 900;

/// Takes a picture as soon as it is made.
type Keep<'a> = &'a mut dyn FnMut(Figure) -> Result<(), ExportError>;

/// Every picture that runs have, as far as it can be drawn, and the inside of the network.
fn figures(bundle: &Bundle, keep: Keep<'_>) -> Result<(), ExportError> {
    for format in FORMATS.iter().filter(|format| format.is_offered(bundle)) {
        if let (Make::Picture(draw), Some(file)) = (&format.make, format.in_run) {
            keep(Figure {
                file: file.into(),
                caption: format.about.into(),
                picture: draw(bundle)?,
            })?;
        }
    }
    match &bundle.model {
        Some(model) => inside(model, keep),
        None => Ok(()),
    }
}

/// Filters and feature maps of every convolution; of a backbone, filters of the first and maps of the last.
fn inside(model: &Model, keep: Keep<'_>) -> Result<(), ExportError> {
    let snapshot = &*model.snapshot;
    let sample = model.self_test.picture().map_err(ExportError::Failed)?;
    let network =
        Network::from_snapshot(snapshot, Placement::default()).map_err(InspectError::from)?;
    let nodes = network.nodes();
    let convolutions = filters::convolutions(nodes);
    for (at, node) in convolutions.iter().enumerate() {
        let layer = |at: Option<usize>| Some(nodes[*convolutions.get(at?)?].layer);
        let of = nodes[*node].layer;
        let is_first = layer(at.checked_sub(1)) != Some(of);
        let is_last = layer(Some(at + 1)) != Some(of);
        let name = &nodes[*node].name;
        if is_first && let Some(kernels) = filters::kernels(snapshot, &nodes[*node]) {
            let picture = kernels.picture(kernels.limit(), TILE_BACKGROUND);
            keep(Figure {
                file: format!("filters_{name}.png"),
                caption: format!(
                    "{name}: filters (rows) over input channels (columns), ±{:.3}",
                    kernels.limit()
                ),
                picture: picture.enlarged_within(VIEWABLE_SIDE),
            })?;
        }
        if !is_last {
            continue;
        }
        let maps = feature_maps(&network, snapshot.epoch, &sample.rgb, *node)?;
        keep(Figure {
            file: format!("feature_maps_{name}.png"),
            caption: format!("{name}: feature maps of the first image"),
            picture: maps
                .picture(ColourScale::Viridis, TILE_BACKGROUND)
                .enlarged_within(VIEWABLE_SIDE),
        })?;
    }
    Ok(())
}

/// Confusions that are listed in place of a table of very many classes.
const LISTED_CONFUSIONS: usize = 40;
/// Classes that are named in a sentence.
const NAMED_CLASSES: usize = 60;

fn style() -> String {
    let colour = |colour: colours::Colour| hex(colour.light);
    let (ink, line) = (colour(colours::INK), colour(colours::LINE));
    let (muted, warning) = (colour(colours::MUTED), colour(colours::WARNING));
    format!(
        "body{{font:16px/1.5 Inter,system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:{ink}}}\
         table{{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}}\
         th,td{{padding:.25rem .75rem;border-bottom:1px solid {line};text-align:right}}\
         th:first-child,td:first-child{{text-align:left}}tbody th{{font-weight:400}}figure{{margin:2rem 0}}\
         img{{max-width:100%;image-rendering:pixelated}}figcaption{{color:{muted};font-size:.9rem}}\
         .warning{{border-left:.25rem solid {warning};padding-left:.75rem}}"
    )
}

fn page(bundle: &Bundle, figures: &[(Figure, String)]) -> Result<Markup, ExportError> {
    let experiment = Need::Experiment.of(bundle.experiment.as_deref())?;
    let dataset = Need::Dataset.of(bundle.dataset.as_deref())?;
    let facts = Need::Run.of(bundle.run.as_ref())?;
    let history = bundle.histories.first().map_or(&[][..], |run| &run.epochs);
    let seconds: f64 = history.iter().map(|record| record.seconds).sum();
    let mut records = history.iter();
    let best = records.find(|record| record.epoch == facts.best_epoch);
    let best = best.map_or_else(
        || "No epoch was finished.".to_owned(),
        |record| match record.val_accuracy {
            Some(accuracy) => format!(
                "Best epoch {} with a validation accuracy of {:.1} %.",
                record.epoch,
                100.0 * accuracy
            ),
            None => format!(
                "Weights of epoch {}; there was no validation part.",
                record.epoch
            ),
        },
    );
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (experiment.title) " · Convscope" }
                style { (style()) }
            }
            body {
                h1 { (experiment.title) }
                p {
                    (dataset.samples.len()) " images of " (dataset.classes.len()) " classes ("
                    (class_list(&dataset.classes)) "), " (history.len()) " epochs in "
                    (format!("{:.1}", seconds)) " s. " (best)
                }
                @for words in setting_words::asked_for(experiment) { p { (words) } }
                @for words in facts.data.words() { p class="warning" { "Note: " (words) "." } }
                p { "Split " code { (facts.split_hash) } ": split.csv says which image stood in which part." }
                h2 { "Epochs" }
                (history_table(history))
                @if let Some(evaluation) = &bundle.evaluation {
                    h2 { "Classification report" }
                    (report_table(evaluation, &dataset.classes))
                    (cross_table(evaluation, &dataset.classes))
                }
                h2 { "Model" }
                (model_table(experiment))
                h2 { "Pictures" }
                @for (figure, data) in figures {
                    figure {
                        img src={ "data:image/png;base64," (data) } alt=(figure.caption);
                        figcaption { (figure.caption) }
                    }
                }
            }
        }
    })
}

fn history_table(history: &[EpochRecord]) -> Markup {
    let figure =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    let has_penalties = history.iter().any(|record| record.val_penalty.is_some());
    html! {
        @if has_penalties {
            p { "Both losses hold the penalty for large weights; what it is in the validation loss stands beside it." }
        }
        table {
            thead { tr {
                th { "Epoch" } th { "Training loss" } th { "Training accuracy" }
                th { "Validation loss" }
                @if has_penalties { th { "Penalty in it" } }
                th { "Validation accuracy" } th { "Images/s" }
            } }
            tbody { @for record in history { tr {
                td { (record.epoch) } td { (figure(Some(record.train_loss))) }
                td { (figure(Some(record.train_accuracy))) } td { (figure(record.val_loss)) }
                @if has_penalties { td { (figure(record.val_penalty)) } }
                td { (figure(record.val_accuracy)) } td { (format!("{:.0}", record.images_per_sec)) }
            } } }
        }
    }
}

fn report_table(evaluation: &Evaluation, classes: &[String]) -> Markup {
    let report = ClassificationReport::new(&evaluation.confusion, classes);
    let share = |value: Option<f64>| value.map(|value| format!("{value:.4}"));
    html! {
        table {
            thead { tr { th { "Class" } th { "Precision" } th { "Recall" } th { "F1" } th { "Support" } } }
            tbody { @for row in report.rows { tr {
                td { (row.name) } td { (share(row.precision).unwrap_or_default()) }
                td { (share(row.recall).unwrap_or_default()) } td { (format!("{:.4}", row.f1)) }
                td { (row.support) }
            } } }
        }
        p {
            "Accuracy " (format!("{:.4}", evaluation.accuracy())) ", cross-entropy " (format!("{:.4}", evaluation.loss))
            @if let Some(threshold) = evaluation.threshold() {
                ", " (class_name(classes, 1)) " from a probability of " (threshold) " on"
            }
            "."
        }
    }
}

/// All classes by name; of very many, the first.
fn class_list(classes: &[String]) -> String {
    match classes.len().checked_sub(NAMED_CLASSES) {
        None | Some(0) => classes.join(", "),
        Some(more) => format!("{} and {more} more", classes[..NAMED_CLASSES].join(", ")),
    }
}

/// True against predicted, with sums; of very many classes, those that are confused most often.
fn cross_table(evaluation: &Evaluation, classes: &[String]) -> Markup {
    let table = CrossTable::new(&evaluation.confusion);
    if table.rows.len().max(table.columns.len()) > CrossTable::MOST_COLUMNS {
        return confusions(&evaluation.confusion, classes);
    }
    let rows = table.row_names(classes).into_iter().zip(&table.counts);
    html! {
        h2 { "Cross-table of the validation part" }
        table {
            thead { tr {
                th { "True \\ Pred" }
                @for name in table.column_names(classes) { th { (name) } }
            } }
            tbody { @for (name, counts) in rows { tr {
                th { (name) } @for count in counts { td { (count) } }
            } } }
        }
    }
}

fn confusions(matrix: &ConfusionMatrix, classes: &[String]) -> Markup {
    let all = matrix.confusions();
    let shown = all.len().min(LISTED_CONFUSIONS);
    html! {
        h2 { "Most frequent confusions of the validation part" }
        p {
            (shown) " of " (all.len()) " pairs of classes that are confused. "
            code { "convscope evaluate --json" } " gives the whole table."
        }
        table {
            thead { tr { th { "Class" } th { "Taken for" } th { "Images" } th { "Share of the class" } } }
            tbody { @for mistake in &all[..shown] { tr {
                td { (class_name(classes, mistake.actual)) }
                td { (class_name(classes, mistake.predicted)) }
                td { (mistake.count) }
                td { (format!("{:.1} %", 100.0 * matrix.row_share(mistake.actual, mistake.predicted))) }
            } } }
        }
    }
}

fn model_table(experiment: &Experiment) -> Markup {
    // The run was trained with it, so it fits together.
    let shapes = layer_shapes(&experiment.model).unwrap_or_default();
    let total: usize = shapes.iter().map(|shape| shape.parameters).sum();
    html! {
        table {
            thead { tr { th { "Layer" } th { "Kind" } th { "Output" } th { "Parameters" } } }
            tbody { @for (layer, shape) in experiment.model.layers.iter().zip(&shapes) { tr {
                td { (layer.name) } td { (layer.kind.describe()) }
                td { (shape.output) } td { (shape.parameters) }
            } } }
            tfoot { tr { th { "Total" } th {} th {} th { (total) } } }
        }
    }
}

#[cfg(test)]
mod tests;
