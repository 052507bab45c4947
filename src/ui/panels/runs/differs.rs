//! What differs between the experiments of the chosen runs: a line per setting, a column per run.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{Label, Ui};

use crate::{
    train::{
        runs::{
            Listing, RunRecord,
            difference::{Difference, differences},
        },
        setting_words::in_words,
    },
    ui::{
        panels::{Cx, Panel},
        theme,
        widgets::{
            cached::{Cached, Same},
            states,
            table::{Order, Table},
        },
    },
};

const ROW: f32 = 26.0;
/// Least and greatest width of the column of settings.
const SETTING: (f32, f32) = (140.0, 240.0);
/// Least and greatest width of the column of a run.
const VALUE: (f32, f32) = (112.0, 320.0);

/// Listing and chosen runs, which decide the table.
type Key = (Same<Listing>, Vec<PathBuf>);

/// View state.
#[derive(Default)]
pub struct RunDifference {
    table: Cached<Key, Arc<[Difference]>>,
}

impl Panel for RunDifference {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let book = &cx.state.runs;
        let runs: Vec<&Arc<RunRecord>> = book.chosen_runs().collect();
        let (Some(listing), true) = (&book.listing, runs.len() > 1) else {
            let sentence =
                "Choose two runs or more in the table to see what differs between their settings.";
            states::empty(ui, sentence, None);
            return;
        };
        let key = (Same::of(listing), book.chosen.clone());
        let rows = self.table.get(key, || {
            let experiments: Vec<_> = runs.iter().map(|run| &*run.experiment).collect();
            in_words(&differences(&experiments), &experiments).into()
        });
        if rows.is_empty() {
            let sentence = "These runs have the same settings, the seed included.";
            states::empty(ui, sentence, None);
            return;
        }
        let runs: Vec<Arc<RunRecord>> = runs.into_iter().cloned().collect();
        theme::always_show_bars(ui);
        table_ui(ui, cx, &runs, &rows);
    }
}

fn table_ui(ui: &mut Ui, cx: &mut Cx<'_>, runs: &[Arc<RunRecord>], rows: &[Difference]) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let gap = ui.spacing().item_spacing.x;
    let room = ui.available_width() - (runs.len() + 2) as f32 * gap;
    let count = runs.len() as f32;
    let setting = (room - count * VALUE.0).clamp(SETTING.0, SETTING.1);
    let value = ((room - setting) / count).clamp(VALUE.0, VALUE.1);
    let mut table = Table::<()>::new(ROW, rows.len());
    table.column("setting", "", setting, |ui, _, at| {
        cell(ui, &rows[at].setting);
    });
    for (place, run) in runs.iter().enumerate() {
        let words = format!("{} {}", place + 1, run.short_name());
        let column = table.column(words, run.name(), value, move |ui, _, at| {
            cell(ui, rows[at].values[place].as_deref().unwrap_or("–"));
        });
        column.colour = Some(theme::run_colour(ui, place));
    }
    table.ui(ui, cx, &mut Order::default(), |_, _| false, |_, _, _| {});
}

/// What does not fit loses its end, and is whole in its tooltip.
fn cell(ui: &mut Ui, words: &str) {
    ui.add(Label::new(words).truncate()).on_hover_text(words);
}
