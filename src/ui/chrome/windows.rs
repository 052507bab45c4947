//! What floats above: notifications, shortcuts, the event log, the path field.

use std::{path::PathBuf, time::Duration};

use eframe::egui::{self, Align2, Button, Frame, Margin, RichText, ScrollArea, Stroke, Ui};
use egui_material_icons::{icon_text, icons};

use crate::{
    engine::Level,
    train::runs::RunRecord,
    ui::{
        action::{Action, ExperimentAction, RunsAction, WindowAction},
        format::shortened,
        panels::Cx,
        shortcuts,
        state::{AppState, Notice, Offer},
        theme,
        widgets::states,
    },
};

/// A warning goes by itself after this time, an error when somebody has seen it; both stay in the log.
const WARNING_TIME: Duration = Duration::from_secs(20);
/// So does what went well, with the button to look at it.
const SUCCESS_TIME: Duration = Duration::from_secs(12);

pub fn notifications_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    const MOST: usize = 4;
    let notices = cx.state.notices.iter().rev();
    let shown: Vec<_> = notices.filter(|notice| notice.shown).take(MOST).collect();
    let offered = cx.state.runs.offered.clone();
    let offered = offered.filter(|_| !cx.state.training.is_running());
    if shown.is_empty() && offered.is_none() {
        return;
    }
    let mut dismissed = Vec::new();
    for notice in shown.iter().filter(|notice| notice.level != Level::Error) {
        let time = match notice.level {
            Level::Info => SUCCESS_TIME,
            _ => WARNING_TIME,
        };
        match time.checked_sub(notice.since.elapsed()) {
            Some(left) => ui.ctx().request_repaint_after(left),
            None => dismissed.push(notice.id),
        }
    }
    let area = egui::Area::new(egui::Id::unique("notifications"))
        .anchor(Align2::RIGHT_BOTTOM, [-16.0, -60.0]);
    area.show(ui.ctx(), |ui| {
        if let Some(run) = offered.and_then(|folder| cx.state.runs.find(&folder).cloned()) {
            unfinished_ui(ui, cx.actions, &run);
        }
        for notice in shown.into_iter().rev() {
            let palette = theme::palette(ui);
            let (colour, icon) = match notice.level {
                Level::Error => (palette.error, icons::ICON_ERROR),
                Level::Warning => (palette.warning, icons::ICON_ERROR),
                Level::Info => (palette.good, icons::ICON_CHECK_CIRCLE),
            };
            let frame = Frame::popup(ui.style())
                .stroke(Stroke::new(1.0, colour))
                .inner_margin(Margin::same(12));
            frame.show(ui, |ui| {
                ui.set_width(360.0);
                ui.horizontal_top(|ui| {
                    ui.label(icon_text(icon).color(colour).size(18.0));
                    ui.vertical(|ui| {
                        ui.set_width(290.0);
                        ui.add(egui::Label::new(&notice.text).wrap());
                        if let Some(action) = offer_ui(ui, cx.state, notice) {
                            cx.actions.push(action);
                            dismissed.push(notice.id);
                        }
                    });
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
    let dismissed = dismissed.into_iter().map(WindowAction::Dismiss);
    cx.actions.extend(dismissed.map(Action::from));
}

/// The button of a notification.
fn offer_ui(ui: &mut Ui, state: &AppState, notice: &Notice) -> Option<Action> {
    match notice.offer.as_ref()? {
        Offer::Show(path) => {
            let show = ui
                .button("Show")
                .on_hover_text("Opens the folder that it is in");
            let folder = path.parent().unwrap_or(path).to_path_buf();
            show.clicked()
                .then(|| WindowAction::ShowFile(folder).into())
        }
        Offer::Undo(change) if state.last_change() == Some(*change) => {
            let undo = ui
                .button("Undo")
                .on_hover_text("Puts the settings back as they were");
            undo.clicked().then(|| ExperimentAction::Undo.into())
        }
        Offer::Undo(_) => None,
    }
}

/// A run that was killed: go on with it, or leave it.
fn unfinished_ui(ui: &mut Ui, actions: &mut Vec<Action>, run: &RunRecord) {
    const LONGEST_NAME: usize = 60;
    let palette = theme::palette(ui);
    let frame = Frame::popup(ui.style())
        .stroke(Stroke::new(1.0, palette.accent))
        .inner_margin(Margin::same(12));
    frame.show(ui, |ui| {
        ui.set_width(360.0);
        ui.label(RichText::new("A run was cut off").strong());
        let name = shortened(&run.name(), LONGEST_NAME);
        let words = format!(
            "{name} ended with the program, after epoch {} of {}.",
            run.epochs,
            run.planned_epochs()
        );
        ui.add(egui::Label::new(words).wrap());
        ui.horizontal(|ui| {
            let go_on = states::primary_button(ui, "Continue", true).on_hover_text(
                "Opens its dataset and trains on, with the same figures as if nothing had happened",
            );
            let folder = run.folder.clone();
            if go_on.clicked() {
                let (folder, more) = (folder.clone(), 0);
                actions.push(RunsAction::Continue { folder, more }.into());
            }
            let leave = ui
                .add(Button::new("Leave it").min_size(egui::vec2(72.0, 32.0)))
                .on_hover_text("Does not ask again; it can be continued from Runs");
            if leave.clicked() {
                actions.push(RunsAction::Leave(folder).into());
            }
        });
    });
}

pub fn shortcuts_ui(ui: &mut Ui) {
    egui::Grid::new("shortcuts")
        .num_columns(2)
        .spacing([24.0, 8.0])
        .show(ui, |ui| {
            for (keys, words) in shortcuts::LIST {
                ui.label(RichText::new(keys).strong());
                ui.label(words);
                ui.end_row();
            }
        });
}

pub fn log_ui(ui: &mut Ui, cx: &Cx<'_>) {
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

/// What the user types into the field for a path.
#[derive(Debug, Default)]
pub struct PathField {
    typed: String,
    /// The field has had the keyboard; until then what is typed is taken by hand, so that fast typists lose nothing.
    reached: bool,
}

impl PathField {
    /// The path, once Enter or Open is pressed.
    pub fn ui(&mut self, ui: &mut Ui) -> Option<PathBuf> {
        let label = ui.label("A dataset, a model, a run, weights, an experiment or an image");
        let id = ui.make_persistent_id("path");
        self.reached |= ui.memory(|memory| memory.has_focus(id));
        if !self.reached {
            self.typed += &ui.input(|input| shortcuts::typed(&input.events));
        }
        let edit = egui::TextEdit::singleline(&mut self.typed).id(id);
        let field = ui.add(edit.desired_width(420.0)).labelled_by(label.id);
        if !self.reached || self.typed.is_empty() {
            field.request_focus();
        }
        let entered = ui.input(|input| input.key_pressed(egui::Key::Enter));
        let path = self.typed.trim();
        let pressed = states::primary_button(ui, "Open", !path.is_empty()).clicked();
        ((entered || pressed) && !path.is_empty()).then(|| PathBuf::from(path))
    }
}
