//! Pictures on their way to the GPU: thumbnails by sample, other pictures by identity, both bounded.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use eframe::egui::{ColorImage, Context, TextureFilter, TextureHandle, TextureOptions};

use crate::{data::Picture, engine::JobId};

/// Textures kept; the least recently drawn go first.
const MOST_TEXTURES: usize = 1_600;
/// Thumbnails turned into textures in one frame.
const UPLOADS_PER_FRAME: usize = 32;
/// Thumbnails that may wait for their upload.
const MOST_ARRIVED: usize = 512;
/// A texture no GPU refuses.
const MAX_SIDE: usize = 2_048;

/// Enlarged pixels are squares, reduced ones are blended.
const CRISP: TextureOptions = TextureOptions {
    minification: TextureFilter::Linear,
    ..TextureOptions::NEAREST
};

struct Entry {
    texture: TextureHandle,
    drawn: u64,
    /// Keeps the address that is the key from being reused.
    _picture: Option<Arc<Picture>>,
}

/// All textures of the window.
#[derive(Default)]
pub struct Textures {
    frame: u64,
    uploads: usize,
    pictures: HashMap<usize, Entry>,
    thumbnails: HashMap<usize, Entry>,
    /// Arrived, not yet uploaded.
    arrived: HashMap<usize, Arc<Picture>>,
    /// Asked of the loader.
    asked: HashSet<usize>,
    /// Samples whose picture cannot be decoded, and why.
    unreadable: HashMap<usize, String>,
    /// Wanted by a panel in this frame and not yet asked for.
    wanted: Vec<usize>,
    dataset: Option<JobId>,
}

impl Textures {
    /// Call before drawing.
    pub fn begin_frame(&mut self) {
        self.frame += 1;
        self.uploads = 0;
        evict(&mut self.pictures);
        evict(&mut self.thumbnails);
    }

    /// A picture with crisp pixels.
    pub fn picture(&mut self, context: &Context, picture: &Arc<Picture>) -> TextureHandle {
        let frame = self.frame;
        let entry = self
            .pictures
            .entry(Arc::as_ptr(picture) as usize)
            .or_insert_with(|| Entry {
                texture: upload(context, "picture", picture, CRISP),
                drawn: frame,
                _picture: Some(Arc::clone(picture)),
            });
        entry.drawn = frame;
        entry.texture.clone()
    }

    /// The thumbnail of a sample; `None` until it has come.
    pub fn thumbnail(
        &mut self,
        context: &Context,
        dataset: JobId,
        sample: usize,
    ) -> Option<TextureHandle> {
        if self.dataset != Some(dataset) {
            self.dataset = Some(dataset);
            self.thumbnails.clear();
            self.arrived.clear();
            self.asked.clear();
            self.unreadable.clear();
            self.wanted.clear();
        }
        if let Some(entry) = self.thumbnails.get_mut(&sample) {
            entry.drawn = self.frame;
            return Some(entry.texture.clone());
        }
        if self.arrived.contains_key(&sample) {
            if self.uploads >= UPLOADS_PER_FRAME {
                context.request_repaint();
                return None;
            }
            let picture = self.arrived.remove(&sample)?;
            self.uploads += 1;
            let texture = upload(context, "thumbnail", &picture, TextureOptions::LINEAR);
            let entry = Entry {
                texture: texture.clone(),
                drawn: self.frame,
                _picture: None,
            };
            self.thumbnails.insert(sample, entry);
            return Some(texture);
        }
        if self.asked.insert(sample) {
            self.wanted.push(sample);
        }
        None
    }

    /// Takes pictures that the loader sent.
    pub fn arrived(
        &mut self,
        dataset: JobId,
        pictures: Vec<(usize, Result<Arc<Picture>, String>)>,
    ) {
        if self.dataset == Some(dataset) {
            if self.arrived.len() > MOST_ARRIVED {
                // Scrolled past before they could be drawn; they are asked for again when needed.
                self.arrived.clear();
            }
            for (sample, picture) in pictures {
                match picture {
                    Ok(picture) => {
                        self.asked.remove(&sample);
                        self.arrived.insert(sample, picture);
                    }
                    // Stays among the asked, so that it is not asked for again.
                    Err(reason) => {
                        self.unreadable.insert(sample, reason);
                    }
                }
            }
        }
    }

    /// Thumbnails that the reader will not make; they are asked for again when they are drawn.
    pub fn forgotten(&mut self, dataset: JobId, samples: &[usize]) {
        if self.dataset == Some(dataset) {
            for sample in samples {
                self.asked.remove(sample);
            }
        }
    }

    /// Whether the sample's picture cannot be decoded.
    pub fn is_unreadable(&self, sample: usize) -> bool {
        self.unreadable.contains_key(&sample)
    }

    /// Why the sample's picture cannot be decoded, to follow its name.
    pub fn unreadable(&self, sample: usize) -> Option<&str> {
        self.unreadable.get(&sample).map(String::as_str)
    }

    /// How many pictures could not be decoded so far.
    pub fn unreadable_count(&self) -> usize {
        self.unreadable.len()
    }

    /// Samples to ask the loader for.
    pub fn take_wanted(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.wanted)
    }
}

fn evict(entries: &mut HashMap<usize, Entry>) {
    if entries.len() > MOST_TEXTURES {
        let mut ages: Vec<u64> = entries.values().map(|entry| entry.drawn).collect();
        ages.sort_unstable();
        let oldest_kept = ages[ages.len() - MOST_TEXTURES / 2];
        entries.retain(|_, entry| entry.drawn >= oldest_kept);
    }
}

fn upload(
    context: &Context,
    name: &str,
    picture: &Picture,
    options: TextureOptions,
) -> TextureHandle {
    let step = picture.width.max(picture.height).div_ceil(MAX_SIDE).max(1);
    if step == 1 && !picture.rgb.is_empty() {
        let image = ColorImage::from_rgb([picture.width, picture.height], &picture.rgb);
        return context.load_texture(name, image, options);
    }
    // Larger than any GPU must take: every step-th pixel.
    let (width, height) = (
        (picture.width / step).max(1),
        (picture.height / step).max(1),
    );
    let rgb: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| picture.pixel(x * step, y * step)))
        .collect();
    context.load_texture(name, ColorImage::from_rgb([width, height], &rgb), options)
}
