//! The selected image: large with zoom and pixel values, facts, its neighbours, a histogram and similar images.

mod facts;
mod histogram;
mod similar;

use std::sync::Arc;

use eframe::egui::{ScrollArea, Ui, vec2};
use egui_material_icons::icons;

use super::{Cx, Panel};
use crate::{
    engine::{LoadImage, OpenDataset},
    ui::{
        format::thousands,
        state::Subject,
        theme,
        widgets::{
            buttons,
            cached::{Cached, Same},
            states,
            zoom::Zoom,
        },
    },
};
use histogram::HistogramView;

#[derive(Default)]
pub struct Image {
    zoom: Zoom,
    histogram: HistogramView,
    /// Where the sample stands in the browser's list.
    place: Cached<(Same<[usize]>, usize), Option<usize>>,
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
        let has = |open: &&Arc<OpenDataset>, index| index < open.dataset.samples.len();
        let sample = state.selection.sample();
        let open = state.open_dataset();
        let sample = sample.and_then(|index| Some((open.filter(|open| has(open, index))?, index)));
        if matches!(subject, Subject::Sample(_)) && sample.is_none() {
            states::empty(ui, "Click an image to see it large.", None);
            return;
        }
        let whole = ui.available_height();
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            if let Some((_, index)) = sample {
                self.neighbours_ui(ui, cx, index);
            }
            self.zoom.buttons_ui(ui);
        });
        let height = (whole * PICTURE_SHARE).max(LOWEST);
        let space = vec2(ui.available_width(), height);
        self.zoom.image_ui(ui, cx, space);
        states::failure(ui, state.slot::<LoadImage>().failed.as_ref());
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
    /// To the images before and after in the browser's order.
    fn neighbours_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, index: usize) {
        let list = &cx.state.browsed;
        let find = || list.iter().position(|sample| *sample == index);
        let place = self.place.get((Same::of(list), index), find);
        let earlier = place.and_then(|place| list.get(place.checked_sub(1)?).copied());
        let later = place.and_then(|place| list.get(place + 1).copied());
        ui.spacing_mut().button_padding.x = 6.0;
        for (icon, words, sample) in [
            (icons::ICON_CHEVRON_LEFT, "Previous", earlier),
            (icons::ICON_CHEVRON_RIGHT, "Next", later),
        ] {
            let tip = format!("{words} image in the browser's order");
            if buttons::icon(ui, sample.is_some(), icon, words, &tip) {
                select(cx, sample);
            }
        }
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
    cx.select(|to| {
        *to = to.with_sample(sample);
        (to.class, to.marked) = (class, Arc::from([]));
    });
}
