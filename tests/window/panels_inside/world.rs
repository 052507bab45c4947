//! Models, maps and evaluations of a few and of many classes, made once for all tests.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use convscope::{
    data::{
        Picture, Split, SplitName,
        decode::{self, ResizeMode},
    },
    engine::{EngineHandle, Folders, LoadedModel, ModelSource, OpenDataset, OpenRequest},
    inspect::feature_maps,
    model::{
        LayerKind, ModelSpec, Network, WeightSnapshot, layers, network::Placement, spec::Head,
    },
    train::{ConfusionMatrix, Evaluation, Experiment, recipes},
};

/// Everything a test needs that takes long to make.
pub struct World {
    pub open: Arc<OpenDataset>,
    pub model: Arc<LoadedModel>,
    pub evaluation: Arc<Evaluation>,
    pub maps: Arc<feature_maps::FeatureMaps>,
    pub logits: Arc<feature_maps::FeatureMaps>,
    pub experiment: Experiment,
}

pub static FEW: LazyLock<World> = LazyLock::new(|| {
    world(
        &PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes"),
        "few",
        Head::Softmax,
    )
});

pub static MANY: LazyLock<World> = LazyLock::new(|| {
    let name = |class| format!("a rather long class name, number {class:03}");
    let folder = class_folders("many-classes", (0..100).map(name));
    world(&folder, "many", Head::Softmax)
});

/// A folder of four small pictures of each class.
pub fn class_folders(name: &str, classes: impl Iterator<Item = String>) -> PathBuf {
    let folder = scratch(name);
    for (class, name) in classes.enumerate() {
        let class_folder = folder.join(name);
        std::fs::create_dir_all(&class_folder).unwrap();
        for number in 0..4 {
            let shade = [
                (class * 2) as u8,
                255 - (class * 2) as u8,
                (number * 60) as u8,
            ];
            let picture = Picture::filled(16, 24, shade);
            picture
                .to_image()
                .save(class_folder.join(format!("image_{class:03}_{number}.png")))
                .unwrap();
        }
    }
    folder
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn opened(folder: &Path, name: &str) -> Arc<OpenDataset> {
    let engine = EngineHandle::start(Arc::new(|| ()), Folders::below(&scratch(name))).unwrap();
    engine.ask(OpenRequest::new(folder));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(300) {
        match engine.events().try_next() {
            Some(event) => {
                let failure = event.failure();
                assert!(failure.is_none(), "{failure:?}");
                if let Some((_, dataset)) = event.answer::<OpenRequest>() {
                    return dataset;
                }
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    panic!("the dataset was not opened in a minute");
}

/// A sample as the network of recipe 1 sees it.
pub fn picture(open: &OpenDataset, sample: usize) -> Picture {
    let image = open.images.read(&open.dataset, sample).unwrap();
    decode::resized(&image, (128, 128), ResizeMode::Stretch).into()
}

pub fn world(folder: &Path, name: &str, head: Head) -> World {
    let open = opened(folder, name);
    let mut experiment = recipes::find(Path::new("shapes")).unwrap();
    let classes: Arc<[String]> = open.dataset.classes.clone().into();
    let last = experiment.model.layers.last_mut().unwrap();
    last.kind = LayerKind::Dense(layers::Dense {
        units: head.logits(classes.len()).unwrap(),
        activation: convscope::model::spec::Activation::Linear,
    });
    experiment.model.head = head;
    let spec: Arc<ModelSpec> = Arc::new(experiment.model.clone());
    let network = |seed: u64| Network::new(Arc::clone(&spec), seed, Placement::default()).unwrap();
    let snapshot = |network: &Network, epoch: usize| -> Arc<WeightSnapshot> {
        Arc::new(network.snapshot(&classes, epoch).unwrap())
    };
    let (before, now) = (network(1), network(2));
    let sample = Arc::new(picture(&open, 0));
    let maps =
        |layer: usize| Arc::new(feature_maps::feature_maps(&now, 3, &sample.rgb, layer).unwrap());
    let split = Split::new(&open.dataset, &experiment.split).unwrap();
    World {
        evaluation: Arc::new(evaluation(&open, &split, head)),
        maps: maps(2),
        logits: maps(spec.layers.len() - 1),
        model: Arc::new(LoadedModel {
            snapshot: snapshot(&now, 3),
            initial: Some(snapshot(&before, 0)),
            metrics: std::collections::BTreeMap::new(),
            split: experiment.split,
            edits: Arc::default(),
            sample: Arc::clone(&sample),
            source: ModelSource::Run("/runs/a".into()),
            answers: Arc::default(),
        }),
        open,
        experiment,
    }
}

/// Every seventh image is taken for the next class, less surely the later it comes.
fn evaluation(open: &OpenDataset, split: &Split, head: Head) -> Evaluation {
    let classes = open.dataset.classes.len();
    let samples = split.validation.clone();
    let actual: Vec<usize> = samples
        .iter()
        .map(|&sample| open.dataset.samples[sample].label)
        .collect();
    let wrong = |position: usize| usize::from(position.is_multiple_of(7));
    let predicted: Vec<usize> = actual
        .iter()
        .enumerate()
        .map(|(position, label)| (label + wrong(position)) % classes)
        .collect();
    let mut probabilities = vec![0.0; samples.len() * classes];
    for (position, class) in predicted.iter().enumerate() {
        probabilities[position * classes + class] =
            0.99 - 0.4 * position as f32 / samples.len() as f32;
    }
    let pairs = actual.iter().copied().zip(predicted.iter().copied());
    Evaluation {
        split: Some(SplitName::Validation),
        epoch: 3,
        head,
        confusion: ConfusionMatrix::new(classes, pairs),
        samples,
        actual,
        predicted,
        probabilities,
        loss: 0.3,
    }
}
