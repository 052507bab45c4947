//! Which samples are marked after a click or a key. Pure: from one selection to the next.

use std::sync::Arc;

use crate::ui::state::Selection;

/// How a sample was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// It alone.
    Alone,
    /// It too, or it no longer (Ctrl).
    Toggle,
    /// Everything from where the last press without Shift was (Shift).
    Extend,
}

/// A movement by keys within the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// By so many places.
    By(isize),
    /// To the first.
    First,
    /// To the last.
    Last,
}

impl Move {
    /// The place reached from `place` in a list of `count`; `None` when there is none.
    pub fn from(self, place: usize, count: usize) -> Option<usize> {
        let last = count.checked_sub(1)?;
        match self {
            Self::First => Some(0),
            Self::Last => Some(last),
            Self::By(step) => Some(place.saturating_add_signed(step).min(last)),
        }
    }
}

/// Samples in ascending order, each once. Sorting a hundred thousand by comparing takes longer than a frame.
pub fn ascending(samples: &[usize]) -> Arc<[usize]> {
    let Some(last) = samples.iter().copied().max() else {
        return Arc::from([]);
    };
    let mut is_in = vec![false; last + 1];
    for &sample in samples {
        is_in[sample] = true;
    }
    let chosen = is_in.iter().enumerate().filter(|(_, is_in)| **is_in);
    chosen.map(|(sample, _)| sample).collect()
}

/// The samples that an action means: the marked ones, or else the selected one.
pub fn meant(selection: &Selection) -> Vec<usize> {
    if selection.marked.is_empty() {
        selection.sample().into_iter().collect()
    } else {
        selection.marked.to_vec()
    }
}

/// Whether sample `sample` is marked.
pub fn is_marked(selection: &Selection, sample: usize) -> bool {
    selection.marked.binary_search(&sample).is_ok()
}

/// The selection after `sample` of the list `shown` was pressed. `anchor` is where the last press without Shift was.
pub fn pressed(
    selection: &Selection,
    shown: &[usize],
    anchor: Option<usize>,
    sample: usize,
    press: Press,
) -> Selection {
    let marked = match press {
        Press::Alone => Arc::from([]),
        Press::Toggle => return toggled(selection, sample),
        Press::Extend => {
            let place = |wanted: usize| shown.iter().position(|sample| *sample == wanted);
            match (anchor.or(selection.sample()).and_then(place), place(sample)) {
                (Some(from), Some(to)) if from != to => {
                    ascending(&shown[from.min(to)..=from.max(to)])
                }
                _ => Arc::from([]),
            }
        }
    };
    marking(selection, Some(sample), marked)
}

fn toggled(selection: &Selection, sample: usize) -> Selection {
    let mut marked = meant(selection);
    match marked.iter().position(|other| *other == sample) {
        Some(place) => drop(marked.remove(place)),
        None => marked.push(sample),
    }
    let (sample, marked) = match marked.as_slice() {
        // Nothing is marked any more: the pressed one stays selected.
        [] => (sample, Arc::from([])),
        [only] => (*only, Arc::from([])),
        more => (sample, ascending(more)),
    };
    marking(selection, Some(sample), marked)
}

/// Everything in `shown` marked.
pub fn all(selection: &Selection, shown: &[usize]) -> Selection {
    let is_there = selection.sample().filter(|sample| shown.contains(sample));
    let sample = is_there.or(shown.first().copied());
    let marked = if shown.len() > 1 { shown } else { &[] };
    marking(selection, sample.or(selection.sample()), ascending(marked))
}

fn marking(selection: &Selection, sample: Option<usize>, marked: Arc<[usize]>) -> Selection {
    Selection {
        marked,
        ..selection.with_sample(sample)
    }
}

/// Nothing marked.
pub fn cleared(selection: &Selection) -> Selection {
    Selection {
        marked: Arc::from([]),
        ..selection.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presses_mark_what_people_expect() {
        use Press as P;
        let shown = [9, 4, 7, 1, 3];
        for (presses, sample, marked, why) in [
            (&[(4, P::Alone)][..], 4, &[][..], "one alone is not marked"),
            (&[(4, P::Alone), (1, P::Toggle)], 1, &[1, 4], "Ctrl adds"),
            (
                &[(4, P::Alone), (1, P::Toggle), (1, P::Toggle)],
                4,
                &[],
                "and takes away",
            ),
            (
                &[(4, P::Alone), (4, P::Toggle)],
                4,
                &[],
                "something stays selected",
            ),
            (
                &[(4, P::Alone), (3, P::Extend)],
                3,
                &[1, 3, 4, 7],
                "Shift marks a range",
            ),
            (
                &[(7, P::Alone), (9, P::Extend)],
                9,
                &[4, 7, 9],
                "also backwards",
            ),
            (
                &[(7, P::Alone), (9, P::Extend), (1, P::Extend)],
                1,
                &[1, 7],
                "from the same anchor",
            ),
            (&[(4, P::Alone), (4, P::Extend)], 4, &[], "a range of one"),
            (
                &[(4, P::Alone), (1, P::Toggle), (9, P::Alone)],
                9,
                &[],
                "a plain click starts anew",
            ),
        ] {
            let mut selection = Selection::default();
            let mut anchor = None;
            for &(sample, press) in presses {
                selection = pressed(&selection, &shown, anchor, sample, press);
                if press != P::Extend {
                    anchor = Some(sample);
                }
            }
            assert_eq!(
                (selection.sample(), &*selection.marked),
                (Some(sample), marked),
                "{why}"
            );
        }
    }

    #[test]
    fn everything_and_nothing() {
        let selection = Selection::default().with_sample(Some(4));
        let marked = all(&selection, &[9, 4, 7]);
        assert_eq!(
            (marked.sample(), &*marked.marked),
            (Some(4), &[4, 7, 9][..])
        );
        assert_eq!(meant(&marked), [4, 7, 9]);
        assert!(is_marked(&marked, 9) && !is_marked(&marked, 1));
        assert_eq!(meant(&cleared(&marked)), [4]);
        assert_eq!(
            all(&selection, &[2]).sample(),
            Some(2),
            "what is not shown is not selected"
        );
        assert_eq!(meant(&Selection::default()), [0; 0]);
    }

    #[test]
    fn keys_stop_at_both_ends() {
        for (step, from, to) in [
            (Move::By(1), 0, Some(1)),
            (Move::By(-3), 1, Some(0)),
            (Move::By(30), 1, Some(4)),
            (Move::First, 3, Some(0)),
            (Move::Last, 3, Some(4)),
        ] {
            assert_eq!(step.from(from, 5), to);
        }
        assert_eq!(Move::Last.from(0, 0), None);
    }
}
