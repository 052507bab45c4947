//! Everything about the chosen row: its settings, and its arithmetic with this model's numbers.

use eframe::egui::{Align, Grid, Label, Layout, RichText, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use super::{backbone, name::Name, settings, toolbar, wish};
use crate::{
    model::{
        LayerKind,
        arithmetic::{self, Line},
        edit::LayerEdit,
        freezing::{Freezing, Frozen},
        shapes,
        spec::Head,
    },
    ui::{
        design::{Chosen, DesignAction},
        format::{counted, thousands},
        panels::Cx,
        theme,
        widgets::{fields, states},
    },
};

/// A layer: settings above, arithmetic below.
pub fn layer_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    row: Chosen,
    name: &mut Name,
    gesture: u64,
    freezing: &Freezing,
) {
    let Some(layer) = row.layer(&cx.state.experiment.model).cloned() else {
        return;
    };
    let (Chosen::Layer(at) | Chosen::Inner(_, at)) = row else {
        return;
    };
    ui.label(RichText::new(layer.kind.about().words).strong());
    problem_ui(ui, cx, row);
    let can_edit = cx.state.why_not_edit_layers().is_none();
    let (mut kind, mut l2) = (layer.kind.clone(), layer.l2);
    ui.add_enabled_ui(can_edit, |ui| {
        let grid = Grid::new("settings").num_columns(2).spacing([8.0, 6.0]);
        grid.show(ui, |ui| {
            name.ui(ui, cx, row);
            settings::kind_ui(ui, &mut kind);
            if kind.has_l2() {
                settings::l2_ui(ui, &mut l2);
            }
            if let LayerKind::Backbone(base) = &mut kind {
                backbone::fields_ui(ui, cx, at, base, gesture);
            }
        });
        if let LayerKind::Backbone(base) = &mut kind {
            backbone::words_ui(ui, cx, base);
        }
        if kind.inner().is_some() {
            inside_ui(ui, cx, row, at);
        }
    });
    let set_kind = (kind != layer.kind).then_some(LayerEdit::SetKind { at, kind });
    let set_l2 = (l2 != layer.l2).then_some(LayerEdit::SetL2 { at, l2 });
    for edit in set_kind.into_iter().chain(set_l2) {
        wish(cx, DesignAction::Edit(row.edit(edit), Some(gesture)));
    }
    arithmetic_ui(ui, cx, row, freezing);
}

/// What is put into the block at `block`, which may be empty.
fn inside_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: Chosen, block: usize) {
    let tip = "A new layer at the end of the block";
    if let Some(kind) = toolbar::menu_ui(ui, ("Add layer inside", tip), true, true) {
        let inside = row.layer(&cx.state.experiment.model);
        let inside = inside.and_then(|layer| layer.kind.inner());
        let at = inside.map_or(0, <[_]>::len);
        let edit = Chosen::Inner(block, at).edit(LayerEdit::Insert { at, kind });
        wish(cx, DesignAction::Edit(edit, None));
    }
}

/// The layer's figures, each with its formula filled in.
fn arithmetic_ui(ui: &mut Ui, cx: &Cx<'_>, row: Chosen, freezing: &Freezing) {
    let state = cx.state;
    let model = &state.experiment.model;
    let (Some((layers, at)), Some(name)) = (row.place(model), row.name(model)) else {
        return;
    };
    let Some((shape, values)) = shapes::of_part(&state.design.nodes, &name) else {
        return;
    };
    ui.add_space(theme::GRID);
    ui.label(RichText::new("Arithmetic").strong());
    let input = match (at.checked_sub(1), row) {
        (Some(before), _) => &layers[before].name,
        (None, Chosen::Inner(..)) => "the block's input",
        (None, _) => "the image",
    };
    let batch = state.experiment.training.batch_size;
    let mut lines = vec![Line {
        name: "Input",
        formula: format!("{} from {input}", shape.input),
    }];
    lines.extend(arithmetic::lines(&*layers[at].kind, &shape, values, batch));
    if let Chosen::Layer(at) = row
        && let Some(formula) = trained_words(freezing, at)
    {
        let name = "Training";
        lines.push(Line { name, formula });
    }
    lines_ui(ui, &lines);
}

/// Room for the name of a figure.
const NAMES: f32 = 80.0;
/// A formula's size: the longest usual ones fit on a line.
const FORMULA: f32 = 13.0;

fn lines_ui(ui: &mut Ui, lines: &[Line]) {
    ui.spacing_mut().item_spacing.y = 5.0;
    for line in lines {
        ui.horizontal_top(|ui| {
            let size = vec2(NAMES, 18.0);
            let left = Layout::left_to_right(Align::Center);
            ui.allocate_ui_with_layout(size, left, |ui| {
                ui.set_min_size(size);
                states::caption(ui, line.name);
            });
            ui.spacing_mut().item_spacing.x = 4.0;
            let formula = RichText::new(&line.formula).size(FORMULA);
            ui.vertical(|ui| ui.add(Label::new(formula).wrap().selectable(true)));
        });
    }
}

/// How much of the layer is trained in the phase shown; `None` when there is nothing to say.
fn trained_words(freezing: &Freezing, at: usize) -> Option<String> {
    let layer = freezing.layers.get(at)?;
    let (trainable, fixed) = (thousands(layer.trainable), thousands(layer.fixed));
    match layer.frozen {
        Frozen::Nothing => None,
        Frozen::Partly => Some(format!("{trainable} trained, {fixed} frozen")),
        Frozen::Whole => Some("frozen in this phase".to_owned()),
    }
}

/// Why the layer does not fit, and the button that mends it where there is one.
fn problem_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: Chosen) {
    let (Chosen::Layer(at) | Chosen::Inner(at, _)) = row else {
        return;
    };
    let state = cx.state;
    let problem = state.design.problem.as_ref();
    let Some(problem) = problem.filter(|problem| problem.index == at) else {
        return;
    };
    states::failed(ui, &format!("This layer does not fit: {}.", problem.reason));
    let model = &state.experiment.model;
    let logits = state
        .dataset()
        .and_then(|dataset| model.head.logits(dataset.classes.len()));
    let is_last = row == Chosen::Layer(model.layers.len().saturating_sub(1));
    if is_last
        && state.design.fits
        && let (LayerKind::Dense(dense), Some(logits)) = (&model.layers[at].kind, logits)
        && dense.units != logits
        && ui
            .button(format!("Give it {}", counted(logits, "unit")))
            .clicked()
    {
        wish(cx, DesignAction::FitLastLayer);
    }
}

/// What becomes of the logits.
pub fn head_ui(ui: &mut Ui, cx: &mut Cx<'_>, gesture: u64) {
    let head = cx.state.experiment.model.head;
    let classes = cx.state.dataset().map(|dataset| dataset.classes.len());
    let can_edit = cx.state.why_not_edit_layers().is_none();
    let mut wanted = head;
    ui.label(RichText::new("Head").strong());
    let words = "Turns the logits of the last layer into probabilities, and decides the loss.";
    states::caption(ui, words);
    ui.add_enabled_ui(can_edit, |ui| {
        if ui.radio(matches!(head, Head::Softmax), "Softmax").clicked() {
            wanted = Head::Softmax;
        }
        states::caption(ui, "One logit per class; the probabilities add up to 1. Cross-entropy.");
        let can_tell = classes.is_none_or(|classes| classes == 2);
        let is_sigmoid = matches!(head, Head::Sigmoid { .. });
        let sigmoid = ui.add_enabled_ui(can_tell || is_sigmoid, |ui| ui.radio(is_sigmoid, "Sigmoid"));
        if sigmoid.inner.clicked() && !is_sigmoid {
            wanted = Head::Sigmoid { threshold: 0.5 };
        }
        let words = if can_tell {
            "One logit for two classes: the probability of the second. Binary cross-entropy."
        } else {
            "A sigmoid tells two classes apart; this dataset has more."
        };
        states::caption(ui, words);
        if let Head::Sigmoid { threshold } = &mut wanted {
            Grid::new("head").num_columns(2).show(ui, |ui| {
                let tip = "From this probability on the answer is the second class. Larger names it less often. Default: 50 %";
                if let Some(share) = fields::share(ui, "Threshold", tip, *threshold, 1.0) {
                    *threshold = share;
                }
            });
        }
    });
    if wanted != head {
        // As many logits as the head wants; without a dataset those that are there.
        let (head, units) = match wanted {
            Head::Sigmoid { .. } => (wanted, 1),
            Head::Softmax => (wanted, classes.unwrap_or(2)),
        };
        let edit = LayerEdit::SetHead { head, units };
        wish(cx, DesignAction::Edit(edit, Some(gesture)));
    }
    if cx.state.experiment.model.layers.is_empty() {
        ui.label(icon_text(icons::ICON_INFO));
        states::caption(ui, "There are no layers yet: add some first.");
    }
}
