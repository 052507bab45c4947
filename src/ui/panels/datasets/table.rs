//! The samples as a table of one line each.

use eframe::egui::{Align, Layout, Rect, RichText, Sense, Ui, vec2};
use egui_extras::{Column, TableBuilder, TableRow};
use egui_material_icons::{icon_text, icons};

use super::filter::{Order, SortBy};
use crate::{
    engine::OpenDataset,
    ui::{
        format::shortened,
        panels::Cx,
        theme,
        widgets::{grid::Heard, marks, standing, states, table::text, tile},
    },
};

/// Height of a line.
const ROW: f32 = 36.0;
/// Width of a letter, about.
const LETTER: f32 = 7.6;
/// Side of its picture.
const PICTURE: f32 = 32.0;

/// A table of samples.
pub struct Table<'a> {
    /// Names of classes and samples.
    pub open: &'a OpenDataset,
    /// In order.
    pub samples: &'a [usize],
    /// A place in `samples` that has to be seen.
    pub scroll_to: Option<usize>,
}

impl Table<'_> {
    /// Draws what can be seen; headers change `order`, `line` hears of each line that was drawn. Returns whole
    /// lines on the screen.
    pub fn ui(
        &self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        order: &mut Order,
        line: &mut Heard<'_>,
    ) -> usize {
        let page = ((ui.available_height() - ROW) / (ROW + ui.spacing().item_spacing.y)).max(1.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        // What the picture, the scroll bar and the gaps leave.
        let room = (ui.available_width() - PICTURE - 64.0).max(64.0);
        let column = |share: f32| Column::exact(share * room).clip(true);
        let table = TableBuilder::new(ui)
            .striped(true)
            .sense(Sense::click())
            .auto_shrink(false)
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::exact(PICTURE + 8.0))
            .column(column(0.36))
            .column(column(0.28))
            .column(column(0.16))
            .column(Column::remainder().clip(true));
        let table = match self.scroll_to {
            Some(place) => table.scroll_to_row(place, None),
            None => table,
        };
        table
            .header(28.0, |mut header| {
                header.col(|_| {});
                for (by, words, tip) in [
                    (SortBy::Name, "Name", "The file's name"),
                    (SortBy::Class, "Class", "What the image is"),
                    (SortBy::Part, "Part", "Where the split has put it"),
                ] {
                    header.col(|ui| order.heading(ui, by, words, tip, false));
                }
                header.col(|ui| drop(states::caption(ui, "Flag")));
            })
            .body(|body| {
                body.rows(ROW, self.samples.len(), |mut row| {
                    let sample = self.samples[row.index()];
                    self.row_ui(&mut row, cx, sample, line);
                });
            });
        page as usize
    }

    fn row_ui(
        &self,
        row: &mut TableRow<'_, '_>,
        cx: &mut Cx<'_>,
        index: usize,
        line: &mut Heard<'_>,
    ) {
        let Some(sample) = self.open.dataset.samples.get(index) else {
            return;
        };
        let selection = &cx.state.selection;
        row.set_selected(selection.sample() == Some(index) || marks::is_marked(selection, index));
        let name = sample.name();
        let class = self.open.dataset.class_name(sample.label);
        row.col(|ui| {
            let corner = ui.max_rect().left_center() - vec2(0.0, 0.5 * PICTURE);
            let rect = Rect::from_min_size(corner, vec2(PICTURE, PICTURE));
            let response = ui.allocate_rect(rect, Sense::hover());
            tile::paint(ui, cx, rect, index, &response);
        });
        row.col(|ui| text(ui, RichText::new(&name)));
        row.col(|ui| {
            let chip = RichText::new("●").color(theme::class_colour(sample.label));
            ui.spacing_mut().item_spacing.x = 4.0;
            text(ui, chip);
            let longest = (ui.available_width() / LETTER).max(4.0) as usize;
            text(ui, RichText::new(shortened(class, longest)));
        });
        let part = cx.state.part_of(index).map_or("–", |part| part.word());
        row.col(|ui| text(ui, RichText::new(part)));
        let standing = standing::standing(cx, index);
        row.col(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for icon in standing.icons() {
                text(ui, icon_text(icon));
            }
            if standing.broken.is_some() {
                text(
                    ui,
                    icon_text(icons::ICON_BROKEN_IMAGE).color(theme::palette(ui).warning),
                );
            }
            text(ui, RichText::new(standing.words()).small());
        });
        let response = row.response();
        let words = |_| format!("{name} · {class}");
        let response = tile::describe(cx, index, response, &words);
        line(cx, index, &response);
    }
}
