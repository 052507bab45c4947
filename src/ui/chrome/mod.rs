//! What surrounds the workspace: menu, steps, selection, status bar, notifications, shortcuts, log.

mod arrivals;
mod catalogue;
mod losses;
mod menu;
mod selection;
mod status;
mod strip;
mod windows;

use eframe::egui::{
    self, Align, Align2, Button, CentralPanel, Frame, Layout, Margin, MenuBar, Panel, RichText,
    ScrollArea, Ui, vec2,
};
use egui_material_icons::{MaterialIcon, icon_text, icons};

use super::{
    action::WindowAction, panels::Cx, state::RunState, theme, widgets::states, workspace::Step,
};
pub use status::SKIP;
pub use windows::PathField;

/// View state of the surroundings.
#[derive(Default)]
pub struct Chrome {
    /// The list of shortcuts is open.
    pub shortcuts: bool,
    /// The event log is open.
    pub log: bool,
    /// The public datasets are open.
    pub catalogue: bool,
    /// The window that asks for a path by typing is open, with what was typed.
    pub path_field: Option<PathField>,
    /// Steps with something new since they were shown.
    fresh: Vec<Step>,
    /// What was there when the steps were last looked at.
    seen: Seen,
}

/// Counts whose growth makes a step fresh.
#[derive(Default, Clone, PartialEq)]
struct Seen {
    epochs: usize,
    answers: usize,
    evaluated: usize,
    /// The run has ended.
    ended: bool,
}

/// In windows narrower than this the steps are icons only.
const NARROW: f32 = 1_100.0;

impl Chrome {
    /// Draws everything around `workspace`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        workspace: impl FnOnce(&mut Ui, &mut Cx<'_>),
    ) {
        let bar = Frame::side_top_panel(ui.style()).inner_margin(Margin::symmetric(12, 6));
        Panel::top("menu")
            .frame(bar)
            .resizable(false)
            .show(ui, |ui| self.menu_ui(ui, cx));
        Panel::bottom("status")
            .frame(bar)
            .exact_size(44.0)
            .resizable(false)
            .show(ui, |ui| {
                ui.horizontal_centered(|ui| status::status_ui(ui, cx));
            });
        self.notice_freshness(cx);
        let side = Frame::side_top_panel(ui.style()).inner_margin(Margin::same(8));
        let narrow = ui.ctx().content_rect().width() < NARROW;
        Panel::left("steps")
            .frame(side)
            .exact_size(if narrow { 60.0 } else { 128.0 })
            .resizable(false)
            .show(ui, |ui| self.steps_ui(ui, cx, narrow));
        let side = Frame::side_top_panel(ui.style()).inner_margin(Margin::same(12));
        // Its own width for narrow windows, so that widening the window brings the other back.
        let selection = if narrow {
            Panel::right("selection-narrow").exact_size(144.0)
        } else {
            Panel::right("selection")
                .default_size(208.0)
                .size_range(168.0..=320.0)
        };
        let selection = selection.frame(side);
        selection.show(ui, |ui| {
            ScrollArea::vertical()
                .auto_shrink(false)
                .show(ui, |ui| selection::selection_ui(ui, cx));
        });
        let centre = Frame::NONE.fill(ui.visuals().panel_fill);
        CentralPanel::default()
            .frame(centre)
            .show(ui, |ui| workspace(ui, cx));
        self.windows_ui(ui, cx);
    }

    fn menu_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        MenuBar::new().ui(ui, |ui| {
            ui.menu_button("File", |ui| menu::file_menu_ui(ui, cx));
            ui.menu_button("Edit", |ui| menu::edit_menu_ui(ui, cx));
            ui.menu_button("View", |ui| menu::view_menu_ui(ui, cx));
            ui.menu_button("Help", |ui| {
                let action = WindowAction::ToggleShortcuts.into();
                menu::items_ui(ui, cx, [("Keyboard shortcuts", "F1", true, action)]);
                ui.separator();
                states::caption(ui, concat!("Convscope ", env!("CARGO_PKG_VERSION")));
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                menu::theme_button_ui(ui, cx);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    strip::strip_ui(ui, cx);
                });
            });
        });
    }

    fn steps_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, narrow: bool) {
        ui.spacing_mut().item_spacing.y = 4.0;
        let current = cx.settings.step;
        self.fresh.retain(|step| *step != current);
        for (number, step) in Step::ALL.into_iter().enumerate() {
            let lacks = step.missing(cx.state);
            let palette = theme::palette(ui);
            let mut words = RichText::new(step.word());
            if lacks.is_some() {
                words = words.color(palette.muted);
            }
            let fresh = self.fresh.contains(&step);
            let icon = icon_text(icon(step)).size(18.0);
            let button = if narrow {
                Button::selectable(current == step, icon).min_size(vec2(44.0, 36.0))
            } else {
                let text = (icon, words);
                Button::selectable(current == step, text).min_size(vec2(112.0, 36.0))
            };
            let response = ui.add(button);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Tab, true, current == step, step.word())
            });
            if fresh {
                let dot = response.rect.right_top() + vec2(-8.0, 8.0);
                ui.painter().circle_filled(dot, 4.0, palette.accent);
            }
            let hint = match lacks {
                Some(lacks) => format!("{} {lacks} · Ctrl+{}", step.word(), number + 1),
                None => format!("{} · Ctrl+{}", step.word(), number + 1),
            };
            if response.on_hover_text(hint).clicked() {
                cx.push(WindowAction::GoTo(step));
            }
        }
    }

    fn notice_freshness(&mut self, cx: &Cx<'_>) {
        let state = cx.state;
        let now = Seen {
            epochs: state.training.epochs.len(),
            answers: state.predict.answers.len(),
            evaluated: state
                .evaluation
                .as_ref()
                .map_or(0, |evaluation| evaluation.epoch),
            ended: matches!(
                state.training.run,
                RunState::Finished(_) | RunState::Failed(_)
            ),
        };
        if now.epochs > self.seen.epochs {
            self.fresh.extend([Step::Train, Step::Inside]);
        }
        if now.answers > self.seen.answers {
            self.fresh.push(Step::Predict);
        }
        if now.evaluated > self.seen.evaluated {
            self.fresh.push(Step::Evaluate);
        }
        if now.ended && !self.seen.ended {
            self.fresh.push(Step::Runs);
        }
        self.seen = now;
        self.fresh.sort_unstable();
        self.fresh.dedup();
    }

    fn windows_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        windows::notifications_ui(ui, cx);
        losses::question_ui(ui, cx);
        let context = ui.ctx().clone();
        arrivals::question_ui(&context, cx);
        arrivals::overlay_ui(&context, cx);
        let escape = context.input(|input| input.key_pressed(egui::Key::Escape));
        if escape {
            self.shortcuts = false;
            self.log = false;
            self.catalogue = false;
            self.path_field = None;
        }
        let centred = |title: &str| {
            egui::Window::new(title.to_owned())
                .collapsible(false)
                .resizable(false)
                .anchor(Align2::CENTER_CENTER, egui::Vec2::ZERO)
        };
        centred("Keyboard shortcuts")
            .open(&mut self.shortcuts)
            .show(&context, windows::shortcuts_ui);
        let log = egui::Window::new("Event log")
            .default_size([560.0, 320.0])
            .open(&mut self.log);
        log.show(&context, |ui| windows::log_ui(ui, cx));
        let room = context.content_rect().size() - vec2(64.0, 128.0);
        let size = vec2(catalogue::SIZE[0], catalogue::SIZE[1]).min(room);
        egui::Window::new("Datasets and weights")
            .collapsible(false)
            .default_size(size)
            .default_pos(context.content_rect().center() - size * 0.5)
            .open(&mut self.catalogue)
            .show(&context, |ui| catalogue::catalogue_ui(ui, cx));
        if let Some(field) = &mut self.path_field {
            let mut open = true;
            let mut path = None;
            centred("Open path")
                .open(&mut open)
                .show(&context, |ui| path = field.ui(ui));
            if let Some(path) = path {
                cx.push(WindowAction::OpenPath(path));
                open = false;
            }
            if !open {
                self.path_field = None;
            }
        }
    }
}

fn icon(step: Step) -> MaterialIcon {
    match step {
        Step::Data => icons::ICON_PHOTO_LIBRARY,
        Step::Model => icons::ICON_LAYERS,
        Step::Train => icons::ICON_TRENDING_UP,
        Step::Evaluate => icons::ICON_GRID_ON,
        Step::Inside => icons::ICON_VISIBILITY,
        Step::Predict => icons::ICON_IMAGE_SEARCH,
        Step::Runs => icons::ICON_HISTORY,
    }
}
