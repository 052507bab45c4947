//! What a division means, in words.

use crate::{
    data::{Dataset, Division, SplitConfig, SplitName},
    format::{listed, percent},
};

/// Whether the dataset itself puts images into `part`.
pub fn gives(dataset: &Dataset, part: SplitName) -> bool {
    let mut samples = dataset.samples.iter();
    samples.any(|sample| sample.part == Some(part))
}

/// `The dataset gives train and test; validation is drawn from train.`
pub fn given(dataset: &Dataset, config: &SplitConfig) -> String {
    let words = |wanted: bool| -> Vec<&str> {
        let parts = SplitName::ALL.into_iter();
        parts
            .filter(|part| gives(dataset, *part) == wanted)
            .map(SplitName::word)
            .collect()
    };
    let given = joined(&words(true));
    if !config.given {
        return format!("The dataset gives {given}; all images are divided anew.");
    }
    let share = |part: &&str| match *part {
        "validation" => config.validation > 0.0,
        "test" => config.test > 0.0,
        _ => false,
    };
    let drawn: Vec<&str> = words(false).into_iter().filter(share).collect();
    match drawn.len() {
        0 => format!("The dataset gives {given}; nothing else is drawn."),
        1 => format!(
            "The dataset gives {given}; {} is drawn from train.",
            drawn[0]
        ),
        _ => format!(
            "The dataset gives {given}; {} are drawn from train.",
            joined(&drawn)
        ),
    }
}

fn joined(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// What the user should know before training on `division`.
pub fn warnings(dataset: &Dataset, division: &Division) -> Vec<String> {
    let mut warnings = Vec::new();
    let split = &division.split;
    if split.train.is_empty() {
        warnings.push("The training part is empty: there is nothing to learn from. Give less to validation and test.".to_owned());
    }
    if split.validation.is_empty() {
        warnings.push("Without a validation part the weights of the last epoch are kept, and overfitting does not show. The test part is never used for validation.".to_owned());
    }
    for (column, part) in SplitName::ALL.into_iter().enumerate() {
        if split.part(part).is_empty() {
            continue;
        }
        let is_missing = |class: &usize| {
            let counts = division.counts[*class];
            counts[column] == 0 && counts.iter().sum::<usize>() > 0
        };
        let missing: Vec<String> = (0..division.counts.len())
            .filter(is_missing)
            .map(|class| dataset.class_name(class).to_owned())
            .collect();
        if !missing.is_empty() {
            let noun = if missing.len() == 1 {
                "class has"
            } else {
                "classes have"
            };
            warnings.push(format!(
                "{} {noun} no image in {}: {}.",
                missing.len(),
                part.word(),
                listed(&missing)
            ));
        }
    }
    warnings
}

/// What guessing the most frequent training class would reach on validation, or on test without one:
/// scikit-learn's `DummyClassifier(strategy="most_frequent")`. `None` when there is nothing to count.
pub fn baseline(dataset: &Dataset, counts: &[[usize; 3]]) -> Option<String> {
    let (train, validation, test) = (0, 1, 2);
    let total = |column: usize| counts.iter().map(|counts| counts[column]).sum::<usize>();
    // The first of equals, as scikit-learn takes it.
    let class = (0..counts.len())
        .rev()
        .max_by_key(|class| counts[*class][train])?;
    let column = [validation, test]
        .into_iter()
        .find(|column| total(*column) > 0)?;
    if total(train) == 0 {
        return None;
    }
    let share = counts[class][column] as f64 / total(column) as f64;
    let part = SplitName::ALL[column].word();
    Some(format!(
        "Always guessing {} would be right for {} of {part}.",
        dataset.class_name(class),
        // The number and its unit stay on one line.
        percent(share).replace(' ', "\u{a0}")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Sample;

    /// Ten images of class a, then two of b, then one of c; `part` gives each its part.
    fn dataset(part: impl Fn(usize) -> Option<SplitName>) -> Dataset {
        Dataset {
            classes: ["a", "b", "c"].map(str::to_owned).into(),
            samples: (0..13)
                .map(|index| Sample {
                    part: part(index),
                    ..Sample::file(
                        format!("{index}.png"),
                        usize::from(index >= 10) + usize::from(index == 12),
                    )
                })
                .collect(),
            ..Dataset::default()
        }
    }

    #[test]
    fn given_parts_are_told_in_a_sentence() {
        use SplitName::{Test, Train, Validation};
        let config = SplitConfig::default();
        let (own, both) = (
            SplitConfig {
                given: false,
                ..config
            },
            SplitConfig {
                test: 0.1,
                ..config
            },
        );
        let cases: [(&[SplitName], SplitConfig, &str); 5] = [
            (
                &[Train, Test],
                config,
                "The dataset gives train and test; validation is drawn from train.",
            ),
            (
                &[Train, Validation, Test],
                config,
                "The dataset gives train, validation and test; nothing else is drawn.",
            ),
            (
                &[Train],
                both,
                "The dataset gives train; validation and test are drawn from train.",
            ),
            (
                &[Train, Validation],
                config,
                "The dataset gives train and validation; nothing else is drawn.",
            ),
            (
                &[Train, Test],
                own,
                "The dataset gives train and test; all images are divided anew.",
            ),
        ];
        for (parts, config, sentence) in cases {
            let data = dataset(|index| Some(parts[index % parts.len()]));
            assert_eq!(given(&data, &config), sentence);
        }
    }

    #[test]
    fn what_is_missing_is_warned_about_and_guessing_is_counted() {
        let data = dataset(|_| None);
        let none = SplitConfig {
            validation: 0.0,
            ..SplitConfig::default()
        };
        let division = Division::new(&data, &none).unwrap();
        let said = warnings(&data, &division).join(" ");
        assert!(said.contains("Without a validation part"), "{said}");
        assert_eq!(baseline(&data, &division.counts), None);

        let division = Division::new(&data, &SplitConfig::default()).unwrap();
        assert_eq!(division.counts, [[8, 2, 0], [2, 0, 0], [1, 0, 0]]);
        assert_eq!(
            warnings(&data, &division),
            ["2 classes have no image in validation: b, c."]
        );
        assert_eq!(
            baseline(&data, &division.counts).unwrap(),
            "Always guessing a would be right for 100.0\u{a0}% of validation."
        );
        let counts = [[2, 1, 0], [2, 3, 0], [1, 0, 0]];
        assert!(
            baseline(&data, &counts)
                .unwrap()
                .contains("guessing a would be right for 25.0\u{a0}%")
        );
    }
}
