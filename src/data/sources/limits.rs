//! How much may be unpacked: a small file can be made to fill any disk.

use std::path::Path;

use super::SourceError;

/// How much an archive or array file may unpack to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most files and folders.
    pub entries: u64,
    /// Most bytes altogether.
    pub bytes: u64,
    /// Most bytes that a packed byte may become; images hardly shrink.
    pub ratio: u64,
    /// Of what unpacks to no more bytes than this the ratio does not matter.
    pub ratio_from: u64,
    /// Longest path in an archive, in bytes.
    pub name: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 2_000_000,
            bytes: 64 << 30,
            ratio: 200,
            ratio_from: 16 << 20,
            name: 4_096,
        }
    }
}

impl Limits {
    /// An error about the file `path` when `packed` bytes that unpack to `unpacked` are refused.
    pub(super) fn check(&self, path: &Path, packed: u64, unpacked: u64) -> Result<(), SourceError> {
        let refused = self.refuses(packed, unpacked);
        refused.map_or(Ok(()), |words| Err(SourceError::wrong(path, words)))
    }

    /// Why `packed` bytes that unpack to `unpacked` are refused, to follow the file's name.
    pub(super) fn refuses(&self, packed: u64, unpacked: u64) -> Option<String> {
        if unpacked > self.bytes {
            return Some(format!(
                "unpacks to more than {} GiB: unpack it yourself and choose the folder",
                self.bytes >> 30
            ));
        }
        let swells = unpacked > self.ratio_from && unpacked / self.ratio.max(1) > packed;
        swells.then(|| {
            format!(
                "unpacks to more than {} times its size, as files do that are made to fill the disk: \
                 if you trust it, unpack it yourself and choose the folder",
                self.ratio
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_fill_the_disk_is_refused() {
        let limits = Limits {
            bytes: 1_000,
            ratio: 10,
            ratio_from: 100,
            ..Limits::default()
        };
        let rows = [
            (1, 100, false, "small enough not to matter"),
            (10, 101, false, "just below the ratio"),
            (9, 110, true, "above the ratio"),
            (1_000, 1_001, true, "too large altogether"),
        ];
        for (packed, unpacked, refused, reason) in rows {
            let found = limits.refuses(packed, unpacked).is_some();
            assert_eq!(found, refused, "{reason}");
        }
    }
}
