//! The browser's keys: moving, marking, enlarging.

use eframe::egui::{Key, Modifiers, Ui};

use super::Datasets;
use crate::ui::{
    action::Action,
    panels::Cx,
    widgets::{
        marks::{self, Move, Press},
        tiles,
        zoom::Zoom,
    },
};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Move(Move, Press),
    MarkAll,
    Enlarge,
    Leave,
}

/// The key that was pressed and what it means; `columns` and `page` say how far lines and pages are.
fn wish(ui: &Ui, columns: usize, page: usize, can_leave: bool) -> Option<Wish> {
    let (line, page) = (columns.cast_signed(), (columns * page).cast_signed());
    let moves = [
        (Key::ArrowRight, Move::By(1)),
        (Key::ArrowLeft, Move::By(-1)),
        (Key::ArrowDown, Move::By(line)),
        (Key::ArrowUp, Move::By(-line)),
        (Key::PageDown, Move::By(page)),
        (Key::PageUp, Move::By(-page)),
        (Key::Home, Move::First),
        (Key::End, Move::Last),
    ];
    ui.input_mut(|input| {
        for (key, by) in moves {
            if input.consume_key(Modifiers::SHIFT, key) {
                return Some(Wish::Move(by, Press::Extend));
            }
            if input.modifiers.is_none() && input.consume_key(Modifiers::NONE, key) {
                return Some(Wish::Move(by, Press::Alone));
            }
        }
        if input.consume_key(Modifiers::COMMAND, Key::A) {
            return Some(Wish::MarkAll);
        }
        if input.consume_key(Modifiers::NONE, Key::Enter) {
            return Some(Wish::Enlarge);
        }
        // What is not for the browser closes a window.
        (can_leave && input.consume_key(Modifiers::NONE, Key::Escape)).then_some(Wish::Leave)
    })
}

impl Datasets {
    /// Does what keys ask for while the pointer is over the images.
    pub(super) fn keys(&mut self, ui: &Ui, cx: &mut Cx<'_>) {
        if self.rename.is_some() || !tiles::has_keys(ui) {
            return;
        }
        let samples = std::sync::Arc::clone(&self.shown.list().samples);
        let can_leave = self.enlarged.is_some() || !cx.state.selection.marked.is_empty();
        let Some(wish) = wish(ui, self.drawn.columns, self.drawn.rows, can_leave) else {
            return;
        };
        match wish {
            Wish::Move(by, press) => {
                let selected = cx.state.selection.sample();
                let place = samples.iter().position(|sample| Some(*sample) == selected);
                // From nowhere every key leads to the first.
                let place = place.map_or(Some(0), |place| by.from(place, samples.len()));
                if let Some(place) = place
                    && let Some(&sample) = samples.get(place)
                {
                    self.scroll_to = Some(place);
                    self.press(cx, &samples, sample, press);
                }
            }
            Wish::MarkAll => cx.push(Action::Select(marks::all(&cx.state.selection, &samples))),
            Wish::Enlarge | Wish::Leave if self.enlarged.is_some() => self.enlarged = None,
            Wish::Enlarge => self.enlarged = cx.state.selection.sample().map(|_| Zoom::default()),
            Wish::Leave => cx.push(Action::Select(marks::cleared(&cx.state.selection))),
        }
    }
}
