//! timm's names for the tensors of two of the networks, which are otherwise torchvision's.

use crate::model::spec::Backbone;

/// Repetitions of MobileNetV2's stages, whose blocks torchvision numbers through.
const MOBILENET_STAGES: [usize; 7] = [1, 2, 3, 4, 3, 3, 1];

/// torchvision's name of the array that timm calls `name`; `None` when that is none of timm's names.
pub fn renamed(architecture: Backbone, name: &str) -> Option<String> {
    let (module, array) = name.rsplit_once('.')?;
    let last = match architecture {
        Backbone::MobileNetV2 => "features.18",
        Backbone::EfficientNetB0 => "features.8",
        Backbone::Vgg16 | Backbone::ResNet18 => return None,
    };
    let module = match module {
        "conv_stem" => "features.0.0".to_owned(),
        "bn1" => "features.0.1".to_owned(),
        "conv_head" => format!("{last}.0"),
        "bn2" => format!("{last}.1"),
        "classifier" => "classifier.1".to_owned(),
        block => {
            let mut parts = block.strip_prefix("blocks.")?.splitn(3, '.');
            let stage: usize = parts.next()?.parse().ok()?;
            let repetition: usize = parts.next()?.parse().ok()?;
            let part = part(architecture, stage == 0, parts.next()?)?;
            match architecture {
                Backbone::MobileNetV2 => {
                    let before: usize = MOBILENET_STAGES.get(..stage)?.iter().sum();
                    format!("features.{}.conv.{part}", before + repetition + 1)
                }
                _ => format!("features.{}.{repetition}.block.{part}", stage + 1),
            }
        }
    };
    Some(format!("{module}.{array}"))
}

/// torchvision's name of a module of a block. Those of the first stage do not widen their input.
fn part(architecture: Backbone, is_first: bool, part: &str) -> Option<&'static str> {
    let is_mobile = architecture == Backbone::MobileNetV2;
    Some(match (is_first, part) {
        (true, "conv_dw") | (false, "conv_pw") => "0.0",
        (_, "bn1") => "0.1",
        (false, "conv_dw") => "1.0",
        (false, "bn2") => "1.1",
        (true, "conv_pw") if is_mobile => "1",
        (true, "bn2") if is_mobile => "2",
        (false, "conv_pwl") if is_mobile => "2",
        (false, "bn3") if is_mobile => "3",
        (true, "se.conv_reduce") => "1.fc1",
        (true, "se.conv_expand") => "1.fc2",
        (true, "conv_pw") => "2.0",
        (true, "bn2") => "2.1",
        (false, "se.conv_reduce") => "2.fc1",
        (false, "se.conv_expand") => "2.fc2",
        (false, "conv_pwl") => "3.0",
        (false, "bn3") => "3.1",
        _ => return None,
    })
}
