//! The selected image: large with zoom and pixel values, facts, its neighbours, a histogram and similar images.

mod facts;
mod histogram;
mod similar;

use std::sync::Arc;

use eframe::egui::{Button, ScrollArea, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use super::{Cx, Panel};
use crate::{
    engine::LoadImage,
    ui::{
        action::Action,
        format::thousands,
        state::{Selection, Subject},
        theme,
        widgets::{states, zoom::Zoom},
    },
};
use histogram::HistogramView;

/// View state.
#[derive(Default)]
pub struct Image {
    zoom: Zoom,
    histogram: HistogramView,
    /// The list, the selected sample and its place in it.
    place: Option<(Arc<[usize]>, usize, Option<usize>)>,
}

/// Share of the height that the picture takes.
const PICTURE_SHARE: f32 = 0.52;
/// The picture is at least this high.
const LOWEST: f32 = 96.0;

impl Panel for Image {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let state = cx.state;
        let Some(subject) = state.selection.subject.clone() else {
            states::empty(ui, "Click an image to see it large.", None);
            return;
        };
        let open = state.open_dataset();
        let sample = match &subject {
            Subject::Sample(index) => {
                let index = *index;
                match open.filter(|open| index < open.dataset.samples.len()) {
                    Some(open) => Some((open, index)),
                    None => {
                        states::empty(ui, "Click an image to see it large.", None);
                        return;
                    }
                }
            }
            Subject::Image(_) => None,
        };
        let whole = ui.available_height();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            if let Some((_, index)) = sample {
                self.neighbours_ui(ui, cx, index);
            }
            self.zoom.buttons_ui(ui);
        });
        let height = (whole * PICTURE_SHARE).max(LOWEST);
        self.zoom
            .image_ui(ui, cx, vec2(ui.available_width(), height));
        if let Some(message) = &state.slot::<LoadImage>().failed {
            states::failed(ui, message);
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - theme::GRID);
            match (&subject, sample) {
                (_, Some((open, index))) => facts::facts_ui(ui, cx, open, index),
                (Subject::Image(image), None) => facts::own_image_ui(ui, cx, image),
                (Subject::Sample(_), None) => {}
            }
            let loaded = state.large_image(&subject);
            self.histogram.ui(ui, loaded.map(|image| &image.picture));
            if let Some((open, index)) = sample {
                similar::similar_ui(ui, cx, open, index);
            }
            ui.add_space(theme::GRID);
        });
    }
}

impl Image {
    /// Where the sample stands in the browser's list.
    fn place(&mut self, cx: &Cx<'_>, index: usize) -> Option<usize> {
        let list = &cx.state.browsed;
        let is_known = self
            .place
            .as_ref()
            .is_some_and(|(known, sample, _)| *sample == index && Arc::ptr_eq(known, list));
        if !is_known {
            let place = list.iter().position(|sample| *sample == index);
            self.place = Some((Arc::clone(list), index, place));
        }
        self.place.as_ref().and_then(|(.., place)| *place)
    }

    /// To the images before and after in the browser's order.
    fn neighbours_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, index: usize) {
        let place = self.place(cx, index);
        let list = Arc::clone(&cx.state.browsed);
        let earlier = place.and_then(|place| list.get(place.checked_sub(1)?).copied());
        let later = place.and_then(|place| list.get(place + 1).copied());
        ui.spacing_mut().button_padding.x = 6.0;
        let mut button = |ui: &mut Ui, icon, words: &str, sample: Option<usize>| {
            let button = Button::new(icon_text(icon).size(16.0));
            let response = ui
                .add_enabled(sample.is_some(), button)
                .accessible_name(words);
            let tooltip = format!("{words} image in the browser's order");
            if response.on_hover_text(tooltip).clicked() {
                select(cx, sample);
            }
        };
        button(ui, icons::ICON_CHEVRON_LEFT, "Previous", earlier);
        button(ui, icons::ICON_CHEVRON_RIGHT, "Next", later);
        let words = match place {
            Some(place) => format!("{} of {}", thousands(place + 1), thousands(list.len())),
            None => "not in the list".to_owned(),
        };
        states::caption(ui, words);
    }
}

/// Selects a sample and its class.
fn select(cx: &mut Cx<'_>, sample: Option<usize>) {
    let samples = cx.state.dataset().map(|dataset| &dataset.samples);
    let class = samples.and_then(|samples| Some(samples.get(sample?)?.label));
    let selection = Selection {
        class,
        marked: Arc::from([]),
        ..cx.state.selection.with_sample(sample)
    };
    cx.push(Action::Select(selection));
}
