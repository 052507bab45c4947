//! Buttons that copy a table to the clipboard.

use eframe::egui::{Button, Ui};

/// `Copy text` and `Copy CSV` of what people call `what`; each is made only when it is wanted.
pub fn buttons(
    ui: &mut Ui,
    what: &str,
    text: impl FnOnce() -> String,
    csv: impl FnOnce() -> Result<Vec<u8>, String>,
) {
    let button = ui.add(Button::new("Copy text"));
    let tooltip = format!("Copy the {what} as text, aligned for a fixed-width font");
    if button.on_hover_text(tooltip).clicked() {
        ui.ctx().copy_text(text());
    }
    let button = ui.add(Button::new("Copy CSV"));
    let tooltip = format!("Copy the {what} as comma-separated values, for a spreadsheet");
    if button.on_hover_text(tooltip).clicked()
        && let Ok(bytes) = csv()
    {
        // Names are text, so the table is.
        ui.ctx()
            .copy_text(String::from_utf8_lossy(&bytes).into_owned());
    }
}
