//! Weights of published networks from the command line: listed, downloaded, imported, trained with.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    sync::Arc,
};

use crate::server::{Server, noise, send_file, send_range, sha256};
use convscope::{
    model::{
        LayerKind, LayerSpec, NamedArray,
        backbones::top,
        bundle::Bundle,
        graph, layers, parameters,
        spec::{Activation, Backbone, InitialWeights},
        weights::examine,
    },
    train::Experiment,
};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};

struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convscope"));
        command
            .args(args)
            .env("CONVSCOPE_HOME", env!("CARGO_MANIFEST_DIR"))
            .env("CONVSCOPE_WEIGHTS", self.path("weights"))
            .env("CONVSCOPE_CACHE", self.path("cache"))
            .env("CONVSCOPE_RUNS", self.path("runs"))
            .current_dir(self.0.path());
        command.output().unwrap()
    }

    /// Arrays of `architecture` with a top for `classes`, under torchvision's names, small random values.
    fn published(&self, architecture: Backbone, classes: usize) -> Vec<NamedArray> {
        let spec = top::imagenet(architecture, classes);
        let nodes = graph::nodes(&spec).unwrap();
        let modules = top::modules(architecture);
        let published = |name: &str| {
            let (layer, rest) = name.split_once('.').unwrap();
            match modules.iter().find(|(_, ours)| *ours == layer) {
                Some((module, _)) => format!("{module}.{rest}"),
                None => rest.to_owned(),
            }
        };
        let mut number = 0u32;
        let mut value = || {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.01 + (number >> 8) as f32 / (1 << 28) as f32
        };
        let shapes = parameters::array_shapes(&nodes).into_iter();
        let array = |(name, shape): (String, Vec<usize>)| NamedArray {
            name: published(&name),
            values: (0..shape.iter().product()).map(|_| value()).collect(),
            shape,
        };
        shapes.map(array).collect()
    }

    fn write(&self, name: &str, arrays: &[NamedArray]) {
        let data: Vec<Vec<u8>> = arrays
            .iter()
            .map(|array| array.bytes().into_owned())
            .collect();
        let views = arrays.iter().zip(&data).map(|(array, bytes)| {
            let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes).unwrap();
            (array.name.clone(), view)
        });
        let bytes = safetensors::serialize(views.collect::<Vec<_>>(), None).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }
}

fn json_lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let parse =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    text.lines().map(parse).collect()
}

#[track_caller]
fn good(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", words(output));
    json_lines(output)
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_shipped_list_names_all_four_networks_with_hash_and_licence() {
    let sandbox = Sandbox::new();
    let lines = good(&sandbox.run(&["weights", "--json"]));
    let names: Vec<&str> = lines
        .iter()
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["mobilenet-v2", "efficientnet-b0", "vgg16", "resnet-18"]
    );
    for line in &lines {
        assert_eq!(line["downloaded"], false);
        assert!(
            line["licence"]
                .as_str()
                .unwrap()
                .starts_with("BSD 3-Clause")
        );
    }
    let list = convscope::model::weights::catalogue::Weights::load_from(None).unwrap();
    for weights in &list.weights {
        let file = &weights.entry.files[0];
        let hash = file.sha256.as_ref().unwrap();
        // torchvision puts the first eight digits into the file's name.
        assert!(file.name.contains(&hash[..8]), "{}", file.name);
        assert!(file.urls[0].ends_with(&file.name) && file.urls[0].starts_with("https://"));
    }
    for architecture in Backbone::ALL {
        assert!(list.of(architecture).is_some(), "{architecture:?}");
    }
}

/// The connection breaks in the middle once; the download goes on, is verified and not repeated.
#[test]
fn a_download_survives_a_cut_is_verified_and_is_there_afterwards() {
    let sandbox = Sandbox::new();
    let file = Arc::new(noise(300_000, 3));
    let served = Arc::clone(&file);
    let server = Server::start(move |asked, out| {
        if asked.number == 0 {
            send_file(out, asked, &served, "\"v1\"", 100_000);
        } else if let Some(from) = asked.from {
            send_range(out, &served, from, "\"v1\"", usize::MAX);
        } else {
            send_file(out, asked, &served, "\"v1\"", usize::MAX);
        }
    });
    let list = |hash: &str| {
        format!(
            "(format: 1, weights: [(architecture: ResNet18, entry: (name: \"small\", title: \"Small\",
             description: \"Weights\", files: [(name: \"small.pth\", urls: [\"{}\"], bytes: {},
             sha256: \"{hash}\")], licence: (name: \"BSD\", url: \"https://example.org/\"),
             homepage: \"https://example.org/\"))])",
            server.url("/small.pth"),
            file.len()
        )
    };
    let catalogue = sandbox.path("list.ron");
    let catalogue_text = catalogue.to_str().unwrap();
    let download = [
        "weights",
        "download",
        "small",
        "--json",
        "--catalogue",
        catalogue_text,
    ];

    fs::write(&catalogue, list(&"0a".repeat(32))).unwrap();
    let wrong = sandbox.run(&download);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(words(&wrong).contains("SHA-256"), "{}", words(&wrong));

    fs::write(&catalogue, list(&sha256(&file))).unwrap();
    let lines = good(&sandbox.run(&download));
    assert_eq!(lines[0]["verified"], true);
    assert_eq!(
        fs::read(sandbox.path("weights/small/small.pth")).unwrap(),
        **file
    );
    let asked = server.asked().len();
    good(&sandbox.run(&download));
    assert_eq!(
        server.asked().len(),
        asked,
        "what is there is not asked for again"
    );
    let listed = good(&sandbox.run(&["weights", "--json", "--catalogue", catalogue_text]));
    assert_eq!(listed[0]["downloaded"], true);

    let unknown = sandbox.run(&["weights", "download", "resnet-99"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(words(&unknown).contains("resnet-18"), "{}", words(&unknown));
}

#[test]
fn import_makes_a_model_or_lists_what_is_missing() {
    let sandbox = Sandbox::new();
    let mut arrays = sandbox.published(Backbone::MobileNetV2, 1000);
    let count = arrays.len();
    let array = |name: &str| NamedArray {
        name: name.into(),
        shape: vec![1],
        values: vec![1.0],
    };
    arrays.push(array("features.0.1.num_batches_tracked"));
    arrays.push(array("extra.weight"));
    sandbox.write("whole.safetensors", &arrays);
    let import = [
        "import",
        "whole.safetensors",
        "--backbone",
        "mobilenet_v2",
        "--json",
    ];
    let lines = good(&sandbox.run(&[&import[..], &["--out", "m.safetensors"]].concat()));
    let expected = json!({
        "model": "m.safetensors", "tensors": count, "missing": [], "unexpected": ["extra.weight"],
    });
    assert_eq!(lines, [expected]);
    let (bundle, doubt) = Bundle::load(&sandbox.path("m.safetensors")).unwrap();
    assert_eq!(doubt, None);
    assert_eq!(bundle.snapshot.classes[281], "tabby");
    assert_eq!(bundle.snapshot.spec.input.height, 224);
    let classifier = bundle.snapshot.array("classifier.bias").unwrap();
    let published = arrays
        .iter()
        .find(|a| a.name == "classifier.1.bias")
        .unwrap();
    assert_eq!(classifier.values, published.values);
    // A step within the backbone, a block, and the backbone as a whole can be looked into.
    let photo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes/circle");
    let photo = fs::read_dir(photo).unwrap().next().unwrap().unwrap().path();
    for (layer, name, shape) in [
        (
            "base.features.3",
            "base.features.3.add",
            json!([24, 56, 56]),
        ),
        ("base", "base.features.18.2", json!([1280, 7, 7])),
        ("1", "base.features.18.2", json!([1280, 7, 7])),
    ] {
        let args = [
            "inspect",
            "m.safetensors",
            photo.to_str().unwrap(),
            "--what",
            "feature-maps",
        ];
        let lines = good(
            &sandbox.run(&[&args[..], &["--layer", layer, "--out", "f.npy", "--json"]].concat()),
        );
        assert_eq!(
            (&lines[0]["layer"], &lines[0]["shape"]),
            (&json!(name), &shape)
        );
    }

    arrays.retain(|array| !array.name.starts_with("classifier"));
    sandbox.write("headless.safetensors", &arrays);
    let headless = [
        "import",
        "headless.safetensors",
        "--backbone",
        "mobilenet_v2",
        "--json",
    ];
    let output = sandbox.run(&[&headless[..], &["--out", "n.safetensors"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words(&output).contains("lacks classifier.1.weight"),
        "{}",
        words(&output)
    );
    assert_eq!(
        json_lines(&output)[0]["missing"],
        json!(["classifier.1.weight", "classifier.1.bias"])
    );
    assert!(!sandbox.path("n.safetensors").exists());

    let other = [
        "import",
        "whole.safetensors",
        "--backbone",
        "resnet18",
        "--out",
        "n.safetensors",
    ];
    let output = sandbox.run(&other);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("and 97 more"), "{}", words(&output));
}

/// An experiment on the bundled shapes: a frozen backbone, pooling, a dense layer.
fn experiment(sandbox: &Sandbox, weights: InitialWeights) -> PathBuf {
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut experiment = Experiment::load(&home.join("assets/recipes/shapes.ron")).unwrap();
    experiment.dataset.path = home.join("datasets/shapes");
    let input = &mut experiment.model.input;
    (input.height, input.width) = (32, 32);
    let base = LayerKind::Backbone(layers::Backbone {
        architecture: Backbone::MobileNetV2,
        weights,
        batch_norm_inference: true,
    });
    experiment.model.layers = vec![
        LayerSpec::new("base", base),
        LayerSpec::new("pool", LayerKind::GlobalAvgPool2d(layers::GlobalAvgPool2d)),
        LayerSpec::new(
            "dense",
            LayerKind::Dense(layers::Dense {
                units: 3,
                activation: Activation::Linear,
            }),
        ),
    ];
    experiment.split.first_train = Some(30);
    let phase = &mut experiment.training.phases[0];
    phase.epochs = 1;
    phase.trainable_from = Some("pool".into());
    let path = sandbox.path("frozen.ron");
    fs::write(&path, ron::to_string(&experiment).unwrap()).unwrap();
    path
}

#[test]
fn a_run_begins_with_the_weights_of_a_file_and_keeps_what_is_frozen() {
    let sandbox = Sandbox::new();
    let mut arrays = sandbox.published(Backbone::MobileNetV2, 10);
    arrays.push(NamedArray {
        name: "ghost.weight".into(),
        shape: vec![1],
        values: vec![1.0],
    });
    sandbox.write("w.safetensors", &arrays);
    arrays.pop();
    let file = InitialWeights::File(sandbox.path("w.safetensors"));
    let path = experiment(&sandbox, file);
    let path = path.to_str().unwrap();
    let summary = good(&sandbox.run(&["summary", path, "--json"]));
    assert_eq!(summary[0]["trainable"], false);
    assert_eq!(
        summary.last().unwrap(),
        &json!({ "total": 2_223_872 + 3843, "trainable": 3843, "frozen": 2_223_872 })
    );
    let output = sandbox.run(&["train", path, "--out", "run", "--json"]);
    good(&output);
    let warning = "w.safetensors also holds what base has no place for: ghost.weight";
    assert!(words(&output).contains(warning), "{}", words(&output));
    let (bundle, doubt) = Bundle::load(&sandbox.path("run/model.safetensors")).unwrap();
    assert_eq!(doubt, None);
    for array in arrays
        .iter()
        .filter(|array| !array.name.starts_with("classifier"))
    {
        let ours = bundle
            .snapshot
            .array(&format!("base.{}", array.name))
            .unwrap();
        assert!(ours.values == array.values, "{} has changed", array.name);
    }
}

#[test]
fn weights_that_are_not_there_stop_a_run_before_it_leaves_a_folder() {
    let sandbox = Sandbox::new();
    let mut lacking = sandbox.published(Backbone::MobileNetV2, 10);
    lacking.retain(|array| array.name != "features.0.0.weight");
    sandbox.write("lacking.safetensors", &lacking);
    fs::write(sandbox.path("evil.pth"), b"\x80\x02cos\nsystem\n.").unwrap();
    let file = |name: &str| InitialWeights::File(sandbox.path(name));
    let cases = [
        (
            "not downloaded",
            InitialWeights::ImageNet,
            "`convscope weights download mobilenet-v2`",
        ),
        ("no such file", file("nowhere.pth"), "cannot read"),
        (
            "an array too few",
            file("lacking.safetensors"),
            "it lacks features.0.0.weight",
        ),
        ("a pickle of somebody", file("evil.pth"), "nothing was run"),
    ];
    for (why, weights, part) in cases {
        let path = experiment(&sandbox, weights);
        let output = sandbox.run(&["train", path.to_str().unwrap(), "--out", "run"]);
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(words(&output).contains(part), "{why}: {}", words(&output));
        assert!(!sandbox.path("run/model.safetensors").exists(), "{why}");
    }
}

#[test]
fn a_file_is_held_against_a_backbone_before_a_run_needs_it() {
    let sandbox = Sandbox::new();
    let mut arrays = sandbox.published(Backbone::ResNet18, 3);
    sandbox.write("whole.safetensors", &arrays);
    arrays.retain(|array| array.name != "layer1.0.conv1.weight");
    arrays.push(NamedArray {
        name: "of.another.program".into(),
        shape: vec![1],
        values: vec![0.0],
    });
    sandbox.write("other.safetensors", &arrays);
    let spec = |architecture| {
        let mut spec = top::imagenet(architecture, 3);
        spec.layers.truncate(1);
        spec
    };
    let looked = |architecture, file: &str| {
        examine::examine(&spec(architecture), 0, &sandbox.path(file)).unwrap()
    };
    let whole = looked(Backbone::ResNet18, "whole.safetensors");
    assert_eq!((whole.problem(), whole.fits_instead), (None, None));
    assert_eq!(
        whole.unused,
        ["fc.bias", "fc.weight"],
        "the top is left out"
    );
    assert!(whole.tensors > 80 && whole.missing.is_empty() && whole.unexpected.is_empty());

    let other = looked(Backbone::ResNet18, "other.safetensors");
    assert_eq!(other.missing, ["layer1.0.conv1.weight"]);
    assert_eq!(other.unexpected, ["of.another.program"]);
    let words = other.problem().unwrap();
    assert!(
        words.contains("lacks 1 of the 100 tensors of ResNet-18"),
        "{words}"
    );

    let (wrong, file) = (
        spec(Backbone::MobileNetV2),
        sandbox.path("whole.safetensors"),
    );
    let words = examine::examine(&wrong, 0, &file).unwrap_err().to_string();
    assert!(
        words.contains("it holds the weights of ResNet-18"),
        "{words}"
    );
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_name_before_a_run() {
    let sandbox = Sandbox::new();
    let mut arrays = sandbox.published(Backbone::MobileNetV2, 10);
    let at = arrays
        .iter()
        .position(|array| array.name == "features.3.conv.1.0.weight");
    let array = &mut arrays[at.unwrap()];
    (array.values[0], array.values[5]) = (f32::NAN, f32::INFINITY);
    sandbox.write("broken.safetensors", &arrays);
    let file = InitialWeights::File(sandbox.path("broken.safetensors"));
    let path = experiment(&sandbox, file);
    let train = ["train", path.to_str().unwrap(), "--out", "run"];
    let import = ["import", "broken.safetensors", "--backbone", "mobilenet_v2"];
    let import = [&import[..], &["--out", "m.safetensors"]].concat();
    for command in [&train[..], &import[..]] {
        let output = sandbox.run(command);
        assert_eq!(output.status.code(), Some(1));
        let words = words(&output);
        for part in [
            "broken.safetensors cannot be used: 2 of the ",
            "features.3.conv.1.0.weight are NaN or infinite",
        ] {
            assert!(words.contains(part), "{words}");
        }
    }
    for left in ["run", "m.safetensors"] {
        assert!(!sandbox.path(left).exists(), "{left}");
    }
}
