//! The window "Datasets and weights": what can be downloaded, and how each download stands.

use eframe::egui::{self, Align, Button, Layout, Response, RichText, ScrollArea, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use crate::{
    data::catalogue::Entry,
    engine::{Listed, Progress},
    format,
    ui::{action::Action, panels::Cx, public_datasets::DownloadState, theme, widgets::states},
};

/// The window's size where there is room for it.
pub const SIZE: [f32; 2] = [640.0, 440.0];
/// Width of a progress bar.
const BAR_WIDTH: f32 = 200.0;

/// Draws the list.
pub fn catalogue_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let public = &cx.state.public;
    if let Some(message) = &public.failed {
        states::failed(ui, message);
    }
    let Some(listed) = public.listed.clone() else {
        if public.failed.is_none() {
            states::caption(ui, "Reading the list…");
        }
        return;
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let (weights, datasets): (Vec<&Listed>, Vec<&Listed>) = listed
            .iter()
            .partition(|listed| listed.weights_of.is_some());
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
        let title = RichText::new(&entry.title).family(theme_family());
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
        link_ui(ui, &entry.licence.name, &entry.licence.url);
        states::caption(ui, "·");
        link_ui(ui, "Home page", &entry.homepage);
    });
    match cx.state.public.state(&entry.name).clone() {
        DownloadState::Absent => absent_ui(ui, cx, entry),
        DownloadState::Running { .. } => running_ui(ui, cx, entry),
        DownloadState::Paused { bytes } => paused_ui(ui, cx, entry, bytes),
        DownloadState::Failed { message, bytes } => {
            states::failed(ui, &message);
            ui.horizontal(|ui| {
                button(ui, cx, "Try again", entry, Action::Download);
                if bytes > 0 {
                    button(ui, cx, "Delete", entry, Action::CancelDownload);
                }
            });
        }
        DownloadState::Ready(path) => {
            ui.horizontal(|ui| {
                let good = theme::palette(ui).good;
                ui.label(icon_text(icons::ICON_CHECK).color(good).size(18.0));
                ui.label("Downloaded");
                let is_dataset = listed.weights_of.is_none();
                if is_dataset && labelled_button(ui, "Open", entry).clicked() {
                    cx.push(Action::OpenDataset(path));
                    cx.push(Action::ToggleCatalogue);
                }
            });
        }
    }
}

fn absent_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry) {
    button(ui, cx, "Download", entry, Action::Download);
}

fn running_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry) {
    let public = &cx.state.public;
    let running = public
        .job_of(&entry.name)
        .and_then(|job| cx.state.jobs.get(&job));
    let progress = running.and_then(|running| running.progress);
    let speed = running.and_then(crate::ui::state::RunningJob::units_per_sec);
    ui.horizontal_wrapped(|ui| {
        let known = progress.filter(|progress| progress.total > 0);
        bar_ui(ui, known);
        let words = match (running, progress) {
            (None, _) => "Waits for the download before it".to_owned(),
            (_, None) => "Connecting…".to_owned(),
            (_, Some(progress)) => progress_words(progress, speed),
        };
        // Before the words, whose width changes all the time: buttons must not run away from the pointer.
        button(ui, cx, "Pause", entry, Action::PauseDownload);
        button(ui, cx, "Cancel", entry, Action::CancelDownload);
        states::caption(ui, words);
    });
}

/// A bar whose track shows on a window, which in the light theme is as white as tracks are.
fn bar_ui(ui: &mut Ui, progress: Option<Progress>) {
    ui.scope(|ui| {
        ui.visuals_mut().extreme_bg_color = theme::palette(ui).line;
        states::progress_bar(ui, progress, BAR_WIDTH);
    });
}

/// `12.3 MB of 228.8 MB · 4.5 MB/s · 0:48 left`.
fn progress_words(progress: Progress, bytes_per_sec: Option<f64>) -> String {
    let Progress { done, total } = progress;
    let mut words = format::bytes(done as u64);
    if total > 0 {
        words = format!("{words} of {}", format::bytes(total as u64));
    }
    let Some(speed) = bytes_per_sec else {
        return words;
    };
    words = format!("{words} · {}/s", format::bytes(speed as u64));
    if total > done {
        let left_secs = (total - done) as f64 / speed.max(1.0);
        words = format!("{words} · {} left", format::minutes(left_secs));
    }
    words
}

fn paused_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry, bytes: u64) {
    ui.horizontal_wrapped(|ui| {
        let known = entry.bytes().map(|total| Progress {
            done: bytes as usize,
            total: total as usize,
        });
        bar_ui(ui, known);
        let here = format::bytes(bytes);
        let words = match entry.bytes() {
            Some(total) => format!("Paused at {here} of {}", format::bytes(total)),
            None => format!("Paused at {here}"),
        };
        states::caption(ui, words);
        button(ui, cx, "Resume", entry, Action::Download);
        button(ui, cx, "Cancel", entry, Action::CancelDownload);
    });
}

/// A button that pushes `action` of the dataset's name.
fn button(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    words: &str,
    entry: &Entry,
    action: impl FnOnce(String) -> Action,
) {
    if labelled_button(ui, words, entry).clicked() {
        cx.push(action(entry.name.clone()));
    }
}

/// A button that says to screen readers which dataset it is about.
fn labelled_button(ui: &mut Ui, words: &str, entry: &Entry) -> Response {
    let response = ui.add(Button::new(words).min_size(vec2(80.0, 28.0)));
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{words} {}", entry.title))
    });
    response
}

/// A link. Clicking also copies the address, for computers on which no browser opens.
fn link_ui(ui: &mut Ui, words: &str, url: &str) {
    let link = ui.hyperlink_to(RichText::new(words).small(), url);
    if link.clicked() {
        ui.ctx().copy_text(url.to_owned());
    }
    link.on_hover_text(format!("{url}\nA click copies the address"));
}

fn theme_family() -> egui::FontFamily {
    egui::FontFamily::Name(theme::SEMIBOLD.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_reads_as_a_line() {
        let at = |done, total| Progress { done, total };
        let cases = [
            (
                at(12_300_000, 228_813_984),
                Some(4_500_000.0),
                "12.3 MB of 228.8 MB · 4.5 MB/s · 0:48 left",
            ),
            (at(12_300_000, 228_813_984), None, "12.3 MB of 228.8 MB"),
            (at(12_300_000, 0), Some(1_000.0), "12.3 MB · 1.0 kB/s"),
            (at(10, 10), Some(1.0), "10 bytes of 10 bytes · 1 byte/s"),
        ];
        for (progress, speed, words) in cases {
            assert_eq!(progress_words(progress, speed), words);
        }
    }
}
