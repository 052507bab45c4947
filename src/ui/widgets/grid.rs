//! A virtualised grid of thumbnails.

use eframe::egui::{Rect, Response, ScrollArea, Sense, Ui, vec2};

use super::{sticky::seen, tile};
use crate::ui::panels::Cx;

/// What hears of each tile or line that was drawn: the sample and the response of its place.
pub type Heard<'a> = dyn FnMut(&mut Cx<'_>, usize, &Response) + 'a;

/// Space between tiles.
pub const GAP: f32 = 6.0;
/// Room for the scroll bar.
const BAR: f32 = 12.0;

/// How a grid was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// Tiles beside each other.
    pub columns: usize,
    /// Whole rows on the screen.
    pub rows: usize,
}

impl Default for Drawn {
    fn default() -> Self {
        Self {
            columns: 1,
            rows: 1,
        }
    }
}

/// Tiles beside each other in `width`, and their side: about `side` points, so that they fill the width.
pub fn columns(width: f32, side: f32) -> (usize, f32) {
    let room = (width - BAR).max(1.0);
    let columns = ((room + GAP) / (side + GAP)).round().max(1.0);
    let fitting = (room - GAP * (columns - 1.0)) / columns;
    // One tile alone does not grow over the whole panel.
    let side = if columns > 1.0 {
        fitting
    } else {
        fitting.min(1.25 * side)
    };
    (columns as usize, side)
}

/// Draws what can be seen of `samples` as tiles of about `side` points, which fill the width, and scrolls to a place
/// among them. `describe` names a sample; `heard` hears of each.
pub fn ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (samples, side): (&[usize], f32),
    scroll_to: Option<usize>,
    describe: &dyn Fn(usize) -> String,
    heard: &mut Heard<'_>,
) -> Drawn {
    let width = ui.available_width();
    let (columns, side) = columns(width, side);
    let pitch = side + GAP;
    let all = samples.len().div_ceil(columns);
    let area = ScrollArea::vertical().auto_shrink(false);
    let shown = area.show_viewport(ui, |ui, viewport| {
        ui.set_height((all as f32 * pitch - GAP).max(0.0));
        ui.set_width(width - BAR);
        let origin = ui.max_rect().min;
        let place = |index: usize| {
            let (row, column) = (index / columns, index % columns);
            let corner = vec2(column as f32 * pitch, row as f32 * pitch);
            Rect::from_min_size(origin + corner, vec2(side, side))
        };
        let rows = seen(viewport.y_range(), pitch, all);
        let [first, end] = [rows.start, rows.end].map(|row| (row * columns).min(samples.len()));
        for (index, &sample) in (first..end).zip(&samples[first..end]) {
            let rect = place(index);
            let response = ui.interact(rect, ui.scope_id().with(sample), Sense::click());
            tile::paint(ui, cx, rect, sample, &response);
            let response = tile::describe(cx, sample, response, describe);
            heard(cx, sample, &response);
        }
        if let Some(index) = scroll_to {
            ui.scroll_to_rect(place(index), None);
        }
        (viewport.height() / pitch).floor().max(1.0) as usize
    });
    let rows = shown.inner;
    Drawn { columns, rows }
}

/// Draws the samples `samples` as tiles of `side` points; returns a sample that was clicked or moved to.
pub fn thumbnails(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    samples: &[usize],
    side: f32,
    describe: impl Fn(usize) -> String,
) -> Option<usize> {
    let mut chosen = moved(ui, cx, samples, columns(ui.available_width(), side).0);
    let scroll_to = chosen.and_then(|sample| samples.iter().position(|other| *other == sample));
    let mut heard = |_: &mut Cx<'_>, sample: usize, response: &Response| {
        if response.clicked() {
            chosen = Some(sample);
        }
    };
    self::ui(ui, cx, (samples, side), scroll_to, &describe, &mut heard);
    chosen
}

/// The sample that arrow keys lead to from the selected one.
fn moved(ui: &Ui, cx: &Cx<'_>, samples: &[usize], columns: usize) -> Option<usize> {
    let (across, down) = super::tiles::arrows(ui)?;
    let step = across + columns.cast_signed() * down;
    let current = cx.state.selection.sample()?;
    let position = samples.iter().position(|sample| *sample == current)?;
    samples.get(position.checked_add_signed(step)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_never_stick_out() {
        for (width, side, expected) in [
            (300.0, 88.0, (3, 92.0)),
            (288.0, 88.0, (3, 88.0)),
            (250.0, 88.0, (3, 75.333_336)),
            (212.0, 88.0, (2, 97.0)),
            (100.0, 88.0, (1, 88.0)),
            (140.0, 88.0, (1, 110.0)),
            (150.0, 88.0, (2, 66.0)),
            (60.0, 88.0, (1, 48.0)),
            (5.0, 88.0, (1, 1.0)),
        ] {
            let (columns, side) = columns(width, side);
            assert_eq!((columns, side), expected, "{width}");
            assert!(columns as f32 * (side + GAP) - GAP <= (width - BAR).max(1.0) + 0.01);
        }
    }
}
