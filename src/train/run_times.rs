//! When a run was begun and when it ended, in `times.ron` of its folder: the times of files change when a run is taken
//! up, copied or restored.

use std::{path::Path, time::SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::kept::Kind;

/// The times in a run's folder.
pub const TIMES_FILE: &str = "times.ron";

/// When a run was begun and when it ended. Plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTimes {
    /// When it was begun for the first time.
    pub started: Moment,
    /// When it ended by itself, by hand or by a failure; `None` while it goes on and when the program was killed.
    #[serde(default)]
    pub ended: Option<Moment>,
}

impl RunTimes {
    /// Those of the run in `folder`; `None` when it is older than this file, or the file cannot be read: then the times
    /// of its other files have to do.
    pub fn load(folder: &Path) -> Option<Self> {
        Kind::FIRST.load(&folder.join(TIMES_FILE)).ok()?
    }
}

/// A point in time, written as `2026-11-28T10:33:04.123456Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub SystemTime);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = DateTime::<Utc>::from(self.0);
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
        Ok(Self(time.into()))
    }
}
