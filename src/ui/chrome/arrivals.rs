//! What is dragged over the window, told over all of it; and the questions that what was handed over raises.

use eframe::egui::{
    self, Align2, Area, Color32, Context, Id, Label, Modal, Order, RichText, Sense, Shape, Stroke,
    Ui, pos2, vec2,
};
use egui_material_icons::{icon_text, icons};

use crate::{
    data::dataset::display_path,
    ui::{
        action::WindowAction,
        arrivals::{Question, short},
        format::{counted, shortened},
        panels::Cx,
        theme,
        widgets::states,
    },
};

/// Between the edge of the window and the line around what is said.
const MARGIN: f32 = 16.0;
/// Widest that the words become.
const WIDEST: f32 = 640.0;
/// How much of the window shows through.
const OPACITY: f32 = 0.92;
/// Width of a question.
const QUESTION: f32 = 400.0;
/// Letters of a name in a question.
const LONGEST_NAME: usize = 60;

/// Says what letting go would do, while something is dragged over the window.
pub fn overlay_ui(context: &Context, cx: &Cx<'_>) {
    let Some(hovering) = &cx.state.arrivals.hovering else {
        return;
    };
    let lines = cx.state.promise(&hovering.paths, hovering.found.as_deref());
    let whole = context.content_rect();
    let area = Area::new(Id::unique("dragged"))
        .order(Order::Foreground)
        .fixed_pos(whole.min)
        .interactable(false);
    area.show(context, |ui| {
        ui.allocate_exact_size(whole.size(), Sense::hover());
        let fill = ui.visuals().panel_fill.gamma_multiply(OPACITY);
        let accent = theme::palette(ui).accent;
        ui.painter().rect_filled(whole, 0.0, fill);
        let inner = whole.shrink(MARGIN);
        let (min, max) = (inner.min, inner.max);
        let corners = [min, pos2(max.x, min.y), max, pos2(min.x, max.y), min];
        let line = Stroke::new(2.0, accent);
        ui.painter()
            .extend(Shape::dashed_line(&corners, line, 8.0, 6.0));
        let width = WIDEST.min(inner.width() - 4.0 * MARGIN);
        let size = vec2(width, 40.0 + 32.0 * lines.len() as f32);
        let place = Align2::CENTER_CENTER.align_size_within_rect(size, inner);
        let mut words = ui.new_child(
            egui::UiBuilder::new()
                .max_rect(place)
                .layout(egui::Layout::top_down(egui::Align::Center)),
        );
        words_ui(&mut words, &lines, accent);
    });
}

fn words_ui(ui: &mut Ui, lines: &[String], accent: Color32) {
    ui.label(icon_text(icons::ICON_DOWNLOAD).size(32.0).color(accent));
    for line in lines {
        let text = RichText::new(line).heading();
        ui.add(Label::new(text).wrap());
    }
}

/// Asks what has to be decided.
pub fn question_ui(context: &Context, cx: &mut Cx<'_>) {
    let Some(question) = &cx.state.arrivals.question else {
        return;
    };
    let open = cx
        .state
        .dataset()
        .map(|open| shortened(&open.name, LONGEST_NAME));
    let (title, words, more, yes, no) = match question {
        Question::Replace(request) => {
            let open = open.unwrap_or_default();
            (
                format!("Open {}?", short(&request.path)),
                format!("You have changed {open} since it was opened."),
                format!(
                    "The changes are kept and come back with {open}. They can then no longer be undone one by one."
                ),
                "Open",
                format!("Stay with {open}"),
            )
        }
        Question::Photos(folder, photos) => {
            let images = counted(photos.len(), "image");
            let (name, folder) = (short(folder), display_path(folder));
            (
                format!("{images} without classes"),
                format!("{name} holds images, but no folder for each class."),
                format!(
                    "To learn from them, sort them into folders named after their classes, in {folder}."
                ),
                "Classify them",
                "Leave them".to_owned(),
            )
        }
    };
    let can = !matches!(question, Question::Photos(..)) || cx.state.model.is_some();
    let modal = Modal::new(Id::unique("question")).show(context, |ui| {
        ui.set_width(QUESTION);
        ui.heading(title);
        ui.add(Label::new(words).wrap());
        let more = RichText::new(more).small().color(theme::palette(ui).muted);
        ui.add(Label::new(more).wrap());
        ui.add_space(theme::GRID);
        ui.horizontal(|ui| {
            let yes = states::primary_button(ui, yes, can);
            let yes = yes.on_disabled_hover_text("Train or open a model first");
            (yes.clicked(), ui.button(no).clicked())
        })
        .inner
    });
    let (yes, no) = modal.inner;
    if yes {
        cx.push(WindowAction::Answer(true));
    } else if no || modal.should_close() {
        cx.push(WindowAction::Answer(false));
    }
}
