//! The Doctor panel: what is wrong with the dataset, and what to do about it.

mod findings;
mod fixes;
mod pairs;

use std::sync::Arc;

use eframe::egui::{Align, Label, Layout, RichText, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use super::{Cx, Panel};
use crate::{
    data::{
        Dataset,
        doctor::{Examination, Severity},
    },
    engine::ExamineRequest,
    ui::{
        action::{Action, DataAction},
        format::counted,
        theme,
        widgets::{buttons, fields, needs, states},
    },
};

/// Which list is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum List {
    #[default]
    Findings,
    Pairs,
}

#[derive(Default)]
pub struct Doctor {
    list: List,
    findings: findings::Findings,
    fixes: fixes::Fixes,
}

const EMPTY: &str = "Looks for broken files, images that stand twice, in two parts or under two labels, \
    and classes that are missing or tiny. Every image is read once; nothing is changed.";

impl Panel for Doctor {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(open) = needs::dataset(ui, cx, "Problems of a dataset") else {
            return;
        };
        let doctor = cx.state.slot::<ExamineRequest>();
        match (doctor.answer(), doctor.job) {
            (Some(examined), _) => self.examined_ui(ui, cx, &open.dataset, &examined.examination),
            (None, Some(job)) => cx.loading_ui(ui, "Examining the images", job),
            (None, None) => {
                states::failure(ui, doctor.failed.as_ref());
                if cx.state.to_examine().is_none() {
                    states::empty(ui, "The dataset is being divided into parts.", None);
                } else {
                    states::empty_with(ui, EMPTY, "Examine", DataAction::Examine, cx.actions);
                }
            }
        }
    }
}

impl Doctor {
    fn examined_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        dataset: &Dataset,
        examination: &Arc<Examination>,
    ) {
        // `2 problems, 5 hints`, and what they are in short.
        ui.horizontal_wrapped(|ui| {
            severity_icon(ui, examination.worst());
            ui.label(RichText::new(counts(examination)).strong());
        });
        states::caption(ui, sentence(&examination.summary()));
        again_ui(ui, cx);
        self.fixes.ui(ui, cx, dataset, examination);
        ui.add_space(theme::GRID / 2.0);
        let findings = format!("Findings ({})", examination.findings.len());
        let pairs = format!("Pairs ({})", examination.pairs.len());
        let tip = "Images that are the same or look alike, side by side";
        let lists = [
            (
                List::Findings,
                &*findings,
                "What was found, the worst first",
            ),
            (List::Pairs, &*pairs, tip),
        ];
        ui.horizontal_wrapped(|ui| fields::switch(ui, &mut self.list, &lists));
        ui.separator();
        match self.list {
            List::Findings => self.findings.ui(ui, cx, examination),
            List::Pairs => pairs::ui(ui, cx, dataset, examination, &mut self.fixes),
        }
    }
}

/// How many findings of each severity.
fn counts(examination: &Examination) -> String {
    let severities = [Severity::Error, Severity::Warning, Severity::Info];
    let told = severities.map(|severity| {
        let findings = examination.findings.iter();
        let count = findings.filter(|f| f.severity == severity).count();
        (count > 0).then(|| counted(count, &word(severity).to_lowercase()))
    });
    let told: Vec<String> = told.into_iter().flatten().collect();
    if told.is_empty() {
        return "Nothing to complain about".to_owned();
    }
    told.join(", ")
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Problem",
        Severity::Warning => "Warning",
        Severity::Info => "Hint",
    }
}

/// With a capital and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(char::to_uppercase);
    let first: String = first.into_iter().flatten().collect();
    format!("{first}{}.", letters.as_str())
}

/// One line that is always there: running, out of date, failed, or up to date.
fn again_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let doctor = cx.state.slot::<ExamineRequest>();
    let stale = cx.state.examination_is_stale() && doctor.job.is_none();
    let palette = theme::palette(ui);
    let (words, colour) = match (doctor.job, stale) {
        (Some(_), _) => ("Examining again…", palette.muted),
        (None, true) => ("The dataset has changed.", palette.warning),
        (None, false) => ("Up to date.", palette.muted),
    };
    let size = vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let tip =
            "Judges the images again with the changes made since; their files are not read again";
        if let Some(job) = doctor.job {
            if ui.button("Cancel").clicked() {
                cx.push(Action::Cancel(job));
            }
        } else if buttons::button(ui, "Examine again", tip) {
            cx.push(DataAction::Examine);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if stale {
                ui.label(icon_text(icons::ICON_WARNING).color(colour));
            }
            ui.add(Label::new(RichText::new(words).small().color(colour)).truncate());
        });
    });
    states::failure(ui, doctor.failed.as_ref());
}

/// An icon for a severity, with its meaning for screen readers and the pointer.
fn severity_icon(ui: &mut Ui, severity: Option<Severity>) {
    let palette = theme::palette(ui);
    let (icon, colour) = match severity {
        Some(Severity::Error) => (icons::ICON_ERROR, palette.error),
        Some(Severity::Warning) => (icons::ICON_WARNING, palette.warning),
        Some(Severity::Info) => (icons::ICON_INFO, palette.muted),
        None => (icons::ICON_CHECK_CIRCLE, palette.good),
    };
    let words = severity.map_or("Nothing is wrong", word);
    ui.label(icon_text(icon).color(colour)).on_hover_text(words);
}

/// Shows samples in the rest of the window: the first is selected, all are marked, and the browser shows these alone.
/// `words` says what they are.
fn show(cx: &mut Cx<'_>, samples: &[usize], words: &str) {
    cx.push(DataAction::ShowImages {
        samples: samples.into(),
        words: words.into(),
    });
}
