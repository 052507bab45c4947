//! A download as a line: a bar, what it has, how fast it is, and its buttons.

use eframe::egui::{Button, Response, Ui, vec2};

use super::states;
use crate::{
    data::catalogue::Entry,
    engine::Progress,
    format,
    ui::{action::DownloadsAction, panels::Cx, theme},
};

/// Width of a progress bar.
const BAR_WIDTH: f32 = 200.0;

/// One that runs or waits: how far it is, and what can be done.
pub fn running_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry) {
    let public = &cx.state.public;
    let job = public.job_of(&entry.name);
    let running = job.and_then(|job| cx.state.jobs.get(&job));
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
        button(ui, cx, "Pause", entry, DownloadsAction::Pause);
        button(ui, cx, "Cancel", entry, DownloadsAction::Cancel);
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
        words.push_str(&format!(" of {}", format::bytes(total as u64)));
    }
    if let Some(speed) = bytes_per_sec {
        words.push_str(&format!(" · {}/s", format::bytes(speed as u64)));
        if total > done {
            let left_secs = (total - done) as f64 / speed.max(1.0);
            words.push_str(&format!(" · {} left", format::minutes(left_secs)));
        }
    }
    words
}

/// One that somebody paused at `bytes`.
pub fn paused_ui(ui: &mut Ui, cx: &mut Cx<'_>, entry: &Entry, bytes: u64) {
    ui.horizontal_wrapped(|ui| {
        let known = entry.bytes().map(|total| Progress {
            done: bytes as usize,
            total: total as usize,
        });
        bar_ui(ui, known);
        let here = format::bytes(bytes);
        let of = entry
            .bytes()
            .map(|total| format!(" of {}", format::bytes(total)));
        let words = format!("Paused at {here}{}", of.unwrap_or_default());
        states::caption(ui, words);
        button(ui, cx, "Resume", entry, DownloadsAction::Begin);
        button(ui, cx, "Cancel", entry, DownloadsAction::Cancel);
    });
}

/// A button that pushes `action` of the dataset's name.
pub fn button(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    words: &str,
    entry: &Entry,
    action: impl FnOnce(String) -> DownloadsAction,
) {
    if labelled_button(ui, words, entry).clicked() {
        cx.push(action(entry.name.clone()));
    }
}

/// A button that says to screen readers which dataset it is about.
pub fn labelled_button(ui: &mut Ui, words: &str, entry: &Entry) -> Response {
    ui.add(Button::new(words).min_size(vec2(80.0, 28.0)))
        .accessible_name(format!("{words} {}", entry.title))
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
