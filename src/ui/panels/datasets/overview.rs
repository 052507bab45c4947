//! Overviews: five examples of each class, and the first nine images with their classes.

use eframe::egui::{Align2, Rect, ScrollArea, Sense, TextStyle, Ui, pos2, vec2};

use super::shown::{EXAMPLES, List};
use crate::{
    engine::OpenDataset,
    ui::{
        format::counted,
        panels::Cx,
        theme,
        widgets::{
            classes,
            grid::{GAP, Heard},
            states, tile,
        },
    },
};

/// Room for the scroll bar.
const BAR: f32 = 12.0;
/// Height of a class name over or under pictures.
const TITLE: f32 = 22.0;

/// Rows of five examples, one row for each of the classes `chosen`.
pub fn examples_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    open: &OpenDataset,
    list: &List,
    (chosen, side): (&[usize], f32),
    heard: &mut Heard<'_>,
) {
    let width = ui.available_width() - BAR;
    // Five always stand beside each other.
    let gaps = GAP * (EXAMPLES - 1) as f32;
    let side = side.min((width - gaps) / EXAMPLES as f32).max(8.0);
    let height = TITLE + side + theme::GRID;
    ui.spacing_mut().item_spacing.y = theme::GRID;
    let rows = ScrollArea::vertical().auto_shrink(false);
    rows.show_rows(ui, height, chosen.len(), |ui, rows| {
        for &class in &chosen[rows] {
            let (area, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
            let images = list.counts.get(class).copied().unwrap_or_default();
            title(ui, open, class, area, &counted(images, "image"));
            let examples = list.examples.get(class).into_iter().flatten();
            for (place, &sample) in examples.enumerate() {
                let corner = area.min + vec2(place as f32 * (side + GAP), TITLE);
                let rect = Rect::from_min_size(corner, vec2(side, side));
                one(ui, cx, open, rect, sample, heard);
            }
        }
    });
}

/// `class name · 12 images` on one line at the top of `area`.
fn title(ui: &Ui, open: &OpenDataset, class: usize, area: Rect, more: &str) {
    let (ink, muted) = (ui.visuals().text_color(), theme::palette(ui).muted);
    let painter = ui.painter();
    let dot = pos2(area.left() + 5.0, area.top() + 0.5 * TITLE - 2.0);
    painter.circle_filled(dot, 4.5, theme::class_colour(class));
    let font = TextStyle::Body.resolve(ui.style());
    let small = TextStyle::Small.resolve(ui.style());
    let more = painter.layout_no_wrap(more.to_owned(), small, muted);
    let room = area.width() - more.size().x - 3.0 * theme::GRID;
    let name = open.dataset.class_name(class);
    let galley = classes::one_line(ui, name, font, ink, room);
    let at = area.min + vec2(16.0, 0.0);
    let end = at + vec2(galley.size().x + theme::GRID, 2.0);
    painter.galley(at, galley, ink);
    painter.galley(end, more, muted);
}

fn one(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    open: &OpenDataset,
    rect: Rect,
    sample: usize,
    heard: &mut Heard<'_>,
) {
    let response = ui.interact(rect, ui.scope_id().with(sample), Sense::click());
    tile::paint(ui, cx, rect, sample, &response);
    let describe = |sample| super::describe(open, sample);
    let response = tile::describe(cx, sample, response, &describe);
    heard(cx, sample, &response);
}

/// The first nine of `samples`, three by three, each with its class above.
pub fn first_nine_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    open: &OpenDataset,
    samples: &[usize],
    heard: &mut Heard<'_>,
) {
    const SIDE: usize = 3;
    let nine = &samples[..samples.len().min(SIDE * SIDE)];
    let (area, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let cell = vec2(area.width(), area.height()) / SIDE as f32;
    let side = (cell.x - GAP).min(cell.y - TITLE - GAP).max(8.0);
    let pitch = vec2(side + 2.0 * GAP, side + TITLE + GAP);
    for (place, &sample) in nine.iter().enumerate() {
        let corner = area.min + vec2((place % SIDE) as f32, (place / SIDE) as f32) * pitch;
        let label = open.dataset.samples.get(sample);
        let label = label.map_or(0, |sample| sample.label);
        let name = open.dataset.class_name(label);
        let font = TextStyle::Body.resolve(ui.style());
        let colour = ui.visuals().text_color();
        let galley = classes::one_line(ui, name, font, colour, side);
        let middle = corner + vec2(0.5 * side, 0.5 * TITLE);
        let place = Align2::CENTER_CENTER.anchor_size(middle, galley.size());
        ui.painter().galley(place.min, galley, colour);
        let rect = Rect::from_min_size(corner + vec2(0.0, TITLE), vec2(side, side));
        one(ui, cx, open, rect, sample, heard);
    }
    if nine.is_empty() {
        states::caption(ui, "No image fits the filters.");
    }
}
