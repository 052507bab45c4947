//! The line over the images: how many are shown and marked, and what can be done with them.

use std::sync::Arc;

use eframe::egui::{RichText, Ui};

use super::{
    Datasets,
    filter::Filter,
    menu::{self, ClassChoice},
    rename::Rename,
};
use crate::{
    engine::OpenDataset,
    ui::{
        action::Action,
        format::thousands,
        panels::Cx,
        widgets::{buttons, marks, states},
    },
};

impl Datasets {
    /// How many are shown and marked, and what can be done with them.
    pub(super) fn status_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, open: &Arc<OpenDataset>) {
        let count = self.shown.list().samples.len();
        let marked = cx.state.selection.marked.len();
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(ui.spacing().interact_size.y);
            ui.spacing_mut().button_padding.x = 8.0;
            let is_complete = self.shown.is_complete();
            let more = if is_complete { "" } else { " so far" };
            let all = thousands(open.dataset.samples.len());
            states::caption(ui, format!("{} of {all} images{more}", thousands(count)));
            self.alone_ui(ui);
            if let Some(sample) = self.hidden(cx) {
                states::caption(ui, "the selected image is filtered out");
                if buttons::button(ui, "Show it", "Takes the filters away") {
                    self.bar.filter = Filter::default();
                    self.wanted = Some(sample);
                }
            }
            if marked > 0 {
                ui.label(RichText::new(format!("{} marked", thousands(marked))).strong());
            }
            if marked > 0 || cx.state.selection.sample().is_some() {
                let change = ui.menu_button("Change…", |ui| {
                    menu::samples_ui(ui, cx, open, &marks::meant(&cx.state.selection));
                });
                let tip = "Exclude, label or move what is selected; also by right click";
                change.response.on_hover_text(tip);
            }
            if marked > 0 && buttons::button(ui, "Unmark", "Esc") {
                cx.push(Action::Select(marks::cleared(&cx.state.selection)));
            }
            self.class_button_ui(ui, cx, open);
        });
    }

    /// What is shown alone, and the way back to all images.
    fn alone_ui(&mut self, ui: &mut Ui) {
        let Some(only) = &self.bar.filter.only else {
            return;
        };
        ui.label(RichText::new(format!("only: {}", only.words)).strong());
        if buttons::button(ui, "Show all images", "Takes this filter away") {
            self.bar.filter.only = None;
            self.wanted = self.followed;
        }
    }

    /// The menu of the one class that is shown.
    fn class_button_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, open: &Arc<OpenDataset>) {
        let classes = &self.bar.filter.classes;
        let Some(&class) = classes.first().filter(|_| classes.len() == 1) else {
            return;
        };
        let mut choice = None;
        let button = ui.menu_button("Class…", |ui| {
            choice = menu::class_ui(ui, cx, open, class);
        });
        let tip = "Rename or exclude this class; also by right click on its name";
        button.response.on_hover_text(tip);
        if choice == Some(ClassChoice::Rename) {
            self.rename = Some(Rename::new(open, class));
        }
    }
}
