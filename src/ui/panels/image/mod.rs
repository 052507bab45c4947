//! The selected image, large, with its path, label and part.

use eframe::egui::{self, Label, Ui, vec2};

use super::{Cx, Panel};
use crate::{
    data::{Picture, dataset::display_path},
    ui::{
        theme,
        widgets::{picture, states},
    },
};

/// View state: none.
#[derive(Default)]
pub struct Image {}

/// Height kept for the facts below the picture.
const FACTS_HEIGHT: f32 = 132.0;

impl Panel for Image {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let state = cx.state;
        let selected = state.dataset().zip(state.selection.sample);
        let Some((dataset, index)) =
            selected.filter(|(dataset, index)| *index < dataset.samples.len())
        else {
            states::empty(ui, "Click an image to see it large.", None);
            return;
        };
        let space = vec2(
            ui.available_width(),
            (ui.available_height() - FACTS_HEIGHT).max(64.0),
        );
        let (rect, response) = ui.allocate_exact_size(space, egui::Sense::hover());
        let loaded = state
            .image
            .image
            .as_ref()
            .filter(|(sample, ..)| *sample == index);
        let large = loaded.map(|(_, picture, _)| cx.textures.picture(ui.ctx(), picture));
        // The thumbnail stands in until the file is read.
        if let Some(texture) = large.or_else(|| cx.thumbnail(ui.ctx(), index)) {
            let size = picture::fitted(texture.size_vec2(), rect.size());
            let area = egui::Rect::from_center_size(rect.center(), size);
            picture::paint(ui, &texture, area);
            picture::frame(ui, area);
            if let Some((_, pixels, _)) = loaded {
                pixel_value(response, area, pixels);
            }
        }
        if let Some(message) = &state.image.failed {
            states::failed(ui, message);
        }
        let sample = &dataset.samples[index];
        egui::Grid::new("facts")
            .num_columns(2)
            .spacing([16.0, 6.0])
            .show(ui, |ui| {
                let mut fact = |name: &str, value: String| {
                    states::caption(ui, name);
                    ui.add(Label::new(&value).truncate()).on_hover_text(value);
                    ui.end_row();
                };
                fact("File", display_path(&dataset.root.join(&sample.path)));
                fact("Label", dataset.class_name(sample.label).to_owned());
                let part = state.part_of(index);
                fact("Part", part.map_or("–", |part| part.word()).to_owned());
                let size = loaded.map_or_else(
                    || "…".to_owned(),
                    |(.., (w, h))| format!("{w} × {h} pixels"),
                );
                fact("Size", size);
            });
        ui.add_space(theme::GRID);
    }
}

/// Tells position and colour of the pixel under the pointer.
fn pixel_value(response: egui::Response, area: egui::Rect, pixels: &Picture) {
    let Some(pointer) = response.hover_pos() else {
        return;
    };
    let Some((x, y)) = picture::pixel_at(area, pointer, pixels.width, pixels.height) else {
        return;
    };
    let [red, green, blue] = pixels.pixel(x, y);
    response.on_hover_text_at_pointer(format!(
        "column {x}, row {y}: red {red}, green {green}, blue {blue}"
    ));
}
