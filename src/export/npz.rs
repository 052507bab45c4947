//! Weights for NumPy: an archive with one array for each tensor, by its name in the state dict, as `numpy.savez` writes it.

use std::{
    fs::File,
    io::{self, Cursor},
    path::Path,
};

use npyz::{NpyFile, WriterBuilder as _};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{Bundle, ExportError, Format, Make, Need, Parity, model::largest_difference};
use crate::model::NamedArray;

pub const FORMAT: Format = Format {
    name: "npz",
    title: "Weights for NumPy",
    about: "Weights by their names, for numpy.load",
    ending: "npz",
    needs: &[Need::Model],
    in_run: None,
    make: Make::Bytes(archive),
    parity: Some(Parity {
        max_difference,
        most: 0.0,
    }),
};

fn archive(bundle: &Bundle) -> Result<Vec<u8>, ExportError> {
    let model = Need::Model.of(bundle.model.as_deref())?;
    let bytes = zipped(&model.snapshot.arrays);
    bytes.map_err(|error| ExportError::Failed(error.to_string()))
}

fn zipped(arrays: &[NamedArray]) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Weights hardly get smaller.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for array in arrays {
        zip.start_file(format!("{}.npy", array.name), stored)?;
        let shape: Vec<u64> = array.shape.iter().map(|&length| length as u64).collect();
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
        let mut npy = options.writer(&mut zip).begin_nd()?;
        npy.extend(array.values.iter().copied())?;
        npy.finish()?;
    }
    Ok(zip.finish()?.into_inner())
}

fn max_difference(bundle: &Bundle, path: &Path) -> Result<f64, ExportError> {
    largest_difference(bundle, path, read(path).map_err(|error| error.to_string()))
}

fn read(path: &Path) -> io::Result<Vec<NamedArray>> {
    let mut zip = ZipArchive::new(File::open(path)?)?;
    let mut arrays = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index(index)?;
        let name = entry.name()?.trim_end_matches(".npy").to_owned();
        let npy = NpyFile::new(entry)?;
        arrays.push(NamedArray {
            name,
            shape: npy.shape().iter().map(|&length| length as usize).collect(),
            values: npy.into_vec()?,
        });
    }
    Ok(arrays)
}

#[cfg(test)]
mod tests {
    use std::{process::Command, sync::Arc};

    use super::*;
    use crate::{
        data::Picture,
        model::{Network, bundle::Bundle as Model, network::Placement},
        train::recipes,
    };

    fn bundle() -> Bundle {
        let mut spec = recipes::find(Path::new("shapes")).unwrap().model;
        (spec.input.height, spec.input.width) = (16, 16);
        let network = Network::new(Arc::new(spec), 7, Placement::default()).unwrap();
        let classes = ["circle", "square", "triangle"].map(str::to_owned);
        let snapshot = Arc::new(network.snapshot(&classes.to_vec().into(), 0).unwrap());
        let sample = Picture::filled(16, 16, [9; 3]);
        let model = Model::new(snapshot, Default::default(), Default::default(), &sample);
        Bundle {
            model: Some(Arc::new(model.unwrap())),
            ..Bundle::default()
        }
    }

    #[test]
    fn what_is_read_back_are_the_same_weights_and_others_are_noticed() {
        let (folder, bundle) = (tempfile::tempdir().unwrap(), bundle());
        let path = folder.path().join("weights.npz");
        let written = FORMAT.write(&bundle, &path, &mut || Ok(()));
        assert_eq!(written.unwrap(), Some(0.0));

        let other = |change: fn(&mut Vec<NamedArray>)| {
            let mut model = Model::clone(bundle.model.as_deref().unwrap());
            change(&mut Arc::make_mut(&mut model.snapshot).arrays);
            let model = Some(Arc::new(model));
            let changed = Bundle {
                model,
                ..Bundle::default()
            };
            max_difference(&changed, &path)
        };
        assert!(matches!(other(|_| ()), Ok(0.0)));
        assert!(
            matches!(other(|a| a[0].values[0] += 0.5), Ok(found) if (found - 0.5).abs() < 1e-6)
        );
        assert!(matches!(
            other(|a| a[1].values[0] = f32::NAN),
            Ok(f64::INFINITY)
        ));
        let refused: [fn(&mut Vec<NamedArray>); 3] = [
            |arrays| drop(arrays.pop()),
            |arrays| arrays[0].name.push('x'),
            |arrays| arrays[0].shape.reverse(),
        ];
        for change in refused {
            assert!(matches!(other(change), Err(ExportError::Unreadable { .. })));
        }
    }

    /// Checked with NumPy 2.4; any version reads the format.
    #[test]
    fn numpy_reads_every_array_bit_for_bit() {
        const SCRIPT: &str = "
import json, sys, numpy
found = numpy.load(sys.argv[1])
wanted = json.loads(sys.argv[2])
assert sorted(found.files) == sorted(name for name, _ in wanted), found.files
for name, shape in wanted:
    array = found[name]
    assert array.dtype == numpy.dtype('<f4') and list(array.shape) == shape, (name, array.shape)
    sys.stdout.buffer.write(array.tobytes())
";
        let python = std::env::var_os("CONVSCOPE_PYTHON").unwrap_or_else(|| "python3".into());
        let check = Command::new(&python).args(["-c", "import numpy"]).output();
        if !check.is_ok_and(|output| output.status.success()) {
            println!("not run: no Python with NumPy; CONVSCOPE_PYTHON can name one");
            return;
        }
        let (folder, bundle) = (tempfile::tempdir().unwrap(), bundle());
        let path = folder.path().join("weights.npz");
        FORMAT.write(&bundle, &path, &mut || Ok(())).unwrap();
        let arrays = &bundle.model.as_ref().unwrap().snapshot.arrays;
        let wanted: Vec<_> = arrays
            .iter()
            .map(|array| (&array.name, &array.shape))
            .collect();
        let wanted = serde_json::to_string(&wanted).unwrap();
        let ran = Command::new(python)
            .args(["-c", SCRIPT])
            .args([path.as_os_str(), wanted.as_ref()])
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        let ours: Vec<u8> = arrays
            .iter()
            .flat_map(|array| array.bytes().into_owned())
            .collect();
        assert!(
            ran.stdout == ours,
            "{} and {} bytes",
            ran.stdout.len(),
            ours.len()
        );
    }
}
