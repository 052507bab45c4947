//! The line between frozen and trained layers: its words, its phase, the totals below the list.

use eframe::egui::{self, Rect, Response, RichText, Stroke, TextStyle, Ui, pos2, vec2};
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
    let chosen = fields::together(ui, 260.0, |ui| {
        fields::choice(
            ui,
            "Frozen in phase",
            tip,
            150.0,
            (&shown, &current),
            options,
        )
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
        Some(name) if name.contains('.') => format!("Frozen above · trained from {name} on"),
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
    let font = TextStyle::Small.resolve(ui.style());
    let centre = rect.center();
    let layout = |words: &str| {
        let words = words.to_owned();
        ui.painter().layout_no_wrap(words, font.clone(), colour)
    };
    let mut galley = layout(&words);
    if galley.size().x > rect.width() - 60.0 {
        // The beginning says how things stand.
        galley = layout(words.split(" · ").next().unwrap_or(&words));
    }
    let handle = icon_text(icons::ICON_DRAG_HANDLE).size(14.0).color(colour);
    let handle = egui::WidgetText::from(handle).into_galley(
        ui,
        Some(egui::TextWrapMode::Extend),
        f32::INFINITY,
        font.clone(),
    );
    let width = galley.size().x + handle.size().x + 6.0;
    let left = (centre.x - width * 0.5).max(rect.left() + 4.0);
    let stroke = Stroke::new(1.0, colour);
    ui.painter()
        .hline(rect.left()..=(left - 8.0), centre.y, stroke);
    ui.painter()
        .hline((left + width + 8.0)..=rect.right(), centre.y, stroke);
    let handle_size = handle.size();
    ui.painter()
        .galley(pos2(left, centre.y - handle_size.y * 0.5), handle, colour);
    let corner = pos2(left + handle_size.x + 6.0, centre.y - galley.size().y * 0.5);
    ui.painter().galley(corner, galley, colour);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Splitter, true, &words));
    if response.has_focus() {
        let inner = rect.shrink2(vec2(0.0, 3.0));
        ui.painter()
            .rect_stroke(inner, theme::RADIUS, stroke, egui::StrokeKind::Inside);
    }
}

/// Height that the footer takes.
pub fn footer_height(ui: &Ui, cx: &Cx<'_>) -> f32 {
    let lines = if cx.state.boundary().is_some() {
        2.0
    } else {
        1.0
    };
    let wrapped = if ui.available_width() < 620.0 {
        2.0
    } else {
        1.0
    };
    lines * wrapped * 28.0 + 20.0
}

/// Totals: parameters, trained and frozen; multiply-adds; activations of a batch.
pub fn footer_ui(ui: &mut Ui, cx: &mut Cx<'_>, freezing: &Freezing) {
    ui.separator();
    let state = cx.state;
    let shapes = &state.design.shapes;
    if !state.design.fits {
        ui.horizontal_wrapped(|ui| {
            let words = "There are no totals until every layer fits. Train waits for that too.";
            states::caption(ui, words);
        });
        return;
    }
    let batch = state.experiment.training.batch_size;
    let multiply_adds: usize = shapes.iter().map(|shape| shape.multiply_adds).sum();
    let values: usize = state.design.values.iter().sum();
    let activations = activation_bytes(values, batch);
    ui.horizontal_wrapped(|ui| {
        let total = freezing.trainable + freezing.fixed;
        ui.label(RichText::new(format!("{} parameters", thousands(total))).strong());
        let trained = match freezing.fixed {
            0 => "all trainable".to_owned(),
            fixed => format!(
                "{} trainable, {} frozen",
                thousands(freezing.trainable),
                thousands(fixed)
            ),
        };
        states::caption(ui, trained);
        states::caption(
            ui,
            format!("· {} multiply-adds per image", thousands(multiply_adds)),
        );
        let words = format!(
            "· {} of activations for {}",
            bytes(activations),
            counted(batch, "image")
        );
        let tip =
            "The outputs of all layers for one batch. Training keeps them to compute gradients";
        states::caption(ui, words).on_hover_text(tip);
    });
    if freezing.batch_norms > 0 {
        ui.horizontal_wrapped(|ui| {
            ui.label(
                icon_text(icons::ICON_AC_UNIT)
                    .size(14.0)
                    .color(theme::palette(ui).training),
            );
            states::caption(ui, frozen_norms(freezing.batch_norms));
        });
    } else if freezing.fixed > 0 {
        states::caption(
            ui,
            "Frozen layers keep their weights; nothing in them changes while training.",
        );
    }
}

/// What freezing means for batch normalisation.
pub fn frozen_norms(count: usize) -> String {
    format!(
        "Frozen batch normalisation ({}) stays in inference mode: it uses its running means and variances, which do not change.",
        counted(count, "layer")
    )
}
