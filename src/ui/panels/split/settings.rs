//! How images are divided: the fields of a split's configuration.

use eframe::egui::{Grid, RichText, Ui, vec2};

use super::words;
use crate::{
    data::{Dataset, SplitConfig, SplitName},
    ui::{
        action::EditAction,
        panels::Cx,
        theme,
        widgets::{fields, number::Number, states},
    },
};

/// Most that validation and test may take together.
const MOST_HELD_OUT: f64 = 0.95;

pub fn ui(ui: &mut Ui, cx: &mut Cx<'_>, dataset: &Dataset) {
    let mut split = cx.state.experiment.split;
    let running = cx.state.training.is_running();
    ui.label(RichText::new("How images are divided").strong());
    if running {
        let words = "A run goes on: the split can be changed when it has ended.";
        states::caption(ui, words);
    }
    let division = cx.state.division.as_ref();
    let train = division.map_or(0, |division| division.split.train.len());
    ui.add_enabled_ui(!running, |ui| {
        if dataset.has_given_parts() {
            let tip = "Respects the parts that the dataset itself gives, so that results can be compared with others'. Off: all images are divided as below. Default: on";
            fields::toggle(ui, "Keep the dataset's own parts", tip, &mut split.given);
            states::caption(ui, words::given(dataset, &split));
        }
        Grid::new("split settings")
            .num_columns(2)
            .spacing([2.0 * theme::GRID, theme::GRID])
            .show(ui, |ui| {
                shares_ui(ui, dataset, &mut split);
                first_train_ui(ui, train, &mut split);
                let tip = "Decides which images go where: the same seed gives the same split, on every machine. Default: 42";
                let seed = Number::new(&mut split.seed, 0..=u64::MAX).speed(0.1);
                fields::number(ui, "Seed", tip, seed);
            });
        let tip = "Tests on the last images in the dataset's order instead of on random ones, so that the test part stays the same whatever the seed. Default: off";
        fields::toggle(ui, "Always test on the last images", tip, &mut split.test_last);
        let tip = "Keeps each class's share equal in every part. Off: chance decides, and rare classes may be missing from a part. Default: on";
        fields::toggle(ui, "Stratified", tip, &mut split.stratified);
    });
    if split != cx.state.experiment.split {
        cx.push(EditAction::Split(split));
    }
}

fn shares_ui(ui: &mut Ui, dataset: &Dataset, split: &mut SplitConfig) {
    let mut share_ui = |part: SplitName, name: &str, tip: &str, share: &mut f64, other: f64| {
        if split.given && words::gives(dataset, part) {
            given_ui(ui, name);
        } else if let Some(changed) = fields::share(ui, name, tip, *share, MOST_HELD_OUT - other) {
            *share = changed;
        }
    };
    let tip = "Share kept for looking at after every epoch; it chooses the best weights. More makes the accuracy surer and the training poorer. Default: 20 %";
    let (mut validation, mut test) = (split.validation, split.test);
    share_ui(
        SplitName::Validation,
        "Validation",
        tip,
        &mut validation,
        test,
    );
    let tip = "Share looked at once, at the end, with the weights that validation chose. More makes the final accuracy surer. Default: 0 %";
    share_ui(SplitName::Test, "Test", tip, &mut test, validation);
    (split.validation, split.test) = (validation, test);
}

/// Instead of a number that would change nothing.
fn given_ui(ui: &mut Ui, name: &str) {
    ui.label(name);
    ui.allocate_ui(vec2(fields::NUMBER_WIDTH, 26.0), |ui| {
        states::caption(ui, "from the dataset")
            .on_hover_text("The dataset gives this part, so none is drawn");
    });
    ui.end_row();
}

fn first_train_ui(ui: &mut Ui, train: usize, split: &mut SplitConfig) {
    let tip = "Trains on the first so many of the training images only, to see how much data is needed; the others are in no part. More learns better and takes longer. Default: off, all of them";
    let mut on = split.first_train.is_some();
    let toggle = fields::toggle(ui, "Train on the first", tip, &mut on);
    if toggle.changed() {
        split.first_train = on.then_some(train.max(1));
    }
    let mut first = split.first_train.unwrap_or(train);
    let value = Number::new(&mut first, 1..=usize::MAX)
        .speed(5.0)
        .suffix(" images")
        .size([fields::NUMBER_WIDTH + 32.0, 26.0]);
    let response = ui.add_enabled_ui(on, |ui| value.ui(ui, "Train on the first", toggle.id));
    if response.inner.on_hover_text(tip).changed() {
        split.first_train = Some(first);
    }
    ui.end_row();
}
