//! What a run was asked for besides its recipe's network, in words: augmentation and class weights.

use crate::{
    data::{
        augment::{AugmentationConfig, FillMode, ZoomAxes},
        stats::ClassWeights,
    },
    train::Experiment,
};

/// One sentence each; none for what is off.
pub fn words(experiment: &Experiment) -> Vec<String> {
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
    if config.is_none() {
        return None;
    }
    let number = |value: f64| format!("{}", (value * 1e4).round() / 1e4);
    let flips = [
        (config.horizontal_flip, "horizontal flip"),
        (config.vertical_flip, "vertical flip"),
    ];
    let mut words: Vec<String> = flips
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, words)| words.to_owned())
        .collect();
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
    let fill = match config.fill {
        FillMode::Constant(grey) => format!("grey {grey}"),
        FillMode::Nearest => "the nearest pixel".to_owned(),
        FillMode::Reflect => "the mirrored image".to_owned(),
    };
    let words = words.join(", ");
    Some(format!(
        "Training images are augmented: {words}, filled with {fill}."
    ))
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
