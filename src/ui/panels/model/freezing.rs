//! The line between frozen and trained layers: its words, its phase, the totals below the list.

use eframe::egui::{self, FontId, Rect, Response, RichText, Stroke, TextStyle, Ui, pos2, vec2};
use egui_material_icons::{icon_text, icons};

use super::wish;
use crate::{
    model::{
        arithmetic::activation_bytes,
        freezing::{Freezing, Frozen},
    },
    ui::{
        design::DesignAction,
        format::{bytes, counted, thousands},
        panels::Cx,
        theme,
        widgets::{fields, states},
    },
};

/// The phase whose line shows, where there are several.
pub fn phases_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let phases = &cx.state.experiment.training.phases;
    if phases.len() < 2 {
        return;
    }
    let words = |at: usize| {
        let name = phases.get(at).map_or("", |phase| phase.name.as_str());
        format!("{} · {name}", at + 1)
    };
    let shown = cx.state.design.phase;
    let current = words(shown);
    let tip = "Each phase of training has its own line between frozen and trained layers";
    let options = || (0..phases.len()).map(|at| (at, words(at))).collect();
    let current = (&shown, &*current);
    let chosen = fields::together(ui, 260.0, |ui| {
        fields::choice(ui, "Frozen in phase", tip, 150.0, current, options)
    });
    if let Some(phase) = chosen {
        wish(cx, DesignAction::ShowPhase(phase));
    }
}

fn line_words(cx: &Cx<'_>, freezing: &Freezing) -> String {
    let mut layers = freezing.layers.iter();
    let is_frozen = layers.any(|layer| layer.frozen != Frozen::Nothing);
    match cx.state.boundary().filter(|_| is_frozen) {
        None => "Everything is trained · drag this line down to freeze layers".to_owned(),
        Some(name) if cx.state.experiment.model.layer_index(name).is_none() => {
            format!("Frozen above · trained from {name} on")
        }
        Some(_) => "Frozen above · trained from here on".to_owned(),
    }
}

/// The line itself: what it says and how it is dragged.
pub fn line_ui(ui: &Ui, cx: &Cx<'_>, rect: Rect, response: &Response, freezing: &Freezing) {
    let palette = theme::palette(ui);
    let words = line_words(cx, freezing);
    let colour = if response.hovered() || response.dragged() || response.has_focus() {
        palette.accent
    } else {
        palette.muted
    };
    let (painter, y) = (ui.painter(), rect.center().y);
    let font = TextStyle::Small.resolve(ui.style());
    let layout = |words: &str, font| painter.layout_no_wrap(words.to_owned(), font, colour);
    let mut galley = layout(&words, font.clone());
    if galley.size().x > rect.width() - 60.0 {
        // The beginning says how things stand.
        galley = layout(words.split(" · ").next().unwrap_or(&words), font);
    }
    let icon = icons::ICON_DRAG_HANDLE;
    let handle = layout(icon.codepoint, FontId::new(14.0, icon.font_family()));
    let width = galley.size().x + handle.size().x + 6.0;
    let mut left = (rect.center().x - width * 0.5).max(rect.left() + 4.0);
    let stroke = Stroke::new(1.0, colour);
    painter.hline(rect.left()..=(left - 8.0), y, stroke);
    painter.hline((left + width + 8.0)..=rect.right(), y, stroke);
    for galley in [handle, galley] {
        let size = galley.size();
        painter.galley(pos2(left, y - size.y * 0.5), galley, colour);
        left += size.x + 6.0;
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Splitter, true, &words));
    if response.has_focus() {
        let inner = rect.shrink2(vec2(0.0, 3.0));
        painter.rect_stroke(inner, theme::RADIUS, stroke, egui::StrokeKind::Inside);
    }
}

/// Height that the footer takes.
pub fn footer_height(ui: &Ui, cx: &Cx<'_>) -> f32 {
    let lines = 1 + usize::from(cx.state.boundary().is_some());
    let wrapped = 1 + usize::from(ui.available_width() < 620.0);
    (lines * wrapped) as f32 * 28.0 + 20.0
}

/// Totals: parameters, trained and frozen; multiply-adds; activations of a batch.
pub fn footer_ui(ui: &mut Ui, cx: &mut Cx<'_>, freezing: &Freezing) {
    ui.separator();
    let state = cx.state;
    if !state.design.fits {
        ui.horizontal_wrapped(|ui| {
            let words = "There are no totals until every layer fits. Train waits for that too.";
            states::caption(ui, words);
        });
        return;
    }
    let batch = state.experiment.training.batch_size;
    let shapes = state.design.shapes.iter();
    let multiply_adds = thousands(shapes.map(|shape| shape.multiply_adds).sum());
    let activations = bytes(activation_bytes(state.design.values.iter().sum(), batch));
    ui.horizontal_wrapped(|ui| {
        let total = thousands(freezing.trainable + freezing.fixed);
        ui.label(RichText::new(format!("{total} parameters")).strong());
        let trained = match freezing.fixed {
            0 => "all trainable".to_owned(),
            fixed => {
                let (trainable, fixed) = (thousands(freezing.trainable), thousands(fixed));
                format!("{trainable} trainable, {fixed} frozen")
            }
        };
        states::caption(ui, trained);
        states::caption(ui, format!("· {multiply_adds} multiply-adds per image"));
        let images = counted(batch, "image");
        let tip =
            "The outputs of all layers for one batch. Training keeps them to compute gradients";
        states::caption(ui, format!("· {activations} of activations for {images}"))
            .on_hover_text(tip);
    });
    if freezing.batch_norms > 0 {
        ui.horizontal_wrapped(|ui| {
            let colour = theme::palette(ui).training;
            ui.label(icon_text(icons::ICON_AC_UNIT).size(14.0).color(colour));
            states::caption(ui, frozen_norms(freezing.batch_norms));
        });
    } else if freezing.fixed > 0 {
        let words = "Frozen layers keep their weights; nothing in them changes while training.";
        states::caption(ui, words);
    }
}

/// What freezing means for batch normalisation.
fn frozen_norms(count: usize) -> String {
    let layers = counted(count, "layer");
    format!(
        "Frozen batch normalisation ({layers}) stays in inference mode: it uses its running means and variances, which do not change."
    )
}
