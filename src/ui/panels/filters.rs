//! The Filters panel: kernels of a convolution before training and now.

use std::sync::Arc;

use eframe::egui::{self, RichText, ScrollArea, Ui, Vec2, vec2};

use super::{Cx, Panel};
use crate::{
    data::Picture,
    engine::LoadedModel,
    inspect::{
        colours::ColourScale,
        filters::{Kernels, convolutions, kernels},
    },
    model::{Node, WeightSnapshot, graph::Op},
    ui::{
        format::{significant, thousands},
        theme,
        widgets::{
            cached::{Cached, Same},
            needs,
            nodes::{self, Offer},
            picture, states, tiles,
        },
    },
};

/// Below this many points per weight the two pictures stand below each other.
const SIDE_BY_SIDE_ZOOM: f32 = 6.0;
/// Between the two pictures.
const BETWEEN: f32 = 24.0;
/// Room for the words above a picture.
const TITLE_WIDTH: f32 = 110.0;
/// Most points per weight.
const LARGEST_ZOOM: f32 = 16.0;
/// Points per weight that are kept although the picture then has to scroll.
const READABLE_ZOOM: f32 = 8.0;
/// Larger kernels are not spelled out in the tooltip.
const MOST_NUMBERS: usize = 7;

/// Longest side of a picture, one pixel for each weight: larger ones would be shown with gaps.
const MOST_PIXELS: usize = 2_048;

/// What the pictures are made from: the weights now and before, the layer, the colour between tiles.
type Key = (
    Same<WeightSnapshot>,
    Option<Same<WeightSnapshot>>,
    usize,
    [u8; 3],
);

/// Both pictures on one colour range.
#[derive(Clone)]
struct Pictures {
    limit: f32,
    before: Option<Arc<Picture>>,
    now: Arc<Picture>,
}

#[derive(Default)]
pub struct Filters {
    pictures: Cached<Key, Option<Pictures>>,
}

impl Panel for Filters {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(model) = needs::model(ui, cx, "Filters") else {
            return;
        };
        let nodes = cx.state.nodes();
        let layers = convolutions(&nodes);
        let Some(&first) = layers.first() else {
            let words = "This model has no convolution and therefore no filters.";
            states::empty(ui, words, None);
            return;
        };
        let chosen = cx.state.selection.layer;
        let chosen = chosen.filter(|layer| layers.contains(layer));
        let layer = chosen.unwrap_or(first);
        let background = theme::palette(ui).gap;
        let before = model.initial.as_ref().map(Same::of);
        let key = (Same::of(&model.snapshot), before, layer, background);
        let node = &nodes[layer];
        let pictures = self.pictures.get(key, || paint(&model, node, background));
        let now = shown(&model.snapshot, node);
        header_ui(ui, cx, &nodes, &layers, layer, now.as_ref());
        let (Some(pictures), Some(now)) = (pictures, now) else {
            let words = "The weights of this layer are missing: train the model again";
            states::failed(ui, words);
            return;
        };
        let range = (-pictures.limit, pictures.limit);
        picture::scale_bar(ui, ColourScale::BlueWhiteRed, range);
        ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            pictures_ui(ui, cx, &model, (layer, node), &now, &pictures);
        });
        let unit = cx.state.selection.unit.filter(|_| chosen.is_some());
        if let Some((_, rows)) = tiles::arrows(ui) {
            let target = unit.map_or(Some(0), |unit| unit.checked_add_signed(rows));
            if let Some(target) = target.filter(|target| *target < now.rows) {
                cx.select_unit(layer, Some(target));
            }
        }
    }
}

/// The kernels of a convolution, as many as a picture can show.
fn shown<'a>(snapshot: &'a WeightSnapshot, node: &Node) -> Option<Kernels<'a>> {
    Some(kernels(snapshot, node)?.within(MOST_PIXELS))
}

fn paint(model: &LoadedModel, node: &Node, background: [u8; 3]) -> Option<Pictures> {
    let now = shown(&model.snapshot, node)?;
    let before = model.initial.as_ref();
    let before = before.and_then(|initial| shown(initial, node));
    let limit = before.map_or(0.0, |before| before.limit()).max(now.limit());
    let picture = |kernels: Kernels<'_>| Arc::new(kernels.picture(limit, background));
    Some(Pictures {
        limit,
        before: before.map(picture),
        now: picture(now),
    })
}

fn header_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    nodes: &[Node],
    layers: &[usize],
    layer: usize,
    kernels: Option<&Kernels<'_>>,
) {
    ui.horizontal_wrapped(|ui| {
        let offer = Offer {
            nodes,
            all: layers,
            first: &first_in_blocks(nodes, layers),
            words: |node| node.name.clone(),
        };
        let tooltip = "The convolution whose weights are shown";
        if let Some(chosen) = nodes::choice(ui, "Convolution", tooltip, 120.0, layer, &offer) {
            cx.select_unit(chosen, None);
        }
        let Some(kernels) = kernels else { return };
        let (filters, channels) = (thousands(kernels.filters), thousands(kernels.channels));
        let (size, width) = (kernels.size, kernels.width);
        let mut words =
            format!("{filters} filters × {channels} inputs, {size} × {width} weights each");
        let (rows, columns) = (kernels.rows, kernels.columns);
        if (rows, columns) != (kernels.filters, kernels.channels) {
            let (rows, columns) = (thousands(rows), thousands(columns));
            words += &format!("; the first {rows} × {columns} are shown");
        }
        let model = cx.state.name_in_hand().unwrap_or_default();
        let tip =
            format!("Weights of {model}: a row for each filter, a column for each input channel");
        states::caption(ui, words).on_hover_text(tip);
    });
}

/// Convolutions with windows of more than one pixel, and those that are layers of their own: the others
/// only mix channels and have no picture to look at.
fn first_in_blocks(nodes: &[Node], layers: &[usize]) -> Vec<usize> {
    let is_first = |layer: &&usize| {
        let node = &nodes[**layer];
        let of_layer = nodes.iter().filter(|other| other.layer == node.layer);
        let is_pixel = matches!(&node.op, Op::Conv2d(conv) if conv.window.size.is_one());
        !is_pixel || of_layer.count() == 1
    };
    layers.iter().filter(is_first).copied().collect()
}

fn pictures_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    model: &LoadedModel,
    (layer, node): (usize, &Node),
    now: &Kernels<'_>,
    pictures: &Pictures,
) {
    let before = pictures.before.as_ref().zip(model.initial.as_ref());
    let before = before.and_then(|(picture, initial)| Some((picture, shown(initial, node)?)));
    let half = (ui.available_width() - BETWEEN) * 0.5;
    let columns = now.grid().size().0.max(1) as f32;
    let beside = before.is_some() && half >= (SIDE_BY_SIDE_ZOOM * columns).max(TITLE_WIDTH);
    let width = if beside { half } else { ui.available_width() };
    let size = zoomed(ui, now, vec2(width - 4.0, ui.available_height() - 40.0));
    let mut all_ui = |ui: &mut Ui| {
        let mut one_ui = |title: &str, picture, kernels| {
            picture_ui(ui, cx, (layer, node), title, picture, kernels, size);
        };
        if let Some((picture, kernels)) = &before {
            one_ui("Before training", picture, kernels);
        }
        let title = format!("Now · epoch {}", model.snapshot.epoch);
        one_ui(&title, &pictures.now, now);
    };
    if beside {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = BETWEEN;
            all_ui(ui);
        });
    } else {
        all_ui(ui);
    }
    if before.is_none() {
        let words = "The weights before training are not kept in a model file, so only today's are shown. Open its run to see both.";
        states::caption(ui, words);
    }
}

/// The largest size that fits, or that fits the width and can still be read.
fn zoomed(ui: &Ui, kernels: &Kernels<'_>, space: Vec2) -> Vec2 {
    let size = kernels.grid().size();
    let to_fit = tiles::crisp_size(ui, size, space, LARGEST_ZOOM);
    let to_read = tiles::crisp_size(ui, size, vec2(space.x, f32::INFINITY), READABLE_ZOOM);
    let best = to_fit.max(to_read);
    // Many input channels: better to scroll than to see less than a point for each weight.
    best.max(vec2(size.0 as f32, size.1 as f32))
}

fn picture_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (layer, node): (usize, &Node),
    title: &str,
    picture: &Arc<Picture>,
    kernels: &Kernels<'_>,
    size: Vec2,
) {
    let selection = &cx.state.selection;
    let selected = selection
        .unit
        .filter(|unit| selection.layer == Some(layer) && *unit < kernels.rows);
    let name = &node.name;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        ui.set_min_width(TITLE_WIDTH);
        ui.label(RichText::new(title).strong());
        let texture = cx.textures.picture(ui.ctx(), picture);
        let words = format!("Filters of {name}, {title}");
        let tiled = tiles::tiles(ui, &texture, kernels.grid(), size, &words);
        let columns = kernels.columns;
        if let Some(unit) = selected {
            tiled.outline(ui, unit * columns, (unit + 1) * columns - 1);
        }
        let Some(pointed) = tiled.pointed else { return };
        let (filter, channel) = (pointed.tile / columns, pointed.tile % columns);
        if tiled.response.clicked() {
            cx.select_unit(layer, Some(filter));
        }
        tiled.response.on_hover_ui_at_pointer(|ui| {
            ui.label(format!("{name} · filter {filter} · input {channel}"));
            numbers_ui(ui, kernels.kernel(filter, channel), kernels.width);
        });
    });
}

fn numbers_ui(ui: &mut Ui, weights: &[f32], width: usize) {
    if width == 0 || width.max(weights.len() / width) > MOST_NUMBERS {
        return;
    }
    let grid = egui::Grid::new("weights").spacing(vec2(theme::GRID, 2.0));
    grid.show(ui, |ui| {
        for row in weights.chunks(width) {
            for weight in row {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.label(RichText::new(significant(f64::from(*weight))).monospace());
                });
            }
            ui.end_row();
        }
    });
}
