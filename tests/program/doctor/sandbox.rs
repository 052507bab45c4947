//! A folder to examine, and the program that examines it.

use std::{ffi::OsStr, fs, path::PathBuf, process::Command};

use image::{DynamicImage, Rgb, RgbImage};
use serde_json::Value;

/// A folder for one test: data, cache and edits stay in it.
pub struct Sandbox(tempfile::TempDir);

pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The findings and the object after them.
    pub fn found(&self) -> (Vec<Value>, Value) {
        assert_eq!(self.status, 0, "{}", self.stderr);
        let parse =
            |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        let mut lines: Vec<Value> = self.stdout.lines().map(parse).collect();
        let last = lines.pop().unwrap();
        (lines, last)
    }
}

impl Sandbox {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn doctor(&self, data: impl AsRef<OsStr>, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convscope"));
        command.arg("doctor").arg(data).args(args);
        command
            .current_dir(self.0.path())
            .env("CONVSCOPE_CACHE", self.path("cache"))
            .env("CONVSCOPE_EDITS", self.path("edits"))
            .env("CONVSCOPE_HOME", env!("CARGO_MANIFEST_DIR"));
        let output = command.output().unwrap();
        Ran {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Saves in the format of the name's ending.
    pub fn save(&self, path: &str, image: impl Into<DynamicImage>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image.into().save(path).unwrap();
    }

    /// Three parts of three classes: 20, 3 and 3 images each, of one size, no two alike.
    pub fn with_clean_parts(self) -> Self {
        let mut seed = 0;
        for (part, count) in [("train", 20), ("validation", 3), ("test", 3)] {
            for class in ["a", "b", "c"] {
                for number in 0..count {
                    self.save(&format!("data/{part}/{class}/{number}.png"), picture(seed));
                    seed += 1;
                }
            }
        }
        self
    }

    pub fn image(&self, path: &str) -> RgbImage {
        image::open(self.path(path)).unwrap().into_rgb8()
    }
}

/// Pictures of different seeds do not look alike.
pub fn picture(seed: u32) -> RgbImage {
    let seed = seed as f32;
    RgbImage::from_fn(32, 32, |x, y| {
        let (x, y) = (x as f32 / 32.0, y as f32 / 32.0);
        let waves = (0..6).map(|k| {
            let k = k as f32;
            (9.0 * x * (seed * 0.37 + k).sin() + 9.0 * y * (seed * 0.61 - k).cos() + k).sin()
        });
        let value = (128.0 + 18.0 * waves.sum::<f32>()).clamp(0.0, 255.0) as u8;
        Rgb([value, value / 2 + 60, 255 - value])
    })
}
