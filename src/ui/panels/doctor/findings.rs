//! Findings by kind, the worst first; each opens to its files.

use std::{collections::BTreeSet, sync::Arc};

use eframe::egui::{
    self, Align, FontId, Layout, Rect, ScrollArea, Sense, TextStyle, Ui, UiBuilder, pos2, vec2,
};
use egui_material_icons::{icon_text, icons};

use super::{severity_icon, show};
use crate::{
    data::doctor::{Examination, Finding, FindingKind, Severity},
    ui::{
        action::WindowAction,
        panels::Cx,
        theme,
        widgets::{
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

/// View state.
#[derive(Default)]
pub struct Findings {
    /// Kinds that were opened or closed against what they are at first.
    toggled: BTreeSet<(Severity, FindingKind)>,
    /// Findings that show their files.
    open: BTreeSet<usize>,
    revision: u64,
    rows: Cached<(Same<Examination>, u64), Arc<Rows>>,
}

#[derive(Debug, Clone, Copy)]
enum Row {
    /// Findings of one kind: the first, how many, whether they are shown.
    Kind(usize, usize, bool),
    Finding(usize),
    File(usize, usize),
}

impl Row {
    fn height(self) -> f32 {
        match self {
            Self::Kind(..) => KIND,
            Self::Finding(_) => FINDING,
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
        let key = (Same::of(examination), self.revision);
        let rows = self.rows.get(key, || {
            Arc::new(rows(examination, &self.toggled, &self.open))
        });
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut clicked = None;
        ScrollArea::vertical()
            .auto_shrink(false)
            .show_viewport(ui, |ui, view| {
                ui.set_height(rows.height);
                ui.set_width(ui.available_width());
                let origin = ui.max_rect().min;
                let first = rows
                    .rows
                    .partition_point(|(top, row)| top + row.height() < view.top());
                let shown = rows.rows[first..].iter();
                for (top, row) in shown.take_while(|(top, _)| *top < view.bottom()) {
                    let size = vec2(ui.available_width(), row.height());
                    let rect = Rect::from_min_size(pos2(origin.x, origin.y + top), size);
                    if row_ui(ui, cx, examination, *row, rect, &self.open) {
                        clicked = Some(*row);
                    }
                }
            });
        if let Some(row) = clicked {
            self.toggle(examination, row);
        }
    }

    fn toggle(&mut self, examination: &Examination, row: Row) {
        self.revision += 1;
        match row {
            Row::Kind(first, ..) => flip(&mut self.toggled, group(&examination.findings[first])),
            Row::Finding(index) => flip(&mut self.open, index),
            Row::File(..) => {}
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

fn rows(
    examination: &Examination,
    toggled: &BTreeSet<(Severity, FindingKind)>,
    open: &BTreeSet<usize>,
) -> Rows {
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
            push(Row::Finding(index));
            if open.contains(&index) {
                (0..finding.files.len()).for_each(|file| push(Row::File(index, file)));
            }
        }
        first += same.len();
    }
    Rows { rows, height }
}

/// Draws one row; returns whether it is to be opened or closed.
fn row_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    examination: &Examination,
    row: Row,
    rect: Rect,
    open: &BTreeSet<usize>,
) -> bool {
    let id = match row {
        Row::Kind(first, ..) => ui.scope_id().with(("kind", first)),
        Row::Finding(index) => ui.scope_id().with(("finding", index)),
        Row::File(index, file) => ui.scope_id().with(("file", index, file)),
    };
    let sense = Sense::click();
    let response = ui.interact(rect, id, sense);
    if response.hovered() {
        let fill = ui.visuals().widgets.hovered.weak_bg_fill;
        ui.painter()
            .rect_filled(rect, f32::from(theme::RADIUS), fill);
    }
    let builder = UiBuilder::new()
        .max_rect(rect.shrink2(vec2(4.0, 0.0)))
        .id_salt(id)
        .layout(Layout::left_to_right(Align::Center));
    let mut inner = ui.new_child(builder);
    match row {
        Row::Kind(first, count, is_open) => {
            kind_ui(&mut inner, &examination.findings[first], count, is_open);
            let words = kind_words(&examination.findings[first], count);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Button, true, is_open, &words)
            });
            response.clicked()
        }
        Row::Finding(index) => {
            let finding = &examination.findings[index];
            let has_files = !finding.files.is_empty();
            finding_ui(&mut inner, cx, finding, open.contains(&index));
            let message = finding.message.clone();
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &message));
            response.on_hover_text(message).clicked() && has_files
        }
        Row::File(index, file) => {
            let finding = &examination.findings[index];
            let name = &finding.files[file];
            inner.add_space(INDENT);
            let font = TextStyle::Small.resolve(inner.style());
            words_ui(&mut inner, name, font);
            let sample = finding.samples.get(file).copied();
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            let clicked = response.on_hover_text(name).clicked();
            if let (true, Some(sample)) = (clicked, sample) {
                show(cx, &[sample], finding.kind.words());
            }
            false
        }
    }
}

/// `Problem: in two parts (8)`.
fn kind_words(finding: &Finding, count: usize) -> String {
    let word = match finding.severity {
        Severity::Error => "Problem",
        Severity::Warning => "Warning",
        Severity::Info => "Hint",
    };
    format!("{word}: {} ({count})", finding.kind.words())
}

fn kind_ui(ui: &mut Ui, finding: &Finding, count: usize, is_open: bool) {
    arrow_ui(ui, is_open);
    severity_icon(ui, Some(finding.severity));
    let size = TextStyle::Body.resolve(ui.style()).size;
    let font = FontId::new(size, egui::FontFamily::Name(theme::SEMIBOLD.into()));
    words_ui(ui, &kind_words(finding, count), font);
}

/// One line that screen readers hear from the row instead.
fn words_ui(ui: &mut Ui, words: &str, font: FontId) {
    let colour = ui.visuals().text_color();
    let galley = classes::one_line(ui, words, font, colour, ui.available_width());
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
            let galley = two_lines(ui, &finding.message, font);
            let (rect, _) = ui.allocate_exact_size(galley.size(), Sense::hover());
            let colour = ui.visuals().text_color();
            ui.painter().galley(rect.min, galley, colour);
        });
    });
}

/// Shows the images that a finding is about, or the folder of files that are no images of the dataset.
fn show_button_ui(ui: &mut Ui, cx: &mut Cx<'_>, finding: &Finding) {
    let Some(dataset) = cx.state.dataset() else {
        return;
    };
    let of_classes = || {
        let samples = dataset.samples.iter().enumerate();
        let is_meant = |sample: &crate::data::Sample| finding.classes.contains(&sample.label);
        samples.filter_map(move |(index, sample)| is_meant(sample).then_some(index))
    };
    let has_images = !finding.samples.is_empty() || !finding.classes.is_empty();
    let (tip, has_any) = match finding.files.first() {
        _ if has_images => ("Shows the images it is about, and only these", true),
        Some(_) => ("Opens the folder of the first of these files", true),
        None => ("", false),
    };
    if !has_any || !ui.button("Show").on_hover_text(tip).clicked() {
        return;
    }
    if !finding.samples.is_empty() {
        show(cx, &finding.samples, finding.kind.words());
    } else if has_images {
        let samples: Vec<usize> = of_classes().collect();
        show(cx, &samples, finding.kind.words());
    } else if let Some(file) = finding.files.first() {
        let file = dataset.root.join(file);
        let folder = file.parent().unwrap_or(&dataset.root).to_path_buf();
        cx.push(WindowAction::ShowFile(folder));
    }
}

fn two_lines(ui: &Ui, text: &str, font: FontId) -> Arc<egui::Galley> {
    let colour = ui.visuals().text_color();
    let mut job =
        egui::text::LayoutJob::simple(text.to_owned(), font, colour, ui.available_width());
    job.wrap.max_rows = LINES;
    ui.painter().layout_job(job)
}
