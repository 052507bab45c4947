//! Files that lie, break off or want to run code: each gives one sentence, quickly and in little memory.

use std::{io::Write as _, path::PathBuf, time::Instant};

use super::*;

/// Bytes of a pickle program, put together from readable pieces.
#[derive(Clone, Default)]
struct Program(Vec<u8>);

impl Program {
    fn new() -> Self {
        Self(vec![0x80, 2])
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, text: &str) -> Self {
        let length = (text.len() as u32).to_le_bytes();
        self.raw(b"X").raw(&length).raw(text.as_bytes())
    }

    fn int(self, value: i64) -> Self {
        self.raw(&[0x8a, 8]).raw(&value.to_le_bytes())
    }

    fn name(self, module: &str, name: &str) -> Self {
        self.raw(b"c")
            .raw(module.as_bytes())
            .raw(b"\n")
            .raw(name.as_bytes())
            .raw(b"\n")
    }

    /// A storage of `count` f32 values.
    fn storage(self, count: i64) -> Self {
        let begun = self.raw(b"(").text("storage").name("torch", "FloatStorage");
        begun.text("0").text("cpu").int(count).raw(b"tQ")
    }

    /// `{"a": tensor}`, the tensor being a view of a storage.
    fn state(count: i64, offset: i64, shape: &[i64], strides: &[i64]) -> Self {
        let begun = Self::new()
            .raw(b"}")
            .text("a")
            .name("torch._utils", "_rebuild_tensor_v2");
        let mut program = begun.raw(b"(").storage(count).int(offset);
        for sizes in [shape, strides] {
            program = sizes
                .iter()
                .fold(program.raw(b"("), |program, size| program.int(*size));
            program = program.raw(b"t");
        }
        program.raw(b"\x89N").raw(b"tRs.")
    }
}

fn zipped(program: &Program, values: &[f32]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("archive/data.pkl", stored).unwrap();
    zip.write_all(&program.0).unwrap();
    zip.start_file("archive/data/0", stored).unwrap();
    let values: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    zip.write_all(&values).unwrap();
    zip.finish().unwrap().into_inner()
}

fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

fn read_bytes(bytes: &[u8]) -> Result<Vec<NamedArray>, WeightsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.pth");
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/reference")
        .join(name)
}

#[test]
fn a_crafted_file_that_is_sound_reads() {
    let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let arrays = read_bytes(&zipped(&Program::state(6, 1, &[2, 2], &[1, 2]), &values)).unwrap();
    assert_eq!(arrays.len(), 1);
    assert_eq!((&*arrays[0].name, &arrays[0].shape), ("a", &vec![2, 2]));
    assert_eq!(arrays[0].values, [1.0, 3.0, 2.0, 4.0]);
}

/// As training scripts save: the state dictionary beside other things.
#[test]
fn a_state_dictionary_within_another_dictionary_is_found() {
    let state = Program::state(2, 0, &[2], &[1]).0;
    let begun = Program::new().raw(b"}").text("epoch").raw(b"K\x03s");
    let program = begun.text("state_dict").raw(&state[2..state.len() - 1]);
    let arrays = read_bytes(&zipped(&program.raw(b"s."), &[1.0, 2.0])).unwrap();
    assert_eq!(
        (&*arrays[0].name, &*arrays[0].values),
        ("a", &[1.0, 2.0][..])
    );
}

#[test]
fn programs_that_lie_are_refused_in_a_sentence() {
    let max = i64::MAX;
    let state = Program::state;
    let open = Program::new;
    let cases: Vec<(&str, Program, &str)> = vec![
        (
            "runs a command",
            open().name("os", "system").text("touch x").raw(b"\x85R."),
            "os.system",
        ),
        (
            "a builtin",
            open().name("builtins", "eval").raw(b"."),
            "builtins.eval",
        ),
        (
            "by the stack",
            open().text("posix").text("system").raw(b"\x93."),
            "posix.system",
        ),
        (
            "a name with line breaks in its message",
            open().text("a\nb").text("c").raw(b"\x93."),
            "a\\nb.c",
        ),
        (
            "a class of torchvision",
            open().name("torchvision.models.vgg", "VGG").raw(b")\x81."),
            "torchvision",
        ),
        (
            "makes an object",
            open().name("collections", "OrderedDict").raw(b")\x81."),
            "0x81",
        ),
        ("an extension", open().raw(b"\x82\x01."), "0x82"),
        (
            "attributes of a tuple",
            open().raw(b")}b."),
            "other objects",
        ),
        ("calls a value", open().raw(b"N)R."), "make sense"),
        (
            "wrong arguments",
            open()
                .name("torch._utils", "_rebuild_tensor_v2")
                .raw(b")R."),
            "make sense",
        ),
        ("offset beyond", state(6, 5, &[2], &[1]), "beyond"),
        ("count beyond", state(6, 0, &[7], &[1]), "beyond"),
        ("strides beyond", state(6, 0, &[2, 2], &[6, 1]), "beyond"),
        ("strides overflow", state(6, 0, &[3], &[max]), "beyond"),
        ("offset overflow", state(6, max, &[2], &[max]), "beyond"),
        ("negative size", state(6, 0, &[-1], &[1]), "negative"),
        ("negative stride", state(6, 5, &[2], &[-1]), "negative"),
        (
            "more values than memory",
            state(6, 0, &[max, max], &[0, 0]),
            "memory",
        ),
        (
            "one value many times",
            state(6, 0, &[1 << 29], &[0]),
            "268,435,456 values",
        ),
        (
            "a huge storage",
            state(max, 0, &[1], &[1]),
            "268,435,456 values",
        ),
        (
            "fewer values than it says",
            state(1000, 0, &[1], &[1]),
            "too early",
        ),
        (
            "more values than it says",
            state(2, 0, &[1], &[1]),
            "larger than it says",
        ),
        (
            "many dimensions",
            state(6, 0, &[1; 9], &[1; 9]),
            "dimensions",
        ),
        (
            "shape without strides",
            state(6, 0, &[2], &[]),
            "make sense",
        ),
        (
            "text beyond the end",
            open().raw(b"X\xff\xff\xff\xffabc"),
            "too long",
        ),
        ("ends early", open().raw(b"}("), "too early"),
        ("empty stack", open().raw(b"."), "make sense"),
        ("unknown memory", open().raw(b"h\x07."), "make sense"),
        ("pops through a mark", open().raw(b"N(0."), "make sense"),
        ("odd entries", open().raw(b"}(Nu."), "make sense"),
        ("entries of nothing", open().raw(b"(NNu."), "make sense"),
        (
            "a huge number",
            open().raw(b"\x8a\x0a0123456789."),
            "number",
        ),
        ("no dictionary", open().raw(b")."), "no dictionary"),
        ("no tensors", open().raw(b"}."), "no dictionary"),
        (
            "deep nesting",
            open()
                .raw(&b"(".repeat(1_500_000))
                .raw(&b"t".repeat(400_000))
                .raw(b"."),
            "no dictionary",
        ),
        (
            "nested a million times",
            open().raw(b")").raw(&b"\x85".repeat(1_000_000)).raw(b"."),
            "no dictionary",
        ),
        (
            "endless",
            open().raw(&b"N0".repeat(2_000_000)),
            "instructions",
        ),
        (
            "a dictionary in itself",
            open().raw(b"}q\x00").text("a").raw(b"h\x00s."),
            "no dictionary",
        ),
    ];
    for (why, program, part) in cases {
        let start = Instant::now();
        let error = read_bytes(&zipped(&program, &[0.0; 6]))
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{why}: {error}");
        assert!(
            error.contains("weights.pth") && !error.contains('\n'),
            "{why}: {error}"
        );
        assert!(
            start.elapsed().as_secs() < 200,
            "{why} took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn files_that_are_something_else_or_broken_say_so() {
    let zip = std::fs::read(reference("small_zip.pth")).unwrap();
    let legacy = std::fs::read(reference("small_legacy.pth")).unwrap();
    let mut swollen = legacy.clone();
    // How many values the largest storage has stands before them.
    let count = 24u64.to_le_bytes();
    let at = swollen.windows(8).position(|bytes| bytes == count).unwrap();
    swollen[at..at + 8].copy_from_slice(&[0xff; 8]);
    let entry =
        |range: &str| format!(r#"{{"a":{{"dtype":"F32","shape":[2],"data_offsets":{range}}}}}"#);
    let strange = r#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), "no file of weights"),
        (
            "a picture",
            b"\x89PNG\r\n\x1a\n........".to_vec(),
            "no file of weights",
        ),
        ("an empty archive", b"PK\x03\x04".to_vec(), "damaged"),
        ("half a zip", zip[..zip.len() / 2].to_vec(), "damaged"),
        (
            "half a legacy file",
            legacy[..legacy.len() / 2].to_vec(),
            "damaged",
        ),
        (
            "a legacy file without its last byte",
            legacy[..legacy.len() - 1].to_vec(),
            "too early",
        ),
        ("sizes that disagree", swollen, "another size"),
        ("a plain pickle", b"\x80\x02}.".to_vec(), "torch.save"),
        (
            "a header beyond the end",
            safetensors("{}", &[])[..9].to_vec(),
            "damaged",
        ),
        (
            "offsets beyond the end",
            safetensors(&entry("[0,800]"), &[0; 8]),
            "damaged",
        ),
        (
            "offsets backwards",
            safetensors(&entry("[8,0]"), &[0; 8]),
            "damaged",
        ),
        (
            "fewer bytes than the shape",
            safetensors(&entry("[0,4]"), &[0; 4]),
            "damaged",
        ),
        (
            "values of a strange kind",
            safetensors(strange, &[0; 8]),
            "of kind F8_E4M3",
        ),
        (
            "a header that is no JSON",
            safetensors("{nonsense", &[]),
            "damaged",
        ),
    ];
    for (why, bytes, part) in cases {
        let error = read_bytes(&bytes).unwrap_err().to_string();
        assert!(error.contains(part), "{why}: {error}");
        assert!(!error.contains('\n'), "{why}: {error}");
    }
    let error = read(Path::new("/nowhere/at/all.pth"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot read"), "{error}");
}

/// Every byte of a small file changed, one after the other: never a panic, and never other values where
/// the container has a checksum.
#[test]
fn no_damaged_byte_goes_further_than_an_error() {
    for (name, has_checksums) in [("small_legacy.pth", false), ("small_zip.pth", true)] {
        let sound = std::fs::read(reference(name)).unwrap();
        let expected = read_bytes(&sound).unwrap();
        for at in (0..sound.len()).step_by(3) {
            let mut damaged = sound.clone();
            damaged[at] ^= 0xff;
            if let Ok(arrays) = read_bytes(&damaged) {
                let is_same = arrays == expected;
                assert!(!has_checksums || is_same, "{name} byte {at}");
            }
        }
    }
}
