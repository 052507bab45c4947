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
    Grid::new("facts")
        .num_columns(2)
        .spacing([16.0, 6.0])
        .min_row_height(20.0)
        .show(ui, |ui| {
            let whole = image.source().name();
            let subject = Subject::Image(image.clone());
            let name = classes::subject_name(cx.state, &subject);
            for (what, value, more) in [
                ("File", name, whole),
                ("Size", size(cx, &subject), String::new()),
            ] {
                states::caption(ui, what);
                let value = ui.add(Label::new(value).truncate());
                if !more.is_empty() {
                    value.on_hover_text(more);
                }
                ui.end_row();
            }
        });
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
    Grid::new("facts")
        .num_columns(2)
        .spacing([16.0, 6.0])
        .min_row_height(20.0)
        .show(ui, |ui| {
            let mut fact = |name: &str, value: &str, more: &str| {
                states::caption(ui, name);
                let more = if more.is_empty() { value } else { more };
                ui.add(Label::new(value).truncate()).on_hover_text(more);
                ui.end_row();
            };
            let path = open.dataset.path(index).map(|path| display_path(&path));
            fact("File", &sample.name(), &path.unwrap_or_default());
            fact("Label", dataset.class_name(sample.label), "");
            if let Some(source) = standing.relabelled {
                fact(
                    "Source says",
                    &classes::name(&open.base.classes, source),
                    "",
                );
            }
            fact(
                "Part",
                cx.state.part_of(index).map_or("–", |part| part.word()),
                "",
            );
            fact("Size", &size(cx, &Subject::Sample(index)), "");
        });
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
