//! Parts of the menu bar.

use eframe::egui::{self, Button, ThemePreference, Ui};
use egui_material_icons::{icon_text, icons};

use crate::ui::{
    action::{Action, BUNDLED, DataAction, DownloadsAction, WindowAction},
    dialogs::Purpose,
    panels::Cx,
    saving::Saving,
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

/// Other datasets to open.
pub fn dataset_items_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = !cx.state.training.is_running();
    item(
        ui,
        cx,
        "Open dataset…",
        "Ctrl+O",
        idle,
        Purpose::OpenDataset,
    );
    item(
        ui,
        cx,
        "Open dataset file…",
        "",
        idle,
        Purpose::OpenDatasetFile,
    );
    for (words, name) in BUNDLED {
        item(ui, cx, words, "", idle, DataAction::OpenBundled(name));
    }
}

/// Experiments from and to files.
pub fn experiment_items_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = !cx.state.training.is_running();
    item(
        ui,
        cx,
        "Open experiment…",
        "",
        idle,
        Purpose::OpenExperiment,
    );
    item(ui, cx, "Save experiment…", "", true, Saving::Experiment);
}

pub fn file_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = !cx.state.training.is_running();
    let has_model = cx.state.model.is_some();
    dataset_items_ui(ui, cx);
    let words = "Download datasets and weights…";
    item(ui, cx, words, "", true, DownloadsAction::Toggle);
    item(ui, cx, "Open model…", "", idle, Purpose::OpenModel);
    experiment_items_ui(ui, cx);
    item(
        ui,
        cx,
        "Open path…",
        "Ctrl+P",
        true,
        WindowAction::TogglePathField,
    );
    ui.separator();
    item(ui, cx, "Save model…", "Ctrl+S", has_model, Saving::Model);
    item(
        ui,
        cx,
        "Predict images…",
        "",
        has_model,
        Purpose::ChooseImages,
    );
    ui.separator();
    item(ui, cx, "Quit", "Ctrl+Q", true, WindowAction::Quit);
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
    for (choice, words) in [
        (ThemePreference::System, "Theme: as the system"),
        (ThemePreference::Light, "Theme: light"),
        (ThemePreference::Dark, "Theme: dark"),
    ] {
        if ui.radio(cx.settings.theme == choice, words).clicked() {
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
    let (icon, words, next) = match ui.visuals().dark_mode {
        true => (
            icons::ICON_LIGHT_MODE,
            "Use the light theme",
            ThemePreference::Light,
        ),
        false => (
            icons::ICON_DARK_MODE,
            "Use the dark theme",
            ThemePreference::Dark,
        ),
    };
    let response = ui
        .add(Button::new(icon_text(icon).size(18.0)).frame(false))
        .on_hover_text(words);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words));
    if response.clicked() {
        cx.push(WindowAction::SetTheme(next));
    }
}
