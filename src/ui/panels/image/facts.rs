//! What is known about the selected image.

use eframe::egui::{Grid, Label, RichText, Ui};

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
    list_ui(
        ui,
        [
            ("File", name, image.source().name()),
            ("Size", size.clone(), size),
        ],
    );
    states::caption(
        ui,
        "It stands in no dataset: the model has never learned from it.",
    );
}

/// Draws it as names and values.
pub fn facts_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenDataset, index: usize) {
    let dataset = &*open.dataset;
    let Some(sample) = dataset.samples.get(index) else {
        return;
    };
    let standing = standing::standing(cx, index);
    let path = open.dataset.path(index).map(|path| display_path(&path));
    let same = |name, value: String| (name, value.clone(), value);
    let source = standing.relabelled;
    let source = source.map(|source| classes::name(&open.base.classes, source));
    let part = cx.state.part_of(index).map_or("–", |part| part.word());
    let file = ("File", sample.name(), path.unwrap_or_default());
    let facts = [
        Some(file),
        Some(same("Label", dataset.class_name(sample.label).to_owned())),
        source.map(|source| same("Source says", source)),
        Some(same("Part", part.to_owned())),
        Some(same("Size", size(cx, &Subject::Sample(index)))),
    ];
    list_ui(ui, facts.into_iter().flatten());
    let class = |class: usize| classes::name(&open.base.classes, class);
    for sentence in standing.sentences(class) {
        let colour = if standing.broken.is_some() {
            theme::palette(ui).warning
        } else {
            theme::palette(ui).muted
        };
        ui.add(Label::new(RichText::new(sentence).small().color(colour)).wrap());
    }
}

/// Names, values and what hovering over these shows.
fn list_ui(ui: &mut Ui, facts: impl IntoIterator<Item = (&'static str, String, String)>) {
    Grid::new("facts")
        .num_columns(2)
        .spacing([16.0, 6.0])
        .min_row_height(20.0)
        .show(ui, |ui| {
            for (name, value, more) in facts {
                states::caption(ui, name);
                ui.add(Label::new(value).truncate()).on_hover_text(more);
                ui.end_row();
            }
        });
}

fn size(cx: &Cx<'_>, of: &Subject) -> String {
    let Some(LargeImage {
        picture,
        size: (width, height),
    }) = cx.state.large_image(of)
    else {
        let has_failed = cx.state.slot::<LoadImage>().failed.is_some();
        return if has_failed { "–" } else { "…" }.to_owned();
    };
    let pixels =
        |width: usize, height: usize| format!("{} × {}", thousands(width), thousands(height));
    let own = pixels(*width, *height);
    if (picture.width, picture.height) == (*width, *height) {
        format!("{own} pixels")
    } else {
        format!(
            "{own} pixels, shown as {}",
            pixels(picture.width, picture.height)
        )
    }
}
