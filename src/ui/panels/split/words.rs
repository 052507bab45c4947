//! What a division means, in words.

use crate::{
    data::{Dataset, Division, Split, SplitConfig, SplitName, stats::Baseline},
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
        let parts = parts.filter(|part| gives(dataset, *part) == wanted);
        parts.map(SplitName::word).collect()
    };
    let given = joined(&words(true));
    if !config.given {
        return format!("The dataset gives {given}; all images are divided anew.");
    }
    let is_drawn = |part: &&str| match *part {
        "validation" => config.validation > 0.0,
        "test" => config.test > 0.0,
        _ => false,
    };
    let drawn: Vec<&str> = words(false).into_iter().filter(is_drawn).collect();
    let drawn = match drawn.as_slice() {
        [] => "nothing else is drawn".to_owned(),
        [only] => format!("{only} is drawn from train"),
        several => format!("{} are drawn from train", joined(several)),
    };
    format!("The dataset gives {given}; {drawn}.")
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
        let missing = (0..division.counts.len()).filter(is_missing);
        let missing = missing.map(|class| dataset.class_name(class).to_owned());
        let missing: Vec<String> = missing.collect();
        if !missing.is_empty() {
            let has = if missing.len() == 1 {
                "class has"
            } else {
                "classes have"
            };
            let (count, part, names) = (missing.len(), part.word(), listed(&missing));
            warnings.push(format!("{count} {has} no image in {part}: {names}."));
        }
    }
    warnings
}

/// What guessing the most frequent training class would reach on validation, or on test without one. `None`
/// when there is nothing to count.
pub fn baseline(dataset: &Dataset, split: &Split) -> Option<String> {
    let baseline = Baseline::new(dataset, split)?;
    let [_, validation, test] = baseline.accuracy;
    let (part, share) = match (validation, test) {
        (Some(share), _) => (SplitName::Validation, share),
        (None, Some(share)) => (SplitName::Test, share),
        (None, None) => return None,
    };
    let class = dataset.class_name(baseline.class);
    // The number and its unit stay on one line.
    let (share, part) = (percent(share).replace(' ', "\u{a0}"), part.word());
    Some(format!(
        "Always guessing {class} would be right for {share} of {part}."
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
        assert_eq!(baseline(&data, &division.split), None);

        let division = Division::new(&data, &SplitConfig::default()).unwrap();
        assert_eq!(division.counts, [[8, 2, 0], [2, 0, 0], [1, 0, 0]]);
        assert_eq!(
            warnings(&data, &division),
            ["2 classes have no image in validation: b, c."]
        );
        assert_eq!(
            baseline(&data, &division.split).unwrap(),
            "Always guessing a would be right for 100.0\u{a0}% of validation."
        );
    }
}
