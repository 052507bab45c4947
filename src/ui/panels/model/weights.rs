//! What a backbone's initial weights mean, and what of them is on this computer.

use std::path::Path;

use eframe::egui::{CollapsingHeader, ScrollArea, TextStyle, Ui};
use egui_material_icons::{icon_text, icons};

use crate::{
    data::dataset::display_path,
    engine::{ExamineWeights, ListDatasets},
    model::spec::{Backbone, InitialWeights},
    ui::{
        action::DownloadsAction,
        dialogs::Purpose,
        format::{bytes, counted, thousands},
        panels::Cx,
        public_datasets::DownloadState,
        theme,
        widgets::{download, states},
    },
};

/// In one or two words, for a list.
pub fn words(weights: &InitialWeights) -> &'static str {
    match weights {
        InitialWeights::ImageNet => "ImageNet",
        InitialWeights::File(_) => "from a file",
        InitialWeights::Random => "random",
    }
}

/// Explains the choice, and offers what is missing.
pub fn weights_ui(ui: &mut Ui, cx: &mut Cx<'_>, architecture: Backbone, weights: &InitialWeights) {
    match weights {
        InitialWeights::ImageNet => {
            states::caption(ui, "Trained on the 1.3 million photographs of ImageNet.");
            imagenet_ui(ui, cx, architecture);
        }
        InitialWeights::File(path) => {
            ui.label(display_path(path));
            let words = "With torchvision's names, as .pth or .safetensors. Nothing in the file is run; tensors that are missing or too many are listed.";
            states::caption(ui, words);
            examined_ui(ui, cx, path);
            file_button_ui(ui, cx, "Choose another file…");
        }
        InitialWeights::Random => {
            let words = "Training from scratch: it needs many more images, and must not be frozen.";
            states::caption(ui, words);
        }
    }
}

/// Whether the file fits, with the names of what it lacks and of what has no place.
fn examined_ui(ui: &mut Ui, cx: &Cx<'_>, path: &Path) {
    let slot = cx.state.slot::<ExamineWeights>();
    if slot.asked.as_ref().is_none_or(|asked| asked.path != path) {
        return;
    }
    let examined = match (slot.newest_answer(), &slot.failed) {
        (None, None) => {
            states::caption(ui, "Looking whether it fits");
            return;
        }
        (_, Some(reason)) => return states::failed(ui, reason),
        (Some(examined), None) => examined,
    };
    match examined.problem() {
        Some(problem) => states::failed(ui, &problem),
        None => {
            let tensors = thousands(examined.tensors);
            good_ui(ui, &format!("It fits: {tensors} tensors"));
        }
    }
    let lists = [
        ("missing", &examined.missing),
        ("without a place here", &examined.unexpected),
        ("of its top, left out", &examined.unused),
    ];
    for (words, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
        let heading = format!("{} {words}", counted(names.len(), "tensor"));
        CollapsingHeader::new(heading).show(ui, |ui| {
            let list = ScrollArea::vertical().id_salt(words).max_height(160.0);
            let height = ui.text_style_height(&TextStyle::Small);
            list.show_rows(ui, height, names.len(), |ui, rows| {
                for name in &names[rows] {
                    states::caption(ui, name);
                }
            });
        });
    }
}

fn good_ui(ui: &mut Ui, words: &str) {
    ui.horizontal(|ui| {
        let good = theme::palette(ui).good;
        ui.label(icon_text(icons::ICON_CHECK).color(good).size(16.0));
        ui.label(words);
    });
}

fn file_button_ui(ui: &mut Ui, cx: &mut Cx<'_>, words: &str) {
    if ui.button(words).clicked() {
        cx.push(Purpose::ChooseWeights);
    }
}

/// Whether ImageNet's weights are here. Without them a run does not start; random ones never stand in.
fn imagenet_ui(ui: &mut Ui, cx: &mut Cx<'_>, architecture: Backbone) {
    let Some((entry, state)) = cx.state.imagenet_weights(architecture) else {
        let failed = cx.state.slot::<ListDatasets>().failed.as_deref();
        states::caption(
            ui,
            failed.unwrap_or("Looking whether they are on this computer"),
        );
        return;
    };
    let entry = entry.clone();
    match state {
        DownloadState::Ready(_) => good_ui(ui, "On this computer"),
        DownloadState::Running(_) => {
            ui.label("They are being downloaded:");
            download::running_ui(ui, cx, &entry);
        }
        DownloadState::Failed { message, .. } => {
            states::failed(ui, &message);
            missing_ui(ui, cx, &entry.name, "Try again");
        }
        DownloadState::Paused { bytes } => {
            ui.label("A part of them is on this computer; a run needs them all.");
            download::paused_ui(ui, cx, &entry, bytes);
            file_button_ui(ui, cx, "Choose a file…");
        }
        DownloadState::Absent => {
            ui.label("They are not on this computer yet, and a run needs them.");
            let size = entry.bytes().map(|size| format!(" {}", bytes(size)));
            let words = format!("Download{}", size.unwrap_or_default());
            missing_ui(ui, cx, &entry.name, &words);
        }
    }
}

fn missing_ui(ui: &mut Ui, cx: &mut Cx<'_>, name: &str, words: &str) {
    ui.horizontal_wrapped(|ui| {
        if ui.button(words).clicked() {
            cx.push(DownloadsAction::Begin(name.to_owned()));
        }
        file_button_ui(ui, cx, "Choose a file…");
    });
}
