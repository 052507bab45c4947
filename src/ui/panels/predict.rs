//! The Predict panel: drop an image, read what the model says.

use std::{collections::BTreeSet, sync::Arc};

use eframe::egui::{
    self, Button, Frame, Label, Margin, Panel as Side, Rect, RichText, ScrollArea, Sense, TextEdit,
    Ui, Vec2, vec2,
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
        widgets::{buttons, classes, drop_zone, fields, picture, states, value_bars},
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
        let margin = Margin {
            left: (1.5 * theme::GRID) as i8,
            ..Margin::ZERO
        };
        let earlier = Side::right("answers")
            .resizable(false)
            .exact_size(HISTORY + f32::from(margin.left));
        earlier
            .frame(Frame::NONE.inner_margin(margin))
            .show(ui, |ui| {
                let height = ui.available_height();
                self.history_ui(ui, cx, height);
            });
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - f32::from(margin.left));
            self.ask_ui(ui, cx, &model);
            self.answer_ui(ui, cx);
        });
    }
}

fn no_model_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    states::centred(ui, |ui| {
        let words = "Predictions need a model: train one, or open a model file.";
        ui.label(RichText::new(words).color(theme::palette(ui).muted));
        ui.add_space(theme::GRID);
        let tip = "Train a model on the open dataset";
        if buttons::primary(ui, "Go to Train", tip, None) {
            cx.push(WindowAction::GoTo(Step::Train));
        }
        let open = ui.add(Button::new("Open model…").min_size(vec2(96.0, 32.0)));
        let tip = "Read a model that was saved before";
        if open.on_hover_text(tip).clicked() {
            cx.push(Purpose::OpenModel);
        }
    });
}

impl Predict {
    /// Every way to hand over an image.
    fn ask_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, model: &LoadedModel) {
        drop_zone::drop_zone(ui);
        ui.horizontal_wrapped(|ui| {
            let tip = "Classify one or more image files";
            if buttons::primary(ui, "Choose images…", tip, None) {
                cx.push(Purpose::ChooseImages);
            }
            let button = Button::new("Draw a random shape").min_size(vec2(0.0, 32.0));
            let draw = ui.add_enabled(knows_shapes(model), button);
            let tip = "Draw a circle, square or triangle that the model has never seen";
            let why_not = "This model does not know circle, square and triangle";
            let draw = draw.on_hover_text(tip).on_disabled_hover_text(why_not);
            if draw.clicked() {
                cx.push(ModelAction::DrawShape);
            }
        });
        self.path_ui(ui, cx);
        waiting_ui(ui, cx);
        states::failure(ui, cx.state.predict.failed.as_ref());
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
            let entered = fields::entered(ui, &field);
            let path = self.path.trim();
            let pressed = buttons::enabled(
                ui,
                !path.is_empty(),
                "Predict",
                "Classify this image (Enter); one on the web is downloaded, up to 34 MB",
                "Type or paste the path or the address of an image first",
            );
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
        let fitted = if pictured * 2.0 < side {
            picture::fitted
        } else {
            picture::fitted_exactly
        };
        let size = fitted(texture.size_vec2(), Vec2::splat(side));
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
                value_bars::probability_bars(ui, &answer.classes, &answer.probabilities, MOST_BARS);
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
            let why_not = "There is nothing to forget";
            let can = !answers.is_empty();
            if buttons::enabled(ui, can, "Clear", "Forget all answers", why_not) {
                cx.push(ModelAction::ClearPredictions);
                self.chosen = None;
            }
            let can = !cx.state.predict.said.is_empty();
            let tip = "Writes every answer as CSV";
            if buttons::enabled(ui, can, "Export…", tip, "There is nothing to write") {
                cx.push(Saving::Answers);
            }
        });
        let area = ScrollArea::vertical()
            .id_salt("answers")
            .auto_shrink([false, true])
            .max_height(height);
        area.show_rows(ui, SMALL + 8.0, answers.len(), |ui, rows| {
            for answer in &answers[rows] {
                let is_shown = |shown: &Arc<Prediction>| Arc::ptr_eq(shown, answer);
                if row_ui(ui, cx, answer, shown.as_ref().is_some_and(is_shown)) {
                    let newest = answers.first().cloned();
                    self.chosen = newest.map(|newest| (Arc::clone(answer), newest));
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
    let running = jobs().filter_map(|job| cx.progress(job));
    let done: usize = running.map(|progress| progress.done).sum();
    ui.horizontal_wrapped(|ui| {
        if total == 1 {
            states::caption(ui, "Looking at the image");
        } else {
            let (looked, all) = (thousands(done), thousands(total));
            states::caption(ui, format!("Looked at {looked} of {all} images"));
            states::progress_bar(ui, Some(Progress { done, total }), 120.0);
        }
        if buttons::button(ui, "Cancel", "Do without the answers to come") {
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
    let from = percent(threshold);
    Some(format!("logit {logit} · {second} from {from} on"))
}

/// One earlier answer; returns whether it was clicked.
fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, answer: &Prediction, selected: bool) -> bool {
    let size = vec2(ui.available_width(), SMALL);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let class = classes::name(&answer.classes, answer.class);
    let name = file_name(&answer.name);
    let share = answer.probabilities.get(answer.class).copied();
    let said = format!("{class} {}", percent(f64::from(share.unwrap_or_default())));
    response.widget_info(|| {
        let words = format!("{name}: {said}");
        egui::WidgetInfo::selected(egui::Role::ListItem, true, selected, words)
    });
    if selected || response.hovered() {
        let visuals = ui.visuals();
        let fill = if selected {
            visuals.selection.bg_fill
        } else {
            visuals.faint_bg_color
        };
        let radius = f32::from(theme::RADIUS);
        ui.painter().rect_filled(rect, radius, fill);
    }
    let texture = cx.textures.picture(ui.ctx(), &answer.picture);
    let place = Rect::from_min_size(rect.min, Vec2::splat(SMALL));
    let size = picture::fitted_exactly(texture.size_vec2(), place.size());
    let area = Rect::from_center_size(place.center(), size);
    picture::paint(ui, &texture, area);
    let text = rect.with_min_x(place.right() + theme::GRID);
    let text = text.with_min_y(rect.top() + 1.0);
    let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(text));
    inner.spacing_mut().item_spacing.y = 0.0;
    inner.add(Label::new(said).truncate());
    let model = cx.state.model_name(&answer.model);
    let in_hand = cx.state.model.as_ref().map(|model| &model.source);
    let by = if in_hand == Some(&answer.model) {
        String::new()
    } else {
        format!(" · by {model}")
    };
    states::line(&mut inner, format!("{name}{by}"));
    let tip = format!("{}\nsaid by {model}, epoch {}", answer.name, answer.epoch);
    response.on_hover_text(tip).clicked()
}

/// Whether circle, square and triangle are what the model tells apart.
fn knows_shapes(model: &LoadedModel) -> bool {
    let known: BTreeSet<&str> = model.snapshot.classes.iter().map(String::as_str).collect();
    known == BTreeSet::from(ShapeKind::ALL.map(ShapeKind::word))
}

/// The last part of a path; both kinds of separators.
fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
