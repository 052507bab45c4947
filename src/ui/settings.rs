//! What the window remembers between starts, in one RON file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use eframe::egui::ThemePreference;
use serde::{Deserialize, Serialize};

use super::workspace::Step;
use crate::{
    data::{
        dataset::{SourceKind, display_path},
        files::write_atomically,
    },
    inspect::colours::ColourScale,
    train::Experiment,
};

/// Everything remembered. Fields added later take their default when an older file lacks them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light, dark, or as the system says.
    pub theme: Theme,
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
    pub map_scale: Scale,
}

/// [`ThemePreference`], as the file writes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl From<Theme> for ThemePreference {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::System => Self::System,
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
        }
    }
}

impl From<ThemePreference> for Theme {
    fn from(theme: ThemePreference) -> Self {
        match theme {
            ThemePreference::System => Self::System,
            ThemePreference::Light => Self::Light,
            ThemePreference::Dark => Self::Dark,
        }
    }
}

/// [`ColourScale`] of feature maps, as the file writes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scale {
    /// Dark blue to yellow.
    #[default]
    Viridis,
    /// Black to white.
    Grey,
}

impl From<Scale> for ColourScale {
    fn from(scale: Scale) -> Self {
        match scale {
            Scale::Viridis => Self::Viridis,
            Scale::Grey => Self::Grey,
        }
    }
}

impl Settings {
    /// Reads `path`. A damaged file is renamed to `….damaged` and a sentence about it comes back; a
    /// missing one gives the defaults.
    pub fn load(path: &Path) -> (Self, Option<String>) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return (Self::default(), None);
            }
            Err(error) => return (Self::default(), Some(set_aside(path, &error.to_string()))),
        };
        match ron::from_str(&text) {
            Ok(settings) => (settings, None),
            Err(error) => (Self::default(), Some(set_aside(path, &error.to_string()))),
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
        let text = ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default())
            .map_err(|error| failed(&error))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        write_atomically(path, text.as_bytes()).map_err(|error| failed(&error))
    }
}

fn set_aside(path: &Path, reason: &str) -> String {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    let aside = PathBuf::from(aside);
    let kept = match fs::rename(path, &aside) {
        Ok(()) => format!("it is kept as {}", display_path(&aside)),
        Err(error) => format!("it could not be set aside: {error}"),
    };
    format!(
        "The settings file {} is damaged ({reason}); {kept}, and the defaults are used",
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
            theme: Theme::Dark,
            step: Step::Inside,
            dataset: Some("/d".into()),
            ..Settings::default()
        };
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path), (settings, None));
    }

    #[test]
    fn a_damaged_file_is_kept_and_told_about() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.ron");
        for content in [&b"(theme: Purple)"[..], b"\xff\xfe\x00", b"", b"(((("] {
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
}
