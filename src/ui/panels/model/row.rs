//! One row of the list: what the layer is, what comes out, what it costs.

use eframe::egui::{
    self, Align2, Button, Color32, CornerRadius, FontId, Rect, Response, RichText, Stroke,
    StrokeKind, TextStyle, TextWrapMode, Ui, WidgetText, pos2, vec2,
};
use egui_material_icons::{icon_text, icons};

use super::{cells::Cells, toolbar, wish};
use crate::{
    model::{freezing::Frozen, spec::Head},
    ui::{
        design::{Chosen, DesignAction},
        format::thousands,
        panels::Cx,
        theme,
    },
};

/// How a row looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// It is chosen.
    pub is_chosen: bool,
    /// It is chosen and the list has the keyboard.
    pub has_focus: bool,
    /// It is being dragged.
    pub is_dragged: bool,
}

/// Widths from the left: position, then the name takes what is left; output, parameters, button.
const POSITION: f32 = 40.0;
const OUTPUT: f32 = 112.0;
const COUNTS: f32 = 96.0;
const MORE: f32 = 40.0;
const HEADER: f32 = 34.0;
/// Baselines of the two lines, from the row's top.
const LINES: [f32; 2] = [15.0, 32.0];

/// Right edges of the columns of `rect`: name, output, counts.
fn columns(rect: Rect) -> [f32; 3] {
    let counts = rect.right() - MORE;
    let output = counts - COUNTS;
    [output - OUTPUT, output, counts]
}

/// Names of the columns.
pub fn header_ui(ui: &mut Ui) {
    let size = vec2(ui.available_width(), HEADER);
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let [name, output, counts] = columns(rect);
    let muted = theme::palette(ui).muted;
    let font = TextStyle::Small.resolve(ui.style());
    let lines = [10.0, 25.0].map(|y| rect.top() + y);
    let texts = [
        (
            rect.left() + POSITION,
            Align2::LEFT_CENTER,
            ["Layer", "kind and settings"],
        ),
        (
            output,
            Align2::RIGHT_CENTER,
            ["Output", "activations of a batch"],
        ),
        (
            counts,
            Align2::RIGHT_CENTER,
            ["Parameters", "multiply-adds"],
        ),
    ];
    for (x, align, words) in texts {
        for (y, words) in lines.into_iter().zip(words) {
            // The second line of the output's column would meet the name's.
            let is_narrow = name - rect.left() < 180.0;
            let words = match words {
                "kind and settings" if is_narrow => "kind",
                "activations of a batch" if is_narrow => "activations",
                words => words,
            };
            ui.painter()
                .text(pos2(x, y), align, words, font.clone(), muted);
        }
    }
}

/// A layer.
pub fn layer_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    row: Chosen,
    rect: Rect,
    response: &Response,
    look: Look,
) {
    let Some(cells) = Cells::new(cx.state, row) else {
        return;
    };
    let palette = theme::palette(ui);
    background_ui(ui, rect, response, look, cells.frozen != Frozen::Nothing);
    let texts = Texts::new(ui, rect);
    let ink = match cells.frozen {
        Frozen::Whole if !look.is_chosen => palette.muted,
        _ => ui.visuals().text_color(),
    };
    // On the colour of the chosen row, muted text would be hard to read.
    let muted = if look.is_chosen {
        ui.visuals().text_color()
    } else {
        palette.muted
    };
    let position = pos2(rect.left() + 20.0, rect.top() + LINES[0]);
    match cells.problem {
        Some(_) => texts.icon(ui, position, icons::ICON_ERROR, palette.error),
        None => {
            texts.small(ui, position, Align2::CENTER_CENTER, &cells.number, muted);
        }
    }
    if cells.frozen != Frozen::Nothing {
        let below = pos2(position.x, rect.top() + LINES[1]);
        texts.icon(ui, below, icons::ICON_AC_UNIT, palette.training);
    }
    let mut is_cut = texts.name(ui, &cells.name, ink);
    is_cut |= match &cells.problem {
        Some(problem) => {
            let colour = if look.is_chosen { ink } else { palette.error };
            if cells.values[1].is_empty() {
                texts.over_figures(ui, &problem.reason, colour)
            } else {
                texts.detail(ui, &problem.reason, colour)
            }
        }
        None => texts.detail(ui, &cells.detail, muted),
    };
    texts.pair(ui, 1, &cells.values, [ink, muted]);
    texts.pair(ui, 2, &cells.counts, [ink, muted]);
    let spoken = cells.spoken();
    let role = egui::Role::ListBoxOption;
    response.widget_info(|| egui::WidgetInfo::selected(role, true, look.is_chosen, &spoken));
    match cells.problem {
        Some(problem) => {
            response.clone().on_hover_text(problem.to_string());
        }
        None if is_cut => {
            response
                .clone()
                .on_hover_text(format!("{}\n{}", cells.name, cells.detail));
        }
        None => {}
    }
}

/// What becomes of the logits, after the last layer.
pub fn head_ui(ui: &mut Ui, cx: &Cx<'_>, rect: Rect, response: &Response, look: Look) {
    let palette = theme::palette(ui);
    background_ui(ui, rect, response, look, false);
    let texts = Texts::new(ui, rect);
    let position = pos2(rect.left() + 20.0, rect.top() + LINES[0]);
    texts.icon(ui, position, icons::ICON_FLAG, palette.muted);
    let (name, detail) = head_words(cx.state.experiment.model.head);
    texts.name(ui, name, ui.visuals().text_color());
    texts.detail(ui, &detail, palette.muted);
    let classes = cx
        .state
        .dataset()
        .map_or(0, |dataset| dataset.classes.len());
    if classes > 0 {
        let words = [format!("{} classes", thousands(classes)), String::new()];
        texts.pair(ui, 1, &words, [ui.visuals().text_color(), palette.muted]);
    }
    let spoken = format!("Head: {name}, {detail}");
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::ListBoxOption, true, look.is_chosen, &spoken)
    });
}

/// A head's name and what it does.
pub fn head_words(head: Head) -> (&'static str, String) {
    match head {
        Head::Softmax => (
            "Softmax",
            "head · cross-entropy, one logit per class".to_owned(),
        ),
        Head::Sigmoid { threshold } => (
            "Sigmoid",
            format!("head · one logit, second class from {threshold} on"),
        ),
    }
}

fn background_ui(ui: &Ui, rect: Rect, response: &Response, look: Look, is_frozen: bool) {
    let palette = theme::palette(ui);
    let visuals = ui.visuals();
    let inner = rect.shrink2(vec2(0.0, 1.0));
    let radius = CornerRadius::same(theme::RADIUS);
    let fill = if look.is_chosen {
        visuals.selection.bg_fill
    } else if response.hovered() || look.is_dragged {
        visuals.widgets.hovered.weak_bg_fill
    } else if is_frozen {
        palette.training.gamma_multiply(0.08)
    } else {
        Color32::TRANSPARENT
    };
    ui.painter().rect_filled(inner, radius, fill);
    if look.has_focus {
        ui.painter().rect_stroke(
            inner,
            radius,
            Stroke::new(1.5, palette.accent),
            StrokeKind::Inside,
        );
    } else if !look.is_chosen {
        ui.painter().hline(
            rect.x_range().shrink(6.0),
            rect.bottom(),
            Stroke::new(1.0, palette.line.gamma_multiply(0.7)),
        );
    }
}

/// Writes into the columns of a row.
struct Texts {
    rect: Rect,
    columns: [f32; 3],
    body: FontId,
    caption: FontId,
}

impl Texts {
    fn new(ui: &Ui, rect: Rect) -> Self {
        Self {
            rect,
            columns: columns(rect),
            body: TextStyle::Body.resolve(ui.style()),
            caption: TextStyle::Small.resolve(ui.style()),
        }
    }

    fn icon(
        &self,
        ui: &Ui,
        centre: egui::Pos2,
        icon: egui_material_icons::MaterialIcon,
        colour: Color32,
    ) {
        let text = WidgetText::from(icon_text(icon).size(15.0).color(colour));
        let galley = text.into_galley(
            ui,
            Some(TextWrapMode::Extend),
            f32::INFINITY,
            self.body.clone(),
        );
        let corner = centre - galley.size() * 0.5;
        ui.painter().galley(corner, galley, colour);
    }

    fn small(&self, ui: &Ui, at: egui::Pos2, align: Align2, words: &str, colour: Color32) {
        ui.painter()
            .text(at, align, words, self.caption.clone(), colour);
    }

    /// A line that starts in the name's column and is cut where the next begins. Returns whether it was.
    fn left(&self, ui: &Ui, line: usize, words: RichText, font: &FontId, colour: Color32) -> bool {
        let left = self.rect.left() + POSITION;
        // Figures of the second line are short.
        let more = if line == 1 { 36.0 } else { -4.0 };
        let end = self.columns[0] + more;
        self.cut_at(ui, end, (left, line), words, font, colour)
    }

    fn cut_at(
        &self,
        ui: &Ui,
        end: f32,
        (left, line): (f32, usize),
        words: RichText,
        font: &FontId,
        colour: Color32,
    ) -> bool {
        let width = (end - left).max(24.0);
        let text = WidgetText::from(words.color(colour).font(font.clone()));
        let galley = text.into_galley(ui, Some(TextWrapMode::Truncate), width, font.clone());
        let corner = pos2(left, self.rect.top() + LINES[line] - galley.size().y * 0.5);
        let is_cut = galley.elided;
        ui.painter().galley(corner, galley, colour);
        is_cut
    }

    fn name(&self, ui: &Ui, words: &str, colour: Color32) -> bool {
        let font = FontId::new(
            self.body.size,
            egui::FontFamily::Name(theme::SEMIBOLD.into()),
        );
        self.left(ui, 0, RichText::new(words), &font, colour)
    }

    fn detail(&self, ui: &Ui, words: &str, colour: Color32) -> bool {
        self.left(ui, 1, RichText::new(words), &self.caption, colour)
    }

    /// A detail that takes the room of figures that are not there.
    fn over_figures(&self, ui: &Ui, words: &str, colour: Color32) -> bool {
        let (start, end) = (self.rect.left() + POSITION, self.columns[2]);
        let words = RichText::new(words);
        self.cut_at(ui, end, (start, 1), words, &self.caption, colour)
    }

    fn pair(&self, ui: &Ui, column: usize, words: &[String; 2], colours: [Color32; 2]) {
        let fonts = [&self.body, &self.caption];
        for line in 0..2 {
            let at = pos2(self.columns[column], self.rect.top() + LINES[line]);
            let font = fonts[line].clone();
            ui.painter()
                .text(at, Align2::RIGHT_CENTER, &words[line], font, colours[line]);
        }
    }
}

/// What can be done with a layer: by the button at its right, and by a right-click. Returns whether its name
/// shall be edited.
pub fn menu_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: Chosen, rect: Rect, response: &Response) -> bool {
    let Some(name) = row.name(&cx.state.experiment.model) else {
        return false;
    };
    let mut rename = false;
    response.context_menu(|ui| rename |= entries_ui(ui, cx, row));
    let place =
        Rect::from_center_size(pos2(rect.right() - 24.0, rect.center().y), vec2(24.0, 28.0));
    let mut child = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(place)
            .id_salt(("more", row)),
    );
    child.spacing_mut().button_padding = vec2(4.0, 4.0);
    let button = Button::new(icon_text(icons::ICON_MORE_VERT).size(16.0)).frame(false);
    let (more, _) = egui::containers::menu::MenuButton::from_button(button)
        .ui(&mut child, |ui| rename |= entries_ui(ui, cx, row));
    more.accessible_name(format!("What to do with {name}"));
    rename
}

fn entries_ui(ui: &mut Ui, cx: &mut Cx<'_>, row: Chosen) -> bool {
    let mut rename = false;
    let can_edit = cx.state.why_not_edit_layers().is_none();
    let edits = toolbar::edits(row, &cx.state.experiment.model);
    let name = row.name(&cx.state.experiment.model);
    ui.add_enabled_ui(can_edit, |ui| {
        if ui.add(Button::new("Rename…").shortcut_text("F2")).clicked() {
            wish(cx, DesignAction::Choose(Some(row)));
            rename = true;
        }
        for (_, words, keys, edit) in edits {
            let button = Button::new(words).shortcut_text(keys);
            if ui.add_enabled(edit.is_some(), button).clicked()
                && let Some(edit) = edit
            {
                wish(cx, DesignAction::Edit(edit, None));
            }
        }
        ui.separator();
        let tip = "Freezes every layer before this one";
        if ui
            .button("Freeze the layers above")
            .on_hover_text(tip)
            .clicked()
        {
            wish(cx, DesignAction::TrainFrom(name, None));
        }
        if ui.button("Train everything").clicked() {
            wish(cx, DesignAction::TrainFrom(None, None));
        }
    });
    rename
}
