//! MNIST's and CIFAR-10's files, whole and damaged.

use convscope::data::dataset::SourceKind;

use super::kit::{Desk, grey, gzip, idx, pixels, refused};

#[test]
fn mnist_opens_by_folder_and_by_file_packed_or_not() {
    let desk = Desk::new();
    let (three, two) = (idx(&[3, 2, 3], &grey(3)), idx(&[2, 2, 3], &grey(2)));
    desk.put("both/train-images-idx3-ubyte", &three);
    desk.put(
        "both/train-labels-idx1-ubyte.gz",
        &gzip(&idx(&[3], &[7, 1, 7])),
    );
    desk.put("both/t10k-images.idx3-ubyte.gz", &gzip(&two));
    desk.put("both/t10k-labels.idx1-ubyte", &idx(&[2], &[1, 7]));
    desk.put("fashion-mnist/t10k-images-idx3-ubyte", &two);
    desk.put("fashion-mnist/t10k-labels-idx1-ubyte", &idx(&[2], &[9, 0]));
    let rows = [
        ("both", 5, "1 7", true, "both pairs of a folder"),
        (
            "both/train-images-idx3-ubyte",
            3,
            "1 7",
            false,
            "one file of images",
        ),
        ("both/t10k-images.idx3-ubyte.gz", 2, "1 7", false, "packed"),
        ("both/t10k-labels.idx1-ubyte", 2, "1 7", false, "its labels"),
        (
            "fashion-mnist",
            2,
            "T-shirt/top Trouser",
            false,
            "Fashion-MNIST, test only",
        ),
    ];
    for (path, count, classes, is_divided, reason) in rows {
        let opened = desk.open(path).unwrap();
        let dataset = &opened.dataset;
        assert_eq!(
            (dataset.kind, dataset.samples.len()),
            (SourceKind::Idx, count),
            "{reason}"
        );
        assert!(dataset.classes.join(" ").starts_with(classes), "{reason}");
        assert_eq!(dataset.has_given_parts(), is_divided, "{reason}");
        let last = opened.images.read(dataset, count - 1).unwrap();
        assert_eq!(last.dimensions(), (3, 2), "{reason}");
    }
    let opened = desk.open("both").unwrap();
    assert_eq!(pixels(&opened.images.arrays[0], 2)[0], 20);
    assert_eq!(opened.dataset.samples[4].path.to_str(), Some("test/00001"));
}

#[test]
fn idx_files_that_are_damaged_say_so() {
    let images = idx(&[2, 2, 3], &grey(2));
    let labels = idx(&[2], &[0, 1]);
    let rows: [(&[u8], &[u8], &str, &str); 9] = [
        (&images[..20], &labels, "cut short or damaged", "cut short"),
        (
            &idx(&[u32::MAX, u32::MAX, u32::MAX], b""),
            &labels,
            "cut short or damaged",
            "a false promise",
        ),
        (
            &gzip(&idx(&[60_000, 28, 28], b"")),
            &labels,
            "cut short or damaged",
            "a false promise, packed",
        ),
        (
            &gzip(&images)[..30],
            &labels,
            "cut short or damaged",
            "cut short, packed",
        ),
        (&idx(&[2, 6], &grey(2)), &labels, "3 or 4 axes", "vectors"),
        (
            b"\0\0\x0d\x03aaaa",
            &labels,
            "other numbers than bytes",
            "fractions",
        ),
        (b"hello", &labels, "is no IDX file", "something else"),
        (
            &images,
            &idx(&[3], &[0, 1, 1]),
            "2 images but 3 labels",
            "one label too many",
        ),
        (
            &images,
            &idx(&[2, 2], &[0, 1, 1, 0]),
            "more than one axis",
            "several labels",
        ),
    ];
    for (images, labels, part, reason) in rows {
        let desk = Desk::new();
        desk.put("train-images-idx3-ubyte", images);
        desk.put("train-labels-idx1-ubyte", labels);
        refused(desk.open(""), part, reason);
        assert_eq!(desk.unpacked(), 0, "{reason}");
    }
    let desk = Desk::new();
    desk.put("train-images-idx3-ubyte", &images);
    refused(desk.open(""), "no labels beside it", "half of the pair");
    desk.put("a-train-images-idx3-ubyte", &images);
    desk.put("train-labels-idx1-ubyte", &labels);
    desk.put("a-train-labels-idx1-ubyte", &labels);
    refused(desk.open(""), "several sets", "two families");
}

#[test]
fn cifar_opens_with_colours_in_place() {
    let desk = Desk::new();
    let record = |label: u8, red: u8| {
        let mut record = vec![label];
        record.extend((0..1024).map(|at| if at == 33 { red } else { 0 }));
        record.extend([100; 1024]);
        record.extend([200; 1024]);
        record
    };
    desk.put("c/data_batch_2.bin", &record(2, 22));
    desk.put("c/data_batch_1.bin", &[record(9, 1), record(0, 2)].concat());
    desk.put("c/test_batch.bin", &record(3, 33));
    desk.put(
        "c/batches.meta.txt",
        b"a0\na1\na2\na3\na4\na5\na6\na7\na8\na9\n\n",
    );
    let opened = desk.open("c").unwrap();
    let dataset = &opened.dataset;
    assert_eq!(
        (dataset.kind, dataset.classes.len()),
        (SourceKind::Cifar10, 10)
    );
    let found: Vec<_> = dataset
        .samples
        .iter()
        .map(|s| (dataset.class_name(s.label), s.part.unwrap().word()))
        .collect();
    assert_eq!(
        found,
        [
            ("a9", "train"),
            ("a0", "train"),
            ("a2", "train"),
            ("a3", "test")
        ]
    );
    let reds: Vec<u8> = (0..4)
        .map(|i| opened.images.read(dataset, i).unwrap().get_pixel(1, 1).0[0])
        .collect();
    assert_eq!(reds, [1, 2, 22, 33]);
    assert_eq!(
        opened.images.read(dataset, 3).unwrap().get_pixel(31, 31).0,
        [0, 100, 200]
    );

    std::fs::remove_file(desk.path("c/batches.meta.txt")).unwrap();
    let opened = desk.open("c/test_batch.bin").unwrap();
    assert_eq!(
        opened.dataset.class_name(3),
        "cat",
        "the names everybody knows"
    );
    desk.put("c/data_batch_1.bin", &record(9, 1)[1..]);
    refused(
        desk.open("c"),
        "3072 bytes are no whole records",
        "cut short",
    );
    desk.put("c/data_batch_1.bin", &record(10, 1));
    refused(desk.open("c"), "labels above 9", "another format");
}
