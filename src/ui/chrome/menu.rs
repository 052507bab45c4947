//! Parts of the menu bar.

use eframe::egui::{self, Button, ThemePreference, Ui};
use egui_material_icons::{icon_text, icons};

use crate::ui::{
    action::{Action, BUNDLED, DataAction, DownloadsAction, WindowAction},
    dialogs::Purpose,
    panels::Cx,
    saving::Saving,
};

/// A menu entry: its words, its keys, whether it can be chosen, and what it does.
pub type Item<'a> = (&'a str, &'a str, bool, Action);

/// Menu entries below each other.
pub fn items_ui<const N: usize>(ui: &mut Ui, cx: &mut Cx<'_>, items: [Item<'_>; N]) {
    for (words, shortcut, enabled, action) in items {
        let button = Button::new(words).shortcut_text(shortcut);
        if ui.add_enabled(enabled, button).clicked() {
            cx.push(action);
        }
    }
}

/// Other datasets to open.
pub fn dataset_items_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = !cx.state.training.is_running();
    let file = Purpose::OpenDatasetFile.into();
    let items = [
        ("Open dataset…", "Ctrl+O", idle, Purpose::OpenDataset.into()),
        ("Open dataset file…", "", idle, file),
    ];
    items_ui(ui, cx, items);
    let open = |(words, name)| (words, "", idle, DataAction::OpenBundled(name).into());
    items_ui(ui, cx, BUNDLED.map(open));
}

/// Experiments from and to files.
pub fn experiment_items_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = !cx.state.training.is_running();
    let items = [
        ("Open experiment…", "", idle, Purpose::OpenExperiment.into()),
        ("Save experiment…", "", true, Saving::Experiment.into()),
    ];
    items_ui(ui, cx, items);
}

pub fn file_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = !cx.state.training.is_running();
    let has_model = cx.state.model.is_some();
    dataset_items_ui(ui, cx);
    let words = "Download datasets and weights…";
    let items = [
        (words, "", true, DownloadsAction::Toggle.into()),
        ("Open model…", "", idle, Purpose::OpenModel.into()),
    ];
    items_ui(ui, cx, items);
    experiment_items_ui(ui, cx);
    let action = WindowAction::TogglePathField.into();
    items_ui(ui, cx, [("Open path…", "Ctrl+P", true, action)]);
    ui.separator();
    let choose = Purpose::ChooseImages.into();
    let items = [
        ("Save model…", "Ctrl+S", has_model, Saving::Model.into()),
        ("Predict images…", "", has_model, choose),
    ];
    items_ui(ui, cx, items);
    ui.separator();
    let quit = WindowAction::Quit.into();
    items_ui(ui, cx, [("Quit", "Ctrl+Q", true, quit)]);
}

/// Undo and redo of what the shown step edits.
pub fn edit_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let (undo, redo) = cx.state.undo_redo(cx.settings.step);
    for (word, what, keys, action) in [
        ("Undo", undo, "Ctrl+Z", WindowAction::Undo),
        ("Redo", redo, "Ctrl+Y", WindowAction::Redo),
    ] {
        let words = what.map_or_else(
            || word.to_owned(),
            |what| format!("{word} the change to the {}", what.words()),
        );
        items_ui(ui, cx, [(&words, keys, what.is_some(), action.into())]);
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
    let items = [
        ("Back", "Alt+Left", true, WindowAction::Back.into()),
        ("Forward", "Alt+Right", true, WindowAction::Forward.into()),
    ];
    items_ui(ui, cx, items);
    ui.separator();
    let items = [
        ("Event log", "", true, WindowAction::ToggleLog.into()),
        ("Reset layout", "", true, WindowAction::ResetLayout.into()),
    ];
    items_ui(ui, cx, items);
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
