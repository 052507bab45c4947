//! The whole examination, on arrays made for it. Image files with every defect are in `tests/program/doctor.rs`.

use image::{Rgb, RgbImage};

use super::*;
use crate::{
    cancel::{CancelToken, Cancelled},
    data::{
        Edits, ImageStore, Sample, SplitConfig,
        dataset::{Origin, Skipped},
        images::{ImageArray, ImageSize},
    },
};

const SIDE: usize = 24;

/// Pictures of different seeds do not look alike; `brightness` makes a near copy.
pub(super) fn picture(seed: usize, brightness: f32) -> RgbImage {
    let seed = seed as f32;
    RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        let (x, y) = (x as f32 / SIDE as f32, y as f32 / SIDE as f32);
        let waves = (0..6).map(|k| {
            let k = k as f32;
            (9.0 * x * (seed * 0.37 + k).sin() + 9.0 * y * (seed * 0.61 - k).cos() + k).sin()
        });
        let value = 128.0 + 18.0 * waves.sum::<f32>() + brightness;
        Rgb([value.clamp(0.0, 255.0) as u8; 3])
    })
}

/// Part, label and picture of each sample.
type Row = (Option<SplitName>, usize, RgbImage);

struct World {
    dataset: Dataset,
    images: ImageStore,
    _folder: tempfile::TempDir,
}

impl World {
    fn new(classes: usize, rows: &[Row]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.array");
        let bytes: Vec<u8> = rows.iter().flat_map(|row| row.2.as_raw().clone()).collect();
        std::fs::write(&path, bytes).unwrap();
        let sample = |(row, (part, label, _)): (usize, &Row)| Sample {
            part: *part,
            origin: Origin::Array { array: 0, row },
            ..Sample::file(format!("all/{row}"), *label)
        };
        Self {
            dataset: Dataset {
                classes: (0..classes).map(|class| format!("class{class}")).collect(),
                samples: rows.iter().enumerate().map(sample).collect(),
                ..Dataset::default()
            },
            images: ImageStore {
                arrays: vec![
                    ImageArray::open(
                        &path,
                        ImageSize {
                            height: SIDE,
                            width: SIDE,
                            channels: 3,
                        },
                    )
                    .unwrap(),
                ],
                ..ImageStore::default()
            },
            _folder: folder,
        }
    }

    fn examine(&self) -> Examination {
        examine_as(&self.dataset, &self.images)
    }

    fn after(&self, edits: &[Edit]) -> Examination {
        let mut all = Edits::default();
        for edit in edits {
            all.change(edit, &self.dataset).unwrap();
        }
        examine_as(&all.apply(&self.dataset), &self.images)
    }
}

use crate::data::Edit;

/// Divided as the dataset itself says.
fn examine_as(dataset: &Dataset, images: &ImageStore) -> Examination {
    let split = if dataset.has_given_parts() {
        let config = SplitConfig {
            validation: 0.0,
            ..SplitConfig::default()
        };
        Split::new(dataset, &config).unwrap()
    } else {
        Split::default()
    };
    let readings = Readings::read(dataset, images, &CancelToken::new(), &|_, _| {}).unwrap();
    Examination::new(dataset, &split, &readings)
}

const TRAIN: Option<SplitName> = Some(SplitName::Train);
const VALIDATION: Option<SplitName> = Some(SplitName::Validation);
const TEST: Option<SplitName> = Some(SplitName::Test);

/// Samples of all findings of one kind.
fn samples_of(examination: &Examination, kind: FindingKind) -> Vec<&[usize]> {
    let found = examination.findings.iter().filter(|f| f.kind == kind);
    found.map(|f| f.samples.as_slice()).collect()
}

#[test]
fn every_held_out_image_that_stands_earlier_leaks_once() {
    let same = |part, seed| (part, 0, picture(seed, 0.0));
    let world = World::new(
        1,
        &[
            same(VALIDATION, 1), // 0: leaks; its twins are 1 and 2
            same(TRAIN, 1),
            same(TRAIN, 1),
            same(TRAIN, 2), // a copy in train only, 3 and 4
            same(TRAIN, 2),
            same(VALIDATION, 3), // 5, 6: both leak; 7 leaks into all
            same(VALIDATION, 3),
            same(TEST, 3),
            same(TRAIN, 3),
            same(TEST, 4), // 9, 10: twins, but in one part
            same(TEST, 4),
            same(TRAIN, 5),
        ],
    );
    let found = world.examine();
    assert_eq!((found.leaks, found.duplicates), (4, 7));
    assert_eq!(
        samples_of(&found, FindingKind::Leak),
        [&[1, 2, 0][..], &[8, 5], &[8, 5, 6, 7], &[8, 6]]
    );
    assert_eq!(
        samples_of(&found, FindingKind::ExactDuplicate),
        [&[1, 2][..], &[3, 4], &[9, 10]]
    );
    let leak = Pair {
        a: 8,
        b: 7,
        kind: Likeness::Exact,
        across_parts: TRAIN.zip(TEST),
        across_classes: false,
    };
    assert!(found.pairs.contains(&leak), "{:?}", found.pairs);
    assert_eq!(found.pairs.len(), 7);
    assert_eq!(
        found.splits,
        [
            (SplitName::Train, 6),
            (SplitName::Validation, 3),
            (SplitName::Test, 3)
        ]
    );

    let edits = drop_from_train(&world.dataset, &found, false);
    let Some(Edit::Exclude { samples, .. }) = edits.first() else {
        panic!("nothing is dropped");
    };
    assert_eq!(samples, &["all/1", "all/2", "all/5", "all/6", "all/8"]);
    let after = world.after(&edits);
    assert_eq!((after.leaks, after.duplicates, after.samples), (0, 2, 7));
    assert_eq!(drop_from_train(&world.dataset, &after, true), []);
}

#[test]
fn near_copies_are_told_apart_from_exact_ones() {
    let row = |part, label, seed, brightness| (part, label, picture(seed, brightness));
    let world = World::new(
        2,
        &[
            row(TRAIN, 0, 1, 0.0), // 0 and 1: near leak
            row(TEST, 0, 1, 9.0),
            row(TRAIN, 0, 2, 0.0), // 2, 3 and 4: near, in one part
            row(TRAIN, 0, 2, 5.0),
            row(TRAIN, 0, 2, 10.0),
            row(TRAIN, 0, 3, 0.0), // 5 and 6: near, two labels
            row(TRAIN, 1, 3, 7.0),
            row(TRAIN, 0, 4, 0.0), // 7 and 8: the same, two labels; 9 looks like them, in another part
            row(TRAIN, 1, 4, 0.0),
            row(VALIDATION, 1, 4, 8.0),
        ],
    );
    let found = world.examine();
    assert_eq!((found.leaks, found.near_leaks, found.duplicates), (0, 2, 1));
    assert_eq!(
        samples_of(&found, FindingKind::NearLeak),
        [&[0, 1][..], &[7, 8, 9]]
    );
    assert_eq!(samples_of(&found, FindingKind::NearDuplicate), [[2, 3, 4]]);
    assert_eq!(samples_of(&found, FindingKind::LabelConflict), [[7, 8]]);
    assert_eq!(
        samples_of(&found, FindingKind::NearLabelConflict),
        [[5, 6], [7, 9]]
    );
    assert_eq!(samples_of(&found, FindingKind::ExactDuplicate), [[7, 8]]);
    let severities: Vec<Severity> = found.findings.iter().map(|f| f.severity).collect();
    assert!(severities.is_sorted_by_key(Reverse), "{severities:?}");
    let after = world.after(&drop_from_train(&world.dataset, &found, true));
    assert_eq!((after.near_leaks, after.samples), (0, 7));

    let relabel = Edit::Relabel {
        samples: vec!["all/8".into()],
        class: Some("class0".into()),
    };
    assert_eq!(world.after(&[relabel]).count(FindingKind::LabelConflict), 0);
    assert_eq!(
        found.summary(),
        "2 images nearly in two parts, 1 picture under two labels, 1 surplus copy"
    );
}

#[test]
fn without_parts_nothing_leaks() {
    let world = World::new(1, &[(None, 0, picture(1, 0.0)), (None, 0, picture(1, 0.0))]);
    let found = world.examine();
    assert_eq!((found.leaks, found.duplicates), (0, 1));
    assert!(found.splits.is_empty());
}

#[test]
fn classes_are_judged_by_what_is_learned_from() {
    let rows = |counts: &[(Option<SplitName>, usize, usize)]| -> Vec<Row> {
        let each = counts
            .iter()
            .flat_map(|&(part, label, count)| std::iter::repeat_n((part, label), count));
        let picture = |(seed, (part, label))| (part, label, picture(seed, 0.0));
        each.enumerate().map(picture).collect()
    };
    use FindingKind::{Imbalance, MissingClass, TinyClass};
    use Severity::{Error, Info, Warning};
    let cases = [
        ("even", vec![(None, 0, 20), (None, 1, 40)], vec![]),
        (
            "tiny",
            vec![(None, 0, 19), (None, 1, 30)],
            vec![(TinyClass, Warning)],
        ),
        (
            "uneven",
            vec![(None, 0, 20), (None, 1, 60)],
            vec![(Imbalance, Info)],
        ),
        (
            "imbalanced",
            vec![(None, 0, 20), (None, 1, 200)],
            vec![(Imbalance, Warning)],
        ),
        ("nowhere", vec![(None, 0, 30)], vec![(MissingClass, Error)]),
        (
            "not in train",
            vec![(TRAIN, 0, 20), (TEST, 0, 20), (TEST, 1, 20)],
            vec![(MissingClass, Error)],
        ),
        (
            "not in test",
            vec![(TRAIN, 0, 20), (TRAIN, 1, 20), (TEST, 1, 20)],
            vec![(MissingClass, Warning)],
        ),
        (
            "few in train, many in test",
            vec![(TRAIN, 0, 3), (TRAIN, 1, 20), (TEST, 0, 20), (TEST, 1, 20)],
            vec![(TinyClass, Warning), (Imbalance, Info)],
        ),
    ];
    for (name, counts, expected) in cases {
        let found = World::new(2, &rows(&counts)).examine();
        let kinds: Vec<_> = found
            .findings
            .iter()
            .map(|f| (f.kind, f.severity))
            .collect();
        assert_eq!(kinds, expected, "{name}: {:?}", found.findings);
    }
}

#[test]
fn excluded_samples_are_left_out_and_broken_ones_are_told() {
    let mut world = World::new(
        1,
        &[
            (TRAIN, 0, picture(1, 0.0)),
            (TEST, 0, picture(1, 0.0)),
            (TEST, 0, RgbImage::from_pixel(24, 24, Rgb([9; 3]))),
        ],
    );
    world.dataset.samples.push(Sample {
        part: TEST,
        origin: Origin::Array { array: 0, row: 7 },
        ..Sample::file("all/7", 0)
    });
    world.dataset.skipped = Skipped {
        not_images: 1,
        misplaced: 2,
        named: vec!["notes.txt".into(), "stray.png".into()],
        ..Skipped::default()
    };
    let found = world.examine();
    assert_eq!(
        (found.samples, found.broken, found.skipped, found.leaks),
        (4, 1, 3, 1)
    );
    assert_eq!(found.classes, [("class0".to_owned(), 3)]);
    assert_eq!(samples_of(&found, FindingKind::BlankImage), [[2]]);
    let message = |kind| {
        &found
            .findings
            .iter()
            .find(|f| f.kind == kind)
            .unwrap()
            .message
    };
    assert_eq!(
        message(FindingKind::BrokenFile),
        "all/7 is not in its array; it is left out until it is replaced"
    );
    assert_eq!(
        message(FindingKind::SkippedFile),
        "passed over 2 files where no class is and 1 file without the ending of an image that is read (notes.txt, \
         stray.png): move images into the folders of their classes, and convert other formats"
    );
    let size = (24, 24);
    let sizes = Sizes {
        min: size,
        median: size,
        max: size,
        distinct: 1,
    };
    assert_eq!(found.sizes, Some(sizes));
    assert_eq!(found.channels, [("RGB".to_owned(), 3)].into());

    for index in [0, 3] {
        world.dataset.samples[index].excluded = true;
    }
    let found = world.examine();
    assert_eq!(
        (found.samples, found.broken, found.leaks, found.duplicates),
        (2, 0, 0, 0)
    );

    let token = CancelToken::new();
    token.cancel();
    let stopped = Readings::read(&world.dataset, &world.images, &token, &|_, _| {});
    assert_eq!(stopped, Err(Cancelled));
}

#[test]
fn every_kind_has_a_word_of_its_own() {
    use FindingKind::*;
    let all = [
        BrokenFile,
        EmptyFile,
        SkippedFile,
        WrongExtension,
        BlankImage,
        MissingClass,
        Leak,
        LabelConflict,
        NearLeak,
        NearLabelConflict,
        ExactDuplicate,
        NearDuplicate,
        TinyClass,
        Imbalance,
        MixedSizes,
        MixedChannels,
    ];
    let words: std::collections::BTreeSet<_> = all.map(FindingKind::word).into();
    assert_eq!(words.len(), all.len());
    assert!(all.is_sorted());
}
