//! The Runs panel: every run that was kept as a table to filter, to sort and to choose from.

pub mod about;
pub mod differs;
pub mod overlay;
mod table;

use std::{cmp::Ordering, path::PathBuf, sync::Arc};

use eframe::egui::{self, Button, TextEdit, Ui};
use egui_material_icons::{icon_text, icons};

use super::{Cx, Panel};
use crate::{
    engine::ListRuns,
    train::runs::{
        Listing, RunRecord,
        query::{Metric, Query},
    },
    ui::{
        action::{Action, RunsAction, WindowAction},
        format::{counted, thousands},
        run_book::RunBook,
        widgets::{
            self,
            cached::{Cached, Same},
            states,
        },
        workspace::Step,
    },
};

/// What the table is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Its name.
    Name,
    /// How it stands.
    State,
    /// When it was begun.
    Started,
    /// A figure.
    Figure(Metric),
}

/// How the table is ordered.
type Order = widgets::table::Order<Column>;

/// What the table shows: which runs, in which order.
type Shown = Arc<[Arc<RunRecord>]>;

/// View state.
pub struct Runs {
    filter: String,
    order: Order,
    shown: Cached<(Same<Listing>, String, Order), Shown>,
    /// Where a range that is chosen with Shift begins.
    anchor: Option<PathBuf>,
    skipped_open: bool,
}

impl Default for Runs {
    fn default() -> Self {
        Self {
            filter: String::new(),
            order: Order {
                by: Column::Started,
                descending: true,
            },
            shown: Cached::default(),
            anchor: None,
            skipped_open: false,
        }
    }
}

impl Panel for Runs {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(listing) = listing_ui(ui, cx) else {
            return;
        };
        if listing.runs.is_empty() {
            let sentence = "Every training run is kept here with its curves, settings and notes.";
            let action = Action::Window(WindowAction::GoTo(Step::Train));
            states::empty_with(ui, sentence, "Go to Train", action, cx.actions);
            return;
        }
        let key = (Same::of(&listing), self.filter.clone(), self.order);
        let (filter, order) = (&self.filter, self.order);
        let shown = self.shown.get(key, || ordered(&listing, filter, order));
        self.bar_ui(ui, cx, &listing, &shown);
        if shown.is_empty() {
            let query = Query::parse(&self.filter);
            let sentence = match query.misunderstood() {
                [] => "No run is like that.".to_owned(),
                reasons => reasons.join(" "),
            };
            if states::empty(ui, &sentence, Some("Show all runs")) {
                self.filter.clear();
            }
            return;
        }
        table::ui(ui, cx, &shown, &mut self.order, &mut self.anchor);
    }
}

/// The runs, or what is in the way of them.
fn listing_ui(ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Arc<Listing>> {
    let book = &cx.state.runs;
    if let Some(message) = book.failed.clone() {
        states::failed(ui, &message);
        if ui.button("Try again").clicked() {
            cx.push(RunsAction::List);
        }
    }
    if book.listing.is_none() && book.failed.is_none() {
        let job = cx.state.slot::<ListRuns>().job;
        let progress = job.and_then(|job| cx.progress(job));
        states::caption(ui, "Looking for runs…");
        states::progress_bar(ui, progress, 280.0);
    }
    book.listing.clone()
}

impl Runs {
    fn bar_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing, shown: &Shown) {
        ui.horizontal_wrapped(|ui| {
            let tip = "Words of the name, notes, tags, state, model or dataset. #tag for a tag. Bounds: val acc>90%, val loss<0.3, test acc>=0.8, train acc, train loss, epochs, time (in seconds), parameters";
            let label = states::caption(ui, "Filter");
            let field = TextEdit::singleline(&mut self.filter)
                .id_salt("filter")
                .hint_text("words, #tag, val acc>90%")
                .desired_width(200.0_f32.min(ui.available_width()));
            ui.add(field).labelled_by(label.id).on_hover_text(tip);
            let refresh = ui.add(Button::new(icon_text(icons::ICON_REFRESH)).frame(false));
            let refresh = refresh.accessible_name("List again");
            let tip = "Look again: other programs train too";
            if refresh.on_hover_text(tip).clicked() {
                cx.push(RunsAction::List);
            }
            let mut words = counted(listing.runs.len(), "run");
            if shown.len() < listing.runs.len() {
                words = format!("{} of {words}", thousands(shown.len()));
            }
            let chosen = cx.state.runs.chosen.len();
            if chosen > 0 {
                words = format!("{words} · {} chosen", thousands(chosen));
            }
            states::note(ui, words);
            if chosen > 0 && ui.button("Choose none").clicked() {
                cx.push(RunsAction::Choose(Vec::new()));
            }
            if !listing.skipped.is_empty() {
                let words = format!("{} not listed", counted(listing.skipped.len(), "folder"));
                ui.toggle_value(&mut self.skipped_open, words)
                    .on_hover_text("Folders among the runs that are none, and why");
            }
        });
        if self.skipped_open {
            skipped_ui(ui, listing);
        }
    }
}

fn skipped_ui(ui: &mut Ui, listing: &Listing) {
    let area = egui::ScrollArea::vertical().max_height(96.0);
    area.auto_shrink([false, true]).show(ui, |ui| {
        for skipped in &listing.skipped {
            let name = crate::data::dataset::display_path(&skipped.folder);
            let words = egui::RichText::new(format!("{name}: {}", skipped.reason));
            ui.add(egui::Label::new(words.small()).wrap());
        }
    });
    ui.separator();
}

/// The runs of `listing` that `filter` means, in order.
fn ordered(listing: &Listing, filter: &str, order: Order) -> Shown {
    let query = Query::parse(filter);
    let matching = listing.runs.iter().filter(|run| query.matches(run));
    let mut runs: Vec<Arc<RunRecord>> = matching.cloned().collect();
    // Sorting keeps the listing's order, newest first, among equals.
    match order.by {
        Column::Name => runs.sort_by_cached_key(|run| run.name().to_lowercase()),
        Column::State => runs.sort_by_key(|run| run.state),
        Column::Started => runs.sort_by_key(|run| run.started),
        Column::Figure(metric) => {
            runs.sort_by(|a, b| compare(metric.of(a), metric.of(b), order.descending));
            return runs.into();
        }
    }
    if order.descending {
        runs.reverse();
    }
    runs.into()
}

/// What has no figure comes last in either direction.
fn compare(a: Option<f64>, b: Option<f64>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// The runs chosen after a click on `folder`: alone, added or taken away with Ctrl, up to it with Shift.
fn chosen_after(
    book: &RunBook,
    shown: &[Arc<RunRecord>],
    anchor: &mut Option<PathBuf>,
    folder: &PathBuf,
    modifiers: egui::Modifiers,
) -> Vec<PathBuf> {
    let place = |folder: &PathBuf| shown.iter().position(|run| run.folder == *folder);
    if modifiers.shift
        && let (Some(from), Some(to)) = (anchor.as_ref().and_then(place), place(folder))
    {
        let range = from.min(to)..=from.max(to);
        return shown[range].iter().map(|run| run.folder.clone()).collect();
    }
    *anchor = Some(folder.clone());
    if !modifiers.command {
        return vec![folder.clone()];
    }
    toggled(book, folder)
}

/// The chosen runs with `folder` added or taken away.
fn toggled(book: &RunBook, folder: &PathBuf) -> Vec<PathBuf> {
    let mut chosen = book.chosen.clone();
    match chosen.iter().position(|other| other == folder) {
        Some(at) => drop(chosen.remove(at)),
        None => chosen.push(folder.clone()),
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_figure_comes_last_in_either_direction() {
        let cases = [
            (Some(1.0), Some(2.0), false, Ordering::Less),
            (Some(1.0), Some(2.0), true, Ordering::Greater),
            (None, Some(2.0), false, Ordering::Greater),
            (None, Some(2.0), true, Ordering::Greater),
            (Some(2.0), None, true, Ordering::Less),
            (None, None, true, Ordering::Equal),
        ];
        for (a, b, descending, expected) in cases {
            assert_eq!(
                compare(a, b, descending),
                expected,
                "{a:?} {b:?} {descending}"
            );
        }
    }
}
