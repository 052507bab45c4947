//! The keys of the list of layers.

use eframe::egui::{EventFilter, Id, Key, Modifiers, Response, Ui};

use super::{toolbar, wish};
use crate::{
    model::{ModelSpec, edit::LayerEdit},
    ui::{
        design::{Chosen, DesignAction},
        panels::Cx,
        widgets::tiles,
    },
};

/// Does what the keys ask for while the list has the focus, or nothing has and the pointer is over it. `rows` end with
/// the head. Returns whether the chosen layer's name shall be edited.
pub fn keys(ui: &Ui, cx: &mut Cx<'_>, focus: &Response, rows: &[Chosen], page: usize) -> bool {
    if focus.has_focus() {
        lock_arrows(ui, focus.id);
    } else if !tiles::has_keys(ui) {
        return false;
    }
    let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let last = rows.len() - 1;
    let chosen = cx.state.design.chosen;
    let row = chosen.map(|chosen| rows.iter().position(|row| *row == chosen).unwrap_or(last));
    if let Some(at) = row.filter(|at| *at < last) {
        if let Some(edit) = edit(ui, rows[at], &cx.state.experiment.model) {
            wish(cx, DesignAction::Edit(edit, None));
            return false;
        }
        if pressed(Key::F2) {
            return true;
        }
    }
    let moves = [
        (Key::ArrowUp, row.map_or(0, |at| at.saturating_sub(1))),
        (Key::ArrowDown, row.map_or(0, |at| at + 1)),
        (Key::PageUp, row.map_or(0, |at| at.saturating_sub(page))),
        (Key::PageDown, row.map_or(0, |at| at + page)),
        (Key::Home, 0),
        (Key::End, last),
    ];
    for (key, target) in moves {
        if pressed(key) {
            wish(cx, DesignAction::Choose(Some(rows[target.min(last)])));
        }
    }
    false
}

/// While `id` has the focus, arrows up and down are its own.
pub fn lock_arrows(ui: &Ui, id: Id) {
    let filter = EventFilter {
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
}

/// The edit of the layer of this row that a key asks for.
fn edit(ui: &Ui, row: Chosen, model: &ModelSpec) -> Option<LayerEdit> {
    let keys = [
        (Modifiers::COMMAND, Key::D),
        (Modifiers::ALT, Key::ArrowUp),
        (Modifiers::ALT, Key::ArrowDown),
        (Modifiers::NONE, Key::Delete),
    ];
    let mut edits = keys.into_iter().zip(toolbar::edits(row, model));
    let pressed = edits
        .find(|((modifiers, key), _)| ui.input_mut(|input| input.consume_key(*modifiers, *key)));
    pressed.and_then(|(_, (.., edit))| edit)
}
