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
        logits: match snapshot.spec.head {
            Head::Sigmoid { .. } => vec!["logit".into()],
            Head::Softmax => {
                let classes = snapshot.classes.iter();
                classes.map(|class| format!("logit_{class}")).collect()
            }
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
    let request = Predict::<Slow>::in_words(images);
    let answered = session.answer(request, bar, |part, bar| match unreadable(&mut printer)? {
        Some(file) => bar.suspend(|| printer.line(&display_path(file), &part.answer)),
        None => Ok(()),
    });
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
            Ok(below) => {
                let images = below.images.into_iter();
                Self {
                    files: images.map(|image| (image, Ok(()))).collect(),
                    passed_over: below.passed_over,
                }
            }
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

impl Printer {
    fn heading(&mut self) -> Result<()> {
        let Form::Csv(writer) = &mut self.form else {
            return Ok(());
        };
        let probabilities = self
            .classes
            .iter()
            .map(|class| format!("probability_{class}"));
        let numbers = probabilities.chain(self.logits.iter().cloned());
        let fixed = ["file", "class", "probability"]
            .map(String::from)
            .into_iter();
        writer.write_record(fixed.chain(numbers).chain(["error".to_owned()]))?;
        pass_on(writer)
    }

    /// What is said about one image.
    fn line(&mut self, file: &str, answer: &Result<Arc<Prediction>, String>) -> Result<()> {
        self.told.files += 1;
        self.told.failures += usize::from(answer.is_err());
        let classes = &self.classes;
        let answer = match answer {
            Ok(answer) => answer,
            Err(reason) => return self.failure(file, &plain::text(reason)),
        };
        let class = classes.get(answer.class).map_or("", String::as_str);
        let probability = answer.probabilities.get(answer.class);
        let probability = probability.copied().unwrap_or(f32::NAN);
        match &mut self.form {
            Form::Json(output) => {
                let values = answer.probabilities.iter().map(|&value| value.into());
                let probabilities: Map<String, Value> =
                    classes.iter().cloned().zip(values).collect();
                output.json(&json!({
                    "file": file,
                    "class": class,
                    "probability": probability,
                    "probabilities": probabilities,
                    "logits": answer.logits,
                }))
            }
            Form::Csv(writer) => {
                let fixed = [file.to_owned(), class.to_owned(), probability.to_string()];
                let numbers = answer.probabilities.iter().chain(&answer.logits);
                let line = fixed.into_iter().chain(numbers.map(f32::to_string));
                writer.write_record(line.chain([String::new()]))?;
                pass_on(writer)
            }
            Form::Text(output) => {
                let lengths = classes
                    .iter()
                    .map(|class| plain::visible(class).chars().count());
                let width = lengths.max().unwrap_or(0);
                let (class, file) = (plain::visible(class), plain::visible(file));
                let probability = figure(probability.into());
                output.text(&format!("{class:<width$}  {probability:>9}  {file}"))
            }
        }
    }

    /// That nothing can be said about an image.
    fn failure(&mut self, file: &str, reason: &str) -> Result<()> {
        match &mut self.form {
            Form::Json(output) => output.json(&json!({ "file": file, "error": reason })),
            Form::Csv(writer) => {
                let empty = vec![""; 2 + self.classes.len() + self.logits.len()];
                writer.write_record([&[file][..], &empty, &[reason]].concat())?;
                pass_on(writer)
            }
            Form::Text(_) => {
                say(&format!("{file}: {reason}"));
                Ok(())
            }
        }
    }
}

/// Hands what the CSV writer has made to standard output.
fn pass_on(writer: &mut csv::Writer<Vec<u8>>) -> Result<()> {
    writer.flush()?;
    let made = std::mem::replace(writer, csv::Writer::from_writer(Vec::new()));
    let bytes = made.into_inner().map_err(csv::IntoInnerError::into_error)?;
    write_bytes(&bytes)
}
