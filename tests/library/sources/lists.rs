//! Lists of files and labels: what programs and people write, and what they get wrong.

use std::path::Path;

use convscope::data::{SplitName, dataset::SourceKind};
use proptest::prelude::*;

use super::kit::{Desk, metadata, refused};

#[test]
fn every_spelling_of_a_list_gives_the_same_dataset() {
    let rows: [(&str, &[u8], &str); 9] = [
        (
            "l.csv",
            b"path,label\na/1.png,cat\na/2.png,dog\n",
            "the plain one",
        ),
        (
            "l.csv",
            b"\xef\xbb\xbfpath;label\r\na/1.png;cat\r\na/2.png;dog",
            "Excel",
        ),
        (
            "l.tsv",
            b"label\tfile\ncat\ta/1.png\ndog\ta/2.png\n",
            "tabs, another order",
        ),
        (
            "l.csv",
            b"id,Filename,Class\n1,a\\1.png,cat\n2,.\\a\\2.png,dog\n",
            "paths from Windows",
        ),
        (
            "l.csv",
            b"image,category\n\"a/1.png\",\"cat\"\n\"a/2.png\",\"dog\"\n",
            "quotes",
        ),
        (
            "l.csv",
            b"path,label\n ./a/1.png , cat \n a/2.png , dog \n",
            "spaces",
        ),
        (
            "l.csv",
            b"path,label\n\na/1.png,cat\n,\na/2.png,dog\n\n",
            "empty lines",
        ),
        (
            "l.csv",
            b"path,label,note\na/1.png,cat\na/2.png,dog,seen\n",
            "short lines",
        ),
        (
            "list.txt",
            b"path,label\na/1.png,cat\na/2.png,dog\n",
            "another ending",
        ),
    ];
    for (name, bytes, reason) in rows {
        let desk = Desk::with(&["a/1.png", "a/2.png"]);
        desk.put(name, bytes);
        let opened = desk.open(name).unwrap();
        let dataset = &opened.dataset;
        assert_eq!(dataset.kind, SourceKind::Manifest, "{reason}");
        assert_eq!(dataset.classes, ["cat", "dog"], "{reason}");
        let found: Vec<_> = dataset
            .samples
            .iter()
            .map(|s| (&*s.path, s.label))
            .collect();
        let expected = [(Path::new("a/1.png"), 0), (Path::new("a/2.png"), 1)];
        assert_eq!(found, expected, "{reason}");
        assert_eq!(
            (dataset.root.as_path(), dataset.name.as_str()),
            (desk.data.path(), name.split('.').next().unwrap())
        );
        assert!(
            opened.images.arrays.is_empty() && desk.unpacked() == 0,
            "{reason}"
        );
    }
}

#[test]
fn parts_and_numbers_are_understood() {
    let desk = Desk::with(&["1.png", "2.png", "3.png", "4.png"]);
    desk.put(
        "l.csv",
        b"path,label,set\n1.png,10,Train\n2.png,9,valid\n3.png,9,TESTING\n4.png,10,\n",
    );
    let opened = desk.open("").unwrap();
    assert_eq!(opened.dataset.classes, ["9", "10"], "numbers by value");
    let parts: Vec<_> = opened
        .dataset
        .samples
        .iter()
        .map(|s| (s.label, s.part))
        .collect();
    let expected = [
        (1, Some(SplitName::Train)),
        (0, Some(SplitName::Validation)),
        (0, Some(SplitName::Test)),
        (1, None),
    ];
    assert_eq!(parts, expected);
    assert_eq!(
        metadata(&opened, "Read as"),
        "a CSV list of files and labels, because l.csv lists files and labels"
    );
}

#[test]
fn rows_that_name_no_file_of_the_folder_are_left_out_and_told() {
    let desk = Desk::with(&["d/1.png", "d/2.png", "outside.png", "d/sub/x.png"]);
    let absolute = desk.path("outside.png");
    let list = format!(
        "path,label\n1.png,a\n2.png,b\nmissing.png,a\n../outside.png,a\n{},a\nC:\\x.png,a\nsub,a\n1.png,a\n2.png,a\n",
        absolute.display()
    );
    desk.put("d/l.csv", list.as_bytes());
    let opened = desk.open("d/l.csv").unwrap();
    assert_eq!(opened.dataset.samples.len(), 2);
    assert_eq!(opened.dataset.skipped.misplaced, 7);
    assert_eq!(opened.dataset.skipped.named.len(), 7);
    let told = metadata(&opened, "Lines left out");
    for words in [
        "line 4: missing.png does not exist",
        "line 5: ../outside.png is not below the list's folder",
        "outside.png is not below the list's folder; line 7: C:\\x.png is not below the list's folder",
        "line 8: sub does not exist",
        "line 9: 1.png is listed already;",
        "line 10: 2.png is listed already with another label",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn what_cannot_be_read_says_where() {
    let rows: [(&[u8], &str, &str); 12] = [
        (
            b"path,label\n1.png,\n2.png,b\n",
            "line 2 has no label",
            "an empty label",
        ),
        (
            b"path,label\n1.png,a\n2.png\n",
            "line 3 has no label",
            "a line too short",
        ),
        (b"path,label\n,a\n", "line 2 names no file", "an empty path"),
        (
            b"path,label,split\n1.png,a,fold1\n",
            "line 2 has the part fold1",
            "a part nobody knows",
        ),
        (
            b"path,label\n1.png,caf\xe9\n",
            "line 2 is not written in UTF-8",
            "an old encoding",
        ),
        (
            b"name,label\n1.png,a\n",
            "no column path in line 1 (name,label)",
            "no path",
        ),
        (b"1.png,a\n2.png,b\n", "no column path", "no header"),
        (b"path,label\n", "lists no images", "a header only"),
        (
            b"path,label\n1.png,a\n2.png,a\n",
            "one class only (a)",
            "one class",
        ),
        (
            b"path,label\nx.png,a\ny.png,b\n",
            "no image that can be used, in 2 lines (line 2: x.png does not",
            "another folder",
        ),
        (
            b"path,label\n1.png,a\nx.png,b\n",
            "one class only (a)",
            "the other class is missing",
        ),
        (b"\xff\xfep\0a\0", "UTF-16", "Excel's Unicode text"),
    ];
    for (bytes, part, reason) in rows {
        let desk = Desk::with(&["1.png", "2.png"]);
        desk.put("l.csv", bytes);
        let outcome = desk.open_as("l.csv", Some(SourceKind::Manifest));
        assert!(
            outcome.as_ref().is_err_and(|error| error.contains("l.csv")),
            "{reason}"
        );
        refused(outcome, part, reason);
    }
    let desk = Desk::with(&["1.png", "a.csv", "b.csv"]);
    let asked = Some(SourceKind::Manifest);
    refused(
        desk.open_as("", asked),
        "has 2 CSV files: choose the one",
        "several lists",
    );
    refused(
        Desk::with(&["1.png"]).open_as("", asked),
        "has no CSV file",
        "no list",
    );
}

fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-zA-Zé0-9,;'\"_.-][a-zé0-9,;'\" _.-]{0,6}[a-zé0-9]").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the csv library writes comes back: files, labels and parts in the order of the list.
    #[test]
    fn a_written_list_is_read_back(
        rows in proptest::collection::vec((text(), 0usize..3, 0usize..4), 2..12),
        separator in proptest::sample::select(vec![b',', b';', b'\t']),
        names in proptest::collection::hash_set(text(), 3),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let words = ["", "train", "val", "test"];
        let desk = Desk::new();
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
        writer.write_record(["split", "label", "path"]).unwrap();
        let mut written = Vec::new();
        for (index, (name, label, part)) in rows.iter().enumerate() {
            // Every class occurs, every file once.
            let label = if index < 2 { index } else { *label };
            let path = format!("d{index}/{name}.png");
            desk.put(&path, b"x");
            writer.write_record([words[*part], names[label].as_str(), path.as_str()]).unwrap();
            written.push((path, names[label].clone(), words[*part]));
        }
        desk.put("l.csv", &writer.into_inner().unwrap());
        let dataset = desk.open("l.csv").unwrap().dataset;
        let read: Vec<_> = dataset.samples.iter().map(|sample| {
            let part = match sample.part {
                None => "",
                Some(SplitName::Train) => "train",
                Some(SplitName::Validation) => "val",
                Some(SplitName::Test) => "test",
            };
            let path = sample.path.to_str().unwrap().to_owned();
            (path, dataset.classes[sample.label].clone(), part)
        }).collect();
        prop_assert_eq!(read, written);
        prop_assert_eq!(dataset.skipped.total(), 0);
    }
}
