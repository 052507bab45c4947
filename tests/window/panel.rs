//! Panels on a made-up state, without the rest of the window.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{path::PathBuf, sync::Arc};

use convscope::{
    data::Picture,
    engine::OpenDataset,
    ui::{
        action::Action,
        panels::{Cx, Panels},
        settings::Settings,
        state::AppState,
        textures::Textures,
        theme,
        workspace::{PanelKind, Step},
    },
};
use eframe::egui::{self, Theme, Vec2};
use egui_kittest::Harness;

/// What panels need around them.
pub struct Bench {
    /// Drawn beside each other.
    pub kinds: Vec<PanelKind>,
    pub panels: Panels,
    pub textures: Textures,
    pub settings: Settings,
    pub state: AppState,
    /// Everything that was asked for, in order.
    pub actions: Vec<Action>,
    /// Does what is asked for, as the window would; whether it did something.
    pub carry_out: fn(&mut AppState, &Action) -> bool,
    /// Pixels of a sample.
    pub picture: fn(&OpenDataset, usize) -> Result<Picture, String>,
    /// After every frame: what the engine would do; whether it did something.
    pub work: fn(&mut AppState) -> bool,
}

/// A plain picture whose colour tells the sample.
fn plain(_open: &OpenDataset, sample: usize) -> Result<Picture, String> {
    let shade = (sample * 37 % 256) as u8;
    Ok(Picture::filled(60, 48, [shade, 120, 255 - shade]))
}

impl Bench {
    pub fn new(kinds: &[PanelKind], state: AppState) -> Self {
        Self {
            kinds: kinds.to_vec(),
            panels: Panels::default(),
            textures: Textures::default(),
            settings: Settings::default(),
            state,
            actions: Vec::new(),
            carry_out: |_, _| false,
            picture: plain,
            work: |_| false,
        }
    }

    pub fn in_step(self, step: Step) -> Self {
        let settings = Settings {
            step,
            ..self.settings
        };
        Self { settings, ..self }
    }

    /// Draws it until nothing changes any more.
    pub fn drawn(self, size: Vec2, theme: Theme) -> Harness<'static, Self> {
        let mut harness = Harness::builder()
            .with_size(size)
            .with_theme(theme)
            .with_max_steps(64)
            .with_context_setup(theme::install)
            .build_ui_state(|ui, bench: &mut Self| bench.ui(ui), self);
        harness.run();
        harness
    }

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
        egui::CentralPanel::default().show(ui, |ui| match kinds[..] {
            [kind] => panels.ui(kind, ui, &mut cx),
            _ => ui.columns(kinds.len(), |columns| {
                for (ui, kind) in columns.iter_mut().zip(kinds) {
                    panels.ui(*kind, ui, &mut cx);
                }
            }),
        });
        let wanted = self.textures.take_wanted();
        if let (false, Some(open)) = (wanted.is_empty(), self.state.open_dataset()) {
            let picture = |sample| (sample, (self.picture)(open, sample).map(Arc::new));
            let pictures = wanted.into_iter().map(picture).collect();
            self.textures.arrived(open.id, pictures);
            ui.ctx().request_repaint();
        }
        let mut changed = false;
        for action in actions {
            changed |= (self.carry_out)(&mut self.state, &action);
            self.actions.push(action);
        }
        changed |= (self.work)(&mut self.state);
        if changed {
            ui.ctx().request_repaint();
        }
    }
}

/// Writes what is shown to the folder of `CONVSCOPE_SHOTS`, if there is one.
pub fn shot<S>(harness: &mut Harness<'_, S>, name: &str) {
    if let Some(folder) = std::env::var_os("CONVSCOPE_SHOTS") {
        let path = PathBuf::from(folder).join(format!("{name}.png"));
        harness.render().unwrap().save(path).unwrap();
    }
}
