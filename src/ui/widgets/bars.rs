//! Probabilities as bars with numbers.

use eframe::egui::{self, Sense, Ui, vec2};

use crate::ui::{format::percent, theme};

/// Most width for class names.
const NAME_WIDTH: f32 = 160.0;

/// One bar per class, the most probable first; at most `most`.
pub fn probability_bars(ui: &mut Ui, classes: &[String], probabilities: &[f32], most: usize) {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
    let rest = order.len().saturating_sub(most);
    for class in order.into_iter().take(most) {
        let name = classes.get(class).map_or("", String::as_str);
        bar(ui, name, probabilities[class], class);
    }
    if rest > 0 {
        super::states::caption(ui, format!("and {rest} less probable"));
    }
}

fn bar(ui: &mut Ui, name: &str, probability: f32, class: usize) {
    let palette = theme::palette(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        let name_width = (ui.available_width() * 0.35).clamp(64.0, NAME_WIDTH);
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        ui.allocate_ui_with_layout(vec2(name_width, 18.0), layout, |ui| {
            ui.set_width(name_width);
            ui.add(egui::Label::new(name).truncate())
                .on_hover_text(name);
        });
        let width = (ui.available_width() - 64.0).clamp(40.0, 320.0);
        let (rect, response) = ui.allocate_exact_size(vec2(width, 14.0), Sense::hover());
        ui.painter().rect_filled(rect, 3.0, palette.line);
        let filled = rect.with_max_x(rect.left() + rect.width() * probability.clamp(0.0, 1.0));
        let colour = theme::class_colour(class);
        ui.painter().rect_filled(filled, 3.0, colour);
        let words = percent(f64::from(probability));
        response.widget_info(|| {
            let words = format!("{name} {words}");
            egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, words)
        });
        ui.label(words);
    });
}
