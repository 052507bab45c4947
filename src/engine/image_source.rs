//! Where an image to look at comes from.

use std::{path::PathBuf, sync::Arc};

use super::{
    job::{JobError, failed},
    open_dataset::OpenDataset,
};
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
    /// An image that could not be fetched, with its address and the reason.
    Missing(String, String),
}

impl ImageSource {
    /// What people call it: a path or a name.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => display_path(path),
            Self::Url(url) | Self::Missing(url, _) => url.clone(),
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
            (Self::Url(a), Self::Url(b)) | (Self::Missing(a, _), Self::Missing(b, _)) => a == b,
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
        self.read_unnamed(cancel).map_err(|error| match error {
            JobError::Failed(reason) => JobError::Failed(self.named(&reason)),
            JobError::Cancelled => JobError::Cancelled,
        })
    }

    /// Why it cannot be read, with its name where the reason lacks it.
    pub(super) fn named(&self, reason: &str) -> String {
        match self {
            Self::File(path) => format!("{} {reason}", display_path(path)),
            _ => reason.to_owned(),
        }
    }

    /// The same as [`Self::read`], with a reason to follow a file's name.
    pub(super) fn read_unnamed(&self, cancel: &CancelToken) -> Result<image::RgbImage, JobError> {
        match self {
            Self::File(path) => Ok(decode::decode(path)?),
            Self::Url(url) => match download::image(url, &ImageLimits::default(), cancel) {
                Err(ImageError::Cancelled(_)) => Err(JobError::Cancelled),
                image => image.map_err(failed),
            },
            Self::Sample(dataset, index) => Ok(dataset.read(*index)?),
            Self::Picture(_, picture) => Ok(picture.to_image()),
            Self::Missing(_, reason) => Err(JobError::Failed(reason.clone())),
        }
    }

    /// Whether it has to be fetched first.
    pub fn is_on_the_web(&self) -> bool {
        matches!(self, Self::Url(_))
    }

    /// Whether it stays what it is: what was read of it needs not be read again.
    pub(super) fn is_unchanging(&self) -> bool {
        matches!(self, Self::Sample(..) | Self::Picture(..))
    }

    /// The same with pixels in place of an address, or the reason why there are none.
    ///
    /// # Errors
    /// When it was cancelled.
    pub(super) fn fetched(&self, cancel: &CancelToken) -> Result<Self, JobError> {
        let Self::Url(address) = self else {
            return Ok(self.clone());
        };
        match self.read(cancel) {
            Ok(pixels) => Ok(Self::Picture(address.clone(), Arc::new(pixels.into()))),
            Err(JobError::Failed(reason)) => Ok(Self::Missing(address.clone(), reason)),
            Err(JobError::Cancelled) => Err(JobError::Cancelled),
        }
    }
}
