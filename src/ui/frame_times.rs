//! Measuring what frames cost: one line a frame, `logic+ui CPU ms`, `whole frame ms`, `training`.

use std::path::PathBuf;

use crate::sys;

/// What a frame costs, for the measurement in the file `CONVSCOPE_FRAME_TIMES`: CPU time of logic and
/// drawing commands, and eframe's wall time of the frame before with tessellation and painting.
#[derive(Default)]
pub struct FrameTimes {
    file: Option<PathBuf>,
    began: f64,
    whole_millis: f32,
    rows: Vec<(f64, f32, bool)>,
}

impl FrameTimes {
    /// Measures when `CONVSCOPE_FRAME_TIMES` names a file.
    pub fn from_environment() -> Self {
        let file = std::env::var_os("CONVSCOPE_FRAME_TIMES").map(PathBuf::from);
        Self {
            file,
            ..Self::default()
        }
    }

    /// Call when a frame begins.
    pub fn begin(&mut self, frame: &eframe::Frame) {
        if self.file.is_some() {
            self.began = sys::thread_cpu_secs();
            self.whole_millis = 1000.0 * frame.info().cpu_usage.unwrap_or_default();
        }
    }

    /// Call when its drawing commands are made.
    pub fn end(&mut self, training: bool) {
        if self.file.is_some() {
            let millis = 1000.0 * (sys::thread_cpu_secs() - self.began);
            self.rows.push((millis, self.whole_millis, training));
        }
    }

    /// Writes what was measured, if anybody asked for it.
    pub fn write(&self) {
        if let Some(file) = &self.file {
            let line = |row: &(f64, f32, bool)| format!("{:.3} {:.3} {}", row.0, row.1, row.2);
            let lines: Vec<String> = self.rows.iter().map(line).collect();
            // A measurement for developers; there is nobody left to tell about a full disk.
            let _ = std::fs::write(file, lines.join("\n"));
        }
    }
}
