//! The field for a layer's name.

use eframe::egui::{Key, RichText, TextEdit, Ui};

use super::wish;
use crate::{
    model::{edit::LayerEdit, names},
    ui::{
        design::{Chosen, DesignAction},
        panels::Cx,
        theme,
        widgets::states,
    },
};

/// Of the field.
const WIDTH: f32 = 168.0;

/// View state: what is being typed, and for which layer.
#[derive(Default)]
pub struct Name {
    typed: Option<(Chosen, String)>,
    is_asked: bool,
}

impl Name {
    /// The field gets the focus when it is drawn next.
    pub fn ask(&mut self) {
        self.is_asked = true;
    }

    /// The name of the layer of this row, to change.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, row: Chosen) {
        let Some((layers, at)) = row.place(&cx.state.experiment.model) else {
            return;
        };
        let now = &layers[at].name;
        let mut text = match &self.typed {
            Some((typed_at, text)) if *typed_at == row => text.clone(),
            _ => now.clone(),
        };
        let tip =
            "Names the layer's row and its weights in files. Short, unique, without dots or spaces";
        let label = ui.label("Name").on_hover_text(tip);
        let field = TextEdit::singleline(&mut text)
            .id_salt("name")
            .desired_width(WIDTH);
        let response = ui.add(field).labelled_by(label.id).on_hover_text(tip);
        ui.end_row();
        if self.is_asked {
            self.is_asked = false;
            response.request_focus();
        }
        if response.changed() {
            self.typed = Some((row, text.clone()));
        }
        let error = names::check_name(layers, at, &text).err();
        if let Some(error) = &error {
            states::caption(ui, "");
            let words = RichText::new(error.to_string()).small();
            ui.label(words.color(theme::palette(ui).error));
            ui.end_row();
        }
        if response.lost_focus() {
            let is_left = ui.input(|input| input.key_pressed(Key::Escape));
            if error.is_none() && !is_left && text != *now {
                let edit = row.edit(LayerEdit::Rename { at, name: text });
                wish(cx, DesignAction::Edit(edit, None));
            }
            self.typed = None;
        } else if !response.has_focus() {
            self.typed = None;
        }
    }
}
