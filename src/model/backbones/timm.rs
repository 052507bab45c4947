//! timm's names for the tensors of the networks that it calls efficient, which are otherwise torchvision's.

/// torchvision's name of the array that timm calls `name`, in a network whose last convolution stands in the module `last`;
/// `module_of` names the module of a stage, a repetition and a part of a block, all of them timm's.
pub fn renamed(
    name: &str,
    last: &str,
    module_of: fn(usize, usize, &str) -> Option<String>,
) -> Option<String> {
    let (module, array) = name.rsplit_once('.')?;
    let module = match module {
        "conv_stem" => "features.0.0".to_owned(),
        "bn1" => "features.0.1".to_owned(),
        "conv_head" => format!("{last}.0"),
        "bn2" => format!("{last}.1"),
        "classifier" => "classifier.1".to_owned(),
        block => {
            let mut parts = block.strip_prefix("blocks.")?.splitn(3, '.');
            let mut number = || parts.next()?.parse().ok();
            let (stage, repetition) = (number()?, number()?);
            module_of(stage, repetition, parts.next()?)?
        }
    };
    Some(format!("{module}.{array}"))
}
