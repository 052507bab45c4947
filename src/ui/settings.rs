//! What the window remembers between starts, in one RON file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use eframe::egui::ThemePreference;
use ron::value::RawValue;
use serde::{Deserialize, Serialize};

use super::workspace::Step;
use crate::{
    data::{
        dataset::{SourceKind, display_path},
        files::{self, Whose, write_atomically},
    },
    inspect::colours::ColourScale,
    kept::{FormatError, Kind, fields::Fields},
    train::Experiment,
};

/// Settings files.
const FILES: Kind<String> = Kind {
    oldest: 1,
    steps: &[],
};

/// Everything remembered. Fields added later take their default when an older file lacks them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light, dark, or as the system says.
    pub theme: ThemePreference,
    /// The step shown last.
    pub step: Step,
    /// Layouts of the workspaces.
    pub layouts: BTreeMap<Step, String>,
    /// The dataset opened last.
    pub dataset: Option<PathBuf>,
    /// What it was read as.
    pub dataset_kind: Option<SourceKind>,
    /// The model that was in hand: its run's folder or its file.
    pub model: Option<PathBuf>,
    /// What was to be trained and how.
    pub experiment: Option<Box<Experiment>>,
    /// Colours of feature maps.
    pub map_scale: ColourScale,
    /// Where files were opened and saved last, by [`super::dialogs::Purpose::place`].
    pub folders: BTreeMap<String, PathBuf>,
}

impl Settings {
    /// Reads `path`. A file that is damaged or of a newer format is renamed to `….damaged` or `….newer` and a sentence
    /// about it comes back; a missing one gives the defaults. An experiment that cannot be read costs nothing else.
    pub fn load(path: &Path) -> (Self, Option<String>) {
        if let Some(folder) = path.parent() {
            files::sweep(folder, Whose::Anybodys);
        }
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return (Self::default(), None);
            }
            text => text.map_err(|error| FormatError::Damaged(error.to_string())),
        };
        match text.and_then(|text| Self::parse(&text)) {
            Ok((settings, None)) => (settings, None),
            Ok((settings, Some(reason))) => {
                let notice = set_aside(path, &reason);
                // Everything but the experiment is still there when the program ends unexpectedly.
                let saved = settings.save(path).err();
                let notice = saved.map_or(notice.clone(), |error| format!("{notice}. {error}"));
                (settings, Some(notice))
            }
            Err(reason) => (Self::default(), Some(set_aside(path, &reason))),
        }
    }

    /// The settings, and why the experiment in them cannot be read: it has a format of its own.
    fn parse(text: &str) -> Result<(Self, Option<FormatError>), FormatError> {
        let text = FILES.current(text, FILES.oldest)?;
        let damaged = |error: String| FormatError::Damaged(error);
        let mut fields = Fields::of(&text).map_err(damaged)?;
        let experiment = fields.take("experiment");
        let mut settings: Self = FILES.read(&fields.to_string())?;
        let Some(experiment) = experiment else {
            return Ok((settings, None));
        };
        let parsed = ron::from_str::<Option<Box<RawValue>>>(&experiment)
            .map_err(|error| damaged(error.to_string()))
            .and_then(|raw| raw.map(|raw| Experiment::parse(raw.get_ron())).transpose());
        match parsed {
            Ok(experiment) => {
                settings.experiment = experiment.map(Box::new);
                Ok((settings, None))
            }
            Err(reason) => Ok((settings, Some(reason))),
        }
    }

    /// Writes `path` atomically.
    ///
    /// # Errors
    /// One sentence.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let failed = |reason: &dyn std::fmt::Display| {
            format!(
                "The settings cannot be saved to {}: {reason}",
                display_path(path)
            )
        };
        let text = FILES.write(self).map_err(|error| failed(&error))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        write_atomically(path, text.as_bytes()).map_err(|error| failed(&error))
    }
}

fn set_aside(path: &Path, reason: &FormatError) -> String {
    let kept = match files::set_aside(path, reason.word()) {
        Ok(aside) => format!("it is kept as {}", display_path(&aside)),
        Err(error) => format!("it could not be set aside: {error}"),
    };
    format!(
        "The settings file {} {reason}; {kept}, and defaults stand for what could not be read",
        display_path(path)
    )
}

/// Where the settings are: `CONVSCOPE_CONFIG` (a folder) or the user's configuration folder.
pub fn default_path() -> PathBuf {
    let folder = std::env::var_os("CONVSCOPE_CONFIG")
        .map(PathBuf::from)
        .or_else(|| {
            directories::ProjectDirs::from("org", "Convscope", "Convscope")
                .map(|dirs| dirs.config_dir().to_path_buf())
        });
    folder
        .unwrap_or_else(|| PathBuf::from("."))
        .join("settings.ron")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/settings.ron");
        assert_eq!(Settings::load(&path), (Settings::default(), None));
        let settings = Settings {
            theme: ThemePreference::Dark,
            step: Step::Inside,
            dataset: Some("/d".into()),
            folders: [("models".to_owned(), "/m".into())].into(),
            ..Settings::default()
        };
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path), (settings, None));
    }

    #[test]
    fn a_damaged_file_is_kept_and_told_about() {
        for content in [&b"(theme: Purple)"[..], b"\xff\xfe\x00", b"", b"(((("] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("settings.ron");
            fs::write(&path, content).unwrap();
            let (settings, notice) = Settings::load(&path);
            assert_eq!(settings, Settings::default());
            assert!(notice.unwrap().contains("damaged"));
            assert!(!path.exists());
            assert_eq!(
                fs::read(folder.path().join("settings.ron.damaged")).unwrap(),
                content
            );
        }
    }

    #[test]
    fn what_another_version_wrote_is_neither_lost_nor_misread() {
        let dark = Settings {
            theme: ThemePreference::Dark,
            ..Settings::default()
        };
        // Newer than any program that runs this test.
        let newer = u32::MAX;
        let cases = [
            (
                "as it was written before there were formats",
                "(theme: Dark)".into(),
                None,
                &dark,
            ),
            (
                "a field that is not known",
                "(format: 1, theme: Dark, sound: Loud(3))".into(),
                None,
                &dark,
            ),
            (
                "newer settings",
                format!("(format: {newer}, theme: Dark)"),
                Some("newer"),
                &Settings::default(),
            ),
            (
                "a newer experiment",
                format!("(theme: Dark, experiment: Some((format: {newer}, name: 1)))"),
                Some("newer"),
                &dark,
            ),
            (
                "a damaged experiment",
                "(theme: Dark, experiment: Some((format: 2, name: 1)))".into(),
                Some("damaged"),
                &dark,
            ),
        ];
        for (why, text, aside, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("settings.ron");
            fs::write(&path, &text).unwrap();
            let (settings, notice) = Settings::load(&path);
            assert_eq!(&settings, expected, "{why}");
            assert_eq!(notice.is_some(), aside.is_some(), "{why}: {notice:?}");
            if let Some(ending) = aside {
                assert!(notice.unwrap().contains(ending), "{why}");
                let kept = folder.path().join(format!("settings.ron.{ending}"));
                assert_eq!(fs::read_to_string(kept).unwrap(), text, "{why}");
                let again = Settings::load(&path);
                assert_eq!((&again.0, again.1), (expected, None), "{why}: said once");
            }
        }
    }

    #[test]
    fn an_experiment_of_an_older_format_is_brought_up() {
        let old = include_str!("../../tests/kept/format-1/experiment.ron");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.ron");
        let (_, start) = old.split_once('(').unwrap();
        fs::write(&path, format!("(experiment: Some(({start}))")).unwrap();
        let (settings, notice) = Settings::load(&path);
        assert_eq!(notice, None);
        let experiment = settings.experiment.unwrap();
        assert_eq!(experiment.training.epochs(), 5);
    }
}
