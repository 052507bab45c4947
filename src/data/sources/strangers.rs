//! Files that are no datasets: what they look like and what to do instead.

use super::SourceKind;

/// What a file that is no dataset looks like and what to do, to follow its name.
pub(super) fn words_for(head: &[u8]) -> String {
    const CANNOT_UNPACK: [(&[u8], &str); 5] = [
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!", "RAR"),
        (b"\xfd7zXZ", "xz"),
        (b"BZh", "bzip2"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
    ];
    const OTHERS: [(&[u8], &str); 7] = [
        (
            b"\x89HDF",
            "is an HDF5 file: save its images and labels with numpy.savez as x_train and y_train",
        ),
        (
            b"PAR1",
            "is a Parquet file: save its images as files in one folder per class",
        ),
        (
            b"\x93NUMPY",
            "is a single NumPy array: save images and labels together with numpy.savez \
          as x_train and y_train",
        ),
        (b"%PDF", "is a PDF document, not a dataset"),
        (
            b"SQLite format 3",
            "is a database: save its images as files in one folder per class",
        ),
        (b"\x7fELF", "is a program, not a dataset"),
        (b"MZ", "is a program, not a dataset"),
    ];
    const CHOOSE: &str = "choose the folder that holds one folder per class";
    if let Some((_, name)) = CANNOT_UNPACK
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
    {
        return format!(
            "is packed with {name}, which Convscope cannot unpack: unpack it and choose the folder"
        );
    }
    if let Some((_, words)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*words).to_owned();
    }
    match head {
        [0x80, 2..=5, ..] => format!(
            "is a Python pickle, which can run code and is never opened: {CHOOSE}, or save the images \
             and labels with numpy.savez as x_train and y_train"
        ),
        _ if image::guess_format(head).is_ok() => {
            format!("is one image, not a folder or file of many: {CHOOSE}")
        }
        _ => {
            let files = SourceKind::ALL.map(|kind| kind.reader().file.as_ref());
            let called = files.into_iter().flatten().map(|file| file.called);
            let called: Vec<&str> = called.collect();
            format!(
                "is not a folder and no file of images that Convscope knows ({}, .zip, .tar, .tar.gz): {CHOOSE}",
                called.join(", ")
            )
        }
    }
}
