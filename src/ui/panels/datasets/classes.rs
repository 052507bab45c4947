//! The list of classes on the left: choose one or several, rename, exclude.

use std::collections::BTreeSet;

use eframe::egui::{Button, RichText, ScrollArea, Ui, vec2};

use super::{
    menu::{self, ClassChoice},
    shown::List,
};
use crate::{
    engine::OpenDataset,
    ui::{
        format::{counted, shortened, thousands},
        panels::Cx,
        theme,
        widgets::states,
    },
};

/// Height of a line.
const ROW: f32 = 28.0;
/// Room for the scroll bar.
const BAR: f32 = 10.0;
/// Room for the dot, a count of three digits and the spaces between.
const CHIP_AND_COUNT: f32 = 58.0;
/// Width of a letter, on average.
const LETTER: f32 = 6.5;

/// Draws the list and changes which classes are `chosen`. Returns a class that is to be renamed.
pub fn classes_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    open: &OpenDataset,
    list: &List,
    chosen: &mut BTreeSet<usize>,
) -> Option<usize> {
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.spacing_mut().button_padding.x = 8.0;
    let width = ui.available_width() - BAR;
    let all = Button::selectable(chosen.is_empty(), "All");
    let all = all.right_text(count(list.counts.iter().sum()));
    let all = ui.add(all.min_size(vec2(width, ROW)));
    if all.on_hover_text("Show every class").clicked() {
        chosen.clear();
    }
    let mut rename = None;
    let area = ScrollArea::vertical().auto_shrink(false);
    area.show_rows(ui, ROW, open.dataset.classes.len(), |ui, rows| {
        for class in rows {
            if row_ui(ui, cx, open, (class, list), chosen, width) {
                rename = Some(class);
            }
        }
    });
    rename
}

fn count(images: usize) -> RichText {
    RichText::new(thousands(images)).small()
}

/// One class. True when it is to be renamed.
fn row_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    open: &OpenDataset,
    (class, list): (usize, &List),
    chosen: &mut BTreeSet<usize>,
    width: f32,
) -> bool {
    let name = open.dataset.class_name(class);
    let images = list.counts.get(class).copied().unwrap_or_default();
    let chip = RichText::new("●").color(theme::class_colour(class));
    // The count must stay visible, which a truncated button would push out.
    let digits = thousands(images);
    let room = width - CHIP_AND_COUNT - LETTER * digits.len().saturating_sub(3) as f32;
    let longest = (room / LETTER).max(4.0) as usize;
    let button = Button::selectable(chosen.contains(&class), (chip, shortened(name, longest)))
        .right_text(count(images));
    ui.set_max_width(width);
    let response = ui.add(button.min_size(vec2(width, ROW)));
    let response = response.accessible_name(format!("{name} · {}", counted(images, "image")));
    let source = open.base.classes.get(class);
    let response = response.on_hover_ui(|ui| {
        ui.label(name);
        if let Some(source) = source.filter(|source| *source != name) {
            states::caption(ui, format!("The source calls it {source}"));
        }
        let words = "Ctrl+click shows several classes, right click changes this one";
        states::caption(ui, words);
    });
    if response.clicked() {
        choose(chosen, class, ui.input(|input| input.modifiers.command));
        cx.select(|to| to.class = Some(class));
    }
    let mut choice = None;
    response.context_menu(|ui| choice = menu::class_ui(ui, cx, open, class));
    if choice == Some(ClassChoice::ShowOnly) {
        *chosen = [class].into();
    }
    choice == Some(ClassChoice::Rename)
}

fn choose(chosen: &mut BTreeSet<usize>, class: usize, too: bool) {
    if !too {
        *chosen = [class].into();
    } else if !chosen.remove(&class) {
        chosen.insert(class);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_chooses_one_and_ctrl_several() {
        let mut chosen = BTreeSet::new();
        for (class, too, expected) in [
            (2, false, &[2][..]),
            (4, true, &[2, 4]),
            (2, true, &[4]),
            (4, true, &[]),
            (1, true, &[1]),
            (3, false, &[3]),
        ] {
            choose(&mut chosen, class, too);
            assert!(chosen.iter().eq(expected), "{class} {too}");
        }
    }
}
