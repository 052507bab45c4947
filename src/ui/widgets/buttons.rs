//! Buttons that say in a tooltip what they do, or why they cannot be pressed. Each tells whether it was clicked.

use eframe::egui::{Button, IntoAtoms, Ui, WidgetText};
use egui_material_icons::{MaterialIcon, icon_text, icons};

use super::states;
use crate::ui::{action::Action, panels::Cx};

/// One that can always be pressed.
pub fn button<'a>(ui: &mut Ui, words: impl IntoAtoms<'a>, tip: impl Into<WidgetText>) -> bool {
    ui.button(words).on_hover_text(tip).clicked()
}

/// One that can be pressed if `enabled`.
pub fn enabled<'a>(
    ui: &mut Ui,
    enabled: bool,
    words: impl IntoAtoms<'a>,
    tip: impl Into<WidgetText>,
    why_not: impl Into<WidgetText>,
) -> bool {
    let button = ui.add_enabled(enabled, Button::new(words));
    let button = button.on_hover_text(tip).on_disabled_hover_text(why_not);
    button.clicked()
}

/// The one that matters most.
pub fn primary(ui: &mut Ui, words: &str, tip: &str, why_not: Option<&str>) -> bool {
    let button = states::primary_button(ui, words, why_not.is_none()).on_hover_text(tip);
    let button = button.on_disabled_hover_text(why_not.unwrap_or_default());
    button.clicked()
}

/// An icon alone; screen readers hear `name`.
pub fn icon(ui: &mut Ui, is_enabled: bool, icon: MaterialIcon, name: &str, tip: &str) -> bool {
    let button = ui.add_enabled(is_enabled, Button::new(icon_text(icon).size(16.0)));
    let button = button.accessible_name(name).on_hover_text(tip);
    button.on_disabled_hover_text(tip).clicked()
}

/// Undo and redo of the last change to `what`.
pub fn undo_redo(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    what: &str,
    (can_undo, can_redo): (bool, bool),
    [undo, redo]: [impl Into<Action>; 2],
) {
    for (sign, words, keys, action, can) in [
        (icons::ICON_UNDO, "Undo", "Ctrl+Z", undo, can_undo),
        (icons::ICON_REDO, "Redo", "Ctrl+Y", redo, can_redo),
    ] {
        let tip = format!("{words} the last change to {what} ({keys})");
        if icon(ui, can, sign, words, &tip) {
            cx.push(action);
        }
    }
}
