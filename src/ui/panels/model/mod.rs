//! The model editor: what images become, a list of layers with their arithmetic, an inspector beside it,
//! the boundary between frozen and trained layers, and the summary as notebooks print it.

mod backbone;
mod cells;
mod freezing;
mod input;
mod inspector;
mod keys;
mod list;
mod name;
mod row;
mod settings;
mod summary;
mod toolbar;
mod weights;

use eframe::egui::{self, RichText, ScrollArea, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use super::{Cx, Panel};
use crate::{
    model::freezing::Freezing,
    ui::{
        action::Action,
        design::{Chosen, DesignAction},
        history::Gesture,
        theme,
        widgets::{fields, states},
    },
};

#[derive(Default)]
pub struct Model {
    input: input::Input,
    shows: View,
    list: list::List,
    name: name::Name,
    gesture: Gesture,
}

/// What the panel shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum View {
    #[default]
    Layers,
    Summary,
}

/// From this width on the inspector stands beside the list, else below it.
const WIDE: f32 = 700.0;
/// The inspector's share of the width, and its least and most.
const INSPECTOR: f32 = 0.34;
const INSPECTOR_WIDTH: std::ops::RangeInclusive<f32> = 288.0..=440.0;
/// Wider than this the list only has longer gaps.
const LIST_WIDTH: f32 = 1_000.0;
/// Lower than this the whole panel scrolls: beside each other, and one below the other.
const LEAST_HEIGHT: [f32; 2] = [440.0, 760.0];
/// Of a narrow panel, the share of the height that the list keeps.
const LIST_SHARE: f32 = 0.5;

impl Panel for Model {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let least = LEAST_HEIGHT[usize::from(ui.available_width() < WIDE)];
        if ui.available_height() >= least {
            self.panel_ui(ui, cx);
        } else {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.set_height(least);
                self.panel_ui(ui, cx);
            });
        }
        self.gesture.end(ui.ctx());
    }
}

impl Model {
    fn panel_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.header_ui(ui, cx);
        self.input.ui(ui, cx);
        running_ui(ui, cx);
        let freezing = Freezing::new(&cx.state.design.nodes, cx.state.boundary());
        ui.separator();
        match self.shows {
            View::Layers => {
                toolbar::toolbar_ui(ui, cx);
                self.layers_ui(ui, cx, &freezing);
            }
            View::Summary => summary::summary_ui(ui, cx),
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.horizontal_wrapped(|ui| {
            ui.heading(&cx.state.experiment.model.name);
            ui.add_space(theme::GRID);
            let tip = "The table that notebooks print, to look at and to copy";
            let views = [
                (View::Layers, "Layers", "Edit the layers"),
                (View::Summary, "Summary", tip),
            ];
            fields::switch(ui, &mut self.shows, &views);
            ui.add_space(theme::GRID);
            toolbar::files_ui(ui, cx);
        });
    }

    fn layers_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, freezing: &Freezing) {
        let footer = freezing::footer_height(ui, cx);
        let height = (ui.available_height() - footer).max(160.0);
        let size = vec2(ui.available_width(), height);
        if size.x >= WIDE {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 16.0;
                let share = (INSPECTOR * size.x).round();
                let inspector = share.clamp(*INSPECTOR_WIDTH.start(), *INSPECTOR_WIDTH.end());
                let list = (size.x - inspector - 16.0).min(LIST_WIDTH);
                sized(ui, vec2(list, size.y), |ui| self.list_ui(ui, cx, freezing));
                sized(ui, vec2(inspector, size.y), |ui| {
                    self.inspector_ui(ui, cx, freezing);
                });
            });
        } else {
            let list = vec2(size.x, (size.y * LIST_SHARE).round());
            sized(ui, list, |ui| self.list_ui(ui, cx, freezing));
            ui.separator();
            let rest = vec2(size.x, (size.y - list.y - 17.0).max(60.0));
            sized(ui, rest, |ui| self.inspector_ui(ui, cx, freezing));
        }
        freezing::footer_ui(ui, cx, freezing);
    }

    fn list_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, freezing: &Freezing) {
        if self.list.ui(ui, cx, freezing) {
            self.name.ask();
        }
    }

    fn inspector_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, freezing: &Freezing) {
        ScrollArea::vertical()
            .id_salt("inspector")
            .auto_shrink(false)
            .show(ui, |ui| match cx.state.design.chosen {
                Some(row) if row.layer(&cx.state.experiment.model).is_some() => {
                    let (name, gesture) = (&mut self.name, self.gesture.number);
                    ui.push_id(row, |ui| {
                        inspector::layer_ui(ui, cx, row, name, gesture, freezing);
                    });
                }
                Some(Chosen::Head) => inspector::head_ui(ui, cx, self.gesture.number),
                _ => {
                    ui.add_space(theme::GRID);
                    let words =
                        "Choose a layer to change it and to see its arithmetic, or add one.";
                    states::caption(ui, words);
                }
            });
    }
}

/// Exactly `size`, whatever is drawn in it.
fn sized(ui: &mut Ui, size: egui::Vec2, add: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let layout = egui::Layout::top_down(egui::Align::Min);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
    child.shrink_clip_rect(rect.expand(4.0));
    add(&mut child);
}

/// Why nothing can be changed now.
fn running_ui(ui: &mut Ui, cx: &Cx<'_>) {
    if let Some(reason) = cx.state.why_not_edit_layers() {
        ui.horizontal_wrapped(|ui| {
            let colour = theme::palette(ui).warning;
            ui.label(icon_text(icons::ICON_LOCK).color(colour));
            ui.label(RichText::new(format!("{reason}.")).color(colour));
        });
    }
}

/// Wishes for a design action.
fn wish(cx: &mut Cx<'_>, action: DesignAction) {
    cx.push(Action::Design(action));
}
