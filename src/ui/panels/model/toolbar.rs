//! Buttons above the list: add, copy, move, remove, undo; recipes and files.

use eframe::egui::{self, Button, Ui};
use egui_material_icons::{MaterialIcon, icon_text, icons};

use super::{freezing, wish};
use crate::{
    model::{LayerKind, edit::LayerEdit},
    ui::{
        action::{Action, ExperimentAction, WindowAction},
        design::{Chosen, DesignAction},
        dialogs::Purpose,
        panels::Cx,
        saving::Saving,
        theme,
        widgets::states,
    },
};

/// Where a new layer goes: after the chosen one, before the head, else at the end.
pub fn place(cx: &Cx<'_>) -> usize {
    let count = cx.state.experiment.model.layers.len();
    match cx.state.design.chosen {
        Some(Chosen::Layer(at)) => (at + 1).min(count),
        Some(Chosen::Head) | None => count,
    }
}

/// The edits of one layer that need no more than a click: icon, words, keys, edit.
pub fn edits(
    at: usize,
    count: usize,
) -> [(MaterialIcon, &'static str, &'static str, Option<LayerEdit>); 4] {
    let up = at.checked_sub(1).map(|to| LayerEdit::Move { from: at, to });
    let down = (at + 1 < count).then_some(LayerEdit::Move {
        from: at,
        to: at + 1,
    });
    [
        (
            icons::ICON_CONTENT_COPY,
            "Duplicate",
            "Ctrl+D",
            Some(LayerEdit::Duplicate(at)),
        ),
        (icons::ICON_ARROW_UPWARD, "Move up", "Alt+Up", up),
        (icons::ICON_ARROW_DOWNWARD, "Move down", "Alt+Down", down),
        (
            icons::ICON_DELETE,
            "Remove",
            "Delete",
            Some(LayerEdit::Remove(at)),
        ),
    ]
}

/// The buttons, and the phase whose boundary shows.
pub fn toolbar_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let can_edit = cx.state.why_not_edit_layers().is_none();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        add_ui(ui, cx, can_edit);
        let count = cx.state.experiment.model.layers.len();
        let chosen = match cx.state.design.chosen {
            Some(Chosen::Layer(at)) if at < count => Some(at),
            _ => None,
        };
        for (icon, words, keys, edit) in edits(chosen.unwrap_or(0), count) {
            let edit = edit.filter(|_| can_edit && chosen.is_some());
            let tip = format!("{words} the chosen layer ({keys})");
            if icon_button(ui, icon, words, &tip, edit.is_some())
                && let Some(edit) = edit
            {
                wish(cx, DesignAction::Edit(edit, None));
            }
        }
        ui.add_space(theme::GRID);
        let (can_undo, can_redo) = cx.state.can_undo_redo_experiment();
        for (icon, words, keys, action, enabled) in [
            (
                icons::ICON_UNDO,
                "Undo",
                "Ctrl+Z",
                Action::Window(WindowAction::Undo),
                can_undo,
            ),
            (
                icons::ICON_REDO,
                "Redo",
                "Ctrl+Y",
                Action::Window(WindowAction::Redo),
                can_redo,
            ),
        ] {
            let tip = format!("{words} the last change to the experiment ({keys})");
            if icon_button(ui, icon, words, &tip, enabled) {
                cx.push(action);
            }
        }
        ui.add_space(theme::GRID);
        freezing::phases_ui(ui, cx);
    });
}

fn icon_button(ui: &mut Ui, icon: MaterialIcon, words: &str, tip: &str, enabled: bool) -> bool {
    let padding = ui.spacing().button_padding;
    ui.spacing_mut().button_padding.x = 8.0;
    let button = Button::new(icon_text(icon).size(16.0));
    let response = ui.add_enabled(enabled, button).accessible_name(words);
    ui.spacing_mut().button_padding = padding;
    let response = response.on_hover_text(tip).on_disabled_hover_text(tip);
    response.clicked()
}

fn add_ui(ui: &mut Ui, cx: &mut Cx<'_>, can_edit: bool) {
    let at = place(cx);
    let words = (icon_text(icons::ICON_ADD).size(16.0), "Add layer");
    let tip = "A new layer after the chosen one, or at the end";
    if !can_edit {
        let button = ui.add_enabled(false, Button::new(words));
        button
            .accessible_name("Add layer")
            .on_disabled_hover_text(tip);
        return;
    }
    let (response, _) = egui::containers::menu::MenuButton::new(words).ui(ui, |ui| {
        for kind in LayerKind::all() {
            if ui
                .button(kind.about().words)
                .on_hover_text(kind.about().tip)
                .clicked()
            {
                wish(cx, DesignAction::Edit(LayerEdit::Insert { at, kind }, None));
            }
        }
    });
    response.accessible_name("Add layer").on_hover_text(tip);
}

/// Recipes, and layers from and to files.
pub fn files_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let can_edit = cx.state.why_not_edit_layers().is_none();
    let tip =
        "Opens a recipe with its dataset, model and training. Undo brings the earlier model back";
    let recipes = if can_edit {
        ui.menu_button("Recipes", |ui| recipes_ui(ui, cx)).response
    } else {
        ui.add_enabled(false, Button::new("Recipes"))
    };
    recipes.on_hover_text(tip).on_disabled_hover_text(tip);
    for (words, tip, enabled, purpose) in [
        (
            "Import…",
            "Reads the layers of a RON file, or of an experiment",
            can_edit,
            Purpose::ImportLayers,
        ),
        (
            "Export…",
            "Writes the layers as RON, a text to read, change and pass on",
            true,
            Purpose::Save(Saving::Layers),
        ),
        (
            "Open model…",
            "Opens a trained model with its layers and weights",
            can_edit,
            Purpose::OpenModel,
        ),
    ] {
        let button = ui.add_enabled(enabled, Button::new(words));
        if button.on_hover_text(tip).clicked() {
            cx.push(Action::Ask(purpose));
        }
    }
}

/// The recipes that ship with the program, by their titles.
pub fn recipes_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(recipes) = cx.state.recipes.clone() else {
        states::caption(ui, "The recipes are being read");
        return;
    };
    for recipe in recipes.iter() {
        let is_open = recipe.name == cx.state.experiment.name;
        let response = ui.selectable_label(is_open, &recipe.title);
        if response.on_hover_text(&recipe.name).clicked() {
            cx.push(ExperimentAction::OpenRecipe(recipe.name.clone()));
            ui.close();
        }
    }
}
