//! How much each class counts in the loss.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    data::{Dataset, Split},
    format::listed,
};

/// How much a mistake counts in the loss, by the class of the image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum ClassWeights {
    /// Every image counts the same.
    #[default]
    Off,
    /// Every class counts the same: `n_samples / (n_classes · count)`, as scikit-learn's
    /// `compute_class_weight("balanced", …)`.
    Balanced,
    /// The user's own, by class name; a class that is not named weighs 1.
    Own(BTreeMap<String, f64>),
}

impl ClassWeights {
    /// The weight of each class, in class order; `None` for [`ClassWeights::Off`].
    ///
    /// Balanced weights count the training part, and as classes only those that it has images of. A class
    /// without any weighs 1: it changes nothing in training, and validation stays finite.
    ///
    /// # Errors
    /// One sentence, when a weight names no class or is no number from 0 up, when all are 0, or when
    /// there is nothing to count.
    pub fn weights(&self, dataset: &Dataset, split: &Split) -> Result<Option<Vec<f64>>, String> {
        match self {
            Self::Off => Ok(None),
            Self::Balanced => balanced(&dataset.counts_of(split.train.iter().copied())).map(Some),
            Self::Own(own) => own_weights(own, &dataset.classes).map(Some),
        }
    }
}

fn balanced(counts: &[usize]) -> Result<Vec<f64>, String> {
    let total: usize = counts.iter().sum();
    let present = counts.iter().filter(|count| **count > 0).count();
    if total == 0 {
        return Err("classes cannot be balanced: the training part has no images".to_owned());
    }
    let weight = |count: usize| match count {
        0 => 1.0,
        count => total as f64 / (present * count) as f64,
    };
    Ok(counts.iter().map(|&count| weight(count)).collect())
}

fn own_weights(own: &BTreeMap<String, f64>, classes: &[String]) -> Result<Vec<f64>, String> {
    for (name, weight) in own {
        if !classes.contains(name) {
            return Err(format!(
                "there is no class {name} to weigh: the classes are {}",
                listed(classes)
            ));
        }
        if !weight.is_finite() || *weight < 0.0 {
            return Err(format!(
                "class {name} cannot weigh {weight}: use a number from 0 up"
            ));
        }
    }
    let weights: Vec<f64> = classes
        .iter()
        .map(|class| own.get(class).copied().unwrap_or(1.0))
        .collect();
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err("every class weighs 0: give at least one class more".to_owned());
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::counted, *};

    #[derive(Deserialize)]
    struct Reference {
        weights: Vec<Weights>,
    }

    #[derive(Deserialize)]
    struct Weights {
        why: String,
        counts: Vec<usize>,
        weights: Vec<f64>,
    }

    #[test]
    fn balanced_weights_are_scikit_learns() {
        const TOLERANCE: f64 = 1e-15;
        let text = include_str!("../../../tests/reference/stats.json");
        let reference: Reference = serde_json::from_str(text).unwrap();
        for case in reference.weights {
            let (dataset, split) = counted(&case.counts);
            let weights = ClassWeights::Balanced.weights(&dataset, &split);
            let weights = weights.unwrap().unwrap();
            for (ours, theirs) in weights.iter().zip(&case.weights) {
                assert!(
                    (ours / theirs - 1.0).abs() <= TOLERANCE,
                    "{}: {weights:?}",
                    case.why
                );
            }
            assert_eq!(weights.len(), case.weights.len());
        }
    }

    #[test]
    fn own_weights_are_checked() {
        let (dataset, split) = counted(&[3, 2]);
        let own = |pairs: &[(&str, f64)]| {
            let pairs = pairs
                .iter()
                .map(|(name, weight)| ((*name).to_owned(), *weight));
            ClassWeights::Own(pairs.collect()).weights(&dataset, &split)
        };
        assert_eq!(ClassWeights::Off.weights(&dataset, &split), Ok(None));
        assert_eq!(own(&[("c1", 2.5)]), Ok(Some(vec![1.0, 2.5])));
        assert_eq!(own(&[("c1", 0.0)]), Ok(Some(vec![1.0, 0.0])));
        for (pairs, part) in [
            (&[("dog", 1.0)][..], "no class dog"),
            (&[("c0", -1.0)], "cannot weigh -1"),
            (&[("c0", f64::NAN)], "cannot weigh NaN"),
            (&[("c0", f64::INFINITY)], "from 0 up"),
            (&[("c0", 0.0), ("c1", 0.0)], "every class weighs 0"),
        ] {
            let error = own(pairs).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let error = ClassWeights::Balanced.weights(&dataset, &Split::default());
        assert!(error.unwrap_err().contains("no images"));
        let text = ron::to_string(&ClassWeights::Own([("c1".to_owned(), 2.0)].into())).unwrap();
        assert_eq!(text, r#"Own({"c1":2.0})"#);
    }
}
