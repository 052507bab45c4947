//! Findings by kind, the worst first; each opens to its files.

use std::{collections::BTreeSet, sync::Arc};

use eframe::egui::{
    self, Align, FontId, Layout, Rect, ScrollArea, Sense, TextStyle, Ui, UiBuilder, pos2, vec2,
};
use egui_material_icons::{icon_text, icons};

use super::{severity_icon, show, word};
use crate::{
    data::{
        Sample,
        doctor::{Examination, Finding, FindingKind, Severity},
    },
    ui::{
        action::WindowAction,
        panels::Cx,
        theme,
        widgets::{
            buttons,
            cached::{Cached, Same},
            classes, states,
        },
    },
};

/// Heights of rows in points.
const KIND: f32 = 32.0;
const FINDING: f32 = 48.0;
const FILE: f32 = 24.0;
/// Indent of files.
const INDENT: f32 = 24.0;
/// Kinds with no more findings than this are open at first.
const FEW: usize = 3;
/// Lines of a finding's sentence; all of it stands in the tooltip.
const LINES: usize = 2;

#[derive(Default)]
pub struct Findings {
    toggled: Toggled,
    /// Findings that show their files.
    open: BTreeSet<usize>,
    rows: Cached<(Same<Examination>, Toggled, BTreeSet<usize>), Arc<Rows>>,
}

/// Kinds that were opened or closed against what they are at first.
type Toggled = BTreeSet<(Severity, FindingKind)>;

#[derive(Debug, Clone, Copy)]
enum Row {
    /// Findings of one kind: the first, how many, whether they are shown.
    Kind(usize, usize, bool),
    /// A finding, and whether its files are shown.
    Finding(usize, bool),
    /// A file of a finding.
    File(usize, usize),
}

impl Row {
    fn height(self) -> f32 {
        match self {
            Self::Kind(..) => KIND,
            Self::Finding(..) => FINDING,
            Self::File(..) => FILE,
        }
    }
}

/// Rows and where each begins.
struct Rows {
    rows: Vec<(f32, Row)>,
    height: f32,
}

impl Findings {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, examination: &Arc<Examination>) {
        if examination.findings.is_empty() {
            states::empty(ui, "Nothing was found: the dataset looks fine.", None);
            return;
        }
        let (toggled, open) = (&self.toggled, &self.open);
        let key = (Same::of(examination), toggled.clone(), open.clone());
        let rows = || Arc::new(rows(examination, toggled, open));
        let rows = self.rows.get(key, rows);
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut clicked = None;
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show_viewport(ui, |ui, view| {
            ui.set_height(rows.height);
            ui.set_width(ui.available_width());
            let origin = ui.max_rect().min;
            let is_above = |(top, row): &(f32, Row)| top + row.height() < view.top();
            let first = rows.rows.partition_point(is_above);
            let shown = rows.rows[first..].iter();
            for (top, row) in shown.take_while(|(top, _)| *top < view.bottom()) {
                let size = vec2(ui.available_width(), row.height());
                let rect = Rect::from_min_size(pos2(origin.x, origin.y + top), size);
                if row_ui(ui, cx, examination, *row, rect) {
                    clicked = Some(*row);
                }
            }
        });
        match clicked {
            Some(Row::Kind(first, ..)) => {
                flip(&mut self.toggled, group(&examination.findings[first]));
            }
            Some(Row::Finding(index, _)) => flip(&mut self.open, index),
            Some(Row::File(..)) | None => {}
        }
    }
}

fn flip<T: Ord + Copy>(set: &mut BTreeSet<T>, value: T) {
    if !set.remove(&value) {
        set.insert(value);
    }
}

fn group(finding: &Finding) -> (Severity, FindingKind) {
    (finding.severity, finding.kind)
}

fn rows(examination: &Examination, toggled: &Toggled, open: &BTreeSet<usize>) -> Rows {
    let findings = &examination.findings;
    let mut rows = Vec::new();
    let mut height = 0.0;
    let mut push = |row: Row| {
        rows.push((height, row));
        height += row.height();
    };
    let mut first = 0;
    for same in findings.chunk_by(|a, b| group(a) == group(b)) {
        let few = same.len() <= FEW;
        let is_open = few != toggled.contains(&group(&same[0]));
        push(Row::Kind(first, same.len(), is_open));
        for (index, finding) in (first..).zip(same).filter(|_| is_open) {
            let is_open = open.contains(&index);
            push(Row::Finding(index, is_open));
            if is_open {
                (0..finding.files.len()).for_each(|file| push(Row::File(index, file)));
            }
        }
        first += same.len();
    }
    Rows { rows, height }
}

/// Draws one row; returns whether it is to be opened or closed.
fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, examination: &Examination, row: Row, rect: Rect) -> bool {
    let id = match row {
        Row::Kind(first, ..) => ui.scope_id().with(("kind", first)),
        Row::Finding(index, _) => ui.scope_id().with(("finding", index)),
        Row::File(index, file) => ui.scope_id().with(("file", index, file)),
    };
    let response = ui.interact(rect, id, Sense::click());
    if response.hovered() {
        let fill = ui.visuals().widgets.hovered.weak_bg_fill;
        ui.painter().rect_filled(rect, theme::RADIUS, fill);
    }
    let builder = UiBuilder::new()
        .max_rect(rect.shrink2(vec2(4.0, 0.0)))
        .id_salt(id)
        .layout(Layout::left_to_right(Align::Center));
    let mut inner = ui.new_child(builder);
    let (Row::Kind(index, ..) | Row::Finding(index, _) | Row::File(index, _)) = row;
    let finding = &examination.findings[index];
    let labelled = |words| egui::WidgetInfo::labeled(egui::Role::Button, true, words);
    match row {
        Row::Kind(_, count, is_open) => {
            let words = kind_words(finding, count);
            kind_ui(&mut inner, finding, &words, is_open);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Button, true, is_open, &words)
            });
            response.clicked()
        }
        Row::Finding(_, is_open) => {
            finding_ui(&mut inner, cx, finding, is_open);
            response.widget_info(|| labelled(&finding.message));
            response.on_hover_text(&finding.message).clicked() && !finding.files.is_empty()
        }
        Row::File(_, file) => {
            let name = &finding.files[file];
            inner.add_space(INDENT);
            words_ui(&mut inner, name, TextStyle::Small.resolve(ui.style()), 1);
            response.widget_info(|| labelled(name));
            let sample = finding.samples.get(file).copied();
            if let (true, Some(sample)) = (response.on_hover_text(name).clicked(), sample) {
                show(cx, &[sample], finding.kind.words());
            }
            false
        }
    }
}

/// `Problem: in two parts (8)`.
fn kind_words(finding: &Finding, count: usize) -> String {
    let (word, kind) = (word(finding.severity), finding.kind.words());
    format!("{word}: {kind} ({count})")
}

fn kind_ui(ui: &mut Ui, finding: &Finding, words: &str, is_open: bool) {
    arrow_ui(ui, is_open);
    severity_icon(ui, Some(finding.severity));
    let size = TextStyle::Body.resolve(ui.style()).size;
    let font = FontId::new(size, egui::FontFamily::Name(theme::SEMIBOLD.into()));
    words_ui(ui, words, font, 1);
}

/// At most so many lines, which screen readers hear from the row instead.
fn words_ui(ui: &mut Ui, words: &str, font: FontId, lines: usize) {
    let colour = ui.visuals().text_color();
    let width = ui.available_width();
    let galley = if lines == 1 {
        classes::one_line(ui, words, font, colour, width)
    } else {
        let mut job = egui::text::LayoutJob::simple(words.to_owned(), font, colour, width);
        job.wrap.max_rows = lines;
        ui.painter().layout_job(job)
    };
    let (rect, _) = ui.allocate_exact_size(galley.size(), Sense::hover());
    ui.painter().galley(rect.min, galley, colour);
}

fn arrow_ui(ui: &mut Ui, is_open: bool) {
    let icon = if is_open {
        icons::ICON_KEYBOARD_ARROW_DOWN
    } else {
        icons::ICON_KEYBOARD_ARROW_RIGHT
    };
    ui.label(icon_text(icon).color(theme::palette(ui).muted));
}

fn finding_ui(ui: &mut Ui, cx: &mut Cx<'_>, finding: &Finding, is_open: bool) {
    ui.add_space(theme::GRID);
    if finding.files.is_empty() {
        ui.add_space(INDENT);
    } else {
        arrow_ui(ui, is_open);
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        show_button_ui(ui, cx, finding);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let font = TextStyle::Small.resolve(ui.style());
            words_ui(ui, &finding.message, font, LINES);
        });
    });
}

/// Shows the images that a finding is about, or the folder of files that are no images of the dataset.
fn show_button_ui(ui: &mut Ui, cx: &mut Cx<'_>, finding: &Finding) {
    let Some(dataset) = cx.state.dataset() else {
        return;
    };
    let has_images = !finding.samples.is_empty() || !finding.classes.is_empty();
    if has_images {
        let tip = "Shows the images it is about, and only these";
        if !buttons::button(ui, "Show", tip) {
            return;
        }
        if !finding.samples.is_empty() {
            return show(cx, &finding.samples, finding.kind.words());
        }
        let samples = dataset.samples.iter().enumerate();
        let is_meant = |(_, sample): &(usize, &Sample)| finding.classes.contains(&sample.label);
        let samples: Vec<usize> = samples.filter(is_meant).map(|(index, _)| index).collect();
        show(cx, &samples, finding.kind.words());
    } else if let Some(file) = finding.files.first()
        && buttons::button(ui, "Show", "Opens the folder of the first of these files")
    {
        let file = dataset.root.join(file);
        let folder = file.parent().unwrap_or(&dataset.root).to_path_buf();
        cx.push(WindowAction::ShowFile(folder));
    }
}
