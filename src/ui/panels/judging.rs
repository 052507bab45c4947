//! What to evaluate: part of the dataset, weights, and the threshold of a model with one sigmoid unit.

use eframe::egui::{Button, Ui};
use egui_material_icons::icons;

use super::Cx;
use crate::{
    data::SplitName,
    engine::EvaluateRequest,
    train::checkpoint::Weights,
    ui::{
        action::{Action, EditAction, ModelAction},
        judging::part_word,
        theme,
        widgets::{classes, fields, number::Number, states},
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
        ui.horizontal_wrapped(|ui| {
            self.choices_ui(ui, cx);
            let state = cx.state;
            if let Some(job) = state.slot::<EvaluateRequest>().job {
                let cancel = ui.button("Cancel");
                if cancel
                    .on_hover_text("Keep the evaluation that is shown")
                    .clicked()
                {
                    cx.push(Action::Cancel(job));
                }
                let progress = state.jobs.get(&job).and_then(|running| running.progress);
                let width = (ui.available_width() - 8.0).clamp(48.0, 160.0);
                states::progress_bar(ui, progress, width);
                return;
            }
            let reason = why_not(cx, self.part);
            let button = ui.add_enabled(reason.is_none(), Button::new("Evaluate"));
            let button = button.on_hover_text("Classify every image of this part");
            if button
                .on_disabled_hover_text(reason.unwrap_or_default())
                .clicked()
            {
                let (part, weights) = (self.part, self.weights);
                cx.push(ModelAction::Evaluate { part, weights });
            }
        });
        if let Some(message) = &cx.state.slot::<EvaluateRequest>().failed {
            states::failed(ui, message);
        }
        let to_come = cx.state.evaluation_to_come(self.part, self.weights);
        if let (Some(wanted), false) = (to_come, cx.state.waits_for::<EvaluateRequest>()) {
            let words =
                format!("The figures below are of something else: press Evaluate to see {wanted}.");
            let colour = theme::palette(ui).warning;
            states::icon_line(ui, icons::ICON_INFO, colour, &words);
        }
    }

    fn choices_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let options = || {
            let parts = SplitName::ALL.map(Some).into_iter().chain([None]);
            parts
                .map(|part| (part, part_word(part).to_owned()))
                .collect()
        };
        let tooltip = "The part of the dataset to evaluate";
        let current = (&self.part, part_word(self.part));
        let part = fields::together(ui, CHOICE, |ui| {
            fields::choice(ui, "Part", tooltip, 96.0, current, options)
        });
        self.part = part.unwrap_or(self.part);
        let state = cx.state;
        let has_last = state.run_of_model().is_some();
        if !has_last {
            self.weights = Weights::Best;
        }
        let tooltip = if has_last {
            "Weights of the run's best epoch, or of its last one"
        } else if state.training.is_running() {
            "While a run goes on, its newest weights are evaluated"
        } else {
            "The weights of the best epoch: a model file holds no others. Those of the last epoch can be chosen after a run"
        };
        let options = || {
            let mut options = vec![Weights::Best];
            options.extend(has_last.then_some(Weights::Last));
            options
                .into_iter()
                .map(|which| (which, state.weights_words(which).to_owned()))
                .collect()
        };
        let current = (&self.weights, state.weights_words(self.weights));
        let weights = fields::together(ui, CHOICE, |ui| {
            fields::choice(ui, "Weights", tooltip, 96.0, current, options)
        });
        self.weights = weights.unwrap_or(self.weights);
    }
}

fn why_not(cx: &Cx<'_>, part: Option<SplitName>) -> Option<&'static str> {
    // The model divides the images as it was trained with, which may be otherwise than the experiment would now.
    let division = cx.state.division.as_ref();
    let model = cx.state.model.as_ref();
    let is_known = model.is_some_and(|model| model.split == cx.state.experiment.split);
    let is_empty =
        |part| is_known && division.is_none_or(|division| division.split.part(part).is_empty());
    if cx.state.model.is_none() {
        Some("Train or open a model first")
    } else if cx.state.dataset().is_none() {
        Some("Open a dataset first")
    } else if part.is_some_and(is_empty) {
        Some("This part has no images: give it a share of the dataset before training")
    } else {
        None
    }
}

/// The slider that decides the shown evaluation again; nothing for a model without a threshold.
pub fn threshold_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Some(evaluation) = &state.evaluation else {
        return;
    };
    let Some(now) = evaluation.threshold() else {
        return;
    };
    let own = state.model_threshold().unwrap_or(now);
    let names = classes::names(state, evaluation.confusion.classes());
    let second = classes::name(names, 1);
    ui.horizontal_wrapped(|ui| {
        let label = states::caption(ui, "Threshold");
        ui.spacing_mut().slider_width = (ui.available_width() - 240.0).clamp(56.0, 240.0);
        let mut threshold = now;
        let number = Number::new(&mut threshold, 0.0..=1.0)
            .speed(0.001)
            .decimals(3);
        let tooltip = format!(
            "From which probability of {second} on an image is called {second}. Larger calls fewer images so. \
             Default: the model's own, {own}"
        );
        let slider = number
            .slider_ui(ui, "Threshold", label.id, 0.001, false)
            .on_hover_text(tooltip);
        if slider.changed() {
            cx.push(EditAction::Threshold(Some(threshold)));
        }
        let reset = ui.add_enabled(now != own, Button::new("Reset"));
        let reset = reset.on_hover_text(format!("Back to the model's own threshold, {own}"));
        if reset
            .on_disabled_hover_text("This is the model's own threshold")
            .clicked()
        {
            cx.push(EditAction::Threshold(None));
        }
    });
}
