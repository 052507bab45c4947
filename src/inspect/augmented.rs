//! Augmented versions of one image, to look at before training on them.

use std::{convert::Infallible, sync::Arc};

use tch::Device;

use super::{InspectError, Inspection, Looking, Quick, colours};
use crate::{
    data::{
        Picture,
        augment::{self, AugmentationConfig},
        batches::{self, InputFormat},
    },
    model::spec::InputSpec,
};

/// Versions of one image: three rows of three.
pub const VERSIONS: usize = 9;

/// Asks for augmented versions of an image, as training would see them.
#[derive(Debug, Clone, PartialEq)]
pub struct Augment {
    /// The size and colours that the network gets.
    pub input: InputSpec,
    /// How it varies.
    pub config: AugmentationConfig,
    /// Decides what is drawn.
    pub seed: u64,
}

impl Inspection for Augment {
    type Answer = Augmented;
    type Partial = Infallible;
    type Speed = Quick;
    const WORDS: &'static str = "augment the image";
    const NEEDS_MODEL: bool = false;

    fn run(&self, look: &Looking<'_, Infallible>) -> Result<Augmented, InspectError> {
        let image = look.resized(&self.input)?;
        augmented(&image, &self.input, &self.config, self.seed)
    }
}

/// An image as the network gets it, and what augmentation makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Augmented {
    /// Resized, nothing else.
    pub original: Arc<Picture>,
    /// [`VERSIONS`] of them.
    pub versions: Vec<Arc<Picture>>,
}

/// Draws versions of `rgb`, an image of the size that `input` says: what a batch of nine copies of it would
/// be in training. The same `seed` draws the same.
///
/// # Errors
/// When a setting is out of range, `rgb` has another size or libtorch refuses.
pub fn augmented(
    rgb: &[u8],
    input: &InputSpec,
    config: &AugmentationConfig,
    seed: u64,
) -> Result<Augmented, InspectError> {
    config.check().map_err(InspectError::NotThere)?;
    let format = InputFormat {
        height: input.height,
        width: input.width,
        color_mode: input.color_mode,
        channels_last: false,
        device: Device::Cpu,
    };
    let images = batches::to_unit_tensor(&rgb.repeat(VERSIONS), &format)?;
    let pictures = |images: &tch::Tensor| -> Result<Vec<_>, tch::TchError> {
        Ok(colours::pictures(images)?
            .into_iter()
            .map(Arc::new)
            .collect())
    };
    Ok(Augmented {
        original: pictures(&images.f_narrow(0, 0, 1)?)?.remove(0),
        versions: pictures(&augment::apply(&images, config, seed)?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::decode::ColorMode;

    #[test]
    fn nine_versions_differ_and_a_seed_repeats_them() {
        let (height, width) = (6, 8);
        let rgb: Vec<u8> = (0..height * width * 3).map(|value| value as u8).collect();
        let config = AugmentationConfig {
            rotation_degrees: 30.0,
            ..AugmentationConfig::default()
        };
        for color_mode in [ColorMode::Rgb, ColorMode::Grayscale] {
            let input = InputSpec {
                height,
                width,
                color_mode,
                ..InputSpec::default()
            };
            let versions = |seed| augmented(&rgb, &input, &config, seed).unwrap();
            let first = versions(1);
            assert_eq!(first.versions.len(), VERSIONS);
            assert_eq!(
                (first.original.width, first.original.height),
                (width, height)
            );
            assert_eq!(color_mode == ColorMode::Rgb, first.original.rgb == rgb);
            assert!(
                first
                    .versions
                    .iter()
                    .all(|version| *version != first.original)
            );
            assert_ne!(first.versions[0], first.versions[1]);
            assert_eq!(first, versions(1));
            assert_ne!(first, versions(2));
            let none = augmented(&rgb, &input, &AugmentationConfig::default(), 1).unwrap();
            assert!(
                none.versions
                    .iter()
                    .all(|version| *version == none.original)
            );
        }
        let wrong = AugmentationConfig {
            zoom: 3.0,
            ..config
        };
        assert!(augmented(&rgb, &InputSpec::default(), &wrong, 1).is_err());
    }
}
