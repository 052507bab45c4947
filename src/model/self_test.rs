//! What a model file must answer to the one image it carries.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{data::Picture, format::significant};

/// Largest difference between the logits of the self-test here and where the model was saved, as a share of the
/// largest logit, or of 1 where all are smaller: rounding grows with the numbers.
pub const SELF_TEST_TOLERANCE: f32 = 1e-3;

/// One input and the logits it must give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// PNG file in base64, of the model's input size.
    input_png: String,
    /// One per class. JSON has no infinities and says `null`, which is read as NaN.
    #[serde(deserialize_with = "with_nulls")]
    pub logits: Vec<f32>,
}

fn with_nulls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    let logits = Vec::<Option<f32>>::deserialize(deserializer)?;
    Ok(logits.into_iter().map(|v| v.unwrap_or(f32::NAN)).collect())
}

impl SelfTest {
    /// What a model says about `input`.
    ///
    /// # Errors
    /// When the image cannot be packed.
    pub fn new(input: &Picture, logits: Vec<f32>) -> Result<Self, image::ImageError> {
        let mut png = std::io::Cursor::new(Vec::new());
        let image = input.to_image();
        image.write_to(&mut png, image::ImageFormat::Png)?;
        let input_png = BASE64_STANDARD.encode(png.into_inner());
        Ok(Self { input_png, logits })
    }

    /// The input.
    ///
    /// # Errors
    /// When it is not a PNG in base64.
    pub fn picture(&self) -> Result<Picture, String> {
        let png = BASE64_STANDARD
            .decode(&self.input_png)
            .map_err(|_| "its self-test image is not base64".to_owned())?;
        let image = image::load_from_memory_with_format(&png, image::ImageFormat::Png)
            .map_err(|_| "its self-test image is not a PNG".to_owned())?;
        Ok(image.into_rgb8().into())
    }
}

/// What differs between the logits of a self-test here and those that were saved; `None` when nothing that matters.
pub fn difference(here: &[f32], saved: &[f32]) -> Option<String> {
    let size = saved.iter().filter(|logit| logit.is_finite());
    let size = size.fold(1.0f32, |size, logit| size.max(logit.abs()));
    let mut largest = 0.0f32;
    for (here, saved) in here.iter().zip(saved) {
        largest = match (here.is_finite(), saved.is_finite()) {
            (true, true) => largest.max((here - saved).abs()),
            (false, false) => largest,
            _ => f32::INFINITY,
        };
    }
    let agrees = here.len() == saved.len() && largest <= SELF_TEST_TOLERANCE * size;
    (!agrees).then(|| {
        format!(
            "gives other answers on this computer than where it was saved: its logits differ by up to {} where they reach {}. \
             Its weights are whole: another processor or version computes differently, or what stands beside them was changed",
            significant(largest.into()),
            significant(size.into())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_grows_with_the_logits_and_is_no_difference() {
        let nan = f32::NAN;
        for (why, here, saved, agrees) in [
            ("the same", &[1.0, -2.0][..], &[1.0, -2.0][..], true),
            (
                "small ones, by a thousandth",
                &[0.0009, 0.1],
                &[0.0, 0.1],
                true,
            ),
            ("small ones, by more", &[0.002, 0.1], &[0.0, 0.1], false),
            (
                "large ones, by as much of their size",
                &[20_010.0, 3.0],
                &[20_000.0, 5.0],
                true,
            ),
            (
                "large ones, by more",
                &[20_100.0, 3.0],
                &[20_000.0, 5.0],
                false,
            ),
            (
                "the other class",
                &[-20_000.0, 3.0],
                &[20_000.0, 3.0],
                false,
            ),
            ("more of them", &[1.0, 1.0, 1.0], &[1.0, 1.0], false),
            ("no numbers, then as now", &[nan, 1.0], &[nan, 1.0], true),
            ("infinite, written as null", &[f32::INFINITY], &[nan], true),
            ("no number now", &[nan, 1.0], &[1.0, 1.0], false),
            ("no number then", &[1.0, 1.0], &[nan, 1.0], false),
        ] {
            let found = difference(here, saved);
            assert_eq!(found.is_none(), agrees, "{why}: {found:?}");
        }
    }

    #[test]
    fn what_is_not_finite_survives_json() {
        let picture = Picture::filled(2, 2, [1, 2, 3]);
        let test = SelfTest::new(&picture, vec![1.5, f32::NEG_INFINITY]).unwrap();
        let text = serde_json::to_string(&test).unwrap();
        let again: SelfTest = serde_json::from_str(&text).unwrap();
        assert_eq!(difference(&again.logits, &test.logits), None);
        assert_eq!(again.picture().unwrap(), picture);
    }
}
