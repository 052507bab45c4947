//! The Predict panel: drop an image, read what the model says.

use std::sync::Arc;

use eframe::egui::{
    self, Button, Label, Rect, RichText, ScrollArea, Sense, Stroke, TextEdit, Ui, vec2,
};

use super::{Cx, Panel};
use crate::{
    data::generate::ShapeKind,
    engine::{ImageSource, LoadedModel, Prediction, Progress},
    model::spec::Head,
    ui::{
        action::{Action, ModelAction, WindowAction},
        dialogs::Purpose,
        format::{counted, percent, significant, thousands},
        saving::Saving,
        theme,
        widgets::{bars, classes, drop_zone, picture, states},
        workspace::Step,
    },
};

/// Wider panels put earlier answers beside the newest.
const WIDE: f32 = 760.0;
/// Width of the column of earlier answers.
const HISTORY: f32 = 300.0;
/// Longest side of the newest picture.
const PICTURE: f32 = 256.0;
/// Below this the words stand under the picture.
const SMALLEST_PICTURE: f32 = 112.0;
/// Width that the bars need.
const BARS: f32 = 280.0;
/// Side of an earlier picture.
const SMALL: f32 = 40.0;
/// Most bars of probabilities.
const MOST_BARS: usize = 10;
/// Most points for earlier answers where they stand below the newest.
const LIST_HEIGHT: f32 = 240.0;

/// View state.
#[derive(Default)]
pub struct Predict {
    path: String,
    /// The answer that was clicked, and the newest at that time: of one image there may be several.
    chosen: Option<(Arc<Prediction>, Arc<Prediction>)>,
}

impl Panel for Predict {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(model) = cx.state.model.clone() else {
            no_model_ui(ui, cx);
            return;
        };
        if ui.available_width() < WIDE {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                self.ask_ui(ui, cx, &model);
                self.answer_ui(ui, cx);
                ui.add_space(theme::GRID);
                self.history_ui(ui, cx, LIST_HEIGHT);
            });
            return;
        }
        let whole = ui.available_rect_before_wrap();
        let right = Rect::from_min_max(egui::pos2(whole.right() - HISTORY, whole.top()), whole.max);
        let left = Rect::from_min_max(
            whole.min,
            egui::pos2(right.left() - 3.0 * theme::GRID, whole.bottom()),
        );
        let line = left.right() + 1.5 * theme::GRID;
        ui.painter().vline(
            line,
            whole.y_range(),
            Stroke::new(1.0, theme::palette(ui).line),
        );
        ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                self.ask_ui(ui, cx, &model);
                self.answer_ui(ui, cx);
            });
        });
        ui.scope_builder(egui::UiBuilder::new().max_rect(right), |ui| {
            let height = ui.available_height();
            self.history_ui(ui, cx, height);
        });
    }
}

fn no_model_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.5 - 64.0).max(theme::GRID));
        ui.label(
            RichText::new("Predictions need a model: train one, or open a model file.")
                .color(theme::palette(ui).muted),
        );
        ui.add_space(theme::GRID);
        if states::primary_button(ui, "Go to Train", true)
            .on_hover_text("Train a model on the open dataset")
            .clicked()
        {
            cx.push(WindowAction::GoTo(Step::Train));
        }
        let open = ui.add(Button::new("Open model…").min_size(vec2(96.0, 32.0)));
        if open
            .on_hover_text("Read a model that was saved before")
            .clicked()
        {
            cx.push(Purpose::OpenModel);
        }
    });
}

impl Predict {
    /// Every way to hand over an image.
    fn ask_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, model: &LoadedModel) {
        drop_zone::drop_zone(ui);
        ui.horizontal_wrapped(|ui| {
            let choose = states::primary_button(ui, "Choose images…", true);
            if choose
                .on_hover_text("Classify one or more image files")
                .clicked()
            {
                cx.push(Purpose::ChooseImages);
            }
            let button = Button::new("Draw a random shape").min_size(vec2(0.0, 32.0));
            let draw = ui.add_enabled(knows_shapes(model), button);
            let draw = draw
                .on_hover_text("Draw a circle, square or triangle that the model has never seen");
            let reason = "This model does not know circle, square and triangle";
            if draw.on_disabled_hover_text(reason).clicked() {
                cx.push(ModelAction::DrawShape);
            }
        });
        self.path_ui(ui, cx);
        waiting_ui(ui, cx);
        if let Some(message) = &cx.state.predict.failed {
            states::failed(ui, message);
        }
        ui.add_space(theme::GRID);
    }

    fn path_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let label = states::caption(ui, "Path or web address of an image");
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 104.0).clamp(80.0, 420.0);
            let field = TextEdit::singleline(&mut self.path)
                .id_salt("path")
                .desired_width(width)
                .hint_text("/home/me/photo.png or https://…");
            let field = ui.add(field).labelled_by(label.id);
            let entered =
                field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            let path = self.path.trim();
            let button = ui.add_enabled(!path.is_empty(), Button::new("Predict"));
            let button = button.on_hover_text(
                "Classify this image (Enter); one on the web is downloaded, up to 34 MB",
            );
            let pressed = button
                .on_disabled_hover_text("Type or paste the path or the address of an image first")
                .clicked();
            if (entered || pressed) && !path.is_empty() {
                cx.push(ModelAction::Predict(vec![ImageSource::typed(path)]));
            }
        });
    }

    /// The newest answer, or the earlier one that was clicked.
    fn answer_ui(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(answer) = self.shown(cx) else {
            if cx.state.predicting().next().is_none() {
                states::caption(ui, "What the model says appears here.");
            }
            return;
        };
        let name = file_name(&answer.name).to_owned();
        let class = classes::name(&answer.classes, answer.class);
        let pictured = answer.picture.width.max(answer.picture.height).max(1) as f32;
        let texture = cx.textures.picture(ui.ctx(), &answer.picture);
        let left = ui.available_width() - BARS;
        let beside = left >= SMALLEST_PICTURE;
        let side = if beside {
            left.min(PICTURE)
        } else {
            (ui.available_width() - 4.0).min(PICTURE * 0.6)
        };
        let whole_factor = pictured * 2.0 < side;
        let space = vec2(side, side);
        let size = if whole_factor {
            picture::fitted(texture.size_vec2(), space)
        } else {
            picture::fitted_exactly(texture.size_vec2(), space)
        };
        let parts = |ui: &mut Ui| {
            let response = picture::picture(ui, &texture, size, &name);
            picture::frame(ui, response.rect);
            ui.vertical(|ui| {
                ui.label(RichText::new(&class).heading());
                let model = cx.state.model_name(&answer.model);
                let words = format!("{name} · {model} · epoch {}", answer.epoch);
                states::line(ui, words)
                    .on_hover_text(format!("{}\n{model}, epoch {}", answer.name, answer.epoch));
                if let Some(words) = decision(&answer) {
                    states::caption(ui, words);
                }
                ui.add_space(theme::GRID);
                bars::probability_bars(ui, &answer.classes, &answer.probabilities, MOST_BARS);
            });
        };
        if beside {
            ui.horizontal_top(parts);
        } else {
            parts(ui);
        }
    }

    fn shown(&self, cx: &Cx<'_>) -> Option<Arc<Prediction>> {
        let shown = cx.state.answer_shown()?;
        let newest = cx.state.predict.answers.first()?;
        let chosen = self.chosen.as_ref().filter(|(answer, then)| {
            Arc::ptr_eq(then, newest) && answer.source.is_same(&shown.source)
        });
        Some(Arc::clone(chosen.map_or(shown, |(answer, _)| answer)))
    }

    /// All answers, newest first.
    fn history_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, height: f32) {
        let answers = &cx.state.predict.answers;
        let shown = self.shown(cx);
        ui.horizontal(|ui| {
            let said = cx.state.predict.said.len().max(answers.len());
            let words = if said > answers.len() {
                format!("{} newest of {} answers", answers.len(), thousands(said))
            } else {
                counted(said, "answer")
            };
            ui.label(RichText::new(words).strong());
            let clear = ui.add_enabled(!answers.is_empty(), Button::new("Clear"));
            let clear = clear.on_hover_text("Forget all answers");
            if clear
                .on_disabled_hover_text("There is nothing to forget")
                .clicked()
            {
                cx.push(ModelAction::ClearPredictions);
                self.chosen = None;
            }
            let export = Button::new("Export…");
            let export = ui.add_enabled(!cx.state.predict.said.is_empty(), export);
            if export.on_hover_text("Writes every answer as CSV").clicked() {
                cx.push(Saving::Answers);
            }
        });
        let area = ScrollArea::vertical()
            .id_salt("answers")
            .auto_shrink([false, true])
            .max_height(height);
        area.show_rows(ui, SMALL + 8.0, answers.len(), |ui, rows| {
            for answer in &answers[rows] {
                let selected = shown
                    .as_ref()
                    .is_some_and(|shown| Arc::ptr_eq(shown, answer));
                if row_ui(ui, cx, answer, selected) {
                    self.chosen = answers
                        .first()
                        .map(|newest| (Arc::clone(answer), Arc::clone(newest)));
                    cx.push(Action::Select(
                        cx.state.selection.with_image(answer.source.clone()),
                    ));
                }
            }
        });
    }
}

/// While images wait for their answers, which may have to come from the web.
fn waiting_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let total: usize = state.predicting().map(|(_, images)| images).sum();
    if total == 0 {
        return;
    }
    let jobs = || state.predicting().map(|(job, _)| job);
    let running = jobs().filter_map(|job| state.jobs.get(&job)?.progress);
    let done: usize = running.map(|progress| progress.done).sum();
    ui.horizontal_wrapped(|ui| {
        if total == 1 {
            states::caption(ui, "Looking at the image");
        } else {
            let words = format!(
                "Looked at {} of {} images",
                thousands(done),
                thousands(total)
            );
            states::caption(ui, words);
            states::progress_bar(ui, Some(Progress { done, total }), 120.0);
        }
        let cancel = ui.add(Button::new("Cancel"));
        if cancel
            .on_hover_text("Do without the answers to come")
            .clicked()
        {
            cx.actions.extend(jobs().map(Action::Cancel));
        }
    });
}

/// `logit 0.8473 · dog from 50.0 %` for a model with one sigmoid unit.
fn decision(answer: &Prediction) -> Option<String> {
    let Head::Sigmoid { threshold } = answer.head else {
        return None;
    };
    let second = classes::name(&answer.classes, 1);
    let logit = significant(f64::from(*answer.logits.first()?));
    Some(format!(
        "logit {logit} · {second} from {} on",
        percent(threshold)
    ))
}

/// One earlier answer; returns whether it was clicked.
fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, answer: &Prediction, selected: bool) -> bool {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), SMALL), Sense::click());
    let (class, name) = (
        classes::name(&answer.classes, answer.class),
        file_name(&answer.name),
    );
    let share = answer
        .probabilities
        .get(answer.class)
        .copied()
        .unwrap_or_default();
    let words = percent(f64::from(share));
    response.widget_info(|| {
        let words = format!("{name}: {class} {words}");
        egui::WidgetInfo::selected(egui::Role::ListItem, true, selected, words)
    });
    let radius = f32::from(theme::RADIUS);
    if selected {
        ui.painter()
            .rect_filled(rect, radius, ui.visuals().selection.bg_fill);
    } else if response.hovered() {
        ui.painter()
            .rect_filled(rect, radius, ui.visuals().faint_bg_color);
    }
    let texture = cx.textures.picture(ui.ctx(), &answer.picture);
    let size = picture::fitted_exactly(texture.size_vec2(), vec2(SMALL, SMALL));
    let box_rect = Rect::from_min_size(rect.min, vec2(SMALL, SMALL));
    picture::paint(
        ui,
        &texture,
        Rect::from_center_size(box_rect.center(), size),
    );
    let text = Rect::from_min_max(
        egui::pos2(box_rect.right() + theme::GRID, rect.top() + 1.0),
        rect.max,
    );
    let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(text));
    inner.spacing_mut().item_spacing.y = 0.0;
    inner.add(Label::new(format!("{class} {words}")).truncate());
    let model = cx.state.model_name(&answer.model);
    let in_hand = cx.state.model.as_ref().map(|model| &model.source);
    let caption = if in_hand == Some(&answer.model) {
        name.to_owned()
    } else {
        format!("{name} · by {model}")
    };
    states::line(&mut inner, caption);
    let tip = format!("{}\nsaid by {model}, epoch {}", answer.name, answer.epoch);
    response.on_hover_text(tip).clicked()
}

/// Whether circle, square and triangle are what the model tells apart.
fn knows_shapes(model: &LoadedModel) -> bool {
    let mut known: Vec<&str> = model.snapshot.classes.iter().map(String::as_str).collect();
    let mut shapes = ShapeKind::ALL.map(ShapeKind::word);
    known.sort_unstable();
    shapes.sort_unstable();
    known == shapes
}

/// The last part of a path; both kinds of separators.
fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
