//! Names of classes and images, and the colours of classes.

use std::sync::Arc;

use eframe::egui::{self, Color32, FontId, Galley, Label, Response, Sense, TextStyle, Ui, vec2};

use crate::{
    data::dataset::display_path,
    ui::{
        format::shortened,
        state::{AppState, Subject},
        theme,
    },
};

/// The name of one class; its number when it has none.
pub use crate::train::report::class_name as name;

/// Names of the `count` classes that an evaluation is about: those of the model that answered, or else the
/// dataset's, or the model's in hand.
pub fn names(state: &AppState, count: usize) -> &[String] {
    let judged = state.judged.as_ref().map(|judged| &*judged.classes);
    let dataset = state.dataset().map(|dataset| dataset.classes.as_slice());
    let model = state.model.as_ref().map(|model| &*model.snapshot.classes);
    let mut all = [judged, dataset, model].into_iter().flatten();
    all.find(|names| names.len() == count).unwrap_or(&[])
}

/// File name of a sample of the open dataset; empty when there is none.
pub fn sample_name(state: &AppState, sample: usize) -> String {
    let samples = state.dataset().map(|dataset| &dataset.samples);
    let sample = samples.and_then(|samples| samples.get(sample));
    let name = sample.and_then(|sample| sample.path.file_name());
    name.map_or_else(String::new, |name| display_path(name.as_ref()))
}

/// File name of the image that is looked at, or what it is called.
pub fn subject_name(state: &AppState, subject: &Subject) -> String {
    match subject {
        Subject::Sample(sample) => sample_name(state, *sample),
        Subject::Image(image) => {
            let name = image.source().name();
            // Both kinds of separators: addresses and paths of any system.
            name.rsplit(['/', '\\']).next().unwrap_or(&name).to_owned()
        }
    }
}

/// A square in the colour of a class.
pub fn chip(ui: &mut Ui, class: usize) {
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    let colour = theme::class_colour(class);
    ui.painter().rect_filled(rect, 2.0, colour);
}

/// `text` on one line of at most `width` points; a longer one loses its middle, since both ends tell names apart.
pub fn middle_line(ui: &Ui, text: &str, font: FontId, colour: Color32, width: f32) -> Arc<Galley> {
    let laid_out = |letters: usize| {
        let text = shortened(text, letters);
        ui.painter().layout_no_wrap(text, font.clone(), colour)
    };
    let letters = text.chars().count();
    let whole = laid_out(letters);
    if whole.size().x <= width {
        return whole;
    }
    // The most letters that fit, between one that does and one that does not; fewer than two say nothing.
    let (mut fits, mut too_many) = (LEAST_LETTERS, letters);
    while fits + 1 < too_many {
        let middle = fits.midpoint(too_many);
        if laid_out(middle).size().x <= width {
            fits = middle;
        } else {
            too_many = middle;
        }
    }
    one_line(ui, &shortened(text, fits), font, colour, width)
}

/// Fewer letters of a name are not worth showing.
const LEAST_LETTERS: usize = 3;

/// A label as wide as there is room for; a longer text loses its middle and is a tooltip.
pub fn middle_label(ui: &mut Ui, text: &str) -> Response {
    let font = TextStyle::Body.resolve(ui.style());
    let galley = middle_line(ui, text, font, Color32::PLACEHOLDER, ui.available_width());
    let is_cut = galley.text() != text;
    let response = ui.add(Label::new(galley).selectable(false));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
    if is_cut {
        response.on_hover_text(text)
    } else {
        response
    }
}

/// `text` on one line of at most `width` points, cut with `…`.
pub fn one_line(ui: &Ui, text: &str, font: FontId, colour: Color32, width: f32) -> Arc<Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(1.0));
    ui.painter().layout_job(job)
}
