//! The keys of the list of layers.

use eframe::egui::{EventFilter, Key, Modifiers, Response, Ui};

use super::wish;
use crate::{
    model::edit::LayerEdit,
    ui::{
        design::{Chosen, DesignAction},
        panels::Cx,
        widgets::tiles,
    },
};

/// Does what the keys ask for while the list has the focus, or nothing has and the pointer is over it.
/// Returns whether the chosen layer's name shall be edited.
pub fn keys(ui: &Ui, cx: &mut Cx<'_>, focus: &Response, page: usize) -> bool {
    if focus.has_focus() {
        let filter = EventFilter {
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(focus.id, filter));
    } else if !tiles::has_keys(ui) {
        return false;
    }
    let count = cx.state.experiment.model.layers.len();
    let pressed =
        |modifiers: Modifiers, key: Key| ui.input_mut(|input| input.consume_key(modifiers, key));
    let row = match cx.state.design.chosen {
        Some(Chosen::Layer(at)) => Some(at),
        Some(Chosen::Head) => Some(count),
        None => None,
    };
    if let Some(at) = row.filter(|at| *at < count) {
        if let Some(edit) = edit(ui, at, count) {
            wish(cx, DesignAction::Edit(edit, None));
            return false;
        }
        if pressed(Modifiers::NONE, Key::F2) {
            return true;
        }
    }
    let moves = [
        (Key::ArrowUp, row.map_or(0, |at| at.saturating_sub(1))),
        (Key::ArrowDown, row.map_or(0, |at| at + 1)),
        (Key::PageUp, row.map_or(0, |at| at.saturating_sub(page))),
        (Key::PageDown, row.map_or(0, |at| at + page)),
        (Key::Home, 0),
        (Key::End, count),
    ];
    for (key, target) in moves {
        if pressed(Modifiers::NONE, key) {
            let chosen = if target >= count {
                Chosen::Head
            } else {
                Chosen::Layer(target)
            };
            wish(cx, DesignAction::Choose(Some(chosen)));
        }
    }
    false
}

/// The edit of layer `at` that a key asks for.
fn edit(ui: &Ui, at: usize, count: usize) -> Option<LayerEdit> {
    ui.input_mut(|input| {
        if input.consume_key(Modifiers::ALT, Key::ArrowUp) {
            at.checked_sub(1).map(|to| LayerEdit::Move { from: at, to })
        } else if input.consume_key(Modifiers::ALT, Key::ArrowDown) {
            (at + 1 < count).then_some(LayerEdit::Move {
                from: at,
                to: at + 1,
            })
        } else if input.consume_key(Modifiers::COMMAND, Key::D) {
            Some(LayerEdit::Duplicate(at))
        } else if input.consume_key(Modifiers::NONE, Key::Delete) {
            Some(LayerEdit::Remove(at))
        } else {
            None
        }
    })
}
