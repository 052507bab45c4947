//! The Activation maximisation panel: an image that a class or a filter answers to most strongly.

use std::sync::Arc;

use eframe::egui::{self, RichText, Ui, vec2};

use super::{Cx, Panel};
use crate::{
    data::Picture,
    engine::{Inspect, LoadedModel},
    inspect::maximise::{MaximiseConfig, Preview, Target},
    model::{Node, spec::Head},
    ui::{
        action::{Action, ModelAction},
        format::significant,
        saving::Saving,
        state::AppState,
        theme,
        widgets::{
            cached::Cached, classes, fields, needs, nodes, number::Number, picture, states, tiles,
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

const TARGETS: [(Excited, &str, &str); 2] = [
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

pub struct Maximise {
    excited: Excited,
    class: usize,
    layer: usize,
    unit: usize,
    /// All but the target.
    config: MaximiseConfig,
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
        Self {
            excited: Excited::default(),
            class: 0,
            layer: 0,
            unit: 0,
            config: MaximiseConfig::new(Target::Class(0)),
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
        let area = egui::ScrollArea::vertical().auto_shrink(false);
        area.show(ui, |ui| {
            self.target_ui(ui, cx, &model);
            self.buttons_ui(ui, cx);
            let slot = cx.state.slot::<Inspect<MaximiseConfig>>();
            states::failure(ui, slot.failed.as_ref());
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
                match class_of(model, &nodes, Target::Unit { layer, unit }) {
                    Some(class) => (self.excited, self.class) = (Excited::Class, class),
                    None => {
                        self.excited = Excited::Filter;
                        (self.layer, self.unit) = (layer, unit);
                    }
                }
            }
        }
        let classes = model.snapshot.classes.len();
        self.class = self.class.min(classes.saturating_sub(1));
        self.layer = self.layer.min(last);
        self.unit = self.unit.min(last_unit(&nodes, self.layer));
    }

    fn target_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, model: &LoadedModel) {
        ui.horizontal_wrapped(|ui| fields::switch(ui, &mut self.excited, &TARGETS));
        let grid = egui::Grid::new("what and how").num_columns(2);
        grid.show(ui, |ui| {
            self.fields_ui(ui, cx, model);
            self.settings_ui(ui);
        });
    }

    fn fields_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, model: &LoadedModel) {
        match self.excited {
            Excited::Class => {
                let names = &model.snapshot.classes;
                let options = || {
                    let classes = 0..names.len();
                    classes
                        .map(|class| (class, classes::name(names, class)))
                        .collect()
                };
                let tip = "The class whose score is driven up";
                let current = (&self.class, &*classes::name(names, self.class));
                let chosen = fields::choice(ui, "Name", tip, 160.0, current, options);
                self.class = chosen.unwrap_or(self.class);
            }
            Excited::Filter => self.filter_ui(ui, &cx.state.nodes()),
        }
        ui.end_row();
    }

    fn filter_ui(&mut self, ui: &mut Ui, nodes: &[Node]) {
        let tip = "The layer that the filter belongs to";
        let name = |node: &Node| node.name.clone();
        if let Some(layer) = nodes::any(ui, tip, 110.0, self.layer, nodes, name) {
            (self.layer, self.unit) = (layer, 0);
        }
        ui.end_row();
        let last = last_unit(nodes, self.layer);
        let tip = format!("Number of the filter, 0 to {last}. Drag, or click to type");
        number_ui(ui, "Filter", tip, Number::new(&mut self.unit, 0..=last));
    }

    fn settings_ui(&mut self, ui: &mut Ui) {
        let label = states::caption(ui, "Steps");
        ui.spacing_mut().slider_width = 110.0;
        let tip =
            "How often the image is changed. More gives a stronger picture and takes longer (200)";
        Number::new(&mut self.config.steps, STEPS)
            .slider_ui(ui, "Steps", label.id, 20.0, false)
            .on_hover_text(tip);
        ui.end_row();
        let tip =
            "Decides the first image and its small movements; another seed, another picture (0)";
        number_ui(
            ui,
            "Seed",
            tip,
            Number::new(&mut self.config.seed, 0..=u64::MAX),
        );
        ui.end_row();
    }

    fn buttons_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let job = cx.state.slot::<Inspect<MaximiseConfig>>().job;
        ui.horizontal_wrapped(|ui| {
            let start = states::primary_button(ui, "Maximise", job.is_none());
            let start = start.on_hover_text("Look for an image that this answers to most strongly");
            let why_not = "Cancel the one that runs first";
            if start.on_disabled_hover_text(why_not).clicked() {
                let (layer, unit) = (self.layer, self.unit);
                let target = match self.excited {
                    Excited::Class => Target::Class(self.class),
                    Excited::Filter => Target::Unit { layer, unit },
                };
                let config = self.config;
                cx.push(ModelAction::Maximise(MaximiseConfig { target, ..config }));
            }
            let cancel = egui::Button::new("Cancel").min_size(vec2(72.0, 32.0));
            let cancel = ui.add_enabled(job.is_some(), cancel);
            let cancel = cancel.on_hover_text("Stop here and keep the picture so far");
            if let (true, Some(job)) = (cancel.clicked(), job) {
                cx.push(Action::Cancel(job));
            }
            let preview = preview(cx.state);
            let save = egui::Button::new("Save picture…").min_size(vec2(0.0, 32.0));
            let save = ui.add_enabled(preview.is_some(), save);
            let save = save.on_hover_text("Write the picture to a PNG file");
            let save = save.on_disabled_hover_text("There is no picture yet");
            if let (true, Some(preview)) = (save.clicked(), preview) {
                cx.push(Saving::Picture(tiles::large_enough(&preview.picture)));
            }
        });
    }

    fn result_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, model: &LoadedModel) {
        let state = cx.state;
        let slot = state.slot::<Inspect<MaximiseConfig>>();
        let target = slot.asked.as_ref().map(|asked| asked.what.target);
        let nodes = state.nodes();
        let title = target.map_or_else(String::new, |target| words(model, &nodes, target));
        let Some(preview) = preview(state) else {
            let sentence = match (slot.job, target) {
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
        let of = target.map_or_else(String::new, |target| {
            let snapshot = &model.snapshot;
            let words = target.score_words(snapshot.spec.head, &snapshot.classes, &nodes);
            format!("The score is the {words} for this picture")
        });
        states::caption(ui, format!("step {step} of {steps} · score {score}")).on_hover_text(of);
        let bar = egui::ProgressBar::new(step as f32 / steps.max(1) as f32).desired_height(4.0);
        ui.add(bar.fill(theme::palette(ui).accent));
        let key = (step, preview.score.to_bits());
        let picture = self.picture.get(key, || Arc::new(preview.picture.clone()));
        let name = format!("Picture that excites it, step {step} of {steps}");
        let example = target.and_then(|target| example(cx, model, target));
        picture_ui(ui, cx, (&picture, &name), example.as_ref());
    }
}

/// The picture, and a real image of the class beside it, or below it where there is little room.
fn picture_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (picture, name): (&Arc<Picture>, &str),
    example: Option<&(usize, String)>,
) {
    let beside = example.is_some() && ui.available_width() > 2.5 * EXAMPLE_SIDE;
    let (right, below) = match (&example, beside) {
        (_, true) => (EXAMPLE_SIDE + 2.0 * theme::GRID, 0.0),
        (Some(_), false) => (4.0, EXAMPLE_SIDE + 32.0),
        (None, false) => (4.0, 0.0),
    };
    let space = vec2(
        (ui.available_width() - right).max(64.0),
        (ui.available_height() - below - 8.0).max(160.0),
    );
    let size = tiles::crisp_size(ui, (picture.width, picture.height), space, LARGEST_ZOOM);
    let texture = cx.textures.picture(ui.ctx(), picture);
    let mut both = |ui: &mut Ui| {
        picture::picture(ui, &texture, size, name);
        if let Some((sample, class)) = example {
            example_ui(ui, cx, *sample, class);
        }
    };
    if beside {
        ui.horizontal_top(both);
    } else {
        both(ui);
    }
}

fn example_ui(ui: &mut Ui, cx: &mut Cx<'_>, sample: usize, class: &str) {
    ui.vertical(|ui| {
        let size = vec2(EXAMPLE_SIDE, EXAMPLE_SIDE);
        let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
        let texture = cx.thumbnail(ui.ctx(), sample);
        picture::in_place(ui, texture.as_ref(), rect, egui::Align2::LEFT_TOP);
        let words = format!("a real image of {class}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
        ui.set_max_width(EXAMPLE_SIDE);
        states::caption(ui, words);
    });
}

fn number_ui<N: egui::emath::Numeric>(
    ui: &mut Ui,
    name: &str,
    tip: impl Into<egui::WidgetText>,
    number: Number<'_, N>,
) {
    let label = states::caption(ui, name);
    let field = number.speed(0.1).ui(ui, name, label.id);
    field.on_hover_text(tip);
}

/// The first image of the class that is excited, with the class's name.
fn example(cx: &Cx<'_>, model: &LoadedModel, target: Target) -> Option<(usize, String)> {
    let class = class_of(model, &cx.state.nodes(), target)?;
    let class = model.snapshot.classes.get(class)?;
    let dataset = cx.state.dataset()?;
    let label = dataset.classes.iter().position(|name| name == class)?;
    let mut samples = dataset.samples.iter();
    let sample = samples.position(|sample| sample.label == label)?;
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

fn last_unit(nodes: &[Node], layer: usize) -> usize {
    let units = nodes
        .get(layer)
        .map_or(0, |node| tiles::units(node.shape.output));
    units.saturating_sub(1)
}
