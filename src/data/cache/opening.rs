//! One opening of the cache: the row of each sample, decoded where there is none yet.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rayon::prelude::*;

use super::{
    Kept, Key, PixelFormat, Row, decoded,
    remembered::{Remembered, stamp},
    segments::{Record, Segments, Writer},
};
use crate::{
    cancel::{CancelToken, Cancelled},
    data::{
        dataset::{Dataset, Origin},
        images::ImageStore,
    },
};

/// What became of one sample.
pub struct Found {
    /// Length, time of change and content of its file; `None` for arrays and files that cannot be read.
    pub file: Option<(u64, u128, Key)>,
    pub outcome: Result<Row, String>,
}

/// One opening.
pub struct Work<'a> {
    pub dataset: &'a Dataset,
    pub images: &'a ImageStore,
    pub format: PixelFormat,
    pub segments: &'a Segments,
    pub remembered: &'a Remembered,
    pub writer: Mutex<Writer>,
    pub kept: Mutex<Kept>,
    pub cancel: &'a CancelToken,
}

impl Work<'_> {
    pub fn find_all(
        &self,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Vec<Result<Found, Cancelled>> {
        let total = self.dataset.samples.len();
        let done = AtomicUsize::new(0);
        (0..total)
            .into_par_iter()
            .map(|index| {
                self.cancel.check()?;
                let found = self.find(index);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                Ok(found)
            })
            .collect()
    }

    fn row(&self, key: &Key) -> Option<Row> {
        let (place, record) = self.segments.find(key)?;
        Some(Row {
            record,
            place: Some(place),
        })
    }

    fn find(&self, index: usize) -> Found {
        let sample = &self.dataset.samples[index];
        let stamp = (sample.origin == Origin::File)
            .then(|| stamp(&self.dataset.root.join(&sample.path)))
            .flatten();
        let known = match stamp {
            Some(stamp) => self.remembered.get(&sample.path, stamp),
            None => self.images.key(self.dataset, index),
        };
        let file = |key| stamp.map(|(length, changed)| (length, changed, key));
        if let Some((row, key)) = known.and_then(|key| Some((self.row(&key)?, key))) {
            let (file, outcome) = (file(key), Ok(row));
            return Found { file, outcome };
        }
        let content = match self.images.content(self.dataset, index) {
            Ok(content) => content,
            Err(reason) => {
                let (file, outcome) = (None, Err(reason));
                return Found { file, outcome };
            }
        };
        let key = content.short_key();
        let outcome = match self.row(&key) {
            Some(row) => Ok(row),
            None => decoded(&content, self.format).map(|pixels| self.keep(index, key, pixels)),
        };
        let file = file(key);
        Found { file, outcome }
    }

    fn keep(&self, index: usize, key: Key, pixels: Vec<u8>) -> Row {
        let record = Record::of(key, &pixels);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let place = writer.append(record, &pixels);
        drop(writer);
        if place.is_none() {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.keep(index, pixels.into());
        }
        Row { record, place }
    }

    pub fn remember(&self, found: &[Result<Found, Cancelled>]) -> Remembered {
        let mut files = HashMap::new();
        for (sample, found) in self.dataset.samples.iter().zip(found) {
            let file = match found {
                Ok(found) => found.file,
                // Not looked at this time: what was known of it is still known.
                Err(_) => self
                    .remembered
                    .files
                    .get(sample.path.as_os_str().as_encoded_bytes())
                    .copied(),
            };
            if let Some(file) = file {
                let path = sample.path.as_os_str().as_encoded_bytes().to_vec();
                files.insert(path, file);
            }
        }
        Remembered { files }
    }
}
