//! The question before a run of which much of the data cannot be read.

use eframe::egui::{Button, Id, Label, Modal, Ui, vec2};

use crate::ui::{
    action::{Action, DataAction, TrainingAction},
    panels::Cx,
    widgets::states,
};

/// Asks, as long as a run waits for the answer.
pub fn question_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let asked = cx.state.asked_run.as_ref();
    let Some(report) = asked.and_then(|asked| asked.lost.as_ref()) else {
        return;
    };
    let modal = Modal::new(Id::unique("data-lost")).show(ui.ctx(), |ui| {
        ui.set_width(440.0);
        ui.heading("Much of the data cannot be read");
        if let Some(words) = report.left_out.words() {
            ui.add(Label::new(format!("{words}.")).wrap());
        }
        states::caption(
            ui,
            "What is left may teach the network something else than you want. Bring the images back and train then, or \
             train on the others.",
        );
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let button = |words| Button::new(words).min_size(vec2(72.0, 32.0));
            let show = states::primary_button(ui, "Show them", true);
            let show = show.on_hover_text("Lists them in the Data step");
            let chosen: [(_, Action); 3] = [
                (show, DataAction::ShowUnreadable.into()),
                (ui.add(button("Train anyway")), TrainingAction::TrainAnyway.into()),
                (ui.add(button("Cancel")), TrainingAction::Leave.into()),
            ];
            let mut chosen = chosen.into_iter();
            chosen.find_map(|(button, action)| button.clicked().then_some(action))
        })
        .inner
    });
    let closed = modal
        .should_close()
        .then_some(Action::Training(TrainingAction::Leave));
    cx.actions.extend(modal.inner.or(closed));
}
