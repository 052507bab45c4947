//! Pairs of images that are the same or look alike, side by side with what to do about them.

use eframe::egui::{
    self, Align, Align2, Label, Layout, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2,
};

use super::{
    fixes::{self, Fixes},
    show,
};
use crate::{
    data::{
        Dataset, SplitName,
        doctor::{Examination, Likeness, Pair},
    },
    ui::{
        format::shortened,
        panels::Cx,
        theme,
        widgets::{buttons, picture, states},
    },
};

/// Height of a pair in points.
const ROW: f32 = 136.0;
/// Room for a letter of a name.
const LETTER: f32 = 7.5;
/// Side of a picture.
const SIDE: f32 = 64.0;

pub fn ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    dataset: &Dataset,
    examination: &Examination,
    fixes: &mut Fixes,
) {
    let pairs = &examination.pairs;
    if pairs.is_empty() {
        states::empty(ui, "No two images are the same or look alike.", None);
        return;
    }
    let area = ScrollArea::vertical().auto_shrink(false);
    area.show_rows(ui, ROW, pairs.len(), |ui, rows| {
        for index in rows {
            ui.push_id(index, |ui| pair_ui(ui, cx, dataset, &pairs[index], fixes));
        }
    });
}

fn pair_ui(ui: &mut Ui, cx: &mut Cx<'_>, dataset: &Dataset, pair: &Pair, fixes: &mut Fixes) {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let half = (row.width() - theme::GRID) / 2.0;
    let (first, second) = pair.across_parts.unzip();
    for (left, sample, part) in [
        (row.left(), pair.a, first),
        (row.right() - half, pair.b, second),
    ] {
        // A picture's frame lies around it.
        let rect = Rect::from_min_size(pos2(left + 1.0, row.top() + 2.0), vec2(half - 1.0, SIDE));
        sample_ui(ui, cx, dataset, rect, (sample, part));
    }
    let below = Rect::from_min_max(pos2(row.left(), row.top() + SIDE + 6.0), row.max);
    let mut below = lines_in(ui, below, 4.0);
    states::caption(&mut below, kind_words(pair));
    buttons_ui(&mut below, cx, dataset, pair, fixes);
    let line = theme::palette(ui).line;
    ui.painter().hline(row.x_range(), row.bottom(), (1.0, line));
}

/// Lines below each other in `rect`, `gap` points apart.
fn lines_in(ui: &mut Ui, rect: Rect, gap: f32) -> Ui {
    let layout = Layout::top_down(Align::Min);
    let mut lines = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    lines.spacing_mut().item_spacing.y = gap;
    lines
}

/// `same pixels · in train and test · under two labels`.
fn kind_words(pair: &Pair) -> String {
    let mut words = vec![match pair.kind {
        Likeness::Exact => "same pixels".to_owned(),
        Likeness::Near { .. } => "nearly the same".to_owned(),
    }];
    if let Some((a, b)) = pair.across_parts {
        words.push(format!("in {} and {}", a.word(), b.word()));
    }
    if pair.across_classes {
        words.push("under two labels".to_owned());
    }
    words.join(" · ")
}

/// Thumbnail, name, class and part of one of both; a click selects it.
fn sample_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    dataset: &Dataset,
    rect: Rect,
    (index, part): (usize, Option<SplitName>),
) {
    let Some(sample) = dataset.samples.get(index) else {
        return;
    };
    let place = Rect::from_min_size(rect.min, vec2(SIDE, SIDE));
    let id = ui.scope_id().with(("sample", index));
    let response = ui.interact(place, id, Sense::click());
    let texture = cx.thumbnail(ui.ctx(), index);
    picture::in_place(ui, texture.as_ref(), place, Align2::CENTER_CENTER);
    if cx.state.selection.sample() == Some(index) {
        let accent = theme::palette(ui).accent;
        ui.painter()
            .rect_stroke(place, 2.0, (3.0, accent), egui::StrokeKind::Inside);
    }
    let path = fixes::name(dataset, index).unwrap_or_default();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &path));
    let tip = format!("{path}: click to show it");
    if response.on_hover_text(tip).clicked() {
        show(cx, &[index], "image of a pair");
    }
    let text = rect.with_min_x(place.right() + theme::GRID);
    let mut text = lines_in(ui, text, 2.0);
    let letters = (text.available_width() / LETTER).max(4.0) as usize;
    text.add(Label::new(shortened(&sample.name(), letters)).truncate())
        .on_hover_text(&path);
    states::line(&mut text, dataset.class_name(sample.label));
    let part = part.or_else(|| cx.state.examined_part_of(index));
    states::caption(&mut text, part.map_or("in no part", SplitName::word));
}

fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>, dataset: &Dataset, pair: &Pair, fixes: &mut Fixes) {
    let (Some(a), Some(b)) = (fixes::name(dataset, pair.a), fixes::name(dataset, pair.b)) else {
        return;
    };
    let is_excluded = |name: &String| {
        let edits = cx.state.wanted_edits();
        edits.is_some_and(|edits| edits.excluded.contains(name))
    };
    let done = match (is_excluded(&a), is_excluded(&b)) {
        (false, false) => None,
        (true, false) => Some("The first is excluded."),
        (false, true) => Some("The second is excluded."),
        (true, true) => Some("Both are excluded."),
    };
    if let Some(words) = done {
        states::caption(ui, words);
        return;
    }
    let other = match pair.across_parts {
        // The first stands in the earlier part: leaving it out is what makes measuring fair.
        Some((earlier, _)) => format!("Drop from {}", earlier.word()),
        None => "Keep the second".to_owned(),
    };
    ui.horizontal(|ui| {
        let tip = "Excludes the second image; its file stays";
        if buttons::button(ui, "Keep the first", tip) {
            fixes.exclude(cx, vec![b]);
        }
        let tip = "Excludes the first image; its file stays";
        if buttons::button(ui, other, tip) {
            fixes.exclude(cx, vec![a]);
        }
    });
}
