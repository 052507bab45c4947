//! One panel of the Data step on a made-up dataset.

use std::{collections::BTreeMap, sync::Arc};

use convscope::{
    data::{
        Dataset, Division, Edits, Picture, Sample, SplitName,
        doctor::{Examination, Finding, FindingKind, Likeness, Pair, Readings, Severity},
    },
    engine::{
        Divide, Event, ExamineRequest, Examined, ImageSource, Inspect, JobEvent, JobId,
        OpenDataset, Progress, Task,
    },
    inspect::augmented::{Augment, Augmented, VERSIONS},
    train::recipes,
    ui::{
        action::Action,
        state::{AppState, DataState},
        workspace::PanelKind,
    },
};
use eframe::egui::{Theme, Vec2, vec2};
use egui_kittest::Harness;

use crate::panel::Bench;

pub type Desk = Harness<'static, Bench>;

pub const EXAMINING: JobId = JobId(7);

/// `classes` classes of `per_class` images; with `given`, every fifth is given to test.
pub fn dataset(classes: usize, per_class: usize, given: bool) -> Dataset {
    let name = |class: usize| match classes {
        3 => ["circle", "square", "triangle"][class].to_owned(),
        _ => format!("a rather long class name, number {class:03}"),
    };
    let sample = |class: usize, number: usize| Sample {
        part: given.then_some(if number.is_multiple_of(5) {
            SplitName::Test
        } else {
            SplitName::Train
        }),
        ..Sample::file(format!("{}/image_{number:03}.png", name(class)), class)
    };
    let pairs = (0..classes).flat_map(|class| (0..per_class).map(move |number| (class, number)));
    Dataset {
        name: "made up".into(),
        classes: (0..classes).map(name).collect(),
        samples: pairs.map(|(class, number)| sample(class, number)).collect(),
        ..Dataset::default()
    }
}

pub fn open(dataset: Dataset) -> Arc<OpenDataset> {
    let dataset = Arc::new(dataset);
    Arc::new(OpenDataset {
        id: JobId(1),
        base: Arc::clone(&dataset),
        edits: Arc::default(),
        dataset,
        images: Arc::default(),
    })
}

/// Nothing open.
pub fn closed() -> AppState {
    AppState::new(recipes::find(std::path::Path::new("shapes")).unwrap())
}

/// Open and not divided yet.
pub fn dividing(dataset: Dataset) -> AppState {
    let mut state = closed();
    state.data = DataState::Open(open(dataset));
    let open = Arc::clone(state.open_dataset().unwrap());
    let (edits, config) = (Arc::clone(&open.edits), state.experiment.split);
    let request = Divide {
        open,
        edits,
        config,
    };
    state.asked(JobId(2), request);
    state.selection = state.selection.with_sample(Some(0));
    state.experiment_changed();
    state
}

/// Open and divided.
pub fn divided(dataset: Dataset) -> AppState {
    let mut state = dividing(dataset);
    state.forget::<Divide>();
    divide(&mut state);
    state
}

/// Divides as the experiment says.
pub fn divide(state: &mut AppState) {
    let dataset = &state.open_dataset().unwrap().dataset;
    let division = Division::new(dataset, &state.experiment.split).unwrap();
    state.division = Some(Arc::new(division));
}

/// With changes of every kind.
pub fn edited(mut state: AppState) -> AppState {
    let base = Arc::clone(&state.open_dataset().unwrap().base);
    let name = |index: usize| convscope::data::edits::sample_name(&base.samples[index].path);
    let edits = Edits {
        renamed: [(base.classes[0].clone(), "ring".to_owned())].into(),
        excluded: [name(0)].into(),
        relabelled: [(name(1), base.classes[1].clone())].into(),
        moved: [(name(2), SplitName::Test)].into(),
    };
    state.replace_edits(edits);
    state
}

fn finding(kind: FindingKind, severity: Severity, samples: &[usize], message: &str) -> Finding {
    Finding {
        classes: Vec::new(),
        kind,
        severity,
        samples: samples.to_vec(),
        files: samples
            .iter()
            .map(|index| format!("folder/file_{index:03}.png"))
            .collect(),
        message: message.to_owned(),
    }
}

/// Two leaks, a near duplicate and many broken files.
pub fn examination() -> Examination {
    let mut findings = vec![
        finding(
            FindingKind::Leak,
            Severity::Error,
            &[1, 5],
            "circle/image_005.png of test is circle/image_001.png of train, pixel by pixel: drop it from train",
        ),
        finding(
            FindingKind::Leak,
            Severity::Error,
            &[2, 10],
            "another one in two parts",
        ),
    ];
    let broken = (11..31).map(|index| {
        let message = format!(
            "image {index} cannot be opened: the file ends too early; copy it again or delete it"
        );
        finding(
            FindingKind::BrokenFile,
            Severity::Warning,
            &[index],
            &message,
        )
    });
    findings.extend(broken);
    findings.push(finding(
        FindingKind::MixedSizes,
        Severity::Info,
        &[],
        "images have 7 sizes from 20 × 20 to 900 × 700: they are resized",
    ));
    let pair = |a, b, kind, across_parts, across_classes| Pair {
        a,
        b,
        kind,
        across_parts,
        across_classes,
    };
    let across = Some((SplitName::Train, SplitName::Test));
    Examination {
        findings,
        pairs: vec![
            pair(1, 5, Likeness::Exact, across, false),
            pair(2, 10, Likeness::Exact, across, true),
            pair(3, 4, Likeness::Exact, None, false),
            pair(6, 7, Likeness::Near { distance: 0.01 }, None, false),
        ],
        sizes: None,
        channels: BTreeMap::new(),
        samples: 60,
        classes: Vec::new(),
        splits: Vec::new(),
        broken: 20,
        skipped: 0,
        duplicates: 3,
        leaks: 2,
        near_leaks: 0,
    }
}

/// What the examination of `job` found.
pub fn found(job: JobId) -> Event {
    let examined = Examined {
        examination: Arc::new(examination()),
        readings: Arc::new(Readings::default()),
    };
    Event::done::<ExamineRequest>(job, examined)
}

/// Asks for augmented versions of the selected image, with the settings as they are.
pub fn ask_augmented(state: &mut AppState, job: JobId) {
    let open = Arc::clone(state.open_dataset().unwrap());
    let what = Augment {
        input: state.experiment.model.input,
        config: state.experiment.augmentation.clone(),
        seed: 0,
    };
    let image = ImageSource::Sample(open, 0);
    state.asked(job, Inspect::image(what, image));
}

/// With the examination done.
pub fn examined(mut state: AppState) -> AppState {
    state.asked(EXAMINING, state.to_examine().unwrap());
    state.apply(found(EXAMINING));
    state
}

/// With an examination that runs.
pub fn examining(mut state: AppState) -> AppState {
    state.asked(EXAMINING, state.to_examine().unwrap());
    let started = JobEvent::Started(ExamineRequest::KIND);
    state.apply(Event::Job(EXAMINING, started));
    let progress = JobEvent::Progress(Progress { done: 3, total: 60 });
    state.apply(Event::Job(EXAMINING, progress));
    state
}

/// With augmented versions of the selected image.
pub fn augmented(mut state: AppState) -> AppState {
    let picture = |shade: usize| {
        let mut picture = Picture::filled(64, 64, [250; 3]);
        for y in 10..40 {
            for x in 10 + shade..40 {
                let at = 3 * (64 * y + x);
                picture.rgb[at..at + 3].copy_from_slice(&[20 * shade as u8, 90, 180]);
            }
        }
        Arc::new(picture)
    };
    state.experiment.augmentation.rotation_degrees = 10.0;
    ask_augmented(&mut state, JobId(8));
    let augmented = Augmented {
        original: picture(0),
        versions: (1..=VERSIONS).map(picture).collect(),
    };
    state.apply(Event::done::<Inspect<Augment>>(JobId(8), augmented));
    state
}

pub fn harness(panel: PanelKind, state: AppState, size: Vec2, theme: Theme) -> Desk {
    Bench::new(&[panel], state).drawn(size, theme)
}

/// Large enough to see everything at once.
pub fn large(panel: PanelKind, state: AppState) -> Harness<'static, Bench> {
    harness(panel, state, vec2(520.0, 1_000.0), Theme::Light)
}

/// The actions since last time, but for wishes that panels repeat until they are met.
pub fn pushed(harness: &mut Harness<'_, Bench>) -> Vec<Action> {
    let actions = std::mem::take(&mut harness.state_mut().actions);
    let is_click = |action: &Action| !matches!(action, Action::Look(_));
    actions.into_iter().filter(is_click).collect()
}
