//! NumPy's files of arrays, whole and damaged.

use convscope::data::{
    SplitName,
    dataset::{Origin, SourceKind},
};

use super::kit::{Desk, grey, metadata, npy, pixels, raw_npy, refused, zip_of};

fn medmnist() -> Vec<u8> {
    zip_of(&[
        ("train_images.npy", &npy(&[3, 2, 3], &grey(3))),
        ("train_labels.npy", &npy(&[3, 1], &[0u8, 1, 1])),
        ("val_images.npy", &npy(&[1, 2, 3], &grey(1))),
        ("val_labels.npy", &npy(&[1, 1], &[1u8])),
        ("test_images.npy", &npy(&[2, 2, 3], &grey(2))),
        ("test_labels.npy", &npy(&[2, 1], &[0u8, 1])),
    ])
}

#[test]
fn medmnist_opens_with_its_parts_and_is_unpacked_once() {
    let desk = Desk::new();
    desk.put("PneumoniaMNIST_28.npz", &medmnist());
    for time in 0..2 {
        let opened = desk.open("PneumoniaMNIST_28.npz").unwrap();
        let dataset = &opened.dataset;
        assert_eq!(
            (dataset.kind, dataset.name.as_str()),
            (SourceKind::Npz, "PneumoniaMNIST_28")
        );
        assert_eq!(
            dataset.classes,
            ["normal", "pneumonia"],
            "names of MedMNIST"
        );
        let found: Vec<_> = dataset
            .samples
            .iter()
            .map(|s| (s.path.to_str().unwrap(), s.label, s.part.unwrap(), s.origin))
            .collect();
        let at = |array, row| Origin::Array { array, row };
        let expected = [
            ("train/00000", 0, SplitName::Train, at(0, 0)),
            ("train/00001", 1, SplitName::Train, at(0, 1)),
            ("train/00002", 1, SplitName::Train, at(0, 2)),
            ("validation/00000", 1, SplitName::Validation, at(1, 0)),
            ("test/00000", 0, SplitName::Test, at(2, 0)),
            ("test/00001", 1, SplitName::Test, at(2, 1)),
        ];
        assert_eq!(found, expected);
        assert_eq!(
            pixels(&opened.images.arrays[0], 2),
            [20, 21, 22, 23, 24, 25]
        );
        let picture = opened.images.read(dataset, 5).unwrap();
        assert_eq!(
            (picture.dimensions(), picture.get_pixel(1, 1).0),
            ((3, 2), [14; 3])
        );
        assert_eq!(metadata(&opened, "Images for train"), "3 × 2 pixels, grey");
        assert_eq!(desk.unpacked(), 1, "time {time}");
    }
    // Half a file in the cache is noticed and made again.
    let array = std::fs::read_dir(desk.cache.path().join("unpacked"))
        .unwrap()
        .next()
        .unwrap();
    let array = array.unwrap().path().join("train.array");
    std::fs::write(&array, b"xx").unwrap();
    let opened = desk.open("PneumoniaMNIST_28.npz").unwrap();
    assert_eq!((opened.images.arrays[0].images, desk.unpacked()), (3, 1));
}

#[test]
fn arrays_of_other_names_sizes_and_types_open_too() {
    let rgb = npy(&[2, 1, 1, 3], &[1u8, 2, 3, 4, 5, 6]);
    let one = npy(&[1, 2, 3], &grey(1));
    let two = npy(&[2, 2, 3], &grey(2));
    type Row<'a> = (
        &'a [(&'a str, &'a [u8])],
        &'a [&'a str],
        &'a [Option<SplitName>],
        &'a str,
    );
    let rows: [Row<'_>; 5] = [
        (
            &[
                ("x_train.npy", &two),
                ("y_train.npy", &npy(&[2], &[3i64, 5])),
                ("x_test.npy", &one),
                ("y_test.npy", &npy(&[1], &[5i64])),
            ],
            &["3", "5"],
            &[
                Some(SplitName::Train),
                Some(SplitName::Train),
                Some(SplitName::Test),
            ],
            "Keras, without validation",
        ),
        (
            &[
                ("train_images.npy", &rgb),
                ("train_labels.npy", &npy(&[2], &[-1i16, 300])),
            ],
            &["-1", "300"],
            &[None, None],
            "RGB, one part is no division",
        ),
        (
            &[
                ("images.npy", &two),
                ("labels.npy", &npy(&[2, 1], &[0u32, 1])),
                ("note.txt", b"x"),
            ],
            &["0", "1"],
            &[None, None],
            "undivided, with other files",
        ),
        (
            &[
                ("test_images.npy", &two),
                ("test_labels.npy", &npy(&[2], &[0u8, 1])),
                ("train_images.npy", &npy(&[0, 2, 3], &[0u8; 0])),
                ("train_labels.npy", &npy(&[0], &[0u8; 0])),
            ],
            &["0", "1"],
            &[None, None],
            "an empty part is none",
        ),
        (
            &[
                ("X.npy", &one),
                ("train_images.npy", &two),
                ("train_labels.npy", &npy(&[2], &[true, false].map(u8::from))),
            ],
            &["0", "1"],
            &[None, None],
            "arrays that are not needed",
        ),
    ];
    for (files, classes, parts, reason) in rows {
        let desk = Desk::new();
        desk.put("a.npz", &zip_of(files));
        let opened = desk.open("a.npz").unwrap();
        assert_eq!(opened.dataset.classes, classes, "{reason}");
        let found: Vec<_> = opened.dataset.samples.iter().map(|s| s.part).collect();
        assert_eq!(found, parts, "{reason}");
        for index in 0..found.len() {
            opened.images.read(&opened.dataset, index).unwrap();
        }
    }
}

#[test]
fn arrays_that_are_no_images_or_labels_say_why() {
    let images = npy(&[2, 2, 3], &grey(2));
    let labels = npy(&[2], &[0u8, 1]);
    let header = |kind: &str, order: &str, shape: &str| {
        format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}")
    };
    let fortran = raw_npy(&header("|u1", "True", "(2, 2, 3)"), &grey(2));
    let object = raw_npy(&header("|O", "False", "(2,)"), b"\x80\x03]q\0.");
    let huge = raw_npy(&header("|u1", "False", "(1000000, 2, 3)"), &grey(2));
    let overflow = raw_npy(
        &header("|u1", "False", "(9223372036854775807, 2, 3)"),
        &grey(2),
    );
    let floats = npy(&[2, 2, 3], &[0.5f32; 12]);
    let wide = npy(&[2, 2, 3], &[1u16; 12]);
    let channels_first = npy(&[2, 3, 4, 4], &[0u8; 96]);
    let volumes = npy(&[2, 4, 4, 4], &[0u8; 128]);
    let many = npy(&[2, 3], &[0u8; 6]);
    let float_labels = npy(&[2], &[0.0f64, 1.0]);
    let three = npy(&[3], &[0u8, 1, 0]);
    let same = npy(&[2], &[1u8, 1]);
    let rows: [(&[u8], &[u8], &str, &str); 16] = [
        (&fortran, &labels, "Fortran's order", "columns first"),
        (&object, &labels, "never opened", "pickled images"),
        (&images, &object, "never opened", "pickled labels"),
        (
            &huge,
            &labels,
            "cut short or damaged",
            "more promised than there is",
        ),
        (
            &overflow,
            &labels,
            "larger than any file",
            "more promised than can be",
        ),
        (&floats, &labels, "pixels must be bytes", "fractions"),
        (&wide, &labels, "pixels must be bytes", "16 bits"),
        (
            &channels_first,
            &labels,
            "channels first",
            "PyTorch's order",
        ),
        (&volumes, &labels, "volumes", "MedMNIST in 3D"),
        (&labels, &labels, "3 or 4 axes", "labels for images"),
        (&images, &many, "3 labels per image", "several labels"),
        (
            &images,
            &float_labels,
            "whole numbers",
            "fractions for labels",
        ),
        (&images, &images, "2 labels per image", "images for labels"),
        (
            &images,
            &three,
            "2 images but 3 labels",
            "one label too many",
        ),
        (&images, &same, "one class only (1)", "one class"),
        (b"what?", &labels, "breaks off", "no array"),
    ];
    for (images, labels, part, reason) in rows {
        let desk = Desk::new();
        let files = [("train_images.npy", images), ("train_labels.npy", labels)];
        desk.put("a.npz", &zip_of(&files));
        let outcome = desk.open("a.npz");
        assert!(
            outcome.as_ref().is_err_and(|error| error.contains("a.npz")),
            "{reason}: {outcome:?}"
        );
        refused(outcome, part, reason);
        assert_eq!(desk.unpacked(), 0, "{reason}: nothing is left behind");
    }
}

#[test]
fn files_of_arrays_that_are_damaged_or_of_something_else_say_so() {
    let desk = Desk::new();
    let whole = medmnist();
    desk.put("cut.npz", &whole[..whole.len() / 2]);
    refused(
        desk.open("cut.npz"),
        "cut short or damaged",
        "an interrupted download",
    );
    let mut flipped = whole.clone();
    // The first array's packed bytes begin behind the local header and its name.
    flipped[30 + "train_images.npy".len() + 20] ^= 0xff;
    desk.put("flipped.npz", &flipped);
    refused(
        desk.open("flipped.npz"),
        "flipped.npz",
        "a bit that changed",
    );
    desk.put(
        "other.npz",
        &zip_of(&[("weights.npy", &npy(&[2], &[1u8, 2]))]),
    );
    refused(
        desk.open("other.npz"),
        "holds the arrays weights, but no train_images",
        "other arrays",
    );
    let lonely = zip_of(&[("train_images.npy", &npy(&[1, 2, 3], &grey(1)))]);
    desk.put("lonely.npz", &lonely);
    refused(
        desk.open("lonely.npz"),
        "has the array train_images but no train_labels",
        "no labels",
    );
    let zeros = npy(&[70_000, 28, 28], &vec![0u8; 70_000 * 28 * 28]);
    let labels = npy(&[70_000], &vec![0u8; 70_000]);
    desk.put(
        "bomb.npz",
        &zip_of(&[("train_images.npy", &zeros), ("train_labels.npy", &labels)]),
    );
    refused(desk.open("bomb.npz"), "200 times its size", "a bomb");
    assert_eq!(desk.unpacked(), 0);
}

#[test]
fn an_array_that_was_damaged_after_it_was_unpacked_is_told_and_unpacked_again() {
    let desk = Desk::new();
    desk.put("medmnist.npz", &medmnist());
    for ending in ["array", "keys"] {
        let opened = desk.open("medmnist.npz").unwrap();
        let array = &opened.images.arrays[0];
        assert_eq!(pixels(array, 2), [20, 21, 22, 23, 24, 25]);
        let file = array.path.with_extension(ending);
        let mut bytes = std::fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let opened = desk.open("medmnist.npz").unwrap();
        let array = &opened.images.arrays[0];
        assert!(array.content(0).is_ok(), "{ending}");
        let words = array.content(2).unwrap_err();
        assert!(words.contains("damaged in the cache"), "{ending}: {words}");
        // Cut while it is open: a memory map would end the process.
        let file = std::fs::File::options()
            .write(true)
            .open(&array.path)
            .unwrap();
        file.set_len(7).unwrap();
        assert!(array.content(1).is_err(), "{ending}");
        let opened = desk.open("medmnist.npz").unwrap();
        let array = &opened.images.arrays[0];
        assert_eq!(pixels(array, 2), [20, 21, 22, 23, 24, 25], "{ending}");
    }
}
