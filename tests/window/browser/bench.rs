//! The browser's panels on small datasets made for the test; what they ask for is carried out at once.

use std::{path::Path, sync::Arc};

use convscope::{
    cancel::CancelToken,
    data::{Dataset, Division, Edits, ImageStore, Picture, sources::folder},
    engine::{
        Divide, Divided, Event, FindSimilar, ImageSource, JobEvent, JobId, LargeImage, LoadImage,
        OpenDataset, Similar,
    },
    train::recipes,
    ui::{
        action::{Action, DataAction, EditAction},
        state::{AppState, DataState},
        workspace::PanelKind,
    },
};
use eframe::egui::{Theme, Vec2};
use egui_kittest::Harness;

use crate::panel::Bench;

/// A folder of `classes` classes with the given names and `images` pictures each.
pub fn folder_of(root: &Path, classes: &[String], images: usize) {
    for (label, class) in classes.iter().enumerate() {
        let folder = root.join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..images {
            let mut picture =
                Picture::filled(24, 16, [(label * 53) as u8, 90, (number * 25) as u8]);
            for x in 0..24 {
                let at = 3 * (24 * (number % 16) + x);
                picture.rgb[at..at + 3].copy_from_slice(&[250, 250, (x * 10) as u8]);
            }
            picture
                .to_image()
                .save(folder.join(format!("image_{number}.png")))
                .unwrap();
        }
    }
}

/// Opens a folder, with `edits`.
pub fn open(root: &Path, edits: Edits) -> Arc<OpenDataset> {
    let mut base: Dataset = folder::scan(root, &CancelToken::new()).unwrap();
    if base.skipped.total() > base.skipped.named.len() {
        base.skipped.name(Path::new("notes.txt"));
    }
    Arc::new(OpenDataset {
        id: JobId(1),
        dataset: Arc::new(edits.apply(&base)),
        base: Arc::new(base),
        edits: Arc::new(edits),
        images: Arc::new(ImageStore::default()),
    })
}

/// A window's state with `open` open and divided.
pub fn state(open: Arc<OpenDataset>) -> AppState {
    let mut state = AppState::new(recipes::find(Path::new("shapes")).unwrap());
    let division = Division::new(&open.dataset, &state.experiment.split).unwrap();
    state.division = Some(Arc::new(division));
    state.data = DataState::Open(open);
    state.selection = state.selection.with_sample(Some(0));
    state
}

fn read(open: &OpenDataset, sample: usize) -> Result<Picture, String> {
    Ok(open.images.read(&open.dataset, sample)?.into())
}

/// Loads the selected image.
fn load(state: &mut AppState) -> bool {
    let Some(open) = state.open_dataset().cloned() else {
        return false;
    };
    let selected = state.selection.sample();
    let Some(sample) = selected else {
        return false;
    };
    let image = ImageSource::Sample(Arc::clone(&open), sample);
    let asked = state.slot::<LoadImage>().asked.as_ref();
    if asked.is_some_and(|asked| asked.0.is_same(&image)) {
        return false;
    }
    let job = JobId(98);
    state.asked(job, LoadImage(image));
    state.apply(match read(&open, sample) {
        Ok(picture) => {
            let size = (picture.width, picture.height);
            let picture = Arc::new(picture);
            Event::done::<LoadImage>(job, LargeImage { picture, size })
        }
        Err(reason) => Event::Job(job, JobEvent::Failed(reason)),
    });
    true
}

fn act(state: &mut AppState, action: &Action) -> bool {
    match action {
        Action::Select(selection) => {
            state.select(selection.clone());
        }
        Action::Data(DataAction::Browsed(samples)) => state.browsed = Arc::clone(samples),
        Action::Edit(EditAction::Dataset(edit)) => {
            state.edit(edit).unwrap();
            divide(state);
        }
        Action::Data(DataAction::Undo) => {
            state.undo_edits();
            divide(state);
        }
        Action::Data(DataAction::FindSimilar(sample)) => {
            let neighbours = (0..6).filter(|other| other != sample);
            let similar = Similar {
                sample: *sample,
                neighbours: neighbours
                    .map(|other| (other, other as f32 * 3.25))
                    .collect(),
                compared: 35,
                usable: 36,
            };
            let dataset = Arc::clone(state.open_dataset().unwrap());
            let (job, sample) = (JobId(97), *sample);
            state.asked(job, FindSimilar { dataset, sample });
            state.apply(Event::done::<FindSimilar>(job, similar));
        }
        _ => {}
    }
    true
}

/// What the engine does after a change.
fn divide(state: &mut AppState) {
    let open = state.open_dataset().unwrap();
    let edits = Arc::clone(state.wanted_edits().unwrap());
    let request = Divide {
        open: Arc::clone(open),
        edits: Arc::clone(&edits),
        config: state.experiment.split,
    };
    let dataset = Arc::new(open.with_edits(edits));
    let division = Division::new(&dataset.dataset, &state.experiment.split).unwrap();
    let job = JobId(99);
    state.asked(job, request);
    let division = Ok(Arc::new(division));
    state.apply(Event::done::<Divide>(job, Divided { dataset, division }));
}

pub type Desk = Harness<'static, Bench>;

/// Draws `kinds` beside each other until nothing changes any more.
pub fn desk(kinds: &[PanelKind], state: AppState, size: Vec2, theme: Theme) -> Desk {
    let bench = Bench {
        carry_out: act,
        picture: read,
        work: load,
        ..Bench::new(kinds, state)
    };
    bench.drawn(size, theme)
}
