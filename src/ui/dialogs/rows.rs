//! Rows of the window's file dialog: what a thing is called, how large it is and when it was changed.

use chrono::{DateTime, Local};
use eframe::egui::{self, Align, Layout, RichText, Sense, Ui, WidgetInfo, vec2};
use egui_material_icons::{icon_text, icons};

use super::{browsing::Browsing, folders::Entry};
use crate::ui::{format::bytes, theme};

/// Height of a row.
pub const HEIGHT: f32 = 28.0;
/// Room for sizes and times beside the names.
const FACTS: [f32; 2] = [84.0, 132.0];
/// Narrower rows show names only.
const ROOM_FOR_FACTS: f32 = 420.0;

/// A row; how it was clicked.
pub fn row_ui(ui: &mut Ui, browsing: &Browsing, row: usize) -> egui::Response {
    let size = vec2(ui.available_width(), HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let Some(entry) = browsing.entry(row) else {
        return response;
    };
    let is_chosen = browsing.chosen.contains(&row);
    let can_choose = browsing.can_choose(row);
    let palette = theme::palette(ui);
    let visuals = ui.visuals();
    let hovered = visuals.widgets.hovered.weak_bg_fill;
    let (ink, fill) = match (is_chosen, can_choose) {
        (true, _) => (
            visuals.selection.stroke.color,
            Some(visuals.selection.bg_fill),
        ),
        (false, true) => (visuals.text_color(), response.hovered().then_some(hovered)),
        (false, false) => (palette.muted, None),
    };
    if let Some(fill) = fill {
        let radius = f32::from(theme::RADIUS);
        ui.painter().rect_filled(rect, radius, fill);
    }
    let builder = egui::UiBuilder::new()
        .max_rect(rect.shrink2(vec2(theme::GRID, 0.0)))
        .layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(builder, |ui| entry_ui(ui, entry, ink));
    let words = &entry.words;
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::ListBoxOption, can_choose, is_chosen, words)
    });
    response
}

fn entry_ui(ui: &mut Ui, entry: &Entry, ink: egui::Color32) {
    let muted = theme::palette(ui).muted;
    let icon = match entry.is_folder {
        true => icons::ICON_FOLDER,
        false => icons::ICON_DRAFT,
    };
    ui.add(egui::Label::new(icon_text(icon).size(16.0).color(ink)).selectable(false));
    let facts = entry
        .facts
        .filter(|_| ui.available_width() >= ROOM_FOR_FACTS);
    let room = facts.map_or(0.0, |_| FACTS.iter().sum());
    ui.spacing_mut().item_spacing.x = 0.0;
    ui.add_space(theme::GRID);
    let name = vec2((ui.available_width() - room).max(64.0), HEIGHT);
    let left = Layout::left_to_right(Align::Center);
    ui.allocate_ui_with_layout(name, left, |ui| {
        ui.set_min_size(name);
        let words = RichText::new(&entry.words).color(ink);
        ui.add(egui::Label::new(words).truncate().selectable(false));
    });
    let Some((size, changed)) = facts else { return };
    let size = match entry.is_folder {
        true => String::new(),
        false => bytes(size),
    };
    let changed = DateTime::<Local>::from(changed).format("%Y-%m-%d %H:%M");
    for (words, width) in [size, changed.to_string()].into_iter().zip(FACTS) {
        let right = Layout::right_to_left(Align::Center);
        ui.allocate_ui_with_layout(vec2(width, HEIGHT), right, |ui| {
            ui.set_min_width(width);
            let words = RichText::new(words).small().color(muted);
            ui.add(egui::Label::new(words).selectable(false));
        });
    }
}
