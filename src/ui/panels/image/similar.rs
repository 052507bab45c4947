//! Images whose pixels are like those of the selected one. Colours and places are compared, not what is shown.

use eframe::egui::{CollapsingHeader, Rect, Sense, TextStyle, Ui, vec2};

use crate::{
    engine::{FindSimilar, OpenDataset, Similar},
    ui::{
        action::{Action, DataAction},
        format::{counted, thousands},
        panels::Cx,
        theme,
        widgets::{buttons, classes, grid::GAP, states, tile},
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
    let header = CollapsingHeader::new("Similar pixels").default_open(true);
    header.show(ui, |ui| {
        let state = cx.state.slot::<FindSimilar>();
        if let Some(job) = state.job {
            states::caption(ui, "Comparing pixels");
            ui.horizontal(|ui| {
                states::progress_bar(ui, cx.progress(job), 140.0);
                if ui.button("Cancel").clicked() {
                    cx.push(Action::Cancel(job));
                }
            });
            return;
        }
        states::failure(ui, state.failed.as_ref());
        let found = state.answer().filter(|found| found.sample == index);
        if let Some(found) = found {
            found_ui(ui, cx, open, found);
        } else if buttons::button(ui, "Find similar", EXPLANATION) {
            cx.push(DataAction::FindSimilar(index));
        }
    });
}

fn found_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, found: &Similar) {
    let compared = counted(found.compared, "image");
    let mut words = format!("Nearest of {compared}");
    if found.compared + 1 < found.usable {
        let usable = thousands(found.usable);
        words += &format!(" compared, taken evenly from {usable}");
    }
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

fn one_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, index: usize, distance: f32) {
    let Some(sample) = open.dataset.samples.get(index) else {
        return;
    };
    let (area, response) = ui.allocate_exact_size(vec2(SIDE, SIDE + WORDS), Sense::click());
    let rect = Rect::from_min_size(area.min, vec2(SIDE, SIDE));
    tile::paint(ui, cx, rect, index, &response);
    let class = open.dataset.class_name(sample.label);
    let font = TextStyle::Small.resolve(ui.style());
    let levels = format!("{distance:.1} levels");
    let (ink, muted) = (ui.visuals().text_color(), theme::palette(ui).muted);
    for (words, ink, down) in [(class, ink, 2.0), (&levels, muted, 17.0)] {
        let line = classes::one_line(ui, words, font.clone(), ink, SIDE);
        ui.painter()
            .galley(rect.left_bottom() + vec2(0.0, down), line, ink);
    }
    let name = sample.name();
    let describe = |_| format!("{name} · {class}, differs by {distance:.1} of 255 levels");
    let response = tile::describe(cx, index, response, &describe);
    if response.clicked() {
        super::select(cx, Some(index));
    }
}
