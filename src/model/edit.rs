//! Editing a network: layers come, go, move and change. Pure, so that the window, tests and scripts edit alike.
//!
//! Boundaries between frozen and trained layers are kept by name ([`crate::model::graph::position`]); every
//! edit takes them along, so that none names a layer that is gone.

use super::spec::{Activation, Head, InitialWeights, L2, LayerKind, LayerSpec, ModelSpec, Padding};
use crate::model::spec::Backbone;

/// One change to a network. Positions are those of [`ModelSpec::layers`].
#[derive(Debug, Clone, PartialEq)]
pub enum LayerEdit {
    /// A new layer with a fresh name stands at `at`.
    Insert {
        /// Its position.
        at: usize,
        /// What it computes.
        kind: LayerKind,
    },
    /// The layer goes.
    Remove(usize),
    /// A copy with a fresh name stands after the layer.
    Duplicate(usize),
    /// The layer stands at `to` afterwards.
    Move {
        /// Where it stands.
        from: usize,
        /// Where it shall stand.
        to: usize,
    },
    /// The layer gets another name.
    Rename {
        /// Which layer.
        at: usize,
        /// Its new name: not empty, no dot, not taken.
        name: String,
    },
    /// The layer computes something else.
    SetKind {
        /// Which layer.
        at: usize,
        /// What it computes now.
        kind: LayerKind,
    },
    /// Large weights of the layer cost something else.
    SetL2 {
        /// Which layer.
        at: usize,
        /// What they cost now.
        l2: L2,
    },
    /// The logits mean something else. A last dense layer gets `units`, as many as the head wants.
    SetHead {
        /// What they mean now.
        head: Head,
        /// Logits.
        units: usize,
    },
}

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// There is no layer at the position.
    #[error("there is no layer {0}: the network has fewer")]
    NoLayer(usize),
    /// A name that no tensor could have.
    #[error(
        "a name must not be empty or contain a dot or a space: use letters and digits, as in conv4"
    )]
    BadName,
    /// Another layer has the name.
    #[error("another layer is called {0}: give each its own name")]
    TakenName(String),
}

/// Makes `edit` in `spec` and takes `boundaries` along (names of the first trained layer or node, one per
/// phase). Returns the position of the layer that the edit is about, which moves with it.
///
/// # Errors
/// When the edit cannot be made; nothing has changed then.
pub fn apply(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    edit: &LayerEdit,
) -> Result<Option<usize>, EditError> {
    let count = spec.layers.len();
    match edit {
        LayerEdit::Insert { at, kind } => {
            let layer = LayerSpec::new(fresh_name(spec, kind), kind.clone());
            Ok(Some(insert(spec, boundaries, (*at).min(count), layer)))
        }
        LayerEdit::Duplicate(at) => {
            let layer = layer(spec, *at)?;
            let layer = LayerSpec {
                name: fresh_name_like(spec, &layer.name),
                ..layer.clone()
            };
            Ok(Some(insert(spec, boundaries, at + 1, layer)))
        }
        LayerEdit::Remove(at) => {
            let name = layer(spec, *at)?.name.clone();
            spec.layers.remove(*at);
            let next = spec.layers.get(*at).or(spec.layers.last());
            pass_on(boundaries, next, |boundary| belongs(boundary, &name));
            let last = spec.layers.len().checked_sub(1);
            Ok(last.map(|last| (*at).min(last)))
        }
        LayerEdit::Move { from, to } => {
            let name = layer(spec, *from)?.name.clone();
            let to = (*to).min(count - 1);
            let next = spec.layers.get(from + 1).cloned();
            let moved = spec.layers.remove(*from);
            spec.layers.insert(to, moved);
            if to != *from {
                let next = next.as_ref().or(spec.layers.last());
                pass_on(boundaries, next, |boundary| boundary == name);
            }
            Ok(Some(to))
        }
        LayerEdit::Rename { at, name } => rename(spec, boundaries, *at, name).map(Some),
        LayerEdit::SetKind { at, kind } => {
            let name = layer(spec, *at)?.name.clone();
            if kind.word() != spec.layers[*at].kind.word() {
                // A node of a backbone that is no longer there.
                let same = Some(&spec.layers[*at]);
                pass_on(boundaries, same, |boundary| belongs(boundary, &name));
            }
            spec.layers[*at].kind = kind.clone();
            Ok(Some(*at))
        }
        LayerEdit::SetL2 { at, l2 } => {
            layer(spec, *at)?;
            spec.layers[*at].l2 = *l2;
            Ok(Some(*at))
        }
        LayerEdit::SetHead {
            head,
            units: logits,
        } => {
            spec.head = *head;
            if let Some(LayerKind::Dense { units, .. }) =
                spec.layers.last_mut().map(|layer| &mut layer.kind)
            {
                *units = *logits;
            }
            Ok(None)
        }
    }
}

fn layer(spec: &ModelSpec, at: usize) -> Result<&LayerSpec, EditError> {
    spec.layers.get(at).ok_or(EditError::NoLayer(at + 1))
}

/// Whether `boundary` names the layer called `name` or a node of it.
pub fn belongs(boundary: &str, name: &str) -> bool {
    let rest = boundary.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Boundaries that `concern` stand at `next` instead; without a next layer nothing is frozen.
fn pass_on(
    boundaries: &mut [Option<String>],
    next: Option<&LayerSpec>,
    concern: impl Fn(&str) -> bool,
) {
    for boundary in boundaries {
        if boundary.as_deref().is_some_and(&concern) {
            *boundary = next.map(|layer| layer.name.clone());
        }
    }
}

/// A layer put right at a boundary is trained: its weights are new.
fn insert(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    at: usize,
    layer: LayerSpec,
) -> usize {
    if let Some(pushed) = spec.layers.get(at) {
        pass_on(boundaries, Some(&layer), |boundary| boundary == pushed.name);
    }
    spec.layers.insert(at, layer);
    at
}

fn rename(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    at: usize,
    name: &str,
) -> Result<usize, EditError> {
    let old = layer(spec, at)?.name.clone();
    check_name(spec, at, name)?;
    for boundary in boundaries.iter_mut().flatten() {
        if belongs(boundary, &old) {
            *boundary = format!("{name}{}", &boundary[old.len()..]);
        }
    }
    name.clone_into(&mut spec.layers[at].name);
    Ok(at)
}

/// Whether the layer at `at` may be called `name`.
///
/// # Errors
/// Why not.
pub fn check_name(spec: &ModelSpec, at: usize, name: &str) -> Result<(), EditError> {
    if name.is_empty() || name.contains(|c: char| c == '.' || c.is_whitespace() || c.is_control()) {
        return Err(EditError::BadName);
    }
    match spec.layer_index(name) {
        Some(other) if other != at => Err(EditError::TakenName(name.to_owned())),
        _ => Ok(()),
    }
}

/// A name that no layer has, as people would choose it: `conv4` after `conv3`.
pub fn fresh_name(spec: &ModelSpec, kind: &LayerKind) -> String {
    let (stem, counted) = match kind {
        LayerKind::Conv2d { .. } => ("conv", true),
        LayerKind::MaxPool2d { .. } | LayerKind::AvgPool2d { .. } => ("pool", true),
        LayerKind::GlobalAvgPool2d => ("gap", false),
        LayerKind::BatchNorm2d { .. } => ("norm", true),
        LayerKind::Activation(Activation::Relu) => ("relu", true),
        LayerKind::Activation(_) => ("act", true),
        LayerKind::Dropout { .. } => ("drop", true),
        LayerKind::Dropout2d { .. } => ("drop2d", false),
        LayerKind::Rescaling { .. } => ("rescale", false),
        LayerKind::Flatten => ("flatten", false),
        LayerKind::Dense { .. } => ("dense", true),
        LayerKind::Backbone { .. } => ("base", false),
    };
    if !counted && spec.layer_index(stem).is_none() {
        return stem.to_owned();
    }
    numbered(spec, stem)
}

/// A fresh name for a copy of the layer called `name`.
fn fresh_name_like(spec: &ModelSpec, name: &str) -> String {
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

/// Every kind with settings to begin with and its words in a menu.
pub fn kinds() -> [(&'static str, LayerKind); 12] {
    [
        (
            "Convolution",
            LayerKind::Conv2d {
                filters: 32,
                kernel: 3,
                stride: 1,
                padding: Padding::Same,
                activation: Activation::Relu,
            },
        ),
        ("Max pooling", LayerKind::MaxPool2d { size: 2, stride: 2 }),
        (
            "Average pooling",
            LayerKind::AvgPool2d { size: 2, stride: 2 },
        ),
        ("Global average pooling", LayerKind::GlobalAvgPool2d),
        (
            "Batch normalisation",
            LayerKind::BatchNorm2d {
                momentum: 0.1,
                epsilon: 1e-5,
            },
        ),
        ("Activation", LayerKind::Activation(Activation::Relu)),
        ("Dropout", LayerKind::Dropout { rate: 0.2 }),
        ("Channel dropout", LayerKind::Dropout2d { rate: 0.2 }),
        ("Flatten", LayerKind::Flatten),
        (
            "Dense",
            LayerKind::Dense {
                units: 128,
                activation: Activation::Relu,
            },
        ),
        (
            "Rescaling",
            LayerKind::Rescaling {
                scale: 1.0,
                offset: 0.0,
            },
        ),
        (
            "Backbone",
            LayerKind::Backbone {
                architecture: Backbone::MobileNetV2,
                weights: InitialWeights::ImageNet,
                batch_norm_inference: true,
            },
        ),
    ]
}

/// The words of [`kinds`] for `kind`.
pub fn kind_words(kind: &LayerKind) -> &'static str {
    match kind {
        LayerKind::Conv2d { .. } => "Convolution",
        LayerKind::MaxPool2d { .. } => "Max pooling",
        LayerKind::AvgPool2d { .. } => "Average pooling",
        LayerKind::GlobalAvgPool2d => "Global average pooling",
        LayerKind::BatchNorm2d { .. } => "Batch normalisation",
        LayerKind::Activation(_) => "Activation",
        LayerKind::Dropout { .. } => "Dropout",
        LayerKind::Dropout2d { .. } => "Channel dropout",
        LayerKind::Flatten => "Flatten",
        LayerKind::Dense { .. } => "Dense",
        LayerKind::Rescaling { .. } => "Rescaling",
        LayerKind::Backbone { .. } => "Backbone",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::spec::{Initialisation, InputSpec, Preprocessing};

    fn spec(names: &[&str]) -> ModelSpec {
        let layers = names
            .iter()
            .map(|name| LayerSpec::new(*name, LayerKind::Flatten));
        ModelSpec {
            name: "test".into(),
            input: InputSpec::default(),
            preprocessing: Preprocessing::default(),
            initialisation: Initialisation::Keras,
            layers: layers.collect(),
            head: Head::Softmax,
        }
    }

    fn names(spec: &ModelSpec) -> Vec<&str> {
        spec.layers
            .iter()
            .map(|layer| layer.name.as_str())
            .collect()
    }

    #[test]
    fn fresh_names_go_on_counting() {
        let conv = &kinds()[0].1;
        let cases: [(&str, &[&str], &LayerKind, &str); 6] = [
            ("the first", &[], conv, "conv1"),
            ("after the largest", &["conv1", "conv3"], conv, "conv4"),
            ("a bare name counts as the first", &["conv"], conv, "conv2"),
            ("others do not count", &["conversion9"], conv, "conv1"),
            (
                "there is usually one",
                &["conv1"],
                &LayerKind::Flatten,
                "flatten",
            ),
            (
                "the second of those",
                &["flatten"],
                &LayerKind::Flatten,
                "flatten2",
            ),
        ];
        for (why, taken, kind, expected) in cases {
            assert_eq!(fresh_name(&spec(taken), kind), expected, "{why}");
        }
        let huge = spec(&["conv4294967295"]);
        assert_eq!(fresh_name(&huge, conv), "conv4294967296", "no overflow");
    }

    #[test]
    fn boundaries_go_with_the_layers() {
        let conv = kinds()[0].1.clone();
        let rename = |name: &str| LayerEdit::Rename {
            at: 2,
            name: name.into(),
        };
        // Of the layers a b c d, those from the boundary on are trained.
        let cases: [(&str, &str, LayerEdit, &[&str], Option<&str>); 11] = [
            (
                "renamed",
                "c",
                rename("x"),
                &["a", "b", "x", "d"],
                Some("x"),
            ),
            (
                "a node of it",
                "c.features.1",
                rename("x"),
                &["a", "b", "x", "d"],
                Some("x.features.1"),
            ),
            (
                "only like it",
                "cc",
                rename("x"),
                &["a", "b", "x", "d"],
                Some("cc"),
            ),
            (
                "removed",
                "c",
                LayerEdit::Remove(2),
                &["a", "b", "d"],
                Some("d"),
            ),
            (
                "removed last",
                "d",
                LayerEdit::Remove(3),
                &["a", "b", "c"],
                Some("c"),
            ),
            (
                "a new layer is trained",
                "c",
                LayerEdit::Insert {
                    at: 2,
                    kind: conv.clone(),
                },
                &["a", "b", "conv1", "c", "d"],
                Some("conv1"),
            ),
            (
                "a new layer among frozen ones",
                "c",
                LayerEdit::Insert { at: 1, kind: conv },
                &["a", "conv1", "b", "c", "d"],
                Some("c"),
            ),
            (
                "up, to the frozen ones",
                "c",
                LayerEdit::Move { from: 2, to: 0 },
                &["c", "a", "b", "d"],
                Some("d"),
            ),
            (
                "down, among the trained",
                "c",
                LayerEdit::Move { from: 2, to: 3 },
                &["a", "b", "d", "c"],
                Some("d"),
            ),
            (
                "the only trained one moves up",
                "d",
                LayerEdit::Move { from: 3, to: 0 },
                &["d", "a", "b", "c"],
                Some("c"),
            ),
            (
                "a frozen one moves down",
                "c",
                LayerEdit::Move { from: 0, to: 3 },
                &["b", "c", "d", "a"],
                Some("c"),
            ),
        ];
        for (why, before, edit, layers, after) in cases {
            let mut edited = spec(&["a", "b", "c", "d"]);
            let mut boundaries = [None, Some(before.to_owned())];
            apply(&mut edited, &mut boundaries, &edit).unwrap();
            assert_eq!(names(&edited), layers, "{why}");
            assert_eq!(boundaries, [None, after.map(str::to_owned)], "{why}");
        }
    }

    #[test]
    fn what_cannot_be_done_changes_nothing_and_says_why() {
        let rename = |at, name: &str| LayerEdit::Rename {
            at,
            name: name.into(),
        };
        let cases = [
            ("nowhere", LayerEdit::Remove(2), "no layer 3"),
            (
                "nowhere to copy from",
                LayerEdit::Duplicate(9),
                "no layer 10",
            ),
            ("no name", rename(0, ""), "must not be empty"),
            ("a dot would part tensor names", rename(0, "a.b"), "dot"),
            ("taken", rename(0, "b"), "another layer is called b"),
        ];
        for (why, edit, part) in cases {
            let mut edited = spec(&["a", "b"]);
            let error = apply(&mut edited, &mut [], &edit).unwrap_err().to_string();
            assert!(error.contains(part), "{why}: {error}");
            assert_eq!(edited, spec(&["a", "b"]), "{why}");
        }
        let mut same = spec(&["a", "b"]);
        apply(&mut same, &mut [], &rename(0, "a")).unwrap();
    }

    #[test]
    fn a_head_brings_its_units() {
        let mut edited = spec(&["flatten"]);
        apply(
            &mut edited,
            &mut [],
            &LayerEdit::Insert {
                at: 1,
                kind: kinds()[9].1.clone(),
            },
        )
        .unwrap();
        let head = Head::Sigmoid { threshold: 0.5 };
        apply(&mut edited, &mut [], &LayerEdit::SetHead { head, units: 1 }).unwrap();
        assert!(matches!(
            edited.layers[1].kind,
            LayerKind::Dense { units: 1, .. }
        ));
        assert_eq!(edited.head, head);
    }

    fn any_edit() -> impl Strategy<Value = LayerEdit> {
        let name = prop_oneof![
            Just("conv1"),
            Just("flatten"),
            Just("drop"),
            Just("7"),
            Just("a.b"),
            Just("")
        ];
        prop_oneof![
            (0..12usize, 0..12usize).prop_map(|(at, kind)| LayerEdit::Insert {
                at,
                kind: kinds()[kind].1.clone()
            }),
            (0..12usize).prop_map(LayerEdit::Remove),
            (0..12usize).prop_map(LayerEdit::Duplicate),
            (0..12usize, 0..12usize).prop_map(|(from, to)| LayerEdit::Move { from, to }),
            (0..12usize, name).prop_map(|(at, name)| LayerEdit::Rename {
                at,
                name: name.to_owned()
            }),
        ]
    }

    proptest! {
        #[test]
        fn names_stay_unique_and_boundaries_known(
            edits in proptest::collection::vec(any_edit(), 1..40),
        ) {
            let mut edited = spec(&["a", "b", "c"]);
            let mut boundaries = vec![Some("b".to_owned()), Some("c".to_owned())];
            for edit in edits {
                let before = edited.layers.len();
                match apply(&mut edited, &mut boundaries, &edit) {
                    Ok(Some(at)) => prop_assert!(at < edited.layers.len()),
                    Ok(None) => prop_assert!(edited.layers.is_empty()),
                    Err(_) => prop_assert_eq!(edited.layers.len(), before),
                }
                let mut sorted = names(&edited);
                sorted.sort_unstable();
                sorted.dedup();
                prop_assert_eq!(sorted.len(), edited.layers.len());
                for boundary in boundaries.iter().flatten() {
                    prop_assert!(edited.layer_index(boundary).is_some(), "{} is gone", boundary);
                }
            }
        }
    }
}
