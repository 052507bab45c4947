//! Both classes of a one-sigmoid model can be maximised, in the library and by the real program.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc};

use convscope::{
    data::{Edits, Picture, SplitConfig},
    inspect::maximise::{MaximiseConfig, Target, maximise},
    model::{
        LayerKind, LayerSpec, ModelSpec, Network, WeightSnapshot,
        bundle::Bundle,
        head, layers,
        network::{Mode, Placement},
        spec::{Activation, Head, Initialisation, InputSpec, Preprocessing},
    },
    train::{Optimizer, loss::Loss, optimizers::OptimizerState},
};
use serde_json::Value;
use tch::Tensor;

const SIDE: usize = 8;
const CLASSES: [&str; 2] = ["red", "blue"];

/// Plain pictures: reds of many strengths, then blues.
fn pictures() -> (Vec<u8>, Vec<i64>) {
    let (mut bytes, mut labels) = (Vec::new(), Vec::new());
    for class in 0..2u8 {
        for strength in [90u8, 120, 160, 200, 240] {
            let pixel = if class == 0 {
                [strength, 20, 20]
            } else {
                [20, 20, strength]
            };
            bytes.extend(pixel.repeat(SIDE * SIDE));
            labels.push(i64::from(class));
        }
    }
    (bytes, labels)
}

/// A network with one sigmoid that tells red from blue.
fn trained() -> Network {
    let dense = |units, activation| LayerKind::Dense(layers::Dense { units, activation });
    let layers = [
        ("flatten", LayerKind::Flatten(layers::Flatten)),
        ("dense1", dense(4, Activation::Tanh)),
        ("dense2", dense(1, Activation::Linear)),
    ];
    let spec = ModelSpec {
        name: "red or blue".into(),
        input: InputSpec {
            height: SIDE,
            width: SIDE,
            ..InputSpec::default()
        },
        preprocessing: Preprocessing::default(),
        initialisation: Initialisation::Keras,
        layers: layers.map(|(name, kind)| LayerSpec::new(name, kind)).into(),
        head: Head::Sigmoid { threshold: 0.5 },
    };
    let network = Network::new(Arc::new(spec), 1, Placement::default()).unwrap();
    let (bytes, labels) = pictures();
    let target = Tensor::from_slice(&labels);
    let loss = Loss::new(&network, None, 0.0);
    let trainable = || network.trainable().map(|(_, value)| value);
    let rule = Optimizer::Sgd {
        learning_rate: 0.1,
        momentum: 0.9,
        nesterov: false,
    };
    let mut optimizer = OptimizerState::new(trainable(), rule).unwrap();
    for _ in 0..100 {
        for value in trainable() {
            value.shallow_clone().zero_grad();
        }
        let logits = network
            .forward(&network.input(&bytes).unwrap(), Mode::Train)
            .unwrap();
        loss.training(&network, &logits, &target)
            .unwrap()
            .backward();
        tch::no_grad(|| optimizer.step(trainable(), 0.1)).unwrap();
    }
    for (picture, label) in bytes.chunks(SIDE * SIDE * 3).zip(labels) {
        assert_eq!(
            class_of(&network, picture) as i64,
            label,
            "it has not learned"
        );
    }
    network
}

fn class_of(network: &Network, picture: &[u8]) -> usize {
    let _no_grad = tch::no_grad_guard();
    let logits = network
        .forward(&network.input(picture).unwrap(), Mode::Evaluate)
        .unwrap();
    let head = network.spec().head;
    let shares = head::probabilities(head, &logits).unwrap().flatten(0, -1);
    head::decide(head, &Vec::<f32>::try_from(shares).unwrap())
}

fn snapshot(network: &Network) -> WeightSnapshot {
    network
        .snapshot(&CLASSES.map(String::from).into(), 1)
        .unwrap()
}

#[test]
fn each_class_of_a_sigmoid_is_driven_up() {
    let mut network = trained();
    network.freeze();
    let run = |target| {
        let config = MaximiseConfig {
            steps: 60,
            ..MaximiseConfig::new(target)
        };
        maximise(&network, &config, |_| Ok(())).map(|(found, _)| found)
    };
    for class in 0..2 {
        let found = run(Target::Class(class)).unwrap();
        assert_eq!(class_of(&network, &found.picture.rgb), class);
        assert!(
            found.score > 0.0,
            "the class's own log-odds, {class}: {}",
            found.score
        );
    }
    // The one value of the last layer speaks for the second class.
    let last = network.nodes().len() - 1;
    let unit = |unit| run(Target::Unit { layer: last, unit });
    assert_eq!(class_of(&network, &unit(0).unwrap().picture.rgb), 1);
    let error = unit(1).unwrap_err().to_string();
    assert!(error.contains("no unit 1 in dense2"), "{error}");
    let error = run(Target::Class(2)).unwrap_err().to_string();
    assert!(error.contains("no class 2"), "{error}");
}

#[test]
fn the_program_maximises_what_it_then_predicts() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.safetensors");
    let picture = Picture::filled(SIDE, SIDE, [200, 20, 20]);
    let division = (SplitConfig::default(), Arc::new(Edits::default()));
    let bundle = Bundle::new(
        snapshot(&trained()).into(),
        BTreeMap::new(),
        division,
        &picture,
    );
    bundle.unwrap().save(&model).unwrap();
    let run = |arguments: &[&str]| -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_convscope"))
            .args(arguments)
            .arg("--json")
            .current_dir(folder.path())
            .env("CONVSCOPE_CACHE", folder.path().join("cache"))
            .env("OMP_NUM_THREADS", "1")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    };
    for (class, other) in [("red", "blue"), ("blue", "red")] {
        let out = format!("{class}.png");
        let options = ["--what", "maximise", "--class", class, "--out", &out];
        let line = run(&[&["inspect", "model.safetensors"][..], &options[..]].concat());
        assert_eq!(
            line["score_of"],
            format!("log-odds of {class} against {other}")
        );
        assert!(line["score"].as_f64().unwrap() > 0.0, "{line}");
        assert!(folder.path().join(Path::new(&out)).is_file());
        let said = run(&["predict", "model.safetensors", &out]);
        assert_eq!(said["class"], class, "{said}");
    }
}
