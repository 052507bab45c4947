//! What edits change, keep and refuse.

use super::*;
use crate::data::dataset::Sample;

fn base() -> Dataset {
    Dataset {
        classes: vec!["a".into(), "b".into()],
        samples: vec![
            Sample::file("a/1.png", 0),
            Sample::file("a/2.png", 0),
            Sample::file("b/1.png", 1),
        ],
        ..Dataset::default()
    }
}

fn names(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

#[test]
fn changes_apply_survive_a_file_and_are_taken_back() {
    let base = base();
    let changes = [
        Edit::Rename {
            class: "a".into(),
            to: " Immature granulocytes ".into(),
        },
        Edit::Exclude {
            samples: names(&["a/1.png"]),
            excluded: true,
        },
        Edit::Relabel {
            samples: names(&["b/1.png"]),
            class: Some("a".into()),
        },
        Edit::Move {
            samples: names(&["a/2.png"]),
            part: Some(SplitName::Test),
        },
    ];
    let mut edits = Edits::default();
    for change in &changes {
        edits.change(change, &base).unwrap();
    }
    assert_eq!((edits.len(), edits.entries().count()), (4, 4));
    let folder = tempfile::tempdir().unwrap();
    let path = sidecar(&folder.path().join("new"), Path::new("/data/a"));
    assert_eq!(Edits::load(&path).unwrap(), Edits::default());
    edits.save(&path).unwrap();
    let edited = Edits::load(&path).unwrap().apply(&base);
    assert_eq!(edited.classes, ["Immature granulocytes", "b"]);
    assert!(edited.samples[0].excluded);
    assert_eq!(edited.samples[1].moved, Some(SplitName::Test));
    assert_eq!(edited.samples[2].label, 0);
    assert_eq!(edited.class_counts(), [2, 0]);

    let entries: Vec<(String, Edit)> = edits.entries().collect();
    for (_, back) in &entries {
        edits.change(back, &base).unwrap();
    }
    assert!(edits.is_empty());
    assert_eq!(edits.apply(&base), base);
}

#[test]
fn names_that_would_mislead_are_refused() {
    let base = base();
    let mut edits = Edits::default();
    let rename = |class: &str, to: &str| Edit::Rename {
        class: class.into(),
        to: to.into(),
    };
    edits.change(&rename("a", "cat"), &base).unwrap();
    for (edit, part) in [
        (rename("b", "cat"), "another class"),
        (rename("b", "  "), "needs a name"),
        (rename("c", "dog"), "no class c"),
        (
            Edit::Relabel {
                samples: names(&["a/1.png"]),
                class: Some("z".into()),
            },
            "no class z",
        ),
    ] {
        let error = edits.change(&edit, &base).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    edits.change(&rename("b", "a"), &base).unwrap();
    assert_eq!(
        edits.apply(&base).classes,
        ["cat", "a"],
        "names may be swapped"
    );
}

#[test]
fn a_damaged_sidecar_says_which_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.ron");
    fs::write(&path, "(renamed: nonsense").unwrap();
    assert!(
        Edits::load(&path)
            .unwrap_err()
            .to_string()
            .contains("x.ron")
    );
    Edits::default().keep(&path).unwrap();
    assert_eq!(Edits::load(&path).unwrap(), Edits::default());
    let kept = fs::read_to_string(folder.path().join("x.ron.damaged")).unwrap();
    assert_eq!(kept, "(renamed: nonsense", "it is replaced, not lost");
}
