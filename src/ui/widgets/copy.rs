//! Buttons that copy a table to the clipboard.

use eframe::egui::Ui;

use super::buttons::button;

/// `Copy text` and `Copy CSV` of what people call `what`; each is made only when it is wanted.
pub fn buttons(
    ui: &mut Ui,
    what: &str,
    text: impl FnOnce() -> String,
    csv: impl FnOnce() -> Result<Vec<u8>, String>,
) {
    let tip = format!("Copy the {what} as text, aligned for a fixed-width font");
    if button(ui, "Copy text", tip) {
        ui.ctx().copy_text(text());
    }
    let tip = format!("Copy the {what} as comma-separated values, for a spreadsheet");
    if button(ui, "Copy CSV", tip)
        && let Ok(bytes) = csv()
    {
        // Names are text, so the table is.
        ui.ctx()
            .copy_text(String::from_utf8_lossy(&bytes).into_owned());
    }
}
