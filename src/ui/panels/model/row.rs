//! One row of the list: what the layer is, what comes out, what it costs.

use eframe::egui::{
    self, Align2, Button, Color32, CornerRadius, FontId, Rect, Response, StrokeKind, TextStyle, Ui,
    pos2, vec2,
};
use egui_material_icons::{MaterialIcon, icon_text, icons};

use super::{cells::Cells, toolbar, wish};
use crate::{
    model::{freezing::Frozen, spec::Head},
    ui::{
        design::{Chosen, DesignAction},
        format::thousands,
        panels::Cx,
        theme,
        widgets::{buttons, classes},
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
    let left = rect.left() + POSITION;
    // The second line of the output's column would meet the name's.
    let is_narrow = name - rect.left() < 180.0;
    let [kind, activations] = if is_narrow {
        ["kind", "activations"]
    } else {
        ["kind and settings", "activations of a batch"]
    };
    let (first, second) = (rect.top() + 10.0, rect.top() + 25.0);
    let muted = theme::palette(ui).muted;
    let font = TextStyle::Small.resolve(ui.style());
    for (x, y, align, words) in [
        (left, first, Align2::LEFT_CENTER, "Layer"),
        (left, second, Align2::LEFT_CENTER, kind),
        (output, first, Align2::RIGHT_CENTER, "Output"),
        (output, second, Align2::RIGHT_CENTER, activations),
        (counts, first, Align2::RIGHT_CENTER, "Parameters"),
        (counts, second, Align2::RIGHT_CENTER, "multiply-adds"),
    ] {
        ui.painter()
            .text(pos2(x, y), align, words, font.clone(), muted);
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
    let is_frozen = cells.frozen != Frozen::Nothing;
    background_ui(ui, rect, response, look, is_frozen);
    let texts = Texts::new(ui, rect);
    let text = ui.visuals().text_color();
    // On the colour of the chosen row, muted text would be hard to read.
    let muted = if look.is_chosen { text } else { palette.muted };
    let ink = match cells.frozen {
        Frozen::Whole => muted,
        _ => text,
    };
    match cells.problem {
        Some(_) => texts.icon(ui, 0, icons::ICON_ERROR, palette.error),
        None => texts.number(ui, &cells.number, muted),
    }
    if is_frozen {
        texts.icon(ui, 1, icons::ICON_AC_UNIT, palette.training);
    }
    let is_name_cut = texts.name(ui, &cells.name, ink);
    let is_cut = match &cells.problem {
        Some(problem) => {
            let colour = if look.is_chosen { ink } else { palette.error };
            let takes_all = cells.values[1].is_empty();
            texts.detail(ui, &problem.reason, colour, takes_all)
        }
        None => texts.detail(ui, &cells.detail, muted, false),
    };
    texts.pair(ui, 1, &cells.values, [ink, muted]);
    texts.pair(ui, 2, &cells.counts, [ink, muted]);
    speak(response, look, &cells.spoken());
    if let Some(problem) = cells.problem {
        response.clone().on_hover_text(problem.to_string());
    } else if is_cut || is_name_cut {
        let words = format!("{}\n{}", cells.name, cells.detail);
        response.clone().on_hover_text(words);
    }
}

fn speak(response: &Response, look: Look, words: &str) {
    let role = egui::Role::ListBoxOption;
    response.widget_info(|| egui::WidgetInfo::selected(role, true, look.is_chosen, words));
}

/// What becomes of the logits, after the last layer.
pub fn head_ui(ui: &mut Ui, cx: &Cx<'_>, rect: Rect, response: &Response, look: Look) {
    let (ink, muted) = (ui.visuals().text_color(), theme::palette(ui).muted);
    background_ui(ui, rect, response, look, false);
    let texts = Texts::new(ui, rect);
    texts.icon(ui, 0, icons::ICON_FLAG, muted);
    let (name, detail) = head_words(cx.state.experiment.model.head);
    texts.name(ui, name, ink);
    texts.detail(ui, &detail, muted, false);
    if let Some(dataset) = cx.state.dataset() {
        let words = format!("{} classes", thousands(dataset.classes.len()));
        texts.pair(ui, 1, &[words, String::new()], [ink, muted]);
    }
    speak(response, look, &format!("Head: {name}, {detail}"));
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
    let painter = ui.painter();
    painter.rect_filled(inner, radius, fill);
    if look.has_focus {
        let stroke = (1.5, palette.accent);
        painter.rect_stroke(inner, radius, stroke, StrokeKind::Inside);
    } else if !look.is_chosen {
        let stroke = (1.0, palette.line.gamma_multiply(0.7));
        painter.hline(rect.x_range().shrink(6.0), rect.bottom(), stroke);
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

    /// Where the row's number or an icon stands.
    fn position(&self, line: usize) -> egui::Pos2 {
        self.rect.min + vec2(20.0, LINES[line])
    }

    fn icon(&self, ui: &Ui, line: usize, icon: MaterialIcon, colour: Color32) {
        let font = FontId::new(15.0, icon.font_family());
        let at = self.position(line);
        ui.painter()
            .text(at, Align2::CENTER_CENTER, icon.codepoint, font, colour);
    }

    fn number(&self, ui: &Ui, words: &str, colour: Color32) {
        let at = self.position(0);
        let font = self.caption.clone();
        ui.painter()
            .text(at, Align2::CENTER_CENTER, words, font, colour);
    }

    /// The first line of the name's column; returns whether it had to be cut.
    fn name(&self, ui: &Ui, words: &str, colour: Color32) -> bool {
        let family = egui::FontFamily::Name(theme::SEMIBOLD.into());
        let font = FontId::new(self.body.size, family);
        self.cut(ui, 0, self.columns[0] - 4.0, words, font, colour)
    }

    /// The second line, which may take the room of figures that are not there; returns whether it had to be cut.
    fn detail(&self, ui: &Ui, words: &str, colour: Color32, takes_all: bool) -> bool {
        // Figures of the second line are short.
        let end = if takes_all {
            self.columns[2]
        } else {
            self.columns[0] + 36.0
        };
        self.cut(ui, 1, end, words, self.caption.clone(), colour)
    }

    fn cut(
        &self,
        ui: &Ui,
        line: usize,
        end: f32,
        words: &str,
        font: FontId,
        colour: Color32,
    ) -> bool {
        let left = self.rect.left() + POSITION;
        let galley = classes::one_line(ui, words, font, colour, (end - left).max(24.0));
        let corner = pos2(left, self.position(line).y - galley.size().y * 0.5);
        let is_cut = galley.elided;
        ui.painter().galley(corner, galley, colour);
        is_cut
    }

    fn pair(&self, ui: &Ui, column: usize, words: &[String; 2], colours: [Color32; 2]) {
        let fonts = [&self.body, &self.caption];
        for line in 0..2 {
            let at = pos2(self.columns[column], self.position(line).y);
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
    let centre = pos2(rect.right() - 24.0, rect.center().y);
    let place = Rect::from_center_size(centre, vec2(24.0, 28.0));
    let builder = egui::UiBuilder::new().max_rect(place);
    let mut child = ui.new_child(builder.id_salt(("more", row)));
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
            if ui.add_enabled(edit.is_some(), button).clicked() {
                cx.actions
                    .extend(edit.map(|edit| DesignAction::Edit(edit, None).into()));
            }
        }
        ui.separator();
        let tip = "Freezes every layer before this one";
        if buttons::button(ui, "Freeze the layers above", tip) {
            wish(cx, DesignAction::TrainFrom(name, None));
        }
        if ui.button("Train everything").clicked() {
            wish(cx, DesignAction::TrainFrom(None, None));
        }
    });
    rename
}
