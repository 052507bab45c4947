//! `convscope predict`: one image after the other, so that any number of files fits into memory.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::{
    args::PredictArgs,
    output::{Output, figure, say, write_bytes},
    progress::Progress,
    source,
};
use crate::{
    data::{dataset::display_path, sources::folder},
    engine::{Predict, Prediction},
    file_address,
    format::counted,
    inspect::Slow,
    model::spec::Head,
    plain,
};

pub fn run(args: &PredictArgs, output: Output) -> Result<()> {
    let (session, model) = source::session_with(&args.model)?;
    let snapshot = &model.snapshot;
    let form = match (output.is_json(), args.csv) {
        (true, _) => Form::Json(output),
        (false, true) => Form::Csv(Box::new(csv::Writer::from_writer(Vec::new()))),
        (false, false) => Form::Text(output),
    };
    let mut printer = Printer {
        form,
        classes: Arc::clone(&snapshot.classes),
        logits: if matches!(snapshot.spec.head, Head::Sigmoid { .. }) {
            vec!["logit".into()]
        } else {
            let classes = snapshot.classes.iter();
            classes.map(|class| format!("logit_{class}")).collect()
        },
        told: Told::default(),
    };
    printer.heading()?;
    let given: Vec<Given> = args.files.iter().map(|given| Given::of(given)).collect();
    printer.told.passed_over = given.iter().map(|given| given.passed_over).sum();
    let files: Vec<_> = given.into_iter().flat_map(|given| given.files).collect();
    let readable = |(file, readable): &(PathBuf, Result<(), String>)| {
        readable.is_ok().then(|| source::image(file))
    };
    let images: Vec<_> = files.iter().filter_map(readable).collect();
    let mut left = files.iter();
    // What cannot be read is told where it would have stood.
    let mut unreadable = |printer: &mut Printer| -> Result<Option<&PathBuf>> {
        for (file, readable) in left.by_ref() {
            match readable {
                Ok(()) => return Ok(Some(file)),
                Err(reason) => printer.line(&display_path(file), &Err(reason.clone()))?,
            }
        }
        Ok(None)
    };
    let bar = Progress::new("classifying images");
    let answered =
        session.answer(
            Predict::<Slow>::in_words(images),
            bar,
            |part, bar| match unreadable(&mut printer)? {
                Some(file) => bar.suspend(|| printer.line(&display_path(file), &part.answer)),
                None => Ok(()),
            },
        );
    unreadable(&mut printer)?;
    // When no image at all is classified, that is what fails; each has said why.
    match answered {
        Ok(None) => bail!("stopped"),
        Err(error) if printer.told.files < files.len() => Err(error),
        Ok(Some(_)) | Err(_) => printer.told.losses(),
    }
}

/// What became of the files.
#[derive(Default)]
struct Told {
    files: usize,
    failures: usize,
    passed_over: usize,
}

impl Told {
    /// Counts what got no answer; each was named where it would have stood.
    fn losses(&self) -> Result<()> {
        if self.passed_over > 0 {
            let files = counted(self.passed_over, "file");
            say(&format!("passed over {files} that are hidden or no images"));
        }
        let (files, failures) = (counted(self.files, "file"), self.failures);
        if failures == self.files {
            bail!("none of the {files} could be classified");
        }
        if failures > 0 {
            say(&format!("{failures} of {files} could not be classified"));
        }
        Ok(())
    }
}

/// What an argument means.
struct Given {
    /// Itself, or the images in a folder. A folder that gives none stands for itself, with the reason.
    files: Vec<(PathBuf, Result<(), String>)>,
    /// Files of a folder that are hidden or no images.
    passed_over: usize,
}

impl Given {
    fn of(given: &Path) -> Self {
        let alone = |given: PathBuf, readable| Self {
            files: vec![(given, readable)],
            passed_over: 0,
        };
        if source::image(given).is_on_the_web() {
            return alone(given.to_path_buf(), Ok(()));
        }
        let given = file_address::to_path(given);
        if !given.is_dir() {
            return alone(given, Ok(()));
        }
        match folder::images_below(&given) {
            Err(error) => alone(given, Err(error.to_string())),
            Ok(below) if below.images.is_empty() => alone(given, Err("holds no images".into())),
            Ok(below) => Self {
                files: below
                    .images
                    .into_iter()
                    .map(|image| (image, Ok(())))
                    .collect(),
                passed_over: below.passed_over,
            },
        }
    }
}

enum Form {
    Json(Output),
    Csv(Box<csv::Writer<Vec<u8>>>),
    Text(Output),
}

struct Printer {
    form: Form,
    classes: Arc<[String]>,
    /// Headings of the logits: one per class, or the one of a sigmoid.
    logits: Vec<String>,
    told: Told,
}

/// What is said about one image.
type Line = Result<Arc<Prediction>, String>;

impl Printer {
    fn heading(&mut self) -> Result<()> {
        let Form::Csv(writer) = &mut self.form else {
            return Ok(());
        };
        let classes = self.classes.iter();
        let probabilities = classes.map(|class| format!("probability_{class}"));
        let fixed = ["file", "class", "probability"]
            .map(String::from)
            .into_iter();
        let error = std::iter::once("error".to_owned());
        writer.write_record(
            fixed
                .chain(probabilities)
                .chain(self.logits.iter().cloned())
                .chain(error),
        )?;
        pass_on(writer)
    }

    fn line(&mut self, file: &str, answer: &Line) -> Result<()> {
        self.told.files += 1;
        self.told.failures += usize::from(answer.is_err());
        let answer = &answer.clone().map_err(|reason| plain::text(&reason));
        match (&mut self.form, answer) {
            (Form::Json(output), answer) => output.json(&json_line(file, &self.classes, answer))?,
            (Form::Csv(writer), answer) => {
                writer.write_record(csv_line(file, (&self.classes, self.logits.len()), answer))?;
                pass_on(writer)?;
            }
            (Form::Text(output), Ok(answer)) => {
                let (class, probability) = best(&self.classes, answer);
                let width = self
                    .classes
                    .iter()
                    .map(|class| plain::visible(class).chars().count())
                    .max()
                    .unwrap_or(0);
                let (class, file) = (plain::visible(class), plain::visible(file));
                output.text(&format!(
                    "{class:<width$}  {:>9}  {file}",
                    figure(probability.into())
                ))?;
            }
            (Form::Text(_), Err(reason)) => say(&format!("{file}: {reason}")),
        }
        Ok(())
    }
}

/// Hands what the CSV writer has made to standard output.
fn pass_on(writer: &mut csv::Writer<Vec<u8>>) -> Result<()> {
    writer.flush()?;
    let made = std::mem::replace(writer, csv::Writer::from_writer(Vec::new()));
    let bytes = made.into_inner().map_err(csv::IntoInnerError::into_error)?;
    write_bytes(&bytes)
}

fn best<'a>(classes: &'a [String], answer: &Prediction) -> (&'a str, f32) {
    let class = answer.class;
    let probability = answer.probabilities.get(class).copied().unwrap_or(f32::NAN);
    (classes.get(class).map_or("", String::as_str), probability)
}

fn json_line(file: &str, classes: &[String], answer: &Line) -> Value {
    match answer {
        Ok(answer) => {
            let (class, probability) = best(classes, answer);
            let named = classes
                .iter()
                .cloned()
                .zip(answer.probabilities.iter().map(|&value| value.into()));
            let probabilities: Map<String, Value> = named.collect();
            json!({
                "file": file,
                "class": class,
                "probability": probability,
                "probabilities": probabilities,
                "logits": answer.logits,
            })
        }
        Err(reason) => json!({ "file": file, "error": reason }),
    }
}

fn csv_line(file: &str, (classes, logits): (&[String], usize), answer: &Line) -> Vec<String> {
    let mut line = vec![file.to_owned()];
    match answer {
        Ok(answer) => {
            let (class, probability) = best(classes, answer);
            line.extend([class.to_owned(), probability.to_string()]);
            line.extend(
                answer
                    .probabilities
                    .iter()
                    .chain(&answer.logits)
                    .map(f32::to_string),
            );
            line.push(String::new());
        }
        Err(reason) => {
            line.extend(std::iter::repeat_n(
                String::new(),
                2 + classes.len() + logits,
            ));
            line.push(reason.clone());
        }
    }
    line
}
