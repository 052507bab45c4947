//! Where an image to look at comes from.

use std::{path::PathBuf, sync::Arc};

use super::{job::JobError, loader::OpenDataset, reader::read_sample};
use crate::{
    cancel::CancelToken,
    data::{
        Picture,
        dataset::display_path,
        decode,
        download::{self, ImageError, ImageLimits},
    },
    file_address,
};

/// An image to look at.
#[derive(Debug, Clone)]
pub enum ImageSource {
    /// A file of any supported format.
    File(PathBuf),
    /// An image on the web: an http or https address.
    Url(String),
    /// A sample of an open dataset.
    Sample(Arc<OpenDataset>, usize),
    /// Pixels, with a name for people.
    Picture(String, Arc<Picture>),
}

impl ImageSource {
    /// What people call it: a path or a name.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => display_path(path),
            Self::Url(url) => url.clone(),
            Self::Sample(dataset, index) => dataset
                .dataset
                .path(*index)
                .map_or_else(String::new, |path| display_path(&path)),
            Self::Picture(name, _) => name.clone(),
        }
    }

    /// Whether both are the same pixels as far as can be told without reading them.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(a), Self::File(b)) => a == b,
            (Self::Url(a), Self::Url(b)) => a == b,
            (Self::Sample(open, a), Self::Sample(other, b)) => open.id == other.id && a == b,
            (Self::Picture(_, a), Self::Picture(_, b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// What was typed: an address on the web, or else a path or the address of a file.
    pub fn typed(text: &str) -> Self {
        if download::looks_like_address(text) {
            Self::Url(text.trim().to_owned())
        } else {
            Self::File(file_address::to_path(text))
        }
    }

    /// The image at its own size.
    pub(super) fn read(&self, cancel: &CancelToken) -> Result<image::RgbImage, JobError> {
        match self {
            Self::File(path) => {
                let image = decode::decode(path);
                Ok(image.map_err(|reason| format!("{} {reason}", display_path(path)))?)
            }
            Self::Url(url) => match download::image(url, &ImageLimits::default(), cancel) {
                Err(ImageError::Cancelled(_)) => Err(JobError::Cancelled),
                image => Ok(image.map_err(|error| error.to_string())?),
            },
            Self::Sample(dataset, index) => Ok(read_sample(dataset, *index)?),
            Self::Picture(_, picture) => Ok(picture.to_image()),
        }
    }
}
