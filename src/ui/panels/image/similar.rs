//! Images whose pixels are like those of the selected one. Colours and places are compared, not what is shown.

use eframe::egui::{CollapsingHeader, Rect, Sense, TextStyle, Ui, vec2};

use crate::{
    engine::{FindSimilar, OpenDataset, Similar},
    ui::{
        action::{Action, DataAction},
        format::{counted, thousands},
        panels::Cx,
        theme,
        widgets::{classes, grid::GAP, states, tile},
    },
};

/// Side of a picture.
const SIDE: f32 = 64.0;
/// Height of the two lines under it.
const WORDS: f32 = 34.0;

/// What is compared, for people.
const EXPLANATION: &str = "Compares 16 × 16 pixel versions of the images: near ones have the same colours in the \
    same places. It finds duplicates and frames of one scene, not what an image shows.";

/// Draws the button, the progress or the images.
pub fn similar_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, index: usize) {
    CollapsingHeader::new("Similar pixels")
        .default_open(true)
        .show(ui, |ui| {
            let state = cx.state.slot::<FindSimilar>();
            if let Some(job) = state.job {
                let progress = cx.state.jobs.get(&job).and_then(|job| job.progress);
                states::caption(ui, "Comparing pixels");
                ui.horizontal(|ui| {
                    states::progress_bar(ui, progress, 140.0);
                    if ui.button("Cancel").clicked() {
                        cx.push(Action::Cancel(job));
                    }
                });
                return;
            }
            if let Some(message) = &state.failed {
                states::failed(ui, message);
            }
            let found = state.answer().filter(|found| found.sample == index);
            if let Some(found) = found {
                return found_ui(ui, cx, open, found);
            }
            if ui
                .button("Find similar")
                .on_hover_text(EXPLANATION)
                .clicked()
            {
                cx.push(DataAction::FindSimilar(index));
            }
        });
}

fn found_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, found: &Similar) {
    let compared = counted(found.compared, "image");
    let words = if found.compared + 1 < found.usable {
        format!(
            "Nearest of {compared} compared, taken evenly from {}",
            thousands(found.usable)
        )
    } else {
        format!("Nearest of {compared}")
    };
    states::caption(ui, words).on_hover_text(EXPLANATION);
    if found.neighbours.is_empty() {
        states::caption(ui, "There is no other image to compare with.");
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        for &(sample, distance) in &found.neighbours {
            one_ui(ui, cx, open, sample, distance);
        }
    });
}

fn one_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, sample: usize, distance: f32) {
    let (area, response) = ui.allocate_exact_size(vec2(SIDE, SIDE + WORDS), Sense::click());
    let rect = Rect::from_min_size(area.min, vec2(SIDE, SIDE));
    tile::paint(ui, cx, rect, sample, &response);
    let label = open
        .dataset
        .samples
        .get(sample)
        .map_or(0, |sample| sample.label);
    let class = open.dataset.class_name(label);
    let font = TextStyle::Small.resolve(ui.style());
    let (text, muted) = (ui.visuals().text_color(), theme::palette(ui).muted);
    let below = rect.left_bottom() + vec2(0.0, 2.0);
    let name = classes::one_line(ui, class, font.clone(), text, SIDE);
    ui.painter().galley(below, name, text);
    let words = classes::one_line(ui, &format!("{distance:.1} levels"), font, muted, SIDE);
    ui.painter().galley(below + vec2(0.0, 15.0), words, muted);
    let describe = |index: usize| {
        let name = open
            .dataset
            .samples
            .get(index)
            .map(crate::data::Sample::name);
        format!(
            "{} · {class}, differs by {distance:.1} of 255 levels",
            name.unwrap_or_default()
        )
    };
    let response = tile::describe(cx, sample, response, &describe);
    if response.clicked() {
        super::select(cx, Some(sample));
    }
}
