//! The Doctor panel: what is wrong with the dataset, and what to do about it.

mod findings;
mod fixes;
mod pairs;

use eframe::egui::{Align, Label, Layout, RichText, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use super::{Cx, Panel};
use crate::{
    data::{
        Dataset,
        doctor::{Examination, Severity},
    },
    engine::{ExamineRequest, Examined},
    ui::{
        action::{Action, DataAction},
        theme,
        widgets::{fields, needs, states},
    },
};

/// Which list is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum List {
    #[default]
    Findings,
    Pairs,
}

/// View state.
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
            (Some(examined), _) => self.examined_ui(ui, cx, &open.dataset, examined),
            (None, Some(job)) => {
                let progress = cx.state.jobs.get(&job).and_then(|job| job.progress);
                if states::loading(ui, "Examining the images", progress) {
                    cx.push(Action::Cancel(job));
                }
            }
            (None, None) => {
                if let Some(message) = &doctor.failed {
                    states::failed(ui, message);
                }
                if cx.state.to_examine().is_none() {
                    states::empty(ui, "The dataset is being divided into parts.", None);
                } else {
                    states::empty_with(
                        ui,
                        EMPTY,
                        "Examine",
                        Action::Data(DataAction::Examine),
                        cx.actions,
                    );
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
        examined: &Examined,
    ) {
        let examination = &examined.examination;
        summary_ui(ui, examination);
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

/// `2 problems, 5 hints`, and what they are in short.
fn summary_ui(ui: &mut Ui, examination: &Examination) {
    let worst = examination.worst();
    ui.horizontal_wrapped(|ui| {
        severity_icon(ui, worst);
        ui.label(RichText::new(counts(examination)).strong());
    });
    states::caption(ui, sentence(&examination.summary()));
}

/// How many findings of each severity.
fn counts(examination: &Examination) -> String {
    let severities = [
        (Severity::Error, "problem"),
        (Severity::Warning, "warning"),
        (Severity::Info, "hint"),
    ];
    let told: Vec<String> = severities
        .into_iter()
        .filter_map(|(severity, word)| {
            let findings = examination.findings.iter();
            let count = findings.filter(|f| f.severity == severity).count();
            (count > 0).then(|| crate::format::counted(count, word))
        })
        .collect();
    if told.is_empty() {
        "Nothing to complain about".to_owned()
    } else {
        told.join(", ")
    }
}

/// With a capital and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// One line that is always there: running, out of date, failed, or up to date.
fn again_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let doctor = cx.state.slot::<ExamineRequest>();
    let job = doctor.job;
    let stale = cx.state.examination_is_stale();
    let failed = doctor.failed.clone();
    let size = vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let (words, colour) = match (job, stale) {
            (Some(job), _) => {
                if ui.button("Cancel").clicked() {
                    cx.push(Action::Cancel(job));
                }
                ("Examining again…", theme::palette(ui).muted)
            }
            (None, true) => {
                again_button(ui, cx);
                ("The dataset has changed.", theme::palette(ui).warning)
            }
            (None, false) => {
                again_button(ui, cx);
                ("Up to date.", theme::palette(ui).muted)
            }
        };
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if stale && job.is_none() {
                ui.label(icon_text(icons::ICON_WARNING).color(colour));
            }
            ui.add(Label::new(RichText::new(words).small().color(colour)).truncate());
        });
    });
    if let Some(message) = failed {
        states::failed(ui, &message);
    }
}

fn again_button(ui: &mut Ui, cx: &mut Cx<'_>) {
    let tip = "Judges the images again with the changes made since; their files are not read again";
    if ui.button("Examine again").on_hover_text(tip).clicked() {
        cx.push(DataAction::Examine);
    }
}

/// An icon for a severity, with its meaning for screen readers and the pointer.
fn severity_icon(ui: &mut Ui, severity: Option<Severity>) {
    let palette = theme::palette(ui);
    let (icon, colour, words) = match severity {
        Some(Severity::Error) => (icons::ICON_ERROR, palette.error, "Problem"),
        Some(Severity::Warning) => (icons::ICON_WARNING, palette.warning, "Warning"),
        Some(Severity::Info) => (icons::ICON_INFO, palette.muted, "Hint"),
        None => (icons::ICON_CHECK_CIRCLE, palette.good, "Nothing is wrong"),
    };
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
