//! What settings are called, and in which order they stand.

use std::path::Path;

use super::*;
use crate::train::{Optimizer, recipes, runs::difference::differences};

#[test]
fn what_matters_comes_first_and_in_words() {
    let first = recipes::find(Path::new("shapes")).unwrap();
    let mut second = first.clone();
    second.dataset.path = "/data/cells/".into();
    second.model.layers.remove(1);
    let phase = &mut second.training.phases[0];
    phase.epochs = 9;
    phase.optimizer = Optimizer::Sgd {
        learning_rate: 0.1,
        momentum: 0.9,
        nesterov: true,
    };
    second.training.batch_size = 8;
    second.training.drop_last = true;
    second.training.seed = 7;
    second.augmentation.horizontal_flip = true;
    second.augmentation.rotation_degrees = 10.0;
    second.split.stratified = false;
    let experiments = [&first, &second];
    let rows = in_words(&differences(&experiments), &experiments);
    let words = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".into());
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{}: {} | {}",
                row.setting,
                words(&row.values[0]),
                words(&row.values[1])
            )
        })
        .collect();
    let expected = [
        "dataset: shapes | cells",
        "layer pool1: MaxPool2d, size 2, stride 2 | –",
        "optimizer: Adam | SGD",
        "learning rate: 0.001 | 0.1",
    ];
    assert_eq!(lines[..4], expected);
    let at = |line: &str| {
        let found = lines.iter().position(|own| own == line);
        found.unwrap_or_else(|| panic!("{line} is not in {lines:#?}"))
    };
    let order = [
        at("learning rate: 0.001 | 0.1"),
        at("nesterov: – | yes"),
        at("batch size: 50 | 8"),
        at("epochs: 5 | 9"),
        at("seed: 42 | 7"),
        at("drop last: no | yes"),
        at("augmentation: none | horizontal flip, rotation ±10°"),
        at("split stratified: yes | no"),
    ];
    assert!(order.is_sorted(), "{lines:#?}");
    assert_eq!(lines.len(), order[7] + 1);
    assert!(lines.iter().all(|line| !line.contains('_')), "{lines:#?}");
}

#[test]
fn phases_are_named_where_there_are_several() {
    let mut first = recipes::find(Path::new("shapes")).unwrap();
    let mut tuning = first.training.phases[0].clone();
    tuning.name = "fine-tuning, v. 2".into();
    first.training.phases.push(tuning);
    let mut second = first.clone();
    second.training.phases[1].epochs = 1;
    let experiments = [&first, &second];
    let rows = in_words(&differences(&experiments), &experiments);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].setting, "fine-tuning, v. 2: epochs");
    assert_eq!(rows[0].values, [Some("5".to_owned()), Some("1".to_owned())]);
}
