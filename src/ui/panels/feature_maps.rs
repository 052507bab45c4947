//! The Feature maps panel: what a layer makes of the selected image.

use std::sync::Arc;

use eframe::egui::{Button, Key, ScrollArea, Ui, Vec2, vec2};

use super::{Cx, Panel};
use crate::{
    data::Picture,
    engine::Inspect,
    inspect::{
        colours::{ColourScale, Grid, MapPainter},
        feature_maps::{FeatureMaps as Maps, MapsOfLayer},
        maximise::{MaximiseConfig, Target},
    },
    model::{Node, Shape, graph},
    ui::{
        action::{Action, ModelAction, WindowAction},
        format::significant,
        saving::Saving,
        state::{AppState, Selection, Subject},
        theme,
        widgets::{
            cached::{Cached, Same},
            classes, fields, needs,
            nodes::{self, Offer},
            picture, states, tiles, value_bars,
        },
        workspace::Step,
    },
};

/// Most points per pixel of a map.
const LARGEST_ZOOM: f32 = 64.0;
/// Less space than this is not used: the panel then has to scroll.
const LEAST_SPACE: Vec2 = vec2(120.0, 160.0);

/// What the picture is made from; `None` for all maps.
type PictureKey = (Same<Maps>, ColourScale, [u8; 3], Option<usize>);

/// View state.
#[derive(Default)]
pub struct FeatureMaps {
    picture: Cached<PictureKey, Arc<Picture>>,
    /// The map that fills the panel, and its layer.
    enlarged: Option<(usize, usize)>,
}

impl Panel for FeatureMaps {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if needs::model(ui, cx, "Feature maps").is_none() {
            return;
        }
        let state = cx.state;
        let slot = state.slot::<Inspect<MapsOfLayer>>();
        let maps = slot.answer();
        if state.selection.subject.is_none() && maps.is_none() {
            let sentence = "Select an image to see what the layers make of it.";
            states::empty_with(
                ui,
                sentence,
                "Go to Data",
                Action::Window(WindowAction::GoTo(Step::Data)),
                cx.actions,
            );
            return;
        }
        header_ui(ui, cx, &cx.state.nodes());
        if let Some(message) = &slot.failed {
            states::failed(ui, message);
        }
        match (maps, slot.job) {
            (Some(maps), _) => {
                let area = ScrollArea::vertical().auto_shrink(false);
                area.show(ui, |ui| self.maps_ui(ui, cx, maps));
            }
            (None, Some(job)) => {
                if states::loading(ui, "Computing feature maps", None) {
                    cx.push(Action::Cancel(job));
                }
            }
            (None, None) => {}
        }
    }
}

/// Layer and colours.
fn header_ui(ui: &mut Ui, cx: &mut Cx<'_>, nodes: &[Node]) {
    let layer = cx
        .state
        .selection
        .layer
        .filter(|layer| *layer < nodes.len())
        .unwrap_or(0);
    ui.horizontal_wrapped(|ui| {
        let offer = Offer {
            nodes,
            all: &(0..nodes.len()).collect::<Vec<_>>(),
            first: &graph::block_ends(nodes),
            words: &|node| {
                let words = |node: &Node| format!("{} · {}", node.name, node.shape.output);
                nodes.get(node).map_or_else(String::new, words)
            },
        };
        let tooltip = "The layer whose output is shown, with its height × width × number of maps";
        if let Some(chosen) = nodes::choice(ui, "Layer", tooltip, 176.0, layer, &offer) {
            let selection = Selection {
                layer: Some(chosen),
                unit: None,
                ..cx.state.selection.clone()
            };
            cx.push(Action::Select(selection));
        }
        ui.end_row();
        let scales = [
            (
                ColourScale::Viridis,
                "Viridis",
                "Dark blue is the smallest value, yellow the largest",
            ),
            (
                ColourScale::Grey,
                "Grey",
                "Black is the smallest value, white the largest",
            ),
        ];
        if let Some(scale) = fields::switch(ui, cx.settings.map_scale, &scales) {
            cx.settings.map_scale = scale;
        }
    });
}

impl FeatureMaps {
    fn maps_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, maps: &Arc<Maps>) {
        let is_there = |&(layer, map): &(usize, usize)| layer == maps.layer && map < maps.count();
        self.enlarged = self.enlarged.filter(is_there);
        let slot = cx.state.slot::<Inspect<MapsOfLayer>>();
        let of = slot.answered_request().and_then(|of| of.image_source());
        let of = of.map(Subject::of).or(cx.state.selection.subject.clone());
        let name = of.map_or_else(String::new, |of| classes::subject_name(cx.state, &of));
        let work = slot.job.map_or("", |_| " · updating");
        let model = cx.state.name_in_hand().unwrap_or_default();
        let words = format!("{} · epoch {} · {name}{work}", maps.name, maps.epoch);
        states::caption(ui, words).on_hover_text(format!("Computed by {model}"));
        let is_last = maps.layer + 1 == cx.state.nodes().len();
        if is_last && matches!(maps.shape, Shape::Flat(_)) {
            logits_ui(ui, cx, maps);
            return;
        }
        let background = theme::palette(ui).gap;
        let scale = cx.settings.map_scale;
        let map = self.enlarged.map(|(_, map)| map);
        let key = (Same::of(maps), scale, background, map);
        let picture = self
            .picture
            .get(key, || Arc::new(paint(maps, scale, background, map)));
        picture::scale_bar(ui, scale, maps.range);
        self.buttons_ui(ui, cx, maps, &picture);
        self.picture_ui(ui, cx, maps, &picture);
    }

    /// Everything the context menu offers, reachable without it.
    fn buttons_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, maps: &Maps, picture: &Arc<Picture>) {
        let unit = selected_unit(cx.state, maps);
        ui.horizontal_wrapped(|ui| {
            if self.enlarged.is_some() {
                if ui
                    .button("All maps")
                    .on_hover_text("Back to all maps of this layer (Esc)")
                    .clicked()
                {
                    self.enlarged = None;
                }
            } else if maps.count() > 1 {
                let button = ui.add_enabled(unit.is_some(), Button::new("Enlarge"));
                let button = button
                    .on_hover_text("Show the selected map alone (Enter, or double-click a map)");
                if button.on_disabled_hover_text("Click a map first").clicked() {
                    self.enlarge(maps, unit);
                }
            }
            actions_ui(ui, cx, maps, unit, picture);
        });
    }

    fn picture_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, maps: &Maps, picture: &Arc<Picture>) {
        let unit = selected_unit(cx.state, maps);
        let grid = grid(maps, self.enlarged.is_some());
        let space = (ui.available_size() - vec2(4.0, 4.0)).max(LEAST_SPACE);
        let size = tiles::crisp_size(ui, grid.size(), space, LARGEST_ZOOM);
        let texture = cx.textures.picture(ui.ctx(), picture);
        let tiled = tiles::tiles(
            ui,
            &texture,
            grid,
            size,
            &format!("Feature maps of {}", maps.name),
        );
        let flat = matches!(maps.shape, Shape::Flat(_));
        match unit {
            Some(unit) if flat => {
                tiled.outline_pixel(ui, unit % grid.tile_width, unit / grid.tile_width);
            }
            Some(unit) if self.enlarged.is_none() => tiled.outline(ui, unit, unit),
            _ => {}
        }
        let pointed = tiled.pointed.map(|pointed| {
            let map = self.enlarged.map_or(pointed.tile, |(_, map)| map);
            (map, pointed.y * grid.tile_width + pointed.x, pointed)
        });
        let response = tiled.response;
        if let Some((map, pixel, pointed)) = pointed.filter(|(map, ..)| *map < maps.count()) {
            let target = if flat { pixel } else { map };
            if (response.clicked() || response.secondary_clicked())
                && target < tiles::units(maps.shape)
            {
                select(cx, maps.layer, target);
            }
            if response.double_clicked() && !flat {
                self.enlarged = if self.enlarged.is_some() {
                    None
                } else {
                    Some((maps.layer, map))
                };
            }
            if let Some(value) = maps.map(map).get(pixel) {
                let value = significant(f64::from(*value));
                let words = if flat {
                    format!("{} · value {pixel}: {value}", maps.name)
                } else {
                    format!(
                        "{} · map {map} · column {}, row {}: {value}",
                        maps.name, pointed.x, pointed.y
                    )
                };
                response.clone().on_hover_text_at_pointer(words);
            }
        }
        response.context_menu(|ui| actions_ui(ui, cx, maps, unit, picture));
        self.keys(ui, cx, maps, unit, grid);
    }

    fn keys(&mut self, ui: &Ui, cx: &mut Cx<'_>, maps: &Maps, unit: Option<usize>, grid: Grid) {
        if !tiles::has_keys(ui) {
            return;
        }
        let pressed = |key: Key| ui.input(|input| input.key_pressed(key) && !input.modifiers.any());
        if pressed(Key::Escape) {
            self.enlarged = None;
        } else if pressed(Key::Enter) && maps.count() > 1 {
            self.enlarge(maps, unit);
        }
        let grid = Grid {
            columns: if self.enlarged.is_some() {
                1
            } else {
                grid.columns
            },
            ..grid
        };
        if let (true, Some(target)) = (
            maps.count() > 1,
            tiles::moved(ui, grid, maps.count(), unit.unwrap_or(0)),
        ) {
            select(cx, maps.layer, target);
            if self.enlarged.is_some() {
                self.enlarge(maps, Some(target));
            }
        }
    }

    fn enlarge(&mut self, maps: &Maps, unit: Option<usize>) {
        self.enlarged = unit
            .filter(|unit| *unit < maps.count())
            .map(|unit| (maps.layer, unit));
    }
}

/// Save and maximise: in the row of buttons and in the context menu.
fn actions_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    maps: &Maps,
    unit: Option<usize>,
    picture: &Arc<Picture>,
) {
    let what = if matches!(maps.shape, Shape::Flat(_)) {
        "value"
    } else {
        "filter"
    };
    let words = format!("Maximise this {what}");
    let maximise = ui.add_enabled(unit.is_some(), Button::new(words));
    let maximise = maximise.on_hover_text(format!(
        "Look for an image that this {what} answers to most strongly"
    ));
    if let (true, Some(unit)) = (
        maximise
            .on_disabled_hover_text(format!("Click a {what} first"))
            .clicked(),
        unit,
    ) {
        select(cx, maps.layer, unit);
        let layer = maps.layer;
        let target = Target::Unit { layer, unit };
        cx.push(ModelAction::Maximise(MaximiseConfig::new(target)));
        cx.push(WindowAction::GoTo(Step::Inside));
    }
    if ui
        .button("Save picture…")
        .on_hover_text("Write what is shown to a PNG file")
        .clicked()
    {
        cx.push(Saving::Picture(tiles::large_enough(picture)));
    }
}

/// The last layer: one value per class.
fn logits_ui(ui: &mut Ui, cx: &mut Cx<'_>, maps: &Maps) {
    states::caption(
        ui,
        "Scores of the classes, before they are turned into probabilities",
    );
    let classes = cx
        .state
        .model
        .as_ref()
        .map(|model| Arc::clone(&model.snapshot.classes));
    let unit = selected_unit(cx.state, maps);
    let clicked = value_bars::value_bars(ui, &classes.unwrap_or_default(), &maps.values, unit);
    if let Some(class) = clicked {
        let layer = Some(maps.layer);
        let selection = Selection {
            layer,
            unit: Some(class),
            class: Some(class),
            ..cx.state.selection.clone()
        };
        cx.push(Action::Select(selection));
    }
}

fn grid(maps: &Maps, enlarged: bool) -> Grid {
    if enlarged {
        Grid {
            columns: 1,
            rows: 1,
            ..maps.grid()
        }
    } else {
        maps.grid()
    }
}

fn paint(maps: &Maps, scale: ColourScale, background: [u8; 3], map: Option<usize>) -> Picture {
    match map {
        None => maps.picture(scale, background),
        Some(map) => {
            let tile = MapPainter::new(maps.range, scale).paint(maps.map(map), maps.map_size().0);
            grid(maps, true).paint([tile], background)
        }
    }
}

/// The selected unit when it belongs to the layer that is shown.
fn selected_unit(state: &AppState, maps: &Maps) -> Option<usize> {
    let is_shown = state.selection.layer.unwrap_or(0) == maps.layer;
    state
        .selection
        .unit
        .filter(|unit| is_shown && *unit < tiles::units(maps.shape))
}

fn select(cx: &mut Cx<'_>, layer: usize, unit: usize) {
    let selection = Selection {
        layer: Some(layer),
        unit: Some(unit),
        ..cx.state.selection.clone()
    };
    cx.push(Action::Select(selection));
}
