//! What tables share: headings that sort, and text that lets clicks through to its line.

use eframe::egui::{Align, Button, Label, Layout, RichText, Ui};
use egui_material_icons::{icon_text, icons};

use crate::ui::theme;

/// Text that lets clicks through to its line.
pub fn text(ui: &mut Ui, text: RichText) {
    ui.add(Label::new(text).truncate().selectable(false));
}

/// What a table is sorted by, and which way round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order<C> {
    /// By which column.
    pub by: C,
    /// Largest first.
    pub descending: bool,
}

impl<C: Copy + PartialEq> Order<C> {
    /// The heading of `column` at the left of its cell: a click sorts by it, from above if `from_above`, and again
    /// turns it round.
    pub fn heading(&mut self, ui: &mut Ui, column: C, words: &str, tip: &str, from_above: bool) {
        let is_current = self.by == column;
        ui.spacing_mut().button_padding.x = 0.0;
        let shown = RichText::new(words).small().color(theme::palette(ui).muted);
        let icon = if self.descending {
            icons::ICON_ARROW_DOWNWARD
        } else {
            icons::ICON_ARROW_UPWARD
        };
        let button = if is_current {
            Button::new((shown, icon_text(icon).size(12.0)))
        } else {
            Button::new(shown)
        };
        let response = ui
            .add(button.frame(false).truncate())
            .accessible_name(words);
        let tip = format!("{tip}\nA click sorts by it; again turns it round");
        if response.on_hover_text(tip).clicked() {
            self.descending = if is_current {
                !self.descending
            } else {
                from_above
            };
            self.by = column;
        }
    }

    /// The same at the right, over numbers, of which the largest are looked for first.
    pub fn number_heading(&mut self, ui: &mut Ui, column: C, words: &str, tip: &str) {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            self.heading(ui, column, words, tip, true);
        });
    }
}
