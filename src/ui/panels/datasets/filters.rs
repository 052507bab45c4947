//! The bar over the images: how they are shown, which, and in what order.

use eframe::egui::{Button, ComboBox, Key, KeyboardShortcut, Modifiers, Slider, TextEdit, Ui};
use egui_material_icons::{icon_text, icons};

use super::{
    Mode,
    shown::{Filter, Flag, Order, PartFilter, SortBy},
};
use crate::{
    data::{Split, SplitName},
    engine::OpenDataset,
    ui::{
        format::thousands,
        panels::Cx,
        widgets::{fields, states},
    },
};

/// Puts the keyboard into the field for names.
const FIND: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::F);
/// Width of a list to choose from.
const COMBO: f32 = 104.0;

/// What the bar changes.
pub struct Bar<'a> {
    /// How images are shown.
    pub mode: &'a mut Mode,
    /// Which.
    pub filter: &'a mut Filter,
    /// In what order.
    pub order: &'a mut Order,
    /// Side of a thumbnail in points.
    pub side: &'a mut f32,
}

impl Bar<'_> {
    /// Draws it. `has_classes` says whether the list of classes stands beside it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, has_classes: bool) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            if let Some(mode) = fields::switch(ui, *self.mode, &Mode::ALL) {
                *self.mode = mode;
            }
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().button_padding.x = 8.0;
            if !has_classes {
                class_ui(ui, open, self.filter);
            }
            self.part_ui(ui, cx);
            self.flag_ui(ui);
            self.name_ui(ui);
            if matches!(self.mode, Mode::Grid | Mode::Table) {
                self.sort_ui(ui);
            }
            if matches!(self.mode, Mode::Grid | Mode::Examples) {
                self.side_ui(ui);
            }
        });
    }

    fn part_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let division = cx.state.division.as_ref();
        let split: Option<&Split> = division.map(|division| &*division.split);
        let words = |part: PartFilter| match (part, split) {
            (PartFilter::Every, _) => "every".to_owned(),
            (PartFilter::InNone, _) => "none".to_owned(),
            (PartFilter::In(part), Some(split)) => {
                format!("{} · {}", part.word(), thousands(split.part(part).len()))
            }
            (PartFilter::In(part), None) => part.word().to_owned(),
        };
        let current = self.filter.part;
        let shown = match current {
            PartFilter::In(part) => part.word().to_owned(),
            other => words(other),
        };
        let options = || {
            let parts = SplitName::ALL.map(PartFilter::In);
            let all = [PartFilter::Every]
                .into_iter()
                .chain(parts)
                .chain([PartFilter::InNone]);
            all.map(|part| (part, words(part))).collect()
        };
        let tooltip = "Show only what stands in one part";
        if let Some(part) = fields::choice(ui, "Part", tooltip, COMBO, (&current, &shown), options)
        {
            self.filter.part = part;
        }
    }

    fn flag_ui(&mut self, ui: &mut Ui) {
        let current = self.filter.flag;
        let word = |flag: Flag| {
            let found = Flag::ALL.iter().find(|(other, _)| *other == flag);
            found.map_or("", |(_, word)| *word)
        };
        let options = || Flag::ALL.map(|(flag, word)| (flag, word.to_owned())).into();
        let tooltip = "Show only what you excluded or changed, or what cannot be opened";
        if let Some(flag) = fields::choice(
            ui,
            "Flag",
            tooltip,
            COMBO,
            (&current, word(current)),
            options,
        ) {
            self.filter.flag = flag;
        }
    }

    fn name_ui(&mut self, ui: &mut Ui) {
        let label = states::caption(ui, "Name");
        let field = TextEdit::singleline(&mut self.filter.name)
            .hint_text("contains")
            .desired_width(96.0);
        let field = ui
            .add(field)
            .labelled_by(label.id)
            .on_hover_text("Part of the file's name (Ctrl+F)");
        if ui.input_mut(|input| input.consume_shortcut(&FIND)) {
            field.request_focus();
        }
        if !self.filter.name.is_empty() {
            let clear = ui.add(Button::new(icon_text(icons::ICON_CLOSE)).frame(false));
            if clear
                .accessible_name("Clear the name")
                .on_hover_text("Show every name")
                .clicked()
            {
                self.filter.name.clear();
            }
        }
    }

    fn sort_ui(&mut self, ui: &mut Ui) {
        let current = self.order.by;
        let word = |by: SortBy| {
            let found = SortBy::ALL.iter().find(|(other, _)| *other == by);
            found.map_or("", |(_, word)| *word)
        };
        let options = || SortBy::ALL.map(|(by, word)| (by, word.to_owned())).into();
        let tooltip =
            "Source: as the folders or the file have them. Names count as people do: 9 before 10";
        if let Some(by) = fields::choice(
            ui,
            "Sort",
            tooltip,
            COMBO,
            (&current, word(current)),
            options,
        ) {
            self.order.by = by;
        }
        let (icon, words) = if self.order.descending {
            (icons::ICON_ARROW_DOWNWARD, "Descending")
        } else {
            (icons::ICON_ARROW_UPWARD, "Ascending")
        };
        let button = ui.button(icon_text(icon).size(16.0));
        if button
            .accessible_name(words)
            .on_hover_text(format!("{words}; click to turn it round"))
            .clicked()
        {
            self.order.descending = !self.order.descending;
        }
    }

    fn side_ui(&mut self, ui: &mut Ui) {
        let label = states::caption(ui, "Size");
        ui.spacing_mut().slider_width = 80.0;
        let slider = Slider::new(self.side, 48.0..=192.0)
            .step_by(8.0)
            .show_value(false);
        ui.add(slider)
            .labelled_by(label.id)
            .on_hover_text("Size of the thumbnails");
    }
}

/// For panels too narrow for the list of classes.
fn class_ui(ui: &mut Ui, open: &OpenDataset, filter: &mut Filter) {
    let classes = &open.dataset.classes;
    let only = filter.classes.first().filter(|_| filter.classes.len() == 1);
    let words = match (only, filter.classes.len()) {
        (_, 0) => "every",
        (Some(class), _) => open.dataset.class_name(*class),
        _ => "several",
    };
    let label = states::caption(ui, "Class");
    let combo = ComboBox::from_id_salt("class")
        .selected_text(words)
        .width(COMBO)
        .truncate();
    let response = combo.show_ui(ui, |ui| {
        if ui
            .selectable_label(filter.classes.is_empty(), "every")
            .clicked()
        {
            filter.classes.clear();
        }
        for (class, name) in classes.iter().enumerate() {
            if ui
                .selectable_label(filter.classes.contains(&class), name)
                .clicked()
            {
                filter.classes = [class].into();
            }
        }
    });
    response
        .response
        .labelled_by(label.id)
        .on_hover_text("Show one class");
}
