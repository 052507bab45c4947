//! What is said of recorded runs: real trainings on real images, `tests/histories/*.csv`.
//!
//! `make_histories.py` there made those of PyTorch; those that begin with `convscope-` are `history.csv` of Convscope's
//! own runs.

use std::{collections::BTreeMap, path::Path};

use super::*;

fn histories() -> BTreeMap<String, Vec<EpochRecord>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|ending| ending == "csv"));
    let read = |file: std::path::PathBuf| {
        let rows = csv::Reader::from_path(&file).unwrap().into_deserialize();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        (name, rows.map(Result::unwrap).collect())
    };
    files.map(read).collect()
}

/// Epochs after which overfitting is said, and since when.
fn alarms(history: &[EpochRecord]) -> Vec<(usize, usize)> {
    // As many classes as it takes for nothing else to be said.
    let mut watch = Watch::new([0, 1].into_iter(), false);
    let ends = 1..=history.len();
    let all = ends.flat_map(|end| watch.epoch_done(&history[..end], &[]));
    let overfits = all.filter(|advice| advice.ailment == Ailment::Overfitting);
    let since = |advice: Advice| {
        let (_, rest) = advice.words.split_once("since epoch ").unwrap();
        let (since, _) = rest.split_once(':').unwrap();
        (advice.epoch, since.parse().unwrap())
    };
    overfits.map(since).collect()
}

/// The rule before: two epochs after the lowest loss it is 5 % higher.
fn alarms_before(history: &[EpochRecord]) -> Vec<(usize, usize)> {
    let mut said: Option<f64> = None;
    let mut alarms = Vec::new();
    for (at, last) in history.iter().enumerate() {
        let lowest = history[..=at].iter().min_by(|a, b| {
            let (a, b) = (a.val_loss.unwrap(), b.val_loss.unwrap());
            a.total_cmp(&b)
        });
        let lowest = lowest.unwrap();
        let rise = last.val_loss.unwrap() / lowest.val_loss.unwrap() - 1.0;
        let is_open = last.epoch >= lowest.epoch + 2 && last.train_loss < lowest.train_loss;
        if is_open && rise >= 0.05 && said.is_none_or(|said| rise >= 2.0 * said) {
            said = Some(rise);
            alarms.push((last.epoch, lowest.epoch));
        }
    }
    alarms
}

/// Those alarms after which the loss fell below all means until the epoch that they name, by more than noise.
fn false_ones(history: &[EpochRecord], alarms: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let losses: Vec<f64> = history
        .iter()
        .filter_map(EpochRecord::val_data_loss)
        .collect();
    let (means, noise) = (trend::means(&losses), trend::noise(&losses));
    let lowest = |means: &[f64]| means.iter().copied().fold(f64::INFINITY, f64::min);
    let is_false = |(said, since): &&(usize, usize)| {
        // The mean at a position has its last value two epochs later.
        let until = (*since).clamp(1, means.len());
        let later = (*said).min(means.len());
        lowest(&means[later..]) < lowest(&means[..until]) - noise
    };
    alarms.iter().filter(is_false).copied().collect()
}

/// Runs whose validation loss had turned before the last third and ended a tenth or more above its lowest mean while
/// training went on falling, by looking at the whole of them.
fn overfits_clearly(history: &[EpochRecord]) -> bool {
    let losses: Vec<f64> = history
        .iter()
        .filter_map(EpochRecord::val_data_loss)
        .collect();
    let training: Vec<f64> = history.iter().map(EpochRecord::train_data_loss).collect();
    let (means, training) = (trend::means(&losses), trend::means(&training));
    let lowest = (0..means.len()).min_by(|a, b| means[*a].total_cmp(&means[*b]));
    let (Some(at), Some(end)) = (lowest, means.last()) else {
        return false;
    };
    let rise = end - means[at];
    3 * at < 2 * means.len()
        && rise > (0.1 * means[at]).max(trend::noise(&losses))
        && training.last() < training.get(at)
}

#[test]
fn recorded_runs_get_no_false_alarm_and_those_that_overfit_are_named() {
    let histories = histories();
    assert!(histories.len() >= 24, "{}", histories.len());
    let (mut before, mut overfitting) = (0, 0);
    for (name, history) in &histories {
        let (old, new) = (alarms_before(history), alarms(history));
        let old_false = false_ones(history, &old);
        before += old_false.len();
        let clearly = overfits_clearly(history);
        overfitting += usize::from(clearly);
        let watch = Watch::new([0, 1].into_iter(), false);
        let goes_on = watch.ended(history).is_some();
        println!(
            "{name}, {} epochs: before {old:?}, of which false {old_false:?}; now {new:?}; overfits {clearly}; train on {goes_on}",
            history.len()
        );
        assert_eq!(false_ones(history, &new), [], "{name}");
        assert!(
            !clearly || !new.is_empty(),
            "{name} overfits and nobody says it"
        );
        assert!(!(clearly && goes_on), "{name} overfits and shall go on");
    }
    println!(
        "{} histories, {before} false alarms before, 0 now",
        histories.len()
    );
    assert!(before > 0 && overfitting >= 4, "{before} {overfitting}");
}

/// Of every run as if it had ended earlier: where going on is advised, the next ten epochs are better.
#[test]
fn where_going_on_is_advised_it_nearly_always_helps() {
    let watch = Watch::new([0, 1].into_iter(), false);
    let (mut right, mut wrong) = (0, 0);
    for history in histories().values() {
        let losses: Vec<f64> = history
            .iter()
            .filter_map(EpochRecord::val_data_loss)
            .collect();
        let means = trend::means(&losses);
        for end in 6..history.len().saturating_sub(5) {
            if watch.ended(&history[..end]).is_some() {
                let now = means[end - trend::WINDOW];
                let next = &means[end..means.len().min(end + 10)];
                let helps = next.iter().any(|mean| *mean < now);
                *(if helps { &mut right } else { &mut wrong }) += 1;
            }
        }
    }
    println!("advised {} times, right {right}", right + wrong);
    assert!(
        right > 100 && 20 * wrong <= right,
        "{right} right, {wrong} wrong"
    );
}
