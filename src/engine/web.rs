//! The thread that fetches single images from the web, so that nobody who looks into the network waits for a server.

use std::{io, sync::Arc};

use crossbeam_channel::Sender;

use super::{
    image_source::ImageSource,
    inspector,
    job::{self, JobContext, JobError, Jobs},
    queue::EventSender,
    threads,
};
use crate::worker::Worker;

/// Fetch those of `images` that are on the web, then let the inspector classify all of them.
pub struct Predict {
    pub context: JobContext,
    pub images: Vec<ImageSource>,
}

pub fn spawn(
    jobs: Jobs,
    events: EventSender,
    inspector: Sender<inspector::Command>,
) -> io::Result<Worker<Predict>> {
    threads::start(("web", "fetches images"), events, move |commands| {
        for Predict { context, images } in commands {
            if let Some(images) = job::stage(&context, &jobs, || fetched(&context, images)) {
                // Fails only when the inspector is gone; then the job ends with the command.
                let _ = inspector.send(inspector::Command::Predict { context, images });
            }
        }
    })
}

/// The images with pixels in place of addresses, or why there are none.
fn fetched(
    context: &JobContext,
    images: Vec<ImageSource>,
) -> Result<Vec<Result<ImageSource, String>>, JobError> {
    let fetch = |image: ImageSource| {
        let ImageSource::Url(address) = &image else {
            return Ok(Ok(image));
        };
        match image.read(&context.cancel) {
            Ok(pixels) => {
                let picture = Arc::new(pixels.into());
                Ok(Ok(ImageSource::Picture(address.clone(), picture)))
            }
            Err(JobError::Failed(reason)) => Ok(Err(reason)),
            Err(JobError::Cancelled) => Err(JobError::Cancelled),
        }
    };
    images.into_iter().map(fetch).collect()
}
