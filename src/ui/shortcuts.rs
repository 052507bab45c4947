//! Keyboard shortcuts: one table that the window obeys and the list under F1 shows.

use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

use super::{
    action::{Action, TrainingAction, WindowAction},
    dialogs::Purpose,
    saving::Saving,
    state::AppState,
    workspace::Step,
};

/// Keys and what they do, for people.
pub const LIST: [(&str, &str); 19] = [
    ("Ctrl+1 … Ctrl+7", "Show a step"),
    ("Ctrl+O", "Open a dataset"),
    ("Ctrl+P", "Type the path of something to open"),
    (
        "Ctrl+Z, Ctrl+Y",
        "Undo and redo the last change; in the steps Model and Train, to the experiment",
    ),
    ("Alt+Up, Alt+Down", "Move the chosen layer"),
    (
        "F2, Ctrl+D, Delete",
        "Rename, duplicate or remove the chosen layer",
    ),
    ("Ctrl+S", "Save the model"),
    ("Ctrl+Enter", "Train"),
    ("Space", "Pause or resume training"),
    ("Arrow keys", "Move in a grid under the pointer"),
    ("Enter, Esc", "Enlarge an image or a feature map, and back"),
    (
        "Shift+arrows, Ctrl+A",
        "Mark several images; Esc unmarks them",
    ),
    ("Home, End, Page up, Page down", "Move further among images"),
    ("Ctrl+F", "Look for a file name"),
    ("+, −, 0, 1", "Zoom into an image, fit it, its own size"),
    ("Alt+Left, Alt+Right", "Earlier and later selections"),
    ("Esc", "Close a window like this one"),
    ("F1", "This list"),
    ("Ctrl+Q", "Quit"),
];

/// The text that `events` type.
pub fn typed(events: &[Event]) -> String {
    let text = events.iter().filter_map(|event| match event {
        Event::Text(text) => Some(text.as_str()),
        _ => None,
    });
    text.collect()
}

/// Takes the shortcuts that were pressed and make sense now. A field that is typed into is left, so that what was typed
/// counts before what was pressed.
pub fn take(context: &Context, state: &AppState) -> Vec<Action> {
    let mut actions = Vec::new();
    const COMMAND: Modifiers = Modifiers::COMMAND;
    let mut shortcuts: Vec<(Modifiers, Key, Action)> = vec![
        (COMMAND, Key::O, Purpose::OpenDataset.into()),
        (COMMAND, Key::P, WindowAction::TogglePathField.into()),
        (COMMAND, Key::Q, WindowAction::Quit.into()),
        (Modifiers::ALT, Key::ArrowLeft, WindowAction::Back.into()),
        (
            Modifiers::ALT,
            Key::ArrowRight,
            WindowAction::Forward.into(),
        ),
        (
            Modifiers::NONE,
            Key::F1,
            WindowAction::ToggleShortcuts.into(),
        ),
    ];
    // While text is typed these keys are the field's, which has an undo of its own.
    if !context.text_edit_focused() {
        shortcuts.extend([
            (
                COMMAND | Modifiers::SHIFT,
                Key::Z,
                WindowAction::Redo.into(),
            ),
            (COMMAND, Key::Y, WindowAction::Redo.into()),
            (COMMAND, Key::Z, WindowAction::Undo.into()),
        ]);
    }
    if state.model.is_some() {
        shortcuts.push((COMMAND, Key::S, Saving::Model.into()));
    }
    if state.why_not_train().is_none() {
        shortcuts.push((COMMAND, Key::Enter, TrainingAction::Train.into()));
    }
    let key = |number: usize| Key::from_name(&number.to_string());
    let steps = (1..).map_while(key).zip(Step::ALL);
    shortcuts.extend(steps.map(|(key, step)| (COMMAND, key, WindowAction::GoTo(step).into())));
    context.input_mut(|input| {
        for (modifiers, key, action) in shortcuts {
            if input.consume_shortcut(&KeyboardShortcut::new(modifiers, key)) {
                actions.push(action);
            }
        }
    });
    if !actions.is_empty() {
        context.memory_mut(|memory| {
            let focused = memory.focused();
            focused
                .into_iter()
                .for_each(|id| memory.surrender_focus(id));
        });
    }
    // Space types a space in a field and presses a focused button; otherwise it pauses.
    if state.training.is_running()
        && context.memory(|memory| memory.focused().is_none())
        && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Space))
    {
        actions.push(TrainingAction::SetPaused(!state.training.is_paused()).into());
    }
    actions
}
