//! The samples as a table of one line each.

use eframe::egui::{Rect, RichText, Sense, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use super::filter::{Order, SortBy};
use crate::{
    data::{Sample, SplitName},
    engine::OpenDataset,
    ui::{
        format::shortened,
        panels::Cx,
        theme,
        widgets::{
            grid::Heard,
            marks, standing,
            table::{Table, text},
            tile,
        },
    },
};

/// Height of a line.
const ROW: f32 = 36.0;
/// Width of a letter, about.
const LETTER: f32 = 7.6;
/// Side of its picture.
const PICTURE: f32 = 32.0;

/// Draws what can be seen of `samples` and scrolls to a place among them; headings change `order`, `line` hears of each
/// line that was drawn. Returns whole lines on the screen.
pub fn ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (open, samples): (&OpenDataset, &[usize]),
    scroll_to: Option<usize>,
    order: &mut Order,
    line: &mut Heard<'_>,
) -> usize {
    let page = ((ui.available_height() - ROW) / (ROW + ui.spacing().item_spacing.y)).max(1.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    // What the picture, the scroll bar and the gaps leave.
    let room = (ui.available_width() - PICTURE - 64.0).max(64.0);
    let of = |at: usize| open.dataset.samples.get(samples[at]);
    let mut table = Table::new(ROW, samples.len());
    table.scroll_to = scroll_to;
    table.column("", "", PICTURE + 8.0, |ui, cx, at| {
        let corner = ui.max_rect().left_center() - vec2(0.0, 0.5 * PICTURE);
        let rect = Rect::from_min_size(corner, vec2(PICTURE, PICTURE));
        let response = ui.allocate_rect(rect, Sense::hover());
        tile::paint(ui, cx, rect, samples[at], &response);
    });
    let column = table.column("Name", "The file's name", 0.36 * room, |ui, _, at| {
        text(
            ui,
            RichText::new(of(at).map_or_else(String::new, Sample::name)),
        );
    });
    column.sorts = Some((SortBy::Name, false));
    let column = table.column("Class", "What the image is", 0.28 * room, |ui, _, at| {
        let Some(sample) = of(at) else { return };
        let chip = RichText::new("●").color(theme::class_colour(sample.label));
        ui.spacing_mut().item_spacing.x = 4.0;
        text(ui, chip);
        let longest = (ui.available_width() / LETTER).max(4.0) as usize;
        let class = open.dataset.class_name(sample.label);
        text(ui, RichText::new(shortened(class, longest)));
    });
    column.sorts = Some((SortBy::Class, false));
    let tip = "Where the split has put it";
    let column = table.column("Part", tip, 0.16 * room, |ui, cx, at| {
        let part = cx.state.part_of(samples[at]);
        text(ui, RichText::new(part.map_or("–", SplitName::word)));
    });
    column.sorts = Some((SortBy::Part, false));
    table.column("Flag", "", 0.2 * room, |ui, cx, at| {
        flag_ui(ui, cx, samples[at]);
    });
    let is_selected = |cx: &Cx<'_>, at: usize| {
        let (selection, sample) = (&cx.state.selection, samples[at]);
        selection.sample() == Some(sample) || marks::is_marked(selection, sample)
    };
    table.ui(ui, cx, order, is_selected, |cx, at, response| {
        let Some(sample) = of(at) else { return };
        let class = open.dataset.class_name(sample.label);
        let words = |_| format!("{} · {class}", sample.name());
        let response = tile::describe(cx, samples[at], response, &words);
        line(cx, samples[at], &response);
    });
    page as usize
}

/// What is special about a sample.
fn flag_ui(ui: &mut Ui, cx: &Cx<'_>, sample: usize) {
    let standing = standing::standing(cx, sample);
    ui.spacing_mut().item_spacing.x = 4.0;
    for icon in standing.icons() {
        text(ui, icon_text(icon));
    }
    if standing.broken.is_some() {
        let colour = theme::palette(ui).warning;
        text(ui, icon_text(icons::ICON_BROKEN_IMAGE).color(colour));
    }
    text(ui, RichText::new(standing.words()).small());
}
