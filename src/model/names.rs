//! Names of layers: what is allowed, and what a new one is called.

use super::spec::{LayerKind, LayerSpec, ModelSpec};

/// Whether the layer at `at` of `layers` may be called `name`.
///
/// # Errors
/// Why not.
pub fn check_name(layers: &[LayerSpec], at: usize, name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains(|c: char| c == '.' || c.is_whitespace() || c.is_control()) {
        return Err(
            "a name must not be empty or contain a dot or a space: use letters and digits, as in conv4"
                .into(),
        );
    }
    match layers.iter().position(|layer| layer.name == name) {
        Some(other) if other != at => Err(format!(
            "another layer is called {name}: give each its own name"
        )),
        _ => Ok(()),
    }
}

/// A name that no layer has, as people would choose it: `conv4` after `conv3`.
pub fn fresh_name(spec: &ModelSpec, kind: &LayerKind) -> String {
    let name = kind.about().first_name;
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem == name && spec.layer_index(name).is_none() {
        return name.to_owned();
    }
    numbered(spec, stem)
}

/// A fresh name for a copy of the layer called `name`.
pub fn fresh_name_like(spec: &ModelSpec, name: &str) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    // A name of digits alone has no stem.
    numbered(spec, if stem.is_empty() { "layer" } else { stem })
}

/// `stem` with the number after the largest that is in use.
fn numbered(spec: &ModelSpec, stem: &str) -> String {
    let numbers = spec.layers.iter().filter_map(|layer| {
        let rest = layer.name.strip_prefix(stem)?;
        if rest.is_empty() {
            Some(1)
        } else {
            rest.parse::<u32>().ok()
        }
    });
    let largest = numbers.max().unwrap_or(0);
    let mut number = u64::from(largest) + 1;
    // `conv04` reads as 4 and does not clash, but nothing is left to chance.
    while spec.layer_index(&format!("{stem}{number}")).is_some() {
        number += 1;
    }
    format!("{stem}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        layers::{self, Layer as _},
        spec::{Head, Initialisation, InputSpec, Preprocessing},
    };

    fn spec(names: &[&str]) -> ModelSpec {
        let layers = names
            .iter()
            .map(|name| LayerSpec::new(*name, LayerKind::Flatten(layers::Flatten)));
        ModelSpec {
            name: "test".into(),
            input: InputSpec::default(),
            preprocessing: Preprocessing::default(),
            initialisation: Initialisation::Keras,
            layers: layers.collect(),
            head: Head::Softmax,
        }
    }

    #[test]
    fn fresh_names_go_on_counting() {
        let conv = &LayerKind::Conv2d(layers::Conv2d::fresh());
        let cases: [(&str, &[&str], &LayerKind, &str); 6] = [
            ("the first", &[], conv, "conv1"),
            ("after the largest", &["conv1", "conv3"], conv, "conv4"),
            ("a bare name counts as the first", &["conv"], conv, "conv2"),
            ("others do not count", &["conversion9"], conv, "conv1"),
            (
                "there is usually one",
                &["conv1"],
                &LayerKind::Flatten(layers::Flatten),
                "flatten",
            ),
            (
                "the second of those",
                &["flatten"],
                &LayerKind::Flatten(layers::Flatten),
                "flatten2",
            ),
        ];
        for (why, taken, kind, expected) in cases {
            assert_eq!(fresh_name(&spec(taken), kind), expected, "{why}");
        }
        let huge = spec(&["conv4294967295"]);
        assert_eq!(fresh_name(&huge, conv), "conv4294967296", "no overflow");
    }
}
