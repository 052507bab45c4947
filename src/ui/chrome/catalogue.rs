//! The window "Datasets and weights": what can be downloaded, and how each download stands.

use eframe::egui::{self, Align, Layout, RichText, ScrollArea, Ui};
use egui_material_icons::{icon_text, icons};

use crate::{
    engine::{ListDatasets, Listed},
    format,
    model::spec::Backbone,
    ui::{
        action::{DataAction, DownloadsAction, WindowAction},
        panels::Cx,
        public_datasets::DownloadState,
        theme,
        widgets::{download, states},
    },
};

/// The window's size where there is room for it.
pub const SIZE: [f32; 2] = [640.0, 440.0];

/// Draws the list.
pub fn catalogue_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let slot = cx.state.slot::<ListDatasets>();
    if let Some(message) = &slot.failed {
        states::failed(ui, message);
    }
    let Some(listed) = slot.answer().cloned() else {
        if slot.failed.is_none() {
            states::caption(ui, "Reading the list…");
        }
        return;
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let is_weights = |listed: &&Listed| listed.weights_of.is_some();
        let (weights, datasets): (Vec<_>, Vec<_>) = listed.iter().partition(is_weights);
        part_ui(ui, cx, "DATASETS", &datasets);
        ui.add_space(2.0 * theme::GRID);
        part_ui(ui, cx, "WEIGHTS OF PUBLISHED NETWORKS", &weights);
    });
}

fn part_ui(ui: &mut Ui, cx: &mut Cx<'_>, title: &str, listed: &[&Listed]) {
    states::caption(ui, title);
    for listed in listed {
        ui.separator();
        ui.push_id(&listed.entry.name, |ui| entry_ui(ui, cx, listed));
    }
}

fn entry_ui(ui: &mut Ui, cx: &mut Cx<'_>, listed: &Listed) {
    let entry = &listed.entry;
    ui.horizontal(|ui| {
        let family = egui::FontFamily::Name(theme::SEMIBOLD.into());
        let title = RichText::new(&entry.title).family(family);
        ui.add(egui::Label::new(title).truncate());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let size = entry.bytes().map_or("size unknown".into(), format::bytes);
            states::caption(ui, size);
        });
    });
    ui.add(egui::Label::new(&entry.description).wrap());
    ui.horizontal_wrapped(|ui| {
        if listed.weights_of.is_none() {
            let classes = entry.class_names.len();
            states::caption(ui, format!("{classes} classes ·"))
                .on_hover_text(format::listed(&entry.class_names));
        }
        states::caption(ui, "Licence");
        link_ui(ui, cx, &entry.licence.name, &entry.licence.url);
        states::caption(ui, "·");
        link_ui(ui, cx, "Home page", &entry.homepage);
    });
    match cx.state.download(&entry.name) {
        DownloadState::Absent => {
            download::button(ui, cx, "Download", entry, DownloadsAction::Begin);
        }
        DownloadState::Running(_) => download::running_ui(ui, cx, entry),
        DownloadState::Paused { bytes } => download::paused_ui(ui, cx, entry, bytes),
        DownloadState::Failed { message, bytes } => {
            states::failed(ui, &message);
            ui.horizontal(|ui| {
                download::button(ui, cx, "Try again", entry, DownloadsAction::Begin);
                if bytes > 0 {
                    download::button(ui, cx, "Delete", entry, DownloadsAction::Cancel);
                }
            });
        }
        DownloadState::Ready(path) => {
            ui.horizontal(|ui| {
                let good = theme::palette(ui).good;
                ui.label(icon_text(icons::ICON_CHECK).color(good).size(18.0));
                ui.label("Downloaded");
                if let Some(backbone) = listed.weights_of.map(Backbone::word) {
                    let words = format!("{backbone} with ImageNet weights takes them from here");
                    states::caption(ui, words);
                }
                let is_dataset = listed.weights_of.is_none();
                if is_dataset && download::labelled_button(ui, "Open", entry).clicked() {
                    cx.push(DataAction::Open(path));
                    cx.push(DownloadsAction::Toggle);
                }
            });
        }
    }
}

fn link_ui(ui: &mut Ui, cx: &mut Cx<'_>, words: &str, url: &str) {
    let link = ui.link(RichText::new(words).small());
    if link.clicked() {
        cx.push(WindowAction::ShowAddress(url.to_owned()));
    }
    link.on_hover_text(format!("{url}\nA click copies the address too"));
}
