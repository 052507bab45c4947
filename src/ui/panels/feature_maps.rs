//! The Feature maps panel: what a layer makes of the selected image.

use std::sync::Arc;

use eframe::egui::{Key, Response, ScrollArea, Ui, Vec2, vec2};

use super::{Cx, Panel};
use crate::{
    data::Picture,
    engine::Inspect,
    inspect::{
        colours::{ColourScale, Grid, MapPainter},
        feature_maps::{FeatureMaps as Maps, MapsOfLayer},
        maximise::{MaximiseConfig, Target},
    },
    model::{Node, Shape},
    ui::{
        action::{ModelAction, WindowAction},
        format::significant,
        saving::Saving,
        state::{AppState, Subject},
        theme,
        widgets::{
            buttons,
            cached::{Cached, Same},
            classes, fields, needs, nodes, picture, states, tiles, value_bars,
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
            let action = WindowAction::GoTo(Step::Data);
            states::empty_with(ui, sentence, "Go to Data", action, cx.actions);
            return;
        }
        header_ui(ui, cx, &cx.state.nodes());
        states::failure(ui, slot.failed.as_ref());
        if let Some(maps) = maps {
            let area = ScrollArea::vertical().auto_shrink(false);
            area.show(ui, |ui| self.maps_ui(ui, cx, maps));
        } else if let Some(job) = slot.job {
            cx.loading_ui(ui, "Computing feature maps", job);
        }
    }
}

/// Layer and colours.
fn header_ui(ui: &mut Ui, cx: &mut Cx<'_>, nodes: &[Node]) {
    const SCALES: [(ColourScale, &str, &str); 2] = [
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
    let layer = cx.state.selection.layer;
    let layer = layer.filter(|layer| *layer < nodes.len()).unwrap_or(0);
    ui.horizontal_wrapped(|ui| {
        let words = |node: &Node| format!("{} · {}", node.name, node.shape.output);
        let tooltip = "The layer whose output is shown, with its height × width × number of maps";
        if let Some(chosen) = nodes::any(ui, tooltip, 176.0, layer, nodes, words) {
            cx.select_unit(chosen, None);
        }
        ui.end_row();
        fields::switch(ui, &mut cx.settings.map_scale, &SCALES);
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
        if is_last && is_flat(maps) {
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
                let tip = "Back to all maps of this layer (Esc)";
                if buttons::button(ui, "All maps", tip) {
                    self.enlarged = None;
                }
            } else if maps.count() > 1 {
                let tip = "Show the selected map alone (Enter, or double-click a map)";
                if buttons::enabled(ui, unit.is_some(), "Enlarge", tip, "Click a map first") {
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
        let title = format!("Feature maps of {}", maps.name);
        let tiled = tiles::tiles(ui, &texture, grid, size, &title);
        let flat = is_flat(maps);
        match unit {
            Some(unit) if flat => {
                tiled.outline_pixel(ui, unit % grid.tile_width, unit / grid.tile_width);
            }
            Some(unit) if self.enlarged.is_none() => tiled.outline(ui, unit, unit),
            _ => {}
        }
        let response = tiled.response;
        if let Some(pointed) = tiled.pointed {
            let map = self.enlarged.map_or(pointed.tile, |(_, map)| map);
            let pixel = pointed.y * grid.tile_width + pointed.x;
            if map < maps.count() {
                self.pointed(cx, maps, (map, pixel), &response);
                if let Some(value) = maps.map(map).get(pixel) {
                    let (name, value) = (&maps.name, significant(f64::from(*value)));
                    let words = if flat {
                        format!("{name} · value {pixel}: {value}")
                    } else {
                        let (x, y) = (pointed.x, pointed.y);
                        format!("{name} · map {map} · column {x}, row {y}: {value}")
                    };
                    response.clone().on_hover_text_at_pointer(words);
                }
            }
        }
        response.context_menu(|ui| actions_ui(ui, cx, maps, unit, picture));
        self.keys(ui, cx, maps, unit, grid);
    }

    /// A click selects a map or a value, a second one enlarges the map.
    fn pointed(
        &mut self,
        cx: &mut Cx<'_>,
        maps: &Maps,
        (map, pixel): (usize, usize),
        response: &Response,
    ) {
        let flat = is_flat(maps);
        let target = if flat { pixel } else { map };
        let is_clicked = response.clicked() || response.secondary_clicked();
        if is_clicked && target < tiles::units(maps.shape) {
            cx.select_unit(maps.layer, Some(target));
        }
        if response.double_clicked() && !flat {
            self.enlarged = match self.enlarged {
                Some(_) => None,
                None => Some((maps.layer, map)),
            };
        }
    }

    fn keys(&mut self, ui: &Ui, cx: &mut Cx<'_>, maps: &Maps, unit: Option<usize>, grid: Grid) {
        if !tiles::has_keys(ui) {
            return;
        }
        let pressed = |key: Key| ui.input(|input| input.key_pressed(key) && !input.modifiers.any());
        let is_many = maps.count() > 1;
        if pressed(Key::Escape) {
            self.enlarged = None;
        } else if pressed(Key::Enter) && is_many {
            self.enlarge(maps, unit);
        }
        let moved = tiles::moved(ui, grid, maps.count(), unit.unwrap_or(0));
        if let Some(target) = moved.filter(|_| is_many) {
            cx.select_unit(maps.layer, Some(target));
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
    let what = if is_flat(maps) { "value" } else { "filter" };
    let words = format!("Maximise this {what}");
    let tip = format!("Look for an image that this {what} answers to most strongly");
    let why_not = format!("Click a {what} first");
    let is_wanted = buttons::enabled(ui, unit.is_some(), words, tip, why_not);
    if let Some(unit) = unit.filter(|_| is_wanted) {
        let layer = maps.layer;
        cx.select_unit(layer, Some(unit));
        let target = Target::Unit { layer, unit };
        cx.push(ModelAction::Maximise(MaximiseConfig::new(target)));
        cx.push(WindowAction::GoTo(Step::Inside));
    }
    if buttons::button(ui, "Save picture…", "Write what is shown to a PNG file") {
        cx.push(Saving::Picture(tiles::large_enough(picture)));
    }
}

fn is_flat(maps: &Maps) -> bool {
    matches!(maps.shape, Shape::Flat(_))
}

/// The last layer: one value per class.
fn logits_ui(ui: &mut Ui, cx: &mut Cx<'_>, maps: &Maps) {
    let words = "Scores of the classes, before they are turned into probabilities";
    states::caption(ui, words);
    let model = cx.state.model.as_ref();
    let classes = model.map_or(&[][..], |model| &model.snapshot.classes);
    let unit = selected_unit(cx.state, maps);
    if let Some(class) = value_bars::value_bars(ui, classes, &maps.values, unit) {
        cx.select(|to| {
            (to.layer, to.unit, to.class) = (Some(maps.layer), Some(class), Some(class));
        });
    }
}

fn grid(maps: &Maps, enlarged: bool) -> Grid {
    let mut grid = maps.grid();
    if enlarged {
        (grid.columns, grid.rows) = (1, 1);
    }
    grid
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
    let selection = &state.selection;
    let is_shown = selection.layer.unwrap_or(0) == maps.layer;
    let unit = selection.unit.filter(|_| is_shown);
    unit.filter(|unit| *unit < tiles::units(maps.shape))
}
