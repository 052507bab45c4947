//! Buttons above the list: add, copy, move, remove, undo; recipes and files.

use eframe::egui::{self, Button, Ui};
use egui_material_icons::{MaterialIcon, icon_text, icons};

use super::{freezing, wish};
use crate::{
    model::{LayerKind, ModelSpec, edit::LayerEdit},
    ui::{
        action::{ExperimentAction, WindowAction},
        design::{Chosen, DesignAction},
        dialogs::Purpose,
        panels::Cx,
        saving::Saving,
        theme,
        widgets::{buttons, states},
    },
};

/// A new layer of this kind: after the chosen one, before the head, else at the end.
fn insert(cx: &Cx<'_>, kind: LayerKind) -> LayerEdit {
    let (at, row) = match cx.state.design.chosen {
        Some(row @ (Chosen::Layer(at) | Chosen::Inner(_, at))) => (at + 1, row),
        Some(Chosen::Head) | None => (usize::MAX, Chosen::Head),
    };
    row.edit(LayerEdit::Insert { at, kind })
}

/// An edit that needs no more than a click: icon, words, keys, edit.
type Edit = (MaterialIcon, &'static str, &'static str, Option<LayerEdit>);

/// The edits of the layer of this row that need no more than a click.
pub fn edits(row: Chosen, model: &ModelSpec) -> [Edit; 4] {
    let place = row.place(model).map(|(layers, at)| (at, layers.len()));
    let edit = |edit: fn(usize, usize) -> Option<LayerEdit>| {
        let edit = place.and_then(|(at, count)| edit(at, count));
        edit.map(|edit| row.edit(edit))
    };
    let up = |at: usize, _| at.checked_sub(1).map(|to| LayerEdit::Move { from: at, to });
    let down = |from: usize, count| {
        let to = from + 1;
        (to < count).then_some(LayerEdit::Move { from, to })
    };
    let copy = |at, _| Some(LayerEdit::Duplicate(at));
    let remove = |at, _| Some(LayerEdit::Remove(at));
    [
        (icons::ICON_CONTENT_COPY, "Duplicate", "Ctrl+D", edit(copy)),
        (icons::ICON_ARROW_UPWARD, "Move up", "Alt+Up", edit(up)),
        (
            icons::ICON_ARROW_DOWNWARD,
            "Move down",
            "Alt+Down",
            edit(down),
        ),
        (icons::ICON_DELETE, "Remove", "Delete", edit(remove)),
    ]
}

/// The buttons, and the phase whose boundary shows.
pub fn toolbar_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let can_edit = cx.state.why_not_edit_layers().is_none();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        add_ui(ui, cx, can_edit);
        let padding = ui.spacing().button_padding;
        ui.spacing_mut().button_padding.x = 8.0;
        let chosen = cx.state.design.chosen.unwrap_or(Chosen::Head);
        for (icon, words, keys, edit) in edits(chosen, &cx.state.experiment.model) {
            let edit = edit.filter(|_| can_edit);
            let tip = format!("{words} the chosen layer ({keys})");
            if buttons::icon(ui, edit.is_some(), icon, words, &tip) {
                cx.actions
                    .extend(edit.map(|edit| DesignAction::Edit(edit, None).into()));
            }
        }
        ui.add_space(theme::GRID);
        let can = cx.state.can_undo_redo_experiment();
        let actions = [WindowAction::Undo, WindowAction::Redo];
        buttons::undo_redo(ui, cx, "the experiment", can, actions);
        ui.spacing_mut().button_padding = padding;
        ui.add_space(theme::GRID);
        freezing::phases_ui(ui, cx);
    });
}

fn add_ui(ui: &mut Ui, cx: &mut Cx<'_>, can_edit: bool) {
    let tip = "A new layer after the chosen one, or at the end";
    let is_inside = matches!(cx.state.design.chosen, Some(Chosen::Inner(..)));
    if let Some(kind) = menu_ui(ui, ("Add layer", tip), can_edit, is_inside) {
        let edit = insert(cx, kind);
        wish(cx, DesignAction::Edit(edit, None));
    }
}

/// A menu of all kinds of layers, or of those that may stand within a block. Returns the one that was chosen.
pub fn menu_ui(
    ui: &mut Ui,
    (name, tip): (&str, &str),
    can_edit: bool,
    is_inside: bool,
) -> Option<LayerKind> {
    let words = (icon_text(icons::ICON_ADD).size(16.0), name);
    if !can_edit {
        let button = ui.add_enabled(false, Button::new(words));
        button.accessible_name(name).on_disabled_hover_text(tip);
        return None;
    }
    let mut chosen = None;
    let (response, _) = egui::containers::menu::MenuButton::new(words).ui(ui, |ui| {
        let fits = |kind: &LayerKind| kind.inner().is_none() && kind.published().is_none();
        for kind in LayerKind::all() {
            let about = kind.about();
            if (!is_inside || fits(&kind))
                && ui.button(about.words).on_hover_text(about.tip).clicked()
            {
                chosen = Some(kind);
            }
        }
    });
    response.accessible_name(name).on_hover_text(tip);
    chosen
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
        if buttons::enabled(ui, enabled, words, tip, tip) {
            cx.push(purpose);
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
