//! What to evaluate: part of the dataset, weights, and the threshold of a model with one sigmoid unit.

use eframe::egui::Ui;
use egui_material_icons::icons;

use super::Cx;
use crate::{
    data::SplitName,
    engine::EvaluateRequest,
    train::{Evaluation, checkpoint::Weights},
    ui::{
        action::{Action, EditAction, ModelAction},
        judging::part_word,
        theme,
        widgets::{buttons, classes, fields, number::Number, states},
    },
};

/// What is chosen.
pub struct Judging {
    part: Option<SplitName>,
    weights: Weights,
}

impl Default for Judging {
    fn default() -> Self {
        Self {
            part: Some(SplitName::Validation),
            weights: Weights::Best,
        }
    }
}

/// Room for a choice and its name.
const CHOICE: f32 = 150.0;

impl Judging {
    /// Part, weights and the button, or how far the evaluation is.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let slot = cx.state.slot::<EvaluateRequest>();
        ui.horizontal_wrapped(|ui| {
            self.choices_ui(ui, cx);
            if let Some(job) = slot.job {
                if buttons::button(ui, "Cancel", "Keep the evaluation that is shown") {
                    cx.push(Action::Cancel(job));
                }
                let width = (ui.available_width() - 8.0).clamp(48.0, 160.0);
                states::progress_bar(ui, cx.progress(job), width);
                return;
            }
            let reason = why_not(cx, self.part);
            let (can, why_not) = (reason.is_none(), reason.unwrap_or_default());
            let tip = "Classify every image of this part";
            if buttons::enabled(ui, can, "Evaluate", tip, why_not) {
                let (part, weights) = (self.part, self.weights);
                cx.push(ModelAction::Evaluate { part, weights });
            }
        });
        states::failure(ui, slot.failed.as_ref());
        let to_come = cx.state.evaluation_to_come(self.part, self.weights);
        if let (Some(wanted), false) = (to_come, cx.state.waits_for::<EvaluateRequest>()) {
            let words =
                format!("The figures below are of something else: press Evaluate to see {wanted}.");
            let colour = theme::palette(ui).warning;
            states::icon_line(ui, icons::ICON_INFO, colour, &words);
        }
    }

    fn choices_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let [train, validation, test] = SplitName::ALL.map(Some);
        let parts = [train, validation, test, None].map(|part| (part, part_word(part)));
        let tip = "The part of the dataset to evaluate";
        fields::together(ui, CHOICE, |ui| {
            fields::one_of(ui, "Part", tip, 96.0, &mut self.part, &parts);
        });
        let state = cx.state;
        let has_last = state.run_of_model().is_some();
        if !has_last {
            self.weights = Weights::Best;
        }
        let tip = if has_last {
            "Weights of the run's best epoch, or of its last one"
        } else if state.training.is_running() {
            "While a run goes on, its newest weights are evaluated"
        } else {
            "The weights of the best epoch: a model file holds no others. Those of the last epoch can be chosen after a run"
        };
        let options =
            [Weights::Best, Weights::Last].map(|which| (which, state.weights_words(which)));
        let options = &options[..1 + usize::from(has_last)];
        fields::together(ui, CHOICE, |ui| {
            fields::one_of(ui, "Weights", tip, 96.0, &mut self.weights, options);
        });
    }
}

fn why_not(cx: &Cx<'_>, part: Option<SplitName>) -> Option<&'static str> {
    let Some(model) = &cx.state.model else {
        return Some("Train or open a model first");
    };
    if cx.state.dataset().is_none() {
        return Some("Open a dataset first");
    }
    // The model divides the images as it was trained with, which may be otherwise than the experiment would now.
    let is_known = model.split == cx.state.experiment.split;
    let division = cx.state.division.as_ref();
    let is_empty = |part| division.is_none_or(|division| division.split.part(part).is_empty());
    (is_known && part.is_some_and(is_empty))
        .then_some("This part has no images: give it a share of the dataset before training")
}

/// The slider that decides the shown evaluation again; nothing for a model without a threshold.
pub fn threshold_ui(ui: &mut Ui, cx: &mut Cx<'_>, evaluation: &Evaluation) {
    let Some(now) = evaluation.threshold() else {
        return;
    };
    let own = cx.state.model_threshold().unwrap_or(now);
    let names = classes::names(cx.state, evaluation.confusion.classes());
    let second = classes::name(names, 1);
    ui.horizontal_wrapped(|ui| {
        let label = states::caption(ui, "Threshold");
        ui.spacing_mut().slider_width = (ui.available_width() - 240.0).clamp(56.0, 240.0);
        let mut threshold = now;
        let number = Number::new(&mut threshold, 0.0..=1.0);
        let number = number.speed(0.001).decimals(3);
        let tip = format!(
            "From which probability of {second} on an image is called {second}. Larger calls fewer images so. \
             Default: the model's own, {own}"
        );
        let slider = number.slider_ui(ui, "Threshold", label.id, 0.001, false);
        if slider.on_hover_text(tip).changed() {
            cx.push(EditAction::Threshold(Some(threshold)));
        }
        let tip = format!("Back to the model's own threshold, {own}");
        let why_not = "This is the model's own threshold";
        if buttons::enabled(ui, now != own, "Reset", tip, why_not) {
            cx.push(EditAction::Threshold(None));
        }
    });
}
