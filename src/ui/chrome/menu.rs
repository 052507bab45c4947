//! Parts of the menu bar.

use eframe::egui::{self, Button, Ui};
use egui_material_icons::{icon_text, icons};

use crate::ui::{
    action::{Action, WindowAction},
    panels::Cx,
};

/// A menu entry that pushes `action`.
pub fn item(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    words: &str,
    shortcut: &str,
    enabled: bool,
    action: impl Into<Action>,
) {
    let button = Button::new(words).shortcut_text(shortcut);
    if ui.add_enabled(enabled, button).clicked() {
        cx.push(action);
    }
}

/// Undo and redo of what the shown step edits.
pub fn edit_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let (undo, redo) = cx.state.undo_redo(cx.settings.step);
    for (word, what, keys, action) in [
        ("Undo", undo, "Ctrl+Z", Action::Window(WindowAction::Undo)),
        ("Redo", redo, "Ctrl+Y", Action::Window(WindowAction::Redo)),
    ] {
        let words = what.map_or_else(
            || word.to_owned(),
            |what| format!("{word} the change to the {}", what.words()),
        );
        item(ui, cx, &words, keys, what.is_some(), action);
    }
}

pub fn view_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let theme = egui::ThemePreference::from(cx.settings.theme);
    for (choice, words) in [
        (egui::ThemePreference::System, "Theme: as the system"),
        (egui::ThemePreference::Light, "Theme: light"),
        (egui::ThemePreference::Dark, "Theme: dark"),
    ] {
        if ui.radio(theme == choice, words).clicked() {
            cx.push(WindowAction::SetTheme(choice));
        }
    }
    ui.separator();
    item(ui, cx, "Back", "Alt+Left", true, WindowAction::Back);
    item(ui, cx, "Forward", "Alt+Right", true, WindowAction::Forward);
    ui.separator();
    item(ui, cx, "Event log", "", true, WindowAction::ToggleLog);
    item(ui, cx, "Reset layout", "", true, WindowAction::ResetLayout);
}

pub fn theme_button_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let dark = ui.visuals().dark_mode;
    let (icon, words, next) = if dark {
        (
            icons::ICON_LIGHT_MODE,
            "Use the light theme",
            egui::ThemePreference::Light,
        )
    } else {
        (
            icons::ICON_DARK_MODE,
            "Use the dark theme",
            egui::ThemePreference::Dark,
        )
    };
    let response = ui
        .add(Button::new(icon_text(icon).size(18.0)).frame(false))
        .on_hover_text(words);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
    if response.clicked() {
        cx.push(WindowAction::SetTheme(next));
    }
}
