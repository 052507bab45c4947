//! What is wrong with the run, in words: the newest advice in one line that is always there, all of it when asked.

use eframe::egui::{Align, Button, Label, Layout, RichText, ScrollArea, Ui, vec2};
use egui_material_icons::{MaterialIcon, icons};

use super::Cx;
use crate::{
    train::health::{Advice, Ailment},
    ui::{theme, widgets::states},
};

/// All advice takes at most this share of the height, for the curves under it; more can be scrolled.
const MOST_HEIGHT: f32 = 0.3;
/// Height of the line.
const LINE: f32 = 20.0;

/// A line for the newest advice, also while there is none: curves shall not jump when it comes. `is_open` shows all.
pub fn ui(ui: &mut Ui, cx: &Cx<'_>, is_open: &mut bool) {
    let advice = &cx.state.training.advice;
    let size = vec2(ui.available_width(), LINE);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if !advice.is_empty() {
            let (words, tip) = match (*is_open, advice.len()) {
                (true, _) => ("less".to_owned(), "Show the newest note in one line"),
                (_, 1) => ("more".to_owned(), ALL),
                (_, count) => (format!("{} more", count - 1), ALL),
            };
            let button = Button::new(RichText::new(words).small()).small();
            if ui.add(button).on_hover_text(tip).clicked() {
                *is_open = !*is_open;
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            match advice.last() {
                None => drop(states::caption(ui, "No notes on the run.")),
                Some(_) if *is_open => drop(states::caption(ui, "Notes on the run, newest first")),
                Some(newest) => {
                    let colour = theme::palette(ui).warning;
                    ui.label(egui_material_icons::icon_text(icon(newest)).color(colour));
                    let words = Label::new(&newest.words).truncate();
                    ui.add(words).on_hover_text(&newest.words);
                }
            }
        });
    });
    if *is_open && !advice.is_empty() {
        all_ui(ui, advice);
    }
}

const ALL: &str = "Show all notes on the run in full";

fn all_ui(ui: &mut Ui, advice: &[Advice]) {
    ScrollArea::vertical()
        .id_salt("health")
        .max_height(MOST_HEIGHT * ui.available_height())
        .auto_shrink([false, true])
        .show(ui, |ui| {
            for advice in advice.iter().rev() {
                states::icon_line(ui, icon(advice), theme::palette(ui).warning, &advice.words);
                if advice.epoch > 0 {
                    states::caption(ui, format!("after epoch {}", advice.epoch));
                }
            }
        });
}

fn icon(advice: &Advice) -> MaterialIcon {
    match advice.ailment {
        Ailment::Memory => icons::ICON_MEMORY,
        Ailment::Diverging => icons::ICON_TRENDING_UP,
        Ailment::NotLearning => icons::ICON_TRENDING_FLAT,
        Ailment::Overfitting => icons::ICON_CALL_SPLIT,
        Ailment::StillImproving => icons::ICON_TRENDING_DOWN,
        Ailment::DeadUnits => icons::ICON_POWER_OFF,
    }
}
