//! What is known about the selected image.

use eframe::egui::{Label, RichText, Ui};

use crate::{
    data::dataset::display_path,
    engine::{LargeImage, LoadImage, OpenDataset},
    ui::{
        format::thousands,
        panels::Cx,
        state::{OwnImage, Subject},
        theme,
        widgets::{classes, standing, states},
    },
};

/// The same of an image that stands in no dataset.
pub fn own_image_ui(ui: &mut Ui, cx: &Cx<'_>, image: &OwnImage) {
    let subject = Subject::Image(image.clone());
    let name = classes::subject_name(cx.state, &subject);
    let size = size(cx, &subject);
    let file = ("File", name, image.source().name());
    list_ui(ui, [file, ("Size", size.clone(), size)]);
    let words = "It stands in no dataset: the model has never learned from it.";
    states::caption(ui, words);
}

/// Draws it as names and values.
pub fn facts_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenDataset, index: usize) {
    let dataset = &*open.dataset;
    let Some(sample) = dataset.samples.get(index) else {
        return;
    };
    let standing = standing::standing(cx, index);
    let class = |class: usize| classes::name(&open.base.classes, class);
    let path = dataset.path(index).map(|path| display_path(&path));
    let same = |name, value: String| (name, value.clone(), value);
    let part = cx.state.part_of(index).map_or("–", |part| part.word());
    let facts = [
        Some(("File", sample.name(), path.unwrap_or_default())),
        Some(same("Label", dataset.class_name(sample.label).to_owned())),
        standing
            .relabelled
            .map(|source| same("Source says", class(source))),
        Some(same("Part", part.to_owned())),
        Some(same("Size", size(cx, &Subject::Sample(index)))),
    ];
    list_ui(ui, facts.into_iter().flatten());
    let palette = theme::palette(ui);
    let colour = standing
        .broken
        .as_ref()
        .map_or(palette.muted, |_| palette.warning);
    for sentence in standing.sentences(class) {
        ui.add(Label::new(RichText::new(sentence).small().color(colour)).wrap());
    }
}

/// Names, values and what hovering over these shows.
fn list_ui(ui: &mut Ui, facts: impl IntoIterator<Item = (&'static str, String, String)>) {
    states::facts(ui, "facts", |ui| {
        for (name, value, more) in facts {
            states::caption(ui, name);
            ui.add(Label::new(value).truncate()).on_hover_text(more);
            ui.end_row();
        }
    });
}

fn size(cx: &Cx<'_>, of: &Subject) -> String {
    let Some(LargeImage { picture, size }) = cx.state.large_image(of) else {
        let has_failed = cx.state.slot::<LoadImage>().failed.is_some();
        return if has_failed { "–" } else { "…" }.to_owned();
    };
    let words = |(width, height)| format!("{} × {}", thousands(width), thousands(height));
    let (own, shown) = (words(*size), (picture.width, picture.height));
    if shown == *size {
        return format!("{own} pixels");
    }
    format!("{own} pixels, shown as {}", words(shown))
}
