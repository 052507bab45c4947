//! Names of classes and images, and the colours of classes.

use eframe::egui::{self, Color32, FontId, Sense, Ui, vec2};

use crate::{
    data::dataset::display_path,
    ui::{state::AppState, theme},
};

/// Names of the `count` classes that an evaluation is about: the dataset's, or else the model's.
pub fn names(state: &AppState, count: usize) -> &[String] {
    let dataset = state.dataset().map(|dataset| dataset.classes.as_slice());
    let model = state.model.as_ref().map(|model| &*model.snapshot.classes);
    [dataset, model]
        .into_iter()
        .flatten()
        .find(|names| names.len() == count)
        .unwrap_or(&[])
}

/// The name of one class; its number when it has none.
pub fn name(names: &[String], class: usize) -> String {
    names
        .get(class)
        .cloned()
        .unwrap_or_else(|| format!("class {class}"))
}

/// File name of a sample of the open dataset; empty when there is none.
pub fn sample_name(state: &AppState, sample: usize) -> String {
    let sample = state
        .dataset()
        .and_then(|dataset| dataset.samples.get(sample));
    let name = sample.and_then(|sample| sample.path.file_name());
    name.map_or_else(String::new, |name| display_path(name.as_ref()))
}

/// A square in the colour of a class.
pub fn chip(ui: &mut Ui, class: usize) {
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    ui.painter()
        .rect_filled(rect, 2.0, theme::class_colour(class));
}

/// `text` on one line of at most `width` points, cut with `…`.
pub fn one_line(
    ui: &Ui,
    text: &str,
    font: FontId,
    colour: Color32,
    width: f32,
) -> std::sync::Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(1.0));
    ui.painter().layout_job(job)
}
