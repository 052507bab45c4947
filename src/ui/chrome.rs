//! What surrounds the workspace: menu, steps, selection, status bar, notifications, shortcuts, log.

use std::path::PathBuf;

use eframe::egui::{
    self, Align, Align2, Button, CentralPanel, Frame, Layout, Margin, MenuBar, Panel, RichText,
    ScrollArea, Stroke, Ui, vec2,
};
use egui_material_icons::{MaterialIcon, icon_text, icons};

use super::{
    action::Action,
    app::missing,
    dialogs::Purpose,
    format::{counted, minutes, percent, thousands},
    panels::Cx,
    state::{DataState, RunState},
    theme,
    widgets::{picture, states},
    workspace::Step,
};
use crate::{
    data::dataset::display_path,
    engine::{JobKind, Level, Progress},
};

/// View state of the surroundings.
#[derive(Default)]
pub struct Chrome {
    /// The list of shortcuts is open.
    pub shortcuts: bool,
    /// The event log is open.
    pub log: bool,
    /// The window that asks for a path by typing is open, with what was typed.
    pub path_field: Option<String>,
    /// The step drawn last.
    last_step: Option<Step>,
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
}

impl Chrome {
    /// Draws everything around `workspace`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        workspace: impl FnOnce(&mut Ui, &mut Cx<'_>),
    ) {
        let line = theme::palette(ui).line;
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
                ui.horizontal_centered(|ui| status_ui(ui, cx));
            });
        self.notice_freshness(cx);
        let side = Frame::side_top_panel(ui.style()).inner_margin(Margin::same(8));
        Panel::left("steps")
            .frame(side)
            .exact_size(128.0)
            .resizable(false)
            .show(ui, |ui| self.steps_ui(ui, cx));
        let side = Frame::side_top_panel(ui.style()).inner_margin(Margin::same(12));
        let selection = Panel::right("selection")
            .frame(side)
            .default_size(208.0)
            .size_range(168.0..=320.0);
        selection.show(ui, |ui| {
            ScrollArea::vertical()
                .auto_shrink(false)
                .show(ui, |ui| selection_ui(ui, cx));
        });
        let centre = Frame::NONE
            .fill(ui.visuals().panel_fill)
            .stroke(Stroke::new(0.0, line));
        CentralPanel::default()
            .frame(centre)
            .show(ui, |ui| workspace(ui, cx));
        self.windows_ui(ui, cx);
    }

    fn menu_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        MenuBar::new().ui(ui, |ui| {
            ui.menu_button("File", |ui| self.file_menu_ui(ui, cx));
            ui.menu_button("View", |ui| view_menu_ui(ui, cx));
            ui.menu_button("Help", |ui| {
                item(
                    ui,
                    cx,
                    "Keyboard shortcuts",
                    "F1",
                    true,
                    Action::ToggleShortcuts,
                );
                ui.separator();
                states::caption(ui, concat!("Convscope ", env!("CARGO_PKG_VERSION")));
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                theme_button_ui(ui, cx);
                summary_ui(ui, cx);
            });
        });
    }

    fn file_menu_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let idle = !cx.state.training.is_running();
        item(
            ui,
            cx,
            "Open dataset…",
            "Ctrl+O",
            idle,
            Action::Ask(Purpose::OpenDataset),
        );
        item(
            ui,
            cx,
            "Open bundled shapes",
            "",
            idle,
            Action::OpenBundledDataset,
        );
        item(
            ui,
            cx,
            "Open model…",
            "",
            idle,
            Action::Ask(Purpose::OpenModel),
        );
        item(
            ui,
            cx,
            "Open experiment…",
            "",
            idle,
            Action::Ask(Purpose::OpenExperiment),
        );
        item(
            ui,
            cx,
            "Open path…",
            "Ctrl+P",
            true,
            Action::TogglePathField,
        );
        ui.separator();
        let has_model = cx.state.model.is_some();
        item(
            ui,
            cx,
            "Save model…",
            "Ctrl+S",
            has_model,
            Action::Ask(Purpose::SaveModel),
        );
        item(
            ui,
            cx,
            "Predict images…",
            "",
            has_model,
            Action::Ask(Purpose::ChooseImages),
        );
        ui.separator();
        item(ui, cx, "Quit", "Ctrl+Q", true, Action::Quit);
    }

    fn steps_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.spacing_mut().item_spacing.y = 4.0;
        let current = cx.settings.step;
        self.fresh.retain(|step| *step != current);
        for (number, step) in Step::ALL.into_iter().enumerate() {
            let lacks = missing(cx.state, step);
            let palette = theme::palette(ui);
            let mut words = RichText::new(step.word());
            if lacks.is_some() {
                words = words.color(palette.muted);
            }
            let text = (icon_text(icon(step)).size(18.0), words);
            let fresh = self.fresh.contains(&step);
            let button = Button::selectable(current == step, text).min_size(vec2(112.0, 36.0));
            let response = ui.add(button);
            if fresh {
                let dot = response.rect.right_top() + vec2(-8.0, 8.0);
                ui.painter().circle_filled(dot, 4.0, palette.accent);
            }
            let hint = match lacks {
                Some(lacks) => format!("{} {lacks} · Ctrl+{}", step.word(), number + 1),
                None => format!("{} · Ctrl+{}", step.word(), number + 1),
            };
            if response.on_hover_text(hint).clicked() {
                cx.push(Action::GoTo(step));
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
        self.seen = now;
        self.last_step = Some(cx.settings.step);
        self.fresh.sort_unstable();
        self.fresh.dedup();
    }

    fn windows_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        notifications_ui(ui, cx);
        let context = ui.ctx().clone();
        let escape = context.input(|input| input.key_pressed(egui::Key::Escape));
        if escape {
            self.shortcuts = false;
            self.log = false;
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
            .show(&context, shortcuts_ui);
        let log = egui::Window::new("Event log")
            .default_size([560.0, 320.0])
            .open(&mut self.log);
        log.show(&context, |ui| log_ui(ui, cx));
        if let Some(typed) = &mut self.path_field {
            let mut open = true;
            let mut path = None;
            centred("Open path")
                .open(&mut open)
                .show(&context, |ui| path = path_field_ui(ui, typed));
            if let Some(path) = path {
                cx.push(Action::OpenPath(path));
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
    }
}

/// A menu entry that pushes `action`.
fn item(ui: &mut Ui, cx: &mut Cx<'_>, words: &str, shortcut: &str, enabled: bool, action: Action) {
    let button = Button::new(words).shortcut_text(shortcut);
    if ui.add_enabled(enabled, button).clicked() {
        cx.push(action);
    }
}

fn view_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let theme = egui::ThemePreference::from(cx.settings.theme);
    for (choice, words) in [
        (egui::ThemePreference::System, "Theme: as the system"),
        (egui::ThemePreference::Light, "Theme: light"),
        (egui::ThemePreference::Dark, "Theme: dark"),
    ] {
        if ui.radio(theme == choice, words).clicked() {
            cx.push(Action::SetTheme(choice));
        }
    }
    ui.separator();
    item(ui, cx, "Back", "Alt+Left", true, Action::Back);
    item(ui, cx, "Forward", "Alt+Right", true, Action::Forward);
    ui.separator();
    item(ui, cx, "Event log", "", true, Action::ToggleLog);
    item(ui, cx, "Reset layout", "", true, Action::ResetLayout);
}

fn theme_button_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let dark = ui.visuals().dark_mode;
    let (icon, words, next) = if dark {
        (
            icons::ICON_LIGHT_MODE,
            "Use the light theme",
            egui::ThemePreference::Light,
        )
    } else {
        (
            icons::ICON_DARK_MODE,
            "Use the dark theme",
            egui::ThemePreference::Dark,
        )
    };
    let response = ui
        .add(Button::new(icon_text(icon).size(18.0)).frame(false))
        .on_hover_text(words);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
    if response.clicked() {
        cx.push(Action::SetTheme(next));
    }
}

/// Dataset, model and device, from right to left.
fn summary_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let state = cx.state;
    ui.separator();
    states::caption(ui, "CPU").on_hover_text("Everything is computed on the processor");
    ui.separator();
    let experiment = &state.experiment;
    if let Ok(shapes) = &state.shapes {
        let parameters: usize = shapes.iter().map(|shape| shape.parameters).sum();
        let words = format!(
            "{} · {} parameters",
            experiment.model.name,
            thousands(parameters)
        );
        states::caption(ui, words).on_hover_text("The model");
    }
    ui.separator();
    let words = match &state.data {
        DataState::Open(open) => {
            let dataset = &open.dataset;
            let images = counted(dataset.samples.len(), "image");
            format!(
                "{} · {images} · {} classes",
                dataset.name,
                dataset.classes.len()
            )
        }
        DataState::Opening { .. } => "opening a dataset".to_owned(),
        DataState::Empty | DataState::Failed { .. } => "no dataset".to_owned(),
    };
    let label =
        egui::Label::new(RichText::new(words).small().color(theme::palette(ui).muted)).truncate();
    ui.add(label).on_hover_text("The dataset");
}

fn status_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let waiting = cx
            .state
            .notices
            .iter()
            .filter(|notice| notice.level != Level::Info)
            .count();
        let words = if waiting == 0 {
            "Log".to_owned()
        } else {
            counted(waiting, "note")
        };
        if ui
            .add(Button::new(words).small())
            .on_hover_text("Show the event log")
            .clicked()
        {
            cx.push(Action::ToggleLog);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if cx.state.training.is_running() {
                training_status_ui(ui, cx);
            } else {
                idle_status_ui(ui, cx);
            }
        });
    });
}

fn training_status_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let training = &cx.state.training;
    let per_epoch = training.steps_per_epoch.max(1);
    let total = per_epoch * training.total_epochs;
    let (epoch, step) = training
        .steps
        .last()
        .map_or((1, 0), |record| (record.epoch, record.step));
    let batch = (step + per_epoch).saturating_sub((epoch - 1) * per_epoch + per_epoch);
    let word = match (training.is_stopping(), training.is_paused()) {
        (true, _) => "Stopping",
        (_, true) => "Paused",
        _ => "Training",
    };
    let words = format!(
        "{word} · epoch {epoch} of {} · batch {batch} of {per_epoch}",
        training.total_epochs.max(1)
    );
    ui.label(words);
    let progress = (total > 0).then_some(Progress { done: step, total });
    states::progress_bar(ui, progress, 140.0);
    if let Some(last) = training.epochs.last() {
        let left = (total - step.min(total)) as f64 * last.seconds / per_epoch as f64;
        let speed = thousands(last.images_per_sec.round() as usize);
        states::caption(ui, format!("{speed} images/s · {} left", minutes(left)));
    }
    if training.is_stopping() {
        return;
    }
    let paused = training.is_paused();
    if ui
        .button(if paused { "Resume" } else { "Pause" })
        .on_hover_text("Space")
        .clicked()
    {
        cx.push(Action::SetPaused(!paused));
    }
    if ui
        .button("Stop")
        .on_hover_text("Keeps the best weights so far")
        .clicked()
    {
        cx.push(Action::Stop);
    }
}

fn idle_status_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    // Looking at the selection is too quick to be worth a line.
    let is_long = |kind: JobKind| {
        !matches!(kind, JobKind::FeatureMaps | JobKind::LoadImage) && kind != JobKind::Predict
    };
    let running = cx.state.jobs.iter().find(|(_, job)| is_long(job.kind));
    if let Some((id, job)) = running {
        let (id, words) = (*id, job.kind.words());
        ui.label(format!("Working: {words}"));
        states::progress_bar(ui, job.progress, 160.0);
        if ui.button("Cancel").clicked() {
            cx.push(Action::Cancel(id));
        }
        return;
    }
    let words = match &cx.state.training.run {
        RunState::Finished(outcome) => {
            let word = if outcome.completed {
                "Training finished"
            } else {
                "Training stopped"
            };
            format!(
                "{word} · best epoch {} · {}",
                outcome.best_epoch,
                minutes(outcome.seconds)
            )
        }
        RunState::Failed(_) => "Training failed: see the notes".to_owned(),
        _ if cx.state.why_not_train().is_none() => "Ready to train".to_owned(),
        _ => "Ready".to_owned(),
    };
    ui.label(words);
    if let RunState::Finished(outcome) = &cx.state.training.run {
        states::caption(ui, format!("kept in {}", display_path(&outcome.run)));
    }
}

fn selection_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    states::caption(ui, "SELECTION");
    let state = cx.state;
    let Some(dataset) = state.dataset() else {
        states::caption(ui, "Nothing is selected yet.");
        return;
    };
    let sample = state
        .selection
        .sample
        .and_then(|index| Some((index, dataset.samples.get(index)?)));
    let Some((index, sample)) = sample else {
        states::caption(ui, "Click an image to select it.");
        return;
    };
    let side = ui.available_width().min(184.0);
    let (rect, _) = ui.allocate_exact_size(vec2(side, side), egui::Sense::hover());
    if let Some(texture) = cx.thumbnail(ui.ctx(), index) {
        let size = picture::fitted_exactly(texture.size_vec2(), rect.size());
        picture::paint(
            ui,
            &texture,
            egui::Rect::from_center_size(rect.center(), size),
        );
    }
    let name = sample
        .path
        .file_name()
        .map(|name| display_path(name.as_ref()))
        .unwrap_or_default();
    ui.add(egui::Label::new(name).truncate())
        .on_hover_text(display_path(&sample.path));
    egui::Grid::new("selection-facts")
        .num_columns(2)
        .spacing([12.0, 6.0])
        .show(ui, |ui| {
            let mut fact = |name: &str, value: String| {
                states::caption(ui, name);
                ui.add(egui::Label::new(value).truncate());
                ui.end_row();
            };
            fact("label", dataset.class_name(sample.label).to_owned());
            if let Some(split) = state.split.as_ref().and_then(|split| split.of(index)) {
                fact("part", split.word().to_owned());
            }
            let says = match &state.says.answer {
                Some(answer) => {
                    let probability = answer
                        .probabilities
                        .get(answer.class)
                        .copied()
                        .unwrap_or_default();
                    let class = answer.classes.get(answer.class).map_or("", String::as_str);
                    format!("{class} {}", percent(f64::from(probability)))
                }
                None if state.model.is_some() => "…".to_owned(),
                None => "no model yet".to_owned(),
            };
            fact("says", says);
            let layers = &state.experiment.model.layers;
            if let Some(layer) = state.selection.layer.and_then(|layer| layers.get(layer)) {
                fact("layer", layer.name.clone());
            }
            if let Some(unit) = state.selection.unit {
                fact("filter", unit.to_string());
            }
        });
}

fn notifications_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    const MOST: usize = 4;
    let shown: Vec<_> = cx
        .state
        .notices
        .iter()
        .rev()
        .filter(|notice| notice.shown)
        .take(MOST)
        .collect();
    if shown.is_empty() {
        return;
    }
    let area = egui::Area::new(egui::Id::unique("notifications"))
        .anchor(Align2::RIGHT_BOTTOM, [-16.0, -60.0]);
    let mut dismissed = Vec::new();
    area.show(ui.ctx(), |ui| {
        for notice in shown.into_iter().rev() {
            let palette = theme::palette(ui);
            let colour = if notice.level == Level::Error {
                palette.error
            } else {
                palette.warning
            };
            let frame = Frame::popup(ui.style())
                .stroke(Stroke::new(1.0, colour))
                .inner_margin(Margin::same(12));
            frame.show(ui, |ui| {
                ui.set_width(360.0);
                ui.horizontal_top(|ui| {
                    ui.label(icon_text(icons::ICON_ERROR).color(colour).size(18.0));
                    ui.add_sized([290.0, 0.0], egui::Label::new(&notice.text).wrap());
                    let close = ui.add(Button::new(icon_text(icons::ICON_CLOSE)).frame(false));
                    close.widget_info(|| {
                        egui::WidgetInfo::labeled(egui::Role::Button, true, "Dismiss")
                    });
                    if close.clicked() {
                        dismissed.push(notice.id);
                    }
                });
            });
        }
    });
    cx.actions
        .extend(dismissed.into_iter().map(Action::Dismiss));
}

fn shortcuts_ui(ui: &mut Ui) {
    let rows = [
        ("Ctrl+1 … Ctrl+6", "Show a step"),
        ("Ctrl+O", "Open a dataset"),
        ("Ctrl+P", "Type the path of something to open"),
        ("Ctrl+S", "Save the model"),
        ("Ctrl+Enter", "Train"),
        ("Space", "Pause or resume training"),
        ("Arrow keys", "Move in a grid of images"),
        ("Alt+Left, Alt+Right", "Earlier and later selections"),
        ("Esc", "Close a window like this one"),
        ("F1", "This list"),
        ("Ctrl+Q", "Quit"),
    ];
    egui::Grid::new("shortcuts")
        .num_columns(2)
        .spacing([24.0, 8.0])
        .show(ui, |ui| {
            for (keys, words) in rows {
                ui.label(RichText::new(keys).strong());
                ui.label(words);
                ui.end_row();
            }
        });
}

fn log_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let notices = &cx.state.notices;
    if notices.is_empty() {
        states::caption(ui, "Nothing has happened yet.");
        return;
    }
    let height = ui.text_style_height(&egui::TextStyle::Body);
    let area = ScrollArea::vertical()
        .auto_shrink(false)
        .stick_to_bottom(true);
    area.show_rows(ui, height, notices.len(), |ui, rows| {
        for notice in &notices[rows] {
            let palette = theme::palette(ui);
            let colour = match notice.level {
                Level::Info => ui.visuals().text_color(),
                Level::Warning => palette.warning,
                Level::Error => palette.error,
            };
            ui.add(egui::Label::new(RichText::new(&notice.text).color(colour)).truncate())
                .on_hover_text(&notice.text);
        }
    });
}

/// A path typed by the user, once Enter or Open is pressed.
fn path_field_ui(ui: &mut Ui, typed: &mut String) -> Option<PathBuf> {
    let label = ui.label("A dataset folder, a model, an experiment or an image");
    let field = ui
        .add(egui::TextEdit::singleline(typed).desired_width(420.0))
        .labelled_by(label.id);
    field.request_focus();
    let entered = ui.input(|input| input.key_pressed(egui::Key::Enter));
    let pressed = states::primary_button(ui, "Open", !typed.trim().is_empty()).clicked();
    let wanted = (entered || pressed) && !typed.trim().is_empty();
    wanted.then(|| PathBuf::from(typed.trim()))
}
