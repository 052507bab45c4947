//! Editing: single edits, boundaries, and any sequence of them.

use proptest::prelude::*;

use super::*;
use crate::model::layers::{self, Layer as _};
use crate::model::spec::{Initialisation, InputSpec, Preprocessing};

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

fn names(spec: &ModelSpec) -> Vec<&str> {
    spec.layers
        .iter()
        .map(|layer| layer.name.as_str())
        .collect()
}

/// Why, boundary before, edit, layers after, boundary after.
type Case = (
    &'static str,
    &'static str,
    LayerEdit,
    &'static [&'static str],
    Option<&'static str>,
);

#[test]
fn boundaries_go_with_the_layers() {
    let conv = LayerKind::Conv2d(layers::Conv2d::fresh());
    let rename = |name: &str| LayerEdit::Rename {
        at: 2,
        name: name.into(),
    };
    // Of the layers a b c d, those from the boundary on are trained.
    let cases: [Case; 11] = [
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
            kind: LayerKind::Dense(Dense::fresh()),
        },
    )
    .unwrap();
    let head = Head::Sigmoid { threshold: 0.5 };
    apply(&mut edited, &mut [], &LayerEdit::SetHead { head, units: 1 }).unwrap();
    assert!(matches!(
        edited.layers[1].kind,
        LayerKind::Dense(Dense { units: 1, .. })
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
        (0..12usize, 0..LayerKind::all().len()).prop_map(|(at, kind)| LayerEdit::Insert {
            at,
            kind: LayerKind::all().swap_remove(kind)
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

#[test]
fn layers_within_a_block_are_edited_like_others() {
    let mut spec = spec(&["conv1"]);
    let block = layers::Residual::fresh();
    spec.layers.push(LayerSpec::new("block1", block));
    let within = |edit| LayerEdit::Within {
        block: 1,
        edit: Box::new(edit),
    };
    let names = |spec: &ModelSpec| -> Vec<String> {
        let inner = spec.layers[1].kind.inner().unwrap_or_default();
        inner.iter().map(|layer| layer.name.clone()).collect()
    };
    let mut boundaries = [Some("block1.conv2".to_owned()), Some("conv1".to_owned())];
    /// Why, the edit, the position that it is about, the names afterwards, the first boundary.
    type Case = (
        &'static str,
        LayerEdit,
        Option<usize>,
        &'static [&'static str],
        &'static str,
    );
    let cases: [Case; 5] = [
        (
            "a copy right at the boundary is trained",
            LayerEdit::Duplicate(2),
            Some(3),
            &["conv1", "norm1", "relu1", "relu2", "conv2", "norm2"],
            "block1.relu2",
        ),
        (
            "moved away from it",
            LayerEdit::Move { from: 3, to: 0 },
            Some(0),
            &["relu2", "conv1", "norm1", "relu1", "conv2", "norm2"],
            "block1.conv2",
        ),
        (
            "a boundary goes along with a name",
            LayerEdit::Rename {
                at: 4,
                name: "second".into(),
            },
            Some(4),
            &["relu2", "conv1", "norm1", "relu1", "second", "norm2"],
            "block1.second",
        ),
        (
            "and passes on to what follows",
            LayerEdit::Remove(4),
            Some(4),
            &["relu2", "conv1", "norm1", "relu1", "norm2"],
            "block1.norm2",
        ),
        (
            "new ones have names of their own",
            LayerEdit::Insert {
                at: 9,
                kind: LayerKind::Conv2d(layers::Conv2d::fresh()),
            },
            Some(5),
            &["relu2", "conv1", "norm1", "relu1", "norm2", "conv2"],
            "block1.norm2",
        ),
    ];
    for (why, edit, at, expected, boundary) in cases {
        assert_eq!(
            apply(&mut spec, &mut boundaries, &within(edit)),
            Ok(at),
            "{why}"
        );
        assert_eq!(names(&spec), expected, "{why}");
        assert_eq!(boundaries[0].as_deref(), Some(boundary), "{why}");
        assert_eq!(boundaries[1].as_deref(), Some("conv1"), "{why}");
    }
    for _ in 0..6 {
        apply(&mut spec, &mut boundaries, &within(LayerEdit::Remove(0))).unwrap();
    }
    assert_eq!(
        boundaries[0].as_deref(),
        Some("block1"),
        "nothing is left within"
    );
    let plain = LayerEdit::Within {
        block: 0,
        edit: Box::new(LayerEdit::Remove(0)),
    };
    let before = spec.clone();
    let error = apply(&mut spec, &mut boundaries, &plain).unwrap_err();
    assert!(error.starts_with("the layer conv1 is no block"), "{error}");
    assert_eq!(spec, before, "nothing has changed");
}
