//! Pictures on their way to the GPU: thumbnails by sample, other pictures by identity, together bounded in bytes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use eframe::egui::{Color32, ColorImage, Context, TextureFilter, TextureHandle, TextureOptions};

use crate::{data::Picture, engine::JobId};

/// Bytes of all textures, and of the pictures they were made of; beyond it the least recently drawn go first.
const MOST_BYTES: usize = 256 << 20;
/// What stays when some must go, so that they do not go one by one in every frame.
const KEPT_BYTES: usize = MOST_BYTES / 4 * 3;
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
    picture: Option<Arc<Picture>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        let picture = self.picture.as_ref().map_or(0, |picture| picture.rgb.len());
        self.texture.byte_size() + picture
    }
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
        self.evict();
        self.frame += 1;
        self.uploads = 0;
    }

    /// Bytes of all textures, and of the pictures they were made of.
    pub fn bytes(&self) -> usize {
        let entries = self.pictures.values().chain(self.thumbnails.values());
        entries.map(Entry::bytes).sum()
    }

    /// Lets those go that were drawn longest ago when all are too large; what was drawn in the last frame stays.
    fn evict(&mut self) {
        let mut bytes = self.bytes();
        if bytes <= MOST_BYTES {
            return;
        }
        let entries = self.pictures.values().chain(self.thumbnails.values());
        let mut ages: Vec<(u64, usize)> =
            entries.map(|entry| (entry.drawn, entry.bytes())).collect();
        ages.sort_unstable();
        let mut oldest_kept = 0;
        for (drawn, size) in ages {
            if bytes <= KEPT_BYTES || drawn >= self.frame {
                break;
            }
            bytes -= size;
            oldest_kept = drawn + 1;
        }
        for entries in [&mut self.pictures, &mut self.thumbnails] {
            entries.retain(|_, entry| entry.drawn >= oldest_kept);
        }
    }

    /// A picture with crisp pixels.
    pub fn picture(&mut self, context: &Context, picture: &Arc<Picture>) -> TextureHandle {
        let entry = self.pictures.entry(Arc::as_ptr(picture) as usize);
        let entry = entry.or_insert_with(|| Entry {
            texture: upload(context, "picture", picture, CRISP),
            drawn: 0,
            picture: Some(Arc::clone(picture)),
        });
        entry.drawn = self.frame;
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
                picture: None,
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
        if self.dataset != Some(dataset) {
            return;
        }
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
                Err(reason) => _ = self.unreadable.insert(sample, reason),
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

fn upload(
    context: &Context,
    name: &str,
    picture: &Picture,
    options: TextureOptions,
) -> TextureHandle {
    let step = picture.width.max(picture.height).div_ceil(MAX_SIDE).max(1);
    if picture.rgb.is_empty() {
        // What nobody will look at any more arrives without its pixels.
        return context.load_texture(name, ColorImage::filled([1, 1], Color32::GRAY), options);
    }
    if step == 1 {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A texture of 4 MB made of 3 MB of pixels.
    fn large() -> Arc<Picture> {
        Arc::new(Picture::filled(1_024, 1_024, [1, 2, 3]))
    }

    #[test]
    fn all_textures_together_are_bounded_and_what_is_drawn_stays() {
        let context = Context::default();
        let mut textures = Textures::default();
        let kept = large();
        for _ in 0..200 {
            textures.begin_frame();
            for picture in [&kept, &large()] {
                let _ = textures.picture(&context, picture);
            }
            assert!(textures.bytes() <= MOST_BYTES + (8 << 20));
        }
        assert!(textures.bytes() > MOST_BYTES / 2, "not more goes than must");
        let is_kept = textures
            .pictures
            .contains_key(&(Arc::as_ptr(&kept) as usize));
        assert!(is_kept, "it was drawn in every frame");
    }

    #[test]
    fn what_one_frame_draws_is_never_let_go() {
        let context = Context::default();
        let mut textures = Textures::default();
        let pictures: Vec<_> = (0..64).map(|_| large()).collect();
        for _ in 0..3 {
            textures.begin_frame();
            for picture in &pictures {
                let _ = textures.picture(&context, picture);
            }
            assert_eq!(textures.pictures.len(), 64, "none is made twice");
        }
    }

    #[test]
    fn no_texture_is_larger_than_a_gpu_takes() {
        let context = Context::default();
        let mut textures = Textures::default();
        textures.begin_frame();
        for (width, height) in [(1, 5_000), (20_000, 3), (4_097, 4_097), (0, 0)] {
            let picture = Arc::new(Picture::filled(width, height, [9; 3]));
            let [x, y] = textures.picture(&context, &picture).size();
            assert!(
                (1..=MAX_SIDE).contains(&x) && (1..=MAX_SIDE).contains(&y),
                "{width} x {height}"
            );
        }
    }
}
