//! The bar over the images: how they are shown, which, and in what order. Where there is little room, most of it
//! unfolds from one button.

use std::collections::BTreeSet;

use eframe::egui::{
    Align, Button, Key, KeyboardShortcut, Layout, Modifiers, PopupCloseBehavior, RichText, Slider,
    TextEdit, Ui,
    containers::menu::{MenuButton, MenuConfig},
};
use egui_material_icons::{icon_text, icons};

use super::{
    Mode,
    filter::{Filter, Flag, Order, PartFilter, SortBy},
};
use crate::{
    data::SplitName,
    engine::OpenDataset,
    ui::{
        format::thousands,
        panels::Cx,
        widgets::{buttons, fields, states},
    },
};

/// Puts the keyboard into the field for names.
const FIND: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::F);
/// Width of a list to choose from.
const COMBO: f32 = 100.0;
/// Width of such a list with its name.
const FIELD: f32 = 144.0;
/// In narrower bars what filters and sorts unfolds.
const NARROW: f32 = 440.0;
/// In narrower bars views are a list.
const NARROWEST: f32 = 330.0;

/// What the bar sets.
pub struct Bar {
    /// How images are shown.
    pub mode: Mode,
    /// Which.
    pub filter: Filter,
    /// In what order.
    pub order: Order,
    /// Side of a thumbnail in points.
    pub side: f32,
}

impl Default for Bar {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            filter: Filter::default(),
            order: Order::default(),
            side: 88.0,
        }
    }
}

impl Bar {
    /// Draws it. `has_classes` says whether the list of classes stands beside it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, open: &OpenDataset, has_classes: bool) {
        ui.spacing_mut().button_padding.x = 8.0;
        if ui.available_width() < NARROW {
            if ui.available_width() >= NARROWEST {
                self.mode_switch_ui(ui);
            }
            ui.horizontal_wrapped(|ui| {
                if ui.available_width() < NARROWEST {
                    self.mode_list_ui(ui);
                }
                self.unfolding_ui(ui, cx, open, has_classes);
                self.name_ui(ui);
            });
            return;
        }
        ui.horizontal_wrapped(|ui| {
            self.mode_switch_ui(ui);
            self.side_ui(ui);
        });
        ui.horizontal_wrapped(|ui| {
            self.choices_ui(ui, cx, open, has_classes);
            self.name_ui(ui);
        });
    }

    fn mode_switch_ui(&mut self, ui: &mut Ui) {
        fields::together(ui, 0.0, |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            fields::switch(ui, &mut self.mode, &Mode::ALL);
        });
    }

    fn mode_list_ui(&mut self, ui: &mut Ui) {
        fields::together(ui, FIELD, |ui| {
            let modes = Mode::ALL.map(|(mode, words, _)| (mode, words));
            let tip = "How images are shown";
            fields::one_of(ui, "View", tip, COMBO, &mut self.mode, &modes);
        });
    }

    fn unfolding_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, open: &OpenDataset, has_classes: bool) {
        let active = [
            !has_classes && !self.filter.classes.is_empty(),
            self.filter.part != PartFilter::Every,
            self.filter.flag != Flag::Any,
        ];
        let words = match active.iter().filter(|is| **is).count() {
            0 => RichText::new("Filters"),
            active => RichText::new(format!("Filters · {active}")).strong(),
        };
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        fields::together(ui, 72.0, |ui| {
            let menu = MenuButton::new(words).config(config);
            let (response, _) = menu.ui(ui, |ui| {
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.set_width(200.0);
                    self.choices_ui(ui, cx, open, has_classes);
                    self.side_ui(ui);
                });
            });
            response.on_hover_text("Class, part, flag, order and size");
        });
    }

    fn choices_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, open: &OpenDataset, has_classes: bool) {
        if !has_classes {
            fields::together(ui, FIELD, |ui| class_ui(ui, open, &mut self.filter));
        }
        fields::together(ui, FIELD, |ui| self.part_ui(ui, cx));
        fields::together(ui, FIELD, |ui| {
            let tip = "Show only what you excluded or changed, or what cannot be opened";
            fields::one_of(ui, "Flag", tip, COMBO, &mut self.filter.flag, &Flag::ALL);
        });
        if matches!(self.mode, Mode::Grid | Mode::Table | Mode::FirstNine) {
            fields::together(ui, FIELD + 40.0, |ui| self.sort_ui(ui));
        }
    }

    fn part_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let words = |part: PartFilter| match part {
            PartFilter::Every => "every",
            PartFilter::InNone => "none",
            PartFilter::In(part) => part.word(),
        };
        let [train, validation, test] = SplitName::ALL.map(PartFilter::In);
        let all = [
            PartFilter::Every,
            train,
            validation,
            test,
            PartFilter::InNone,
        ];
        let options = || {
            let options = all.map(|option| match (option, &cx.state.division) {
                (PartFilter::In(part), Some(division)) => {
                    let images = thousands(division.split.part(part).len());
                    (option, format!("{} · {images}", part.word()))
                }
                _ => (option, words(option).to_owned()),
            });
            options.into()
        };
        let part = &mut self.filter.part;
        let tip = "Show only what stands in one part";
        let chosen = fields::choice(ui, "Part", tip, COMBO, (&*part, words(*part)), options);
        *part = chosen.unwrap_or(*part);
    }

    fn name_ui(&mut self, ui: &mut Ui) {
        fields::together(ui, FIELD + 8.0, |ui| {
            let label = states::caption(ui, "Name");
            let field = TextEdit::singleline(&mut self.filter.name)
                .id_salt("name")
                .hint_text("contains")
                .desired_width(84.0);
            let field = ui.add(field).labelled_by(label.id);
            let field = field.on_hover_text("Part of the file's name (Ctrl+F)");
            if ui.input_mut(|input| input.consume_shortcut(&FIND)) {
                field.request_focus();
            }
            if !self.filter.name.is_empty() {
                let clear = ui.add(Button::new(icon_text(icons::ICON_CLOSE)).frame(false));
                let clear = clear.accessible_name("Clear the name");
                if clear.on_hover_text("Show every name").clicked() {
                    self.filter.name.clear();
                }
            }
        });
    }

    fn sort_ui(&mut self, ui: &mut Ui) {
        let tip =
            "Source: as the folders or the file have them. Names count as people do: 9 before 10";
        fields::one_of(ui, "Sort", tip, COMBO, &mut self.order.by, &SortBy::ALL);
        let (icon, words) = if self.order.descending {
            (icons::ICON_ARROW_DOWNWARD, "Descending")
        } else {
            (icons::ICON_ARROW_UPWARD, "Ascending")
        };
        let tip = format!("{words}; click to turn it round");
        if buttons::icon(ui, true, icon, words, &tip) {
            self.order.descending = !self.order.descending;
        }
    }

    fn side_ui(&mut self, ui: &mut Ui) {
        if !matches!(self.mode, Mode::Grid | Mode::Examples) {
            return;
        }
        fields::together(ui, FIELD, |ui| {
            let label = states::caption(ui, "Size");
            ui.spacing_mut().slider_width = 80.0;
            let slider = Slider::new(&mut self.side, 48.0..=192.0).step_by(8.0);
            let slider = ui.add(slider.show_value(false)).labelled_by(label.id);
            slider.on_hover_text("Size of the thumbnails");
        });
    }
}

/// For panels too narrow for the list of classes.
fn class_ui(ui: &mut Ui, open: &OpenDataset, filter: &mut Filter) {
    let chosen = &mut filter.classes;
    let words = match chosen.first() {
        None => "every",
        Some(class) if chosen.len() == 1 => open.dataset.class_name(*class),
        Some(_) => "several",
    };
    let label = states::caption(ui, "Class").id;
    let picked = fields::list(ui, "Class", label, "Show one class", COMBO, words, |ui| {
        let every = ui.selectable_label(chosen.is_empty(), "every");
        let mut picked = every.clicked().then(BTreeSet::new);
        for (class, name) in open.dataset.classes.iter().enumerate() {
            if ui.selectable_label(chosen.contains(&class), name).clicked() {
                picked = Some([class].into());
            }
        }
        picked
    });
    if let Some(classes) = picked {
        *chosen = classes;
    }
}
