//! Archives: of every kind of dataset, and with everything that makes archives dangerous.

use std::{fs, path::Path};

use convscope::{
    cancel::CancelToken,
    data::{
        dataset::SourceKind,
        images::Content,
        sources::{self, Limits, Request},
    },
};
use tar::EntryType;

use super::kit::{Desk, gzip, metadata, noise, npy, open, refused, tar_entry, tar_of, zip_of};

const FILES: [(&str, &[u8]); 4] = [
    ("set/b/10.png", b"10"),
    ("set/b/9.png", b"9"),
    ("set/a/1.png", b"1"),
    ("set/readme.txt", b"hello"),
];

#[test]
fn every_packing_opens_like_the_folder_and_only_once() {
    let rows = [
        ("cats.zip", "cats", zip_of(&FILES), "ZIP"),
        ("cats.tar", "cats", tar_of(&FILES), "tar"),
        ("cats.tar.gz", "cats", gzip(&tar_of(&FILES)), "tar, packed"),
        ("cats.tgz", "cats", gzip(&tar_of(&FILES)), "its short name"),
        (
            "cats.dat",
            "cats.dat",
            zip_of(&FILES),
            "whatever it is called",
        ),
    ];
    for (name, short, bytes, reason) in rows {
        let desk = Desk::new();
        desk.put(name, &bytes);
        for _ in 0..2 {
            let opened = desk.open(name).unwrap();
            let dataset = &opened.dataset;
            assert_eq!(
                (dataset.kind, dataset.classes.join(" ")),
                (SourceKind::ClassFolders, "a b".into()),
                "{reason}"
            );
            let paths: Vec<_> = dataset
                .samples
                .iter()
                .map(|s| s.path.to_str().unwrap())
                .collect();
            assert_eq!(paths, ["a/1.png", "b/9.png", "b/10.png"], "{reason}");
            assert_eq!(dataset.opened, desk.path(name), "{reason}");
            assert_eq!(dataset.name, short, "{reason}");
            assert!(
                dataset.root.starts_with(desk.cache.path()) && dataset.root.ends_with("set"),
                "{reason}"
            );
            assert_eq!(
                fs::read(dataset.path(2).unwrap()).unwrap(),
                b"10",
                "{reason}"
            );
            assert_eq!(dataset.skipped.not_images, 1, "{reason}");
            assert_eq!(desk.unpacked(), 1, "{reason}");
        }
        let names: Vec<_> = fs::read_dir(desk.data.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "{reason}: nothing is written beside it");
    }
}

#[test]
fn archives_hold_datasets_of_every_kind() {
    let npz = zip_of(&[
        ("train_images.npy", &npy(&[2, 1, 1], &[1u8, 2])),
        ("train_labels.npy", &npy(&[2], &[0u8, 1])),
    ]);
    let idx = super::kit::idx(&[2, 1, 1], &[1, 2]);
    let labels = super::kit::idx(&[2], &[1, 2]);
    type Row<'a> = (&'a [(&'a str, &'a [u8])], SourceKind, &'a str);
    let rows: [Row<'_>; 5] = [
        (
            &[("train/a/1.png", b"1"), ("test/b/1.png", b"1")],
            SourceKind::SplitFolders,
            "parts",
        ),
        (
            &[
                ("1.png", b"1"),
                ("2.png", b"1"),
                ("l.csv", b"path,label\n1.png,a\n2.png,b\n"),
            ],
            SourceKind::Manifest,
            "a list",
        ),
        (&[("d/bloodmnist.npz", &npz)], SourceKind::Npz, "arrays"),
        (
            &[
                ("t10k-images-idx3-ubyte", &idx),
                ("t10k-labels-idx1-ubyte", &labels),
            ],
            SourceKind::Idx,
            "MNIST",
        ),
        (
            &[
                ("__MACOSX/._a", b"1"),
                ("a/1.png", b"1"),
                ("b/1.png", b"1"),
                ("a/._1.png", b"1"),
            ],
            SourceKind::ClassFolders,
            "macOS",
        ),
    ];
    for (files, kind, reason) in rows {
        let desk = Desk::new();
        desk.put("x.zip", &zip_of(files));
        desk.put("x.tar.gz", &gzip(&tar_of(files)));
        for name in ["x.zip", "x.tar.gz"] {
            let opened = desk.open(name).unwrap();
            assert_eq!(
                (opened.dataset.kind, opened.dataset.samples.len()),
                (kind, 2),
                "{reason}"
            );
            assert_eq!(opened.dataset.name, "x", "{reason}");
        }
    }
}

fn nothing_outside(desk: &Desk) {
    let mut found: Vec<_> = fs::read_dir(desk.data.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    found.sort();
    assert_eq!(found.len(), 1, "{found:?}");
    let top: Vec<_> = fs::read_dir(desk.cache.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(top, ["unpacked"]);
}

#[test]
fn what_leads_out_of_a_tar_archive_is_left_out() {
    let file = |name: &[u8]| tar_entry(name, EntryType::Regular, b"", b"x");
    let link = |name: &[u8], to: &[u8], kind| tar_entry(name, kind, to, b"");
    let bytes: Vec<u8> = [
        file(b"a/1.png"),
        file(b"./b/1.png"),
        file(b"../../../outside.png"),
        file(b"/tmp/convscope-outside.png"),
        file(b"a/../../outside.png"),
        file(b"C:/outside.png"),
        link(b"a/link", b"/etc", EntryType::Symlink),
        file(b"a/link/passwd.png"),
        link(b"a/hard.png", b"/etc/passwd", EntryType::Link),
        link(b"a/pipe", b"", EntryType::Fifo),
        link(b"a/null", b"", EntryType::Char),
        file(b"a/1.png"),
        file(b"a/1.png/below.png"),
        file(b"b/caf\xe9.png"),
        vec![0; 1024],
    ]
    .concat();
    let desk = Desk::new();
    desk.put("evil.tar", &bytes);
    for _ in 0..2 {
        let opened = desk.open("evil.tar").unwrap();
        assert_eq!(
            opened.dataset.class_counts(),
            [1, 2],
            "a name that is not UTF-8 is kept"
        );
        let told = metadata(&opened, "Left out of the archive");
        assert_eq!(
            told,
            "4 with paths that lead out of the archive, 2 links, 2 devices or pipes, 1 repeated, \
             1 with unusable names"
        );
        // With the folder a/link, which is only a folder now.
        assert_eq!(opened.dataset.skipped.misplaced, 11);
        assert!(
            opened
                .dataset
                .skipped
                .named
                .contains(&"../../../outside.png".into())
        );
        assert!(!opened.dataset.root.join("a/link").is_symlink());
    }
    nothing_outside(&desk);
    assert!(!Path::new("/tmp/convscope-outside.png").exists());
}

#[test]
fn what_leads_out_of_a_zip_archive_is_left_out() {
    let mut bytes = zip_of(&[
        ("a/1.png", b"1"),
        ("b\\1.png", b"1"),
        ("..\\..\\outside.png", b"1"),
        ("../../outside.png", b"1"),
        ("/outside.png", b"1"),
        ("C:\\outside.png", b"1"),
    ]);
    let desk = Desk::new();
    desk.put("evil.zip", &bytes);
    let opened = desk.open("evil.zip").unwrap();
    assert_eq!(
        opened.dataset.class_counts(),
        [1, 1],
        "backslashes are separators in ZIP files"
    );
    assert_eq!(
        metadata(&opened, "Left out of the archive"),
        "4 with paths that lead out of the archive"
    );
    nothing_outside(&desk);

    let mut writer = zip::ZipWriter::new_append(std::io::Cursor::new(&mut bytes)).unwrap();
    writer
        .add_symlink("a/link", "/etc", zip::write::SimpleFileOptions::default())
        .unwrap();
    writer.finish().unwrap();
    desk.put("evil.zip", &bytes);
    let told = metadata(&desk.open("evil.zip").unwrap(), "Left out of the archive");
    assert!(told.ends_with(", 1 links"), "{told}");
}

#[test]
fn what_would_fill_the_disk_is_refused_and_leaves_nothing() {
    let zeros = vec![0; 3 << 20];
    let bomb: [(&str, &[u8]); 2] = [("a/1.png", &zeros), ("b/1.png", &zeros)];
    let small = Limits {
        ratio_from: 1 << 20,
        ..Limits::default()
    };
    let few = Limits {
        entries: 3,
        ..Limits::default()
    };
    let tiny = Limits {
        bytes: 4 << 20,
        ..Limits::default()
    };
    let sparse = {
        // 10 GB of zeros with a long name: read into memory it would end the program.
        let mut header = tar::Header::new_gnu();
        header.set_path("././@LongLink").unwrap();
        header.set_entry_type(EntryType::GNULongName);
        header.set_size(10 << 30);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.resize(8 << 20, b'a');
        bytes
    };
    let rows = [
        (
            "x.zip",
            zip_of(&bomb),
            &small,
            "200 times its size",
            "a packed file swells",
        ),
        (
            "x.tar.gz",
            gzip(&tar_of(&bomb)),
            &small,
            "200 times its size",
            "all of it swells",
        ),
        (
            "x.zip",
            zip_of(&bomb),
            &tiny,
            "unpacks to more than",
            "too large, and says so",
        ),
        (
            "x.tar",
            tar_of(&bomb),
            &tiny,
            "unpacks to more than",
            "too large",
        ),
        (
            "x.zip",
            zip_of(&FILES),
            &few,
            "more than 3 files",
            "too many",
        ),
        (
            "x.tar",
            tar_of(&FILES),
            &few,
            "more than 3 files",
            "too many",
        ),
        (
            "x.tar",
            sparse,
            &small,
            "a name in it is too long",
            "a name without end",
        ),
    ];
    for (name, bytes, limits, part, reason) in rows {
        let desk = Desk::new();
        let path = desk.put(name, &bytes);
        refused(open(&path, None, desk.cache.path(), limits), part, reason);
        assert_eq!(desk.unpacked(), 0, "{reason}");
    }
}

#[test]
fn damaged_protected_and_empty_archives_say_so() {
    let (zip, tar) = (
        zip_of(&FILES),
        tar_of(&[("a/1.png", &[7; 5_000]), ("b/1.png", b"x")]),
    );
    let noise = noise(60_000);
    let packed = gzip(&tar_of(&[("a/1.png", &noise), ("b/1.png", b"x")]));
    let mut flipped = zip_of(&[("a/1.png", &noise), ("b/1.png", b"x")]);
    flipped[5_000] ^= 0xff;
    let mut encrypted = zip.clone();
    // Bit 0 of the flags, in the local header and in the directory.
    for (at, offset) in [(&b"PK\x03\x04"[..], 6), (&b"PK\x01\x02"[..], 8)] {
        let starts: Vec<usize> = (0..encrypted.len() - 4)
            .filter(|i| encrypted[*i..].starts_with(at))
            .collect();
        for start in starts {
            encrypted[start + offset] |= 1;
        }
    }
    let rows: [(&str, &[u8], &str, &str); 8] = [
        (
            "x.zip",
            &zip[..zip.len() - 30],
            "cut short or damaged",
            "an interrupted download",
        ),
        (
            "x.zip",
            &flipped,
            "cut short or damaged",
            "a bit that changed",
        ),
        ("x.zip", &encrypted, "protected by a password", "a password"),
        ("x.tar", &tar[..4_000], "cut short or damaged", "cut short"),
        (
            "x.tar.gz",
            &packed[..packed.len() / 2],
            "cut short or damaged",
            "cut short, packed",
        ),
        ("x.zip", &zip_of(&[]), "is empty", "nothing in it"),
        (
            "x.zip",
            &zip_of(&[("deep/er/x.txt", b"1")]),
            "no class folders",
            "no images",
        ),
        (
            "x.zip",
            &zip_of(&[("inner.zip", &zip)]),
            "no class folders",
            "archives in archives are left alone",
        ),
    ];
    for (name, bytes, part, reason) in rows {
        let desk = Desk::new();
        desk.put(name, bytes);
        let outcome = desk.open(name);
        assert!(
            outcome.as_ref().is_err_and(|error| error.contains(name)),
            "{reason}: {outcome:?}"
        );
        refused(outcome, part, reason);
    }
}

/// Nobody but us would notice what happens to files in the cache.
#[test]
fn what_was_damaged_after_it_was_unpacked_is_never_used() {
    type Damage = fn(&Path);
    let flip: Damage = |path| {
        let mut bytes = fs::read(path).unwrap();
        bytes[0] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let delete: Damage = |path| fs::remove_file(path).unwrap();
    let rows: [(&str, Damage, bool, &str); 4] = [
        (
            "files/set/a/1.png",
            flip,
            true,
            "an image is checked when it is read",
        ),
        (
            "files/set/a/1.png",
            delete,
            false,
            "a class would have an image less",
        ),
        (
            "files/set/readme.txt",
            flip,
            false,
            "it might be a list of labels",
        ),
        ("keys.csv", delete, false, "nothing could be checked"),
    ];
    for (name, damage, is_told, reason) in rows {
        let desk = Desk::new();
        desk.put("set.zip", &zip_of(&FILES));
        let root = desk.open("set.zip").unwrap().dataset.root;
        let unpacked = root.ancestors().nth(2).unwrap();
        damage(&unpacked.join(name));
        let first = |desk: &Desk| {
            let opened = desk.open("set.zip").unwrap();
            assert_eq!(opened.dataset.samples.len(), 3, "{reason}");
            opened.images.content(&opened.dataset, 0)
        };
        if is_told {
            let words = first(&desk).unwrap_err();
            assert!(words.contains("damaged in the cache"), "{reason}: {words}");
        }
        let Content::File(bytes) = first(&desk).unwrap() else {
            panic!("{reason}: it is a file")
        };
        assert_eq!(bytes, b"1", "{reason}");
        let readme = fs::read(unpacked.join("files/set/readme.txt")).unwrap();
        assert_eq!(readme, b"hello", "{reason}");
    }
}

/// Below a file there can be no folder, whoever asks.
#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let desk = Desk::new();
    desk.put("set.zip", &zip_of(&FILES));
    desk.put("file", b"");
    let path = desk.path("set.zip");
    let opened = sources::open(&Request {
        path: &path,
        kind: None,
        cache: &desk.path("file/cache"),
        limits: Limits::default(),
        cancel: &CancelToken::new(),
        progress: &|_, _| {},
    });
    let opened = opened.unwrap();
    let instead = opened.images.instead_of_cache.clone().unwrap();
    assert!(instead.words.contains("file/cache"), "{}", instead.words);
    let folder = instead.folder.path().to_path_buf();
    drop(instead);
    assert!(opened.images.content(&opened.dataset, 0).is_ok());
    drop(opened);
    assert!(!folder.exists(), "it goes with the dataset");
}
