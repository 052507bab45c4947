//! Settings in words, in one place for reports, the command line and the notebook: what a run was asked for besides
//! its recipe's network, and in what runs differ.

mod compared;

pub use compared::in_words;

use crate::{
    data::{
        augment::{AugmentationConfig, FillMode, ZoomAxes},
        stats::ClassWeights,
    },
    train::Experiment,
};

/// One sentence each; none for what is off.
pub fn asked_for(experiment: &Experiment) -> Vec<String> {
    [
        augmentation(&experiment.augmentation),
        class_weights(&experiment.training.class_weights),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `Training images are augmented: horizontal flip, rotation ±10°, filled with the nearest pixel.`
fn augmentation(config: &AugmentationConfig) -> Option<String> {
    let mut words = variations(config);
    if words.is_empty() {
        return None;
    }
    words.push(filled(config.fill));
    let words = words.join(", ");
    Some(format!("Training images are augmented: {words}."))
}

/// What varies, each as `rotation ±10°`; nothing for images that stay as they are.
fn variations(config: &AugmentationConfig) -> Vec<String> {
    let number = |value: f64| format!("{}", (value * 1e4).round() / 1e4);
    let flips = [
        (config.horizontal_flip, "horizontal flip"),
        (config.vertical_flip, "vertical flip"),
    ];
    let flips = flips.into_iter().filter(|(is_on, _)| *is_on);
    let mut words: Vec<String> = flips.map(|(_, words)| words.to_owned()).collect();
    if config.rotation_degrees > 0.0 {
        words.push(format!("rotation ±{}°", number(config.rotation_degrees)));
    }
    let zoom = match config.zoom_axes {
        ZoomAxes::Together => "zoom",
        ZoomAxes::Each => "zoom of each axis",
    };
    let shares = [
        (zoom, config.zoom),
        ("width shift", config.width_shift),
        ("height shift", config.height_shift),
        ("brightness", config.brightness),
        ("contrast", config.contrast),
    ];
    for (name, share) in shares.into_iter().filter(|(_, share)| *share > 0.0) {
        words.push(format!("{name} ±{} %", number(100.0 * share)));
    }
    if config.random_crop < 1.0 {
        let smallest = number(100.0 * config.random_crop);
        words.push(format!("random crop from {smallest} %"));
    }
    words
}

fn filled(fill: FillMode) -> String {
    match fill {
        FillMode::Constant(grey) => format!("filled with grey {grey}"),
        FillMode::Nearest => "filled with the nearest pixel".to_owned(),
        FillMode::Reflect => "filled with the mirrored image".to_owned(),
    }
}

fn class_weights(weights: &ClassWeights) -> Option<String> {
    match weights {
        ClassWeights::Off => None,
        ClassWeights::Balanced => {
            Some("Every class counts the same in the loss (balanced weights).".to_owned())
        }
        ClassWeights::Own(own) => {
            let words: Vec<String> = own.iter().map(|(name, w)| format!("{name} {w}")).collect();
            Some(format!(
                "Class weights in the loss: {}; others 1.",
                words.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_is_told_and_nothing_else() {
        assert_eq!(augmentation(&AugmentationConfig::default()), None);
        let config = AugmentationConfig {
            horizontal_flip: true,
            rotation_degrees: 36.0,
            zoom: 0.1,
            random_crop: 0.8,
            fill: FillMode::Nearest,
            ..AugmentationConfig::default()
        };
        assert_eq!(
            augmentation(&config).unwrap(),
            "Training images are augmented: horizontal flip, rotation ±36°, zoom ±10 %, random crop from 80 %, filled with the nearest pixel."
        );
        let each = AugmentationConfig {
            zoom: 0.2,
            zoom_axes: ZoomAxes::Each,
            ..AugmentationConfig::default()
        };
        assert_eq!(
            augmentation(&each).unwrap(),
            "Training images are augmented: zoom of each axis ±20 %, filled with grey 0."
        );
        assert_eq!(class_weights(&ClassWeights::Off), None);
        let own = ClassWeights::Own([("cat".to_owned(), 2.5)].into());
        assert_eq!(
            class_weights(&own).unwrap(),
            "Class weights in the loss: cat 2.5; others 1."
        );
    }
}
