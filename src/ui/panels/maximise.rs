//! The Activation maximisation panel: an image that a class or a filter answers to most strongly.

use std::sync::Arc;

use eframe::egui::{self, RichText, Ui, vec2};

use super::{Cx, Panel};
use crate::{
    data::Picture,
    engine::{Inspect, LoadedModel},
    inspect::maximise::{MaximiseConfig, Preview, Target},
    model::{Node, graph, spec::Head},
    ui::{
        action::{Action, ModelAction},
        format::significant,
        saving::Saving,
        state::AppState,
        theme,
        widgets::{
            cached::Cached,
            classes, fields, needs,
            nodes::{self, Offer},
            number::Number,
            picture, states, tiles,
        },
    },
};

/// Fewest and most steps.
const STEPS: std::ops::RangeInclusive<usize> = 20..=1_000;
/// Side of the example beside the picture.
const EXAMPLE_SIDE: f32 = 128.0;
/// Most points per pixel.
const LARGEST_ZOOM: f32 = 16.0;

/// What kind of thing is excited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Excited {
    /// A class.
    #[default]
    Class,
    /// A unit of any layer.
    Filter,
}

/// View state.
pub struct Maximise {
    excited: Excited,
    class: usize,
    layer: usize,
    unit: usize,
    steps: usize,
    seed: u64,
    /// Layer and unit of the shared selection that were taken over last.
    followed: (Option<usize>, Option<usize>),
    picture: Cached<(usize, u32), Arc<Picture>>,
}

/// The picture so far, or the last one.
fn preview(state: &AppState) -> Option<&Preview> {
    let slot = state.slot::<Inspect<MaximiseConfig>>();
    let so_far = slot.partial.as_deref();
    slot.newest_answer().map(|answer| &answer.last).or(so_far)
}

impl Default for Maximise {
    fn default() -> Self {
        let standard = MaximiseConfig::new(Target::Class(0));
        Self {
            excited: Excited::default(),
            class: 0,
            layer: 0,
            unit: 0,
            steps: standard.steps,
            seed: standard.seed,
            followed: (None, None),
            picture: Cached::default(),
        }
    }
}

impl Panel for Maximise {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(model) = needs::model(ui, cx, "Pictures of what excites the network") else {
            return;
        };
        self.follow(cx, &model);
        egui::ScrollArea::vertical()
            .auto_shrink(false)
            .show(ui, |ui| {
                self.target_ui(ui, cx, &model);
                self.buttons_ui(ui, cx);
                if let Some(message) = &cx.state.slot::<Inspect<MaximiseConfig>>().failed {
                    states::failed(ui, message);
                }
                ui.separator();
                self.result_ui(ui, cx, &model);
            });
    }
}

impl Maximise {
    /// Takes over what was selected elsewhere and keeps every number within the model.
    fn follow(&mut self, cx: &Cx<'_>, model: &LoadedModel) {
        let selection = (cx.state.selection.layer, cx.state.selection.unit);
        let nodes = cx.state.nodes();
        let last = nodes.len().saturating_sub(1);
        if self.followed != selection {
            self.followed = selection;
            if let (Some(layer), Some(unit)) = selection {
                self.excited = if layer == last {
                    Excited::Class
                } else {
                    Excited::Filter
                };
                (self.layer, self.unit, self.class) = if layer == last {
                    // A sigmoid's one value speaks for the second class.
                    let class = match model.snapshot.spec.head {
                        Head::Sigmoid { .. } => 1,
                        Head::Softmax => unit,
                    };
                    (self.layer, self.unit, class)
                } else {
                    (layer, unit, self.class)
                };
            }
        }
        self.layer = self.layer.min(last);
        self.class = self
            .class
            .min(model.snapshot.classes.len().saturating_sub(1));
        self.unit = self.unit.min(units(&nodes, self.layer).saturating_sub(1));
    }

    fn target_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, model: &LoadedModel) {
        let targets = [
            (
                Excited::Class,
                "Class",
                "An image that the network is most sure about",
            ),
            (
                Excited::Filter,
                "Filter",
                "An image that one filter of a layer answers to",
            ),
        ];
        ui.horizontal_wrapped(|ui| {
            if let Some(target) = fields::switch(ui, self.excited, &targets) {
                self.excited = target;
            }
        });
        egui::Grid::new("what and how")
            .num_columns(2)
            .show(ui, |ui| {
                self.fields_ui(ui, cx, model);
                self.settings_ui(ui);
            });
    }

    fn fields_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, model: &LoadedModel) {
        match self.excited {
            Excited::Class => {
                let names = &model.snapshot.classes;
                let options = || {
                    (0..names.len())
                        .map(|class| (class, classes::name(names, class)))
                        .collect()
                };
                let words = classes::name(names, self.class);
                let tooltip = "The class whose score is driven up";
                let chosen =
                    fields::choice(ui, "Name", tooltip, 160.0, (&self.class, &words), options);
                self.class = chosen.unwrap_or(self.class);
            }
            Excited::Filter => self.filter_ui(ui, &cx.state.nodes()),
        }
        ui.end_row();
    }

    fn filter_ui(&mut self, ui: &mut Ui, nodes: &[Node]) {
        let name = |node: &Node| node.name.clone();
        let offer = Offer {
            nodes,
            all: &(0..nodes.len()).collect::<Vec<_>>(),
            first: &graph::block_ends(nodes),
            words: &|node| nodes.get(node).map_or_else(String::new, name),
        };
        let tooltip = "The layer that the filter belongs to";
        if let Some(layer) = nodes::choice(ui, "Layer", tooltip, 110.0, self.layer, &offer) {
            self.layer = layer;
            self.unit = 0;
        }
        ui.end_row();
        let last = units(nodes, self.layer).saturating_sub(1);
        let label = states::caption(ui, "Filter");
        Number::new(&mut self.unit, 0..=last)
            .speed(0.1)
            .ui(ui, "Filter", label.id)
            .on_hover_text(format!(
                "Number of the filter, 0 to {last}. Drag, or click to type"
            ));
    }

    fn settings_ui(&mut self, ui: &mut Ui) {
        let label = states::caption(ui, "Steps");
        ui.spacing_mut().slider_width = 110.0;
        Number::new(&mut self.steps, STEPS)
            .slider_ui(ui, "Steps", label.id, 20.0, false)
            .on_hover_text("How often the image is changed. More gives a stronger picture and takes longer (200)");
        ui.end_row();
        let label = states::caption(ui, "Seed");
        Number::new(&mut self.seed, 0..=u64::MAX)
            .speed(0.1)
            .ui(ui, "Seed", label.id)
            .on_hover_text("Decides the first image and its small movements; another seed, another picture (0)");
        ui.end_row();
    }

    fn buttons_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let job = cx.state.slot::<Inspect<MaximiseConfig>>().job;
        ui.horizontal_wrapped(|ui| {
            let start = states::primary_button(ui, "Maximise", job.is_none());
            let start = start.on_hover_text("Look for an image that this answers to most strongly");
            if start
                .on_disabled_hover_text("Cancel the one that runs first")
                .clicked()
            {
                let target = match self.excited {
                    Excited::Class => Target::Class(self.class),
                    Excited::Filter => Target::Unit {
                        layer: self.layer,
                        unit: self.unit,
                    },
                };
                let (steps, seed) = (self.steps, self.seed);
                let config = MaximiseConfig {
                    steps,
                    seed,
                    ..MaximiseConfig::new(target)
                };
                cx.push(ModelAction::Maximise(config));
            }
            let cancel = ui.add_enabled(
                job.is_some(),
                egui::Button::new("Cancel").min_size(vec2(72.0, 32.0)),
            );
            let cancel = cancel.on_hover_text("Stop here and keep the picture so far");
            if let (true, Some(job)) = (cancel.clicked(), job) {
                cx.push(Action::Cancel(job));
            }
            let preview = preview(cx.state).cloned();
            let save = ui.add_enabled(
                preview.is_some(),
                egui::Button::new("Save picture…").min_size(vec2(0.0, 32.0)),
            );
            let save = save.on_hover_text("Write the picture to a PNG file");
            if let (true, Some(preview)) = (
                save.on_disabled_hover_text("There is no picture yet")
                    .clicked(),
                preview,
            ) {
                cx.push(Saving::Picture(tiles::large_enough(&preview.picture)));
            }
        });
    }

    fn result_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, model: &LoadedModel) {
        let state = cx.state;
        let slot = state.slot::<Inspect<MaximiseConfig>>();
        let config = slot.asked.as_ref().map(|asked| asked.what);
        let nodes = cx.state.nodes();
        let title = config.map_or_else(String::new, |config| words(model, &nodes, config.target));
        let Some(preview) = preview(state) else {
            let sentence = match (slot.job, config) {
                (Some(_), Some(_)) => format!("{title} · starting"),
                _ => "The picture appears here.".to_owned(),
            };
            states::caption(ui, sentence);
            return;
        };
        let model_name = state.name_in_hand().unwrap_or_default();
        ui.label(RichText::new(title).strong())
            .on_hover_text(format!("What excites {model_name}"));
        let (step, steps) = (preview.step, preview.steps);
        let score = significant(f64::from(preview.score));
        let of = config.map_or_else(String::new, |config| {
            let snapshot = &model.snapshot;
            let words = config
                .target
                .score_words(snapshot.spec.head, &snapshot.classes, &nodes);
            format!("The score is the {words} for this picture")
        });
        states::caption(ui, format!("step {step} of {steps} · score {score}")).on_hover_text(of);
        let share = step as f32 / steps.max(1) as f32;
        let bar = egui::ProgressBar::new(share)
            .desired_height(4.0)
            .fill(theme::palette(ui).accent);
        ui.add(bar);
        let picture = self.picture.get((step, preview.score.to_bits()), || {
            Arc::new(preview.picture.clone())
        });
        let size = (picture.width, picture.height);
        let example = example(cx, model, config);
        let beside = example.is_some() && ui.available_width() > 2.5 * EXAMPLE_SIDE;
        let width = ui.available_width()
            - if beside {
                EXAMPLE_SIDE + 2.0 * theme::GRID
            } else {
                4.0
            };
        let below = if example.is_some() && !beside {
            EXAMPLE_SIDE + 32.0
        } else {
            0.0
        };
        let height = (ui.available_height() - below - 8.0).max(160.0);
        let size = tiles::crisp_size(ui, size, vec2(width.max(64.0), height), LARGEST_ZOOM);
        let texture = cx.textures.picture(ui.ctx(), &picture);
        let mut both = |ui: &mut Ui| {
            let name = format!("Picture that excites it, step {step} of {steps}");
            picture::picture(ui, &texture, size, &name);
            if let Some((sample, class)) = &example {
                example_ui(ui, cx, *sample, class);
            }
        };
        if beside {
            ui.horizontal_top(both);
        } else {
            both(ui);
        }
    }
}

fn example_ui(ui: &mut Ui, cx: &mut Cx<'_>, sample: usize, class: &str) {
    ui.vertical(|ui| {
        let (rect, response) =
            ui.allocate_exact_size(vec2(EXAMPLE_SIDE, EXAMPLE_SIDE), egui::Sense::hover());
        match cx.thumbnail(ui.ctx(), sample) {
            Some(texture) => {
                let size = picture::fitted_exactly(texture.size_vec2(), rect.size());
                let rect = egui::Rect::from_min_size(rect.min, size);
                picture::paint(ui, &texture, rect);
                picture::frame(ui, rect);
            }
            None => {
                ui.painter().rect_filled(rect, 4.0, theme::palette(ui).line);
            }
        }
        let words = format!("a real image of {class}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
        ui.set_max_width(EXAMPLE_SIDE);
        states::caption(ui, words);
    });
}

/// The first image of the class that is excited, with the class's name.
fn example(
    cx: &Cx<'_>,
    model: &LoadedModel,
    config: Option<MaximiseConfig>,
) -> Option<(usize, String)> {
    let nodes = cx.state.nodes();
    let class = class_of(model, &nodes, config?.target)?;
    let class = model.snapshot.classes.get(class)?;
    let dataset = cx.state.dataset()?;
    let label = dataset.classes.iter().position(|name| name == class)?;
    let sample = dataset
        .samples
        .iter()
        .position(|sample| sample.label == label)?;
    Some((sample, class.clone()))
}

/// The class that `target` drives up, be it chosen as a class or as a value of the last layer.
fn class_of(model: &LoadedModel, nodes: &[Node], target: Target) -> Option<usize> {
    match (target, model.snapshot.spec.head) {
        (Target::Class(class), _) => Some(class),
        (Target::Unit { layer, .. }, _) if layer + 1 != nodes.len() => None,
        (Target::Unit { unit, .. }, Head::Softmax) => Some(unit),
        (Target::Unit { .. }, Head::Sigmoid { .. }) => Some(1),
    }
}

/// `circle`, or `conv2 · filter 7`.
fn words(model: &LoadedModel, nodes: &[Node], target: Target) -> String {
    match (class_of(model, nodes, target), target) {
        (Some(class), _) | (None, Target::Class(class)) => {
            classes::name(&model.snapshot.classes, class)
        }
        (None, Target::Unit { layer, unit }) => {
            let name = nodes.get(layer).map_or("", |node| node.name.as_str());
            format!("{name} · filter {unit}")
        }
    }
}

fn units(nodes: &[Node], layer: usize) -> usize {
    nodes
        .get(layer)
        .map_or(0, |node| tiles::units(node.shape.output))
}
