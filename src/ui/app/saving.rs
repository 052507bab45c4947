//! Writing what the user saves: a name to propose, and then the file, away from the window's thread.

use std::path::{Path, PathBuf};

use super::App;
use crate::{
    data::dataset::display_path,
    engine::ModelSource,
    export::{charts, picture::png_bytes},
    model::spec_file,
    train::{predictions, run_folder::history_csv, runs::several::histories_csv},
    ui::{
        files::{FileTask, Write, answers_csv},
        saving::Saving,
    },
};

impl App {
    /// Named after what is written: the run of the model, the experiment, the dataset.
    pub(super) fn name_to_propose(&self, saving: &Saving) -> String {
        let state = &self.state;
        let words = |name: &Path| display_path(name);
        let run = state.training.folder.as_deref().and_then(Path::file_name);
        let run = run.map_or_else(
            || state.experiment.name.clone(),
            |name| words(name.as_ref()),
        );
        let source = state.model.as_ref().map(|model| &model.source);
        let model = match source {
            Some(ModelSource::File(path)) => path.file_stem().map(|name| words(name.as_ref())),
            _ => None,
        };
        let dataset = state.dataset().map_or("dataset", |dataset| &dataset.name);
        let (what, ..) = saving.row();
        match saving {
            Saving::Model => model.unwrap_or(run),
            Saving::Experiment => state.experiment.name.clone(),
            Saving::Layers => format!("{} {what}", state.experiment.model.name),
            Saving::Edits | Saving::Predictions => format!("{dataset} {what}"),
            Saving::Answers => what.to_owned(),
            Saving::Picture(_) | Saving::History(_) | Saving::Curves(_) => format!("{run} {what}"),
        }
    }

    /// Has it written to `path`; what becomes of it is told later.
    pub(super) fn save(&mut self, saving: Saving, path: PathBuf) {
        let (what, ..) = saving.row();
        if let Saving::Model = saving {
            // Its weights are the engine's.
            self.engine.save_model(path);
        } else if let Some(write) = self.to_write(saving) {
            self.files.send(FileTask::Save { what, path, write });
        }
    }

    /// What is written, as it is now; `None` when it is gone meanwhile, and for a model.
    fn to_write(&self, saving: Saving) -> Option<Write> {
        let state = &self.state;
        Some(match saving {
            Saving::Model => return None,
            Saving::Experiment => {
                let experiment = state.experiment.clone();
                Box::new(move || Ok(experiment.to_ron().map_err(|e| e.to_string())?.into_bytes()))
            }
            Saving::Layers => {
                let spec = state.experiment.model.clone();
                Box::new(move || spec_file::text(&spec).map(String::into_bytes))
            }
            Saving::Edits => {
                let edits = state.wanted_edits()?.clone();
                Box::new(move || edits.text().map(String::into_bytes))
            }
            Saving::Predictions => {
                let evaluation = state.evaluation.clone()?;
                let dataset = state.open_dataset()?.dataset.clone();
                Box::new(move || predictions::csv(&evaluation, &dataset))
            }
            Saving::Answers => {
                let said = state.predict.said.clone();
                Box::new(move || answers_csv(&said))
            }
            Saving::Picture(picture) => {
                Box::new(move || png_bytes(&picture).map_err(|error| error.to_string()))
            }
            Saving::History(runs) => Box::new(move || match &*runs {
                [run] => history_csv(&run.epochs),
                runs => histories_csv(runs),
            }),
            Saving::Curves(runs) => Box::new(move || {
                let chart = match &*runs {
                    [run] => charts::learning_curves(&run.epochs),
                    runs => charts::curves_of_runs(runs),
                };
                let bytes = chart.and_then(|chart| png_bytes(&chart));
                bytes.map_err(|error| error.to_string())
            }),
        })
    }
}
