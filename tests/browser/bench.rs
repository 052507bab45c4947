//! The browser's panels on small datasets made for the test; what they ask for is carried out at once.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use convscope::{
    cancel::CancelToken,
    data::{Dataset, Division, Edits, ImageStore, Picture, sources::folder},
    engine::{Event, JobId, OpenDataset, Similar},
    train::recipes,
    ui::{
        action::Action,
        panels::{Cx, Panels},
        settings::Settings,
        state::{AppState, DataState, ImageState},
        textures::Textures,
        theme,
        workspace::PanelKind,
    },
};
use eframe::egui::{self, Theme, Vec2};
use egui_kittest::Harness;

/// A folder of `classes` classes with the given names and `images` pictures each.
pub fn folder_of(root: &Path, classes: &[String], images: usize) {
    for (label, class) in classes.iter().enumerate() {
        let folder = root.join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..images {
            let mut picture =
                Picture::filled(24, 16, [(label * 53) as u8, 90, (number * 25) as u8]);
            for x in 0..24 {
                picture.set_pixel(x, number % 16, [250, 250, (x * 10) as u8]);
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
    state.selection.sample = Some(0);
    state
}

/// Both panels beside each other, or one.
pub struct Bench {
    pub kinds: Vec<PanelKind>,
    pub state: AppState,
    /// Everything that was asked for, in order.
    pub actions: Vec<Action>,
    pub panels: Panels,
    pub textures: Textures,
    pub settings: Settings,
}

impl Bench {
    fn ui(&mut self, ui: &mut egui::Ui) {
        self.textures.begin_frame();
        let mut actions = Vec::new();
        let mut cx = Cx {
            state: &self.state,
            textures: &mut self.textures,
            settings: &mut self.settings,
            actions: &mut actions,
        };
        let (kinds, panels) = (&self.kinds, &mut self.panels);
        egui::CentralPanel::default().show(ui, |ui| {
            ui.columns(kinds.len(), |columns| {
                for (ui, kind) in columns.iter_mut().zip(kinds) {
                    panels.ui(*kind, ui, &mut cx);
                }
            });
        });
        for action in actions {
            self.act(&action);
            self.actions.push(action);
            ui.ctx().request_repaint();
        }
        self.load(ui);
    }

    /// Makes thumbnails and the selected image.
    fn load(&mut self, ui: &egui::Ui) {
        let Some(open) = self.state.open_dataset().cloned() else {
            return;
        };
        let wanted = self.textures.take_wanted();
        let read = |sample: usize| -> Result<Arc<Picture>, String> {
            Ok(Arc::new(open.images.read(&open.dataset, sample)?.into()))
        };
        if !wanted.is_empty() {
            let pictures = wanted
                .into_iter()
                .map(|sample| (sample, read(sample)))
                .collect();
            self.textures.arrived(open.id, pictures);
            ui.ctx().request_repaint();
        }
        let selected = self.state.selection.sample;
        let loaded = self.state.image.image.as_ref().map(|(sample, ..)| *sample);
        if let Some(sample) =
            selected.filter(|_| selected != loaded && self.state.image.failed.is_none())
        {
            self.state.image = match read(sample) {
                Ok(picture) => {
                    let size = (picture.width, picture.height);
                    ImageState {
                        image: Some((sample, picture, size)),
                        ..ImageState::default()
                    }
                }
                Err(reason) => ImageState {
                    failed: Some(reason),
                    ..ImageState::default()
                },
            };
            ui.ctx().request_repaint();
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Select(selection) => {
                self.state.select(selection.clone());
                self.state.image.failed = None;
            }
            Action::Browsed(samples) => self.state.browsed = Arc::clone(samples),
            Action::Edit(edit) => {
                self.state.edit(edit).unwrap();
                self.divide();
            }
            Action::Undo => {
                self.state.undo();
                self.divide();
            }
            Action::FindSimilar(sample) => {
                let neighbours = (0..6).filter(|other| other != sample);
                let similar = Similar {
                    sample: *sample,
                    neighbours: neighbours
                        .map(|other| (other, other as f32 * 3.25))
                        .collect(),
                    compared: 35,
                    usable: 36,
                };
                self.state.similar.found = Some(Arc::new(similar));
            }
            _ => {}
        }
    }

    /// What the engine does after a change.
    fn divide(&mut self) {
        let open = self.state.open_dataset().unwrap();
        let edits = self.state.wanted_edits().unwrap();
        let dataset = Arc::new(open.with_edits(Arc::clone(edits)));
        let division = Division::new(&dataset.dataset, &self.state.experiment.split).unwrap();
        let job = JobId(99);
        self.state.dividing = Some(job);
        self.state.apply(Event::Divided {
            job,
            dataset,
            division: Ok(Arc::new(division)),
        });
    }
}

pub type Desk = Harness<'static, Bench>;

/// Draws `kinds` beside each other until nothing changes any more.
pub fn desk(kinds: &[PanelKind], state: AppState, size: Vec2, theme: Theme) -> Desk {
    let bench = Bench {
        kinds: kinds.to_vec(),
        state,
        actions: Vec::new(),
        panels: Panels::default(),
        textures: Textures::default(),
        settings: Settings::default(),
    };
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(64)
        .with_context_setup(theme::install)
        .build_ui_state(|ui, bench: &mut Bench| bench.ui(ui), bench);
    harness.run();
    harness
}

/// Writes what is shown to the folder of `CONVSCOPE_SHOTS`, if there is one.
pub fn shot(desk: &mut Desk, name: &str) {
    if let Some(folder) = std::env::var_os("CONVSCOPE_SHOTS") {
        let picture = desk.render().unwrap();
        picture
            .save(PathBuf::from(folder).join(format!("{name}.png")))
            .unwrap();
    }
}
