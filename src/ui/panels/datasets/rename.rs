//! Another name for a class: a small dialog over the window.

use eframe::egui::{Id, Modal, TextEdit, TextStyle, Ui, vec2};

use super::changes;
use crate::{
    data::Edits,
    engine::OpenDataset,
    ui::{
        action::EditAction,
        panels::Cx,
        widgets::{fields, states},
    },
};

/// A name that is being typed.
#[derive(Debug)]
pub struct Rename {
    class: usize,
    text: String,
    error: Option<String>,
    /// Whether the field has got the focus once.
    focused: bool,
}

impl Rename {
    /// Of class `class`, from the name it is shown with.
    pub fn new(open: &OpenDataset, class: usize) -> Self {
        Self {
            class,
            text: open.dataset.class_name(class).to_owned(),
            error: None,
            focused: false,
        }
    }

    /// Draws it. False when it is to be closed.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset) -> bool {
        let modal = Modal::new(Id::unique("rename-class")).show(ui.ctx(), |ui| {
            ui.set_width(320.0);
            ui.heading("Rename class");
            let own = open.base.classes.get(self.class).map_or("", String::as_str);
            let words = format!("The source calls it {own}. Its files stay as they are.");
            states::caption(ui, words);
            let label = ui.label("Name to show");
            let field = TextEdit::singleline(&mut self.text).desired_width(f32::INFINITY);
            let field = ui.add(field).labelled_by(label.id);
            if !self.focused {
                self.focused = true;
                field.request_focus();
            }
            if field.changed() {
                self.error = None;
            }
            // The room for the sentence is kept: nothing jumps.
            let height = 2.0 * ui.text_style_height(&TextStyle::Body);
            ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
                ui.set_min_height(height);
                states::failure(ui, self.error.as_ref());
            });
            let entered = fields::entered(ui, &field);
            ui.horizontal(|ui| {
                let renamed = states::primary_button(ui, "Rename", true).clicked();
                let own_name = ui.button("Use the source's name").clicked();
                if own_name {
                    own.clone_into(&mut self.text);
                }
                let cancelled = ui.button("Cancel").clicked();
                (renamed || entered || own_name, cancelled)
            })
            .inner
        });
        let (apply, cancelled) = modal.inner;
        if apply && self.apply(cx, open) {
            return false;
        }
        !(cancelled || modal.should_close())
    }

    /// Whether the name can be used; says what is wrong with it otherwise.
    fn apply(&mut self, cx: &mut Cx<'_>, open: &OpenDataset) -> bool {
        let Some(edit) = changes::rename(open, self.class, &self.text) else {
            return true;
        };
        // Only names matter here: exclusions of a hundred thousand images are not copied.
        let wanted = cx.state.wanted_edits().unwrap_or(&open.edits);
        let mut names = Edits {
            renamed: wanted.renamed.clone(),
            ..Edits::default()
        };
        if let Err(error) = names.change(&edit, &open.base) {
            self.error = Some(format!("This name cannot be used: {error}."));
            self.focused = false;
            return false;
        }
        cx.push(EditAction::Dataset(edit));
        true
    }
}
