//! The engine's tools for datasets on real files: examining, measuring channels, augmenting.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise, helpers included"
)]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use convscope::{
    data::{Division, Edits, SplitConfig, augment::AugmentationConfig, generate},
    engine::{
        EngineHandle, Event, ExamineRequest, Examined, Folders, ImageSource, Inspect, JobEvent,
        MeasureChannels, OpenDataset, OpenRequest,
    },
    inspect::augmented::Augment,
    train::recipes,
};

const PATIENCE: Duration = Duration::from_secs(300);

fn wait<T>(engine: &EngineHandle, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match engine.events().try_next() {
            Some(Event::Job(_, JobEvent::Failed(message))) => panic!("{message}"),
            Some(event) => {
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    panic!("nothing came in a minute");
}

/// Eight shapes of each kind; one circle stands twice.
fn opened(home: &Path) -> (EngineHandle, Arc<OpenDataset>) {
    let folder = home.join("shapes");
    generate::generate_shapes(&folder, 1, 8, &mut |_, _| {}).unwrap();
    let copied = folder.join("circle/circle_000.png");
    std::fs::copy(copied, folder.join("circle/twin.png")).unwrap();
    let engine = EngineHandle::start(Arc::new(|| ()), Folders::below(home)).unwrap();
    engine.ask(OpenRequest::new(folder));
    let open = wait(&engine, |event| Some(event.answer::<OpenRequest>()?.1));
    (engine, open)
}

fn all_training(open: &OpenDataset) -> Arc<Division> {
    let config = SplitConfig {
        validation: 0.0,
        ..SplitConfig::default()
    };
    Arc::new(Division::new(&open.dataset, &config).unwrap())
}

#[test]
fn an_examination_finds_twins_and_judges_again_without_reading() {
    let home = tempfile::tempdir().unwrap();
    let (engine, open) = opened(home.path());
    let drawn = Some(all_training(&open));
    let examine = |open: &Arc<OpenDataset>, readings| {
        engine.ask(ExamineRequest {
            open: Arc::clone(open),
            drawn: drawn.clone(),
            readings,
        });
        let examined = wait(&engine, |event| Some(event.answer::<ExamineRequest>()?.1));
        let Examined {
            examination,
            readings,
        } = &*examined;
        (Arc::clone(examination), Arc::clone(readings))
    };
    let (examination, readings) = examine(&open, None);
    assert_eq!((examination.samples, examination.duplicates), (25, 1));

    // With its files gone, an edit is still judged.
    std::fs::remove_dir_all(home.path().join("shapes")).unwrap();
    let edits = Edits {
        excluded: ["circle/twin.png".to_owned()].into(),
        ..Edits::default()
    };
    let edited = Arc::new(open.with_edits(Arc::new(edits)));
    let (examination, _) = examine(&edited, Some(readings));
    assert_eq!((examination.samples, examination.duplicates), (24, 0));
}

#[test]
fn channels_of_white_images_with_dark_shapes_are_bright() {
    let home = tempfile::tempdir().unwrap();
    let (engine, open) = opened(home.path());
    let experiment = recipes::find(Path::new("shapes")).unwrap();
    engine.ask(MeasureChannels {
        division: all_training(&open),
        format: experiment.model.input.format(),
        open,
    });
    let stats = wait(&engine, |event| Some(event.answer::<MeasureChannels>()?.1));
    assert!(
        stats.mean.iter().all(|mean| (0.6..1.0).contains(mean)),
        "{stats:?}"
    );
    assert!(
        stats.std.iter().all(|std| (0.05..0.5).contains(std)),
        "{stats:?}"
    );
}

#[test]
fn of_many_wishes_for_augmented_versions_the_newest_is_answered() {
    let home = tempfile::tempdir().unwrap();
    let (engine, open) = opened(home.path());
    let experiment = recipes::find(Path::new("shapes")).unwrap();
    let config = AugmentationConfig {
        rotation_degrees: 45.0,
        ..AugmentationConfig::default()
    };
    let ask = |seed| {
        let what = Augment {
            input: experiment.model.input,
            config: config.clone(),
            seed,
        };
        engine.ask(Inspect::image(
            what,
            ImageSource::Sample(Arc::clone(&open), 0),
        ))
    };
    let jobs: Vec<_> = (0..50).map(ask).collect();
    let mut answered = 0;
    let last = wait(&engine, |event| {
        let (job, augmented) = event.answer::<Inspect<Augment>>()?;
        answered += 1;
        (Some(&job) == jobs.last()).then_some(augmented)
    });
    assert!(
        answered < jobs.len(),
        "sliders move faster than pictures are drawn"
    );
    let again = ask(49);
    let same = wait(&engine, |event| {
        let (job, augmented) = event.answer::<Inspect<Augment>>()?;
        (job == again).then_some(augmented)
    });
    assert_eq!(last, same, "a seed draws the same");
}
