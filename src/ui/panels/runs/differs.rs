//! What differs between the experiments of the chosen runs: a line per setting, a column per run.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder};

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
        theme::always_show_bars(ui);
        ScrollArea::horizontal()
            .auto_shrink(false)
            .show(ui, |ui| table_ui(ui, &runs, &rows));
    }
}

fn table_ui(ui: &mut Ui, runs: &[&Arc<RunRecord>], rows: &[Difference]) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let gap = ui.spacing().item_spacing.x;
    let room = ui.available_width() - (runs.len() + 2) as f32 * gap;
    let count = runs.len() as f32;
    let setting = (room - count * VALUE.0).clamp(SETTING.0, SETTING.1);
    let value = ((room - setting) / count).clamp(VALUE.0, VALUE.1);
    TableBuilder::new(ui)
        .striped(true)
        .auto_shrink(false)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::exact(setting).clip(true))
        .columns(Column::exact(value).clip(true), runs.len())
        .header(ROW, |mut header| {
            header.col(|ui| drop(states::caption(ui, "setting")));
            for (place, run) in runs.iter().enumerate() {
                header.col(|ui| {
                    let name = run.name();
                    let words = format!("{} {}", place + 1, run.short_name());
                    let colour = theme::run_colour(ui, place);
                    let label = Label::new(RichText::new(words).small().color(colour));
                    ui.add(label.truncate()).on_hover_text(name);
                });
            }
        })
        .body(|body| {
            body.rows(ROW, rows.len(), |mut row| {
                let difference = &rows[row.index()];
                row.col(|ui| cell(ui, &difference.setting));
                for value in &difference.values {
                    row.col(|ui| cell(ui, value.as_deref().unwrap_or("–")));
                }
            });
        });
}

/// What does not fit loses its end, and is whole in its tooltip.
fn cell(ui: &mut Ui, words: &str) {
    ui.add(Label::new(words).truncate()).on_hover_text(words);
}
