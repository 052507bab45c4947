//! Settings that came from another dataset. What no longer fits is taken back, what goes on is named, and both are said:
//! nothing travels to other images in silence.

use super::{
    format::listed,
    history::Part,
    state::{AppState, Offer},
};
use crate::{
    data::{Dataset, stats::ClassWeights},
    model::spec::{Head, Preprocessing},
    train::Experiment,
};

/// The threshold of a sigmoid that nobody has chosen.
const EVEN: f64 = 0.5;

impl AppState {
    /// The open dataset took the place of the one called `earlier` under an experiment that is neither's own.
    pub(super) fn settle_on_other_data(&mut self, earlier: &str) {
        let Some(open) = self.open_dataset().cloned() else {
            return;
        };
        let before = self.experiment_as_it_is();
        let reset = take_back(&mut self.experiment, &open.dataset);
        let input = self.experiment.model.input;
        let kept = format!(
            "the input stays {} × {} px, the split and the training settings are kept",
            input.width, input.height
        );
        if reset.is_empty() {
            self.tell(format!("Another dataset: {kept}"), None);
            return;
        }
        self.remember(Part::Unfit, before, None);
        self.network_changed();
        let words = format!(
            "Another dataset: {}, chosen for {earlier}, back to default; {kept}",
            listed(&reset)
        );
        let offer = self.last_change().map(Offer::Undo);
        self.tell(words, offer);
    }
}

/// Takes back what does not fit `dataset` and names it.
fn take_back(experiment: &mut Experiment, dataset: &Dataset) -> Vec<String> {
    let mut reset = Vec::new();
    let classes = &dataset.classes;
    let weights = &mut experiment.training.class_weights;
    if let ClassWeights::Own(own) = weights
        && !(own.len() == classes.len() && classes.iter().all(|class| own.contains_key(class)))
    {
        *weights = ClassWeights::Off;
        reset.push("class weights");
    }
    let model = &mut experiment.model;
    // A backbone wants the normalisation that it was trained with, whatever the images are.
    let mut layers = model.layers.iter();
    let is_own = layers.all(|layer| layer.kind.published().is_none());
    if is_own && is_measured(&model.preprocessing) {
        model.preprocessing = Preprocessing::default();
        reset.push("normalisation");
    }
    if let Head::Sigmoid { threshold } = &mut model.head
        && (*threshold - EVEN).abs() > f64::EPSILON
    {
        *threshold = EVEN;
        reset.push("threshold");
    }
    let split = &mut experiment.split;
    if split
        .first_train
        .is_some_and(|first| first > dataset.samples.len())
    {
        split.first_train = None;
        reset.push("the number of images to train on");
    }
    reset.into_iter().map(str::to_owned).collect()
}

/// Halves are conventions; other numbers were measured on images.
fn is_measured(preprocessing: &Preprocessing) -> bool {
    let mut numbers = preprocessing.mean.iter().chain(&preprocessing.std);
    numbers.any(|number| (number * 2.0).fract() != 0.0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{data::Sample, train::recipes};

    fn dataset(classes: &[&str], images: usize) -> Dataset {
        let names = (0..images).map(|index| format!("{index}.png"));
        Dataset {
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            samples: names.map(|name| Sample::file(&name, 0)).collect(),
            ..Dataset::default()
        }
    }

    #[test]
    fn only_what_does_not_fit_is_taken_back() {
        let recipe = recipes::find(Path::new("shapes")).unwrap();
        let own = |classes: &[&str]| {
            let weights = classes.iter().map(|class| ((*class).to_owned(), 2.0));
            ClassWeights::Own(weights.collect())
        };
        let measured = Preprocessing {
            mean: [0.31, 0.4, 0.52],
            std: [0.2; 3],
        };
        let usual = Preprocessing {
            mean: [0.5; 3],
            std: [0.5; 3],
        };
        type Change = Box<dyn Fn(&mut Experiment)>;
        // What was chosen, what of it is taken back from ten cats and dogs, why.
        let cases: [(Change, &[&str], &str); 7] = [
            (Box::new(|_| {}), &[], "nothing was chosen"),
            (
                Box::new(move |e| e.training.class_weights = own(&["circle", "square"])),
                &["class weights"],
                "there are no circles",
            ),
            (
                Box::new(move |e| e.training.class_weights = own(&["cat", "dog"])),
                &[],
                "the same classes, other images",
            ),
            (
                Box::new(move |e| e.model.preprocessing = measured),
                &["normalisation"],
                "measured on the other images",
            ),
            (
                Box::new(move |e| e.model.preprocessing = usual),
                &[],
                "a convention, measured on nothing",
            ),
            (
                Box::new(|e| e.model.head = Head::Sigmoid { threshold: 0.7 }),
                &["threshold"],
                "chosen by looking at the other images",
            ),
            (
                Box::new(|e| e.split.first_train = Some(500)),
                &["the number of images to train on"],
                "there are ten",
            ),
        ];
        for (change, expected, why) in cases {
            let mut experiment = recipe.clone();
            change(&mut experiment);
            let reset = take_back(&mut experiment, &dataset(&["cat", "dog"], 10));
            assert_eq!(reset, expected, "{why}");
            if !expected.is_empty() {
                let again = take_back(&mut experiment, &dataset(&["cat", "dog"], 10));
                assert!(again.is_empty(), "{why}");
            }
        }
    }
}
