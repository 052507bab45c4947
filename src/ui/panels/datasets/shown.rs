//! Which samples the browser shows, and in which order. Worked out a few milliseconds a frame, so that a hundred
//! thousand samples never make the window stutter; what is known so far can be looked at meanwhile.

use std::{sync::Arc, time::Instant};

use super::{
    filter::{Filter, Flag, Order, PartFilter, SortBy},
    names::Names,
};
use crate::{
    data::{Dataset, Division, SplitName},
    engine::{JobId, OpenDataset},
    ui::widgets::cached::Same,
};

/// What a list is made from.
pub struct View<'a> {
    /// The dataset.
    pub open: &'a Arc<OpenDataset>,
    /// Its parts, when known.
    pub division: Option<&'a Arc<Division>>,
    /// Whether a picture could not be decoded for its thumbnail.
    pub is_unreadable: &'a dyn Fn(usize) -> bool,
    /// How many could not.
    pub unreadable: usize,
}

impl View<'_> {
    fn dataset(&self) -> &Dataset {
        &self.open.dataset
    }

    fn part_of(&self, index: usize) -> Option<SplitName> {
        self.division?.part_of(index)
    }

    fn has_flag(&self, index: usize, flag: Flag) -> bool {
        let sample = &self.dataset().samples[index];
        match flag {
            Flag::Any => true,
            Flag::Excluded => sample.excluded,
            Flag::Changed => {
                let base = self.open.base.samples.get(index);
                sample.moved.is_some() || base.is_some_and(|base| base.label != sample.label)
            }
            Flag::Broken => {
                self.dataset().broken.contains_key(&index) || (self.is_unreadable)(index)
            }
        }
    }
}

#[derive(Debug, PartialEq)]
struct Key {
    dataset: JobId,
    open: Same<OpenDataset>,
    division: Option<Same<Division>>,
    /// How many there are, where that matters.
    unreadable: Option<usize>,
    filter: Filter,
    order: Order,
}

/// Examples kept of each class.
pub const EXAMPLES: usize = 5;
/// Samples between two looks at the clock.
const AT_ONCE: usize = 64;

/// What is shown.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// In order.
    pub samples: Arc<[usize]>,
    /// For each class, how many there would be if only the other filters counted.
    pub counts: Vec<usize>,
    /// The first of each class, whatever classes are chosen.
    pub examples: Vec<Vec<usize>>,
}

/// A list that is being made.
#[derive(Debug)]
struct Scan {
    next: usize,
    buckets: Vec<Vec<usize>>,
    counts: Vec<usize>,
    examples: Vec<Vec<usize>>,
    /// Whether the samples so far are shown already.
    is_shown: bool,
}

/// The list and how far it is.
#[derive(Debug, Default)]
pub struct Shown {
    key: Option<Key>,
    names: Option<(JobId, Names)>,
    scan: Option<Scan>,
    list: List,
}

impl Shown {
    /// What is known so far.
    pub fn list(&self) -> &List {
        &self.list
    }

    /// Whether nothing is left to do.
    pub fn is_complete(&self) -> bool {
        self.key.is_some() && self.scan.is_none()
    }

    /// Goes on until the list is complete or `end` has come. True when it is complete.
    pub fn update(&mut self, view: &View<'_>, filter: &Filter, order: Order, end: Instant) -> bool {
        let counts_unreadable = filter.flag == Flag::Broken;
        let key = Key {
            dataset: view.open.id,
            open: Same::of(view.open),
            division: view.division.map(Same::of),
            unreadable: counts_unreadable.then_some(view.unreadable),
            filter: filter.clone(),
            order,
        };
        if self.key.as_ref() != Some(&key) {
            self.begin(view, key);
        }
        if self.scan.is_some() && self.prepare_names(view, filter, order, end) {
            self.go_on(view, filter, order, end);
        }
        self.scan.is_none()
    }

    fn begin(&mut self, view: &View<'_>, key: Key) {
        let classes = view.dataset().classes.len();
        let of = |key: &Key| (key.dataset, key.filter.clone(), key.order);
        if self.key.as_ref().map(of) != Some(of(&key)) {
            // What was shown is not what is asked for; after a change of the data alone it stays until the new
            // list is complete, so that nothing jumps.
            self.list.samples = Arc::from([]);
        }
        self.list.counts.resize(classes, 0);
        self.list.examples.resize(classes, Vec::new());
        let buckets = match key.order.by {
            SortBy::Source | SortBy::Name => 1,
            SortBy::Class => classes,
            SortBy::Part => SplitName::ALL.len() + 1,
        };
        self.scan = Some(Scan {
            next: 0,
            buckets: vec![Vec::new(); buckets],
            counts: vec![0; classes],
            examples: vec![Vec::new(); classes],
            is_shown: false,
        });
        self.key = Some(key);
    }

    fn prepare_names(
        &mut self,
        view: &View<'_>,
        filter: &Filter,
        order: Order,
        end: Instant,
    ) -> bool {
        let id = view.open.id;
        self.names.take_if(|(dataset, _)| *dataset != id);
        let sorted = order.by == SortBy::Name;
        if filter.name.is_empty() && !sorted {
            return true;
        }
        let (_, names) = self.names.get_or_insert_with(|| (id, Names::default()));
        names.collect(view.dataset(), end) && (!sorted || names.sort(end))
    }

    fn go_on(&mut self, view: &View<'_>, filter: &Filter, order: Order, end: Instant) {
        let Some(scan) = &mut self.scan else { return };
        let names = self.names.as_ref().map(|(_, names)| names);
        let by_name = names.filter(|_| order.by == SortBy::Name);
        let needle = filter.name.to_lowercase();
        let finder = (!needle.is_empty()).then(|| memchr::memmem::Finder::new(&needle));
        let has_name = |index: usize| match (&finder, names) {
            (Some(finder), Some(names)) => finder.find(names.lower[index].as_bytes()).is_some(),
            _ => true,
        };
        let count = view.dataset().samples.len();
        let backwards = order.descending && matches!(order.by, SortBy::Source | SortBy::Name);
        while scan.next < count {
            let last = (scan.next + AT_ONCE).min(count);
            for place in scan.next..last {
                let place = if backwards { count - 1 - place } else { place };
                let index = by_name.map_or(place, |names| names.order[place] as usize);
                scan.take(view, filter, order.by, index, &has_name);
            }
            scan.next = last;
            if Instant::now() >= end {
                break;
            }
        }
        let is_complete = scan.next == count;
        if is_complete || scan.is_shown || self.list.samples.is_empty() {
            self.list.samples = scan.joined(order);
            scan.is_shown = true;
        }
        if is_complete && let Some(scan) = self.scan.take() {
            (self.list.counts, self.list.examples) = (scan.counts, scan.examples);
        }
    }
}

impl Scan {
    /// Takes sample `index` into the list if it fits.
    fn take(
        &mut self,
        view: &View<'_>,
        filter: &Filter,
        by: SortBy,
        index: usize,
        has_name: &dyn Fn(usize) -> bool,
    ) {
        let only = filter.only.as_ref();
        if only.is_some_and(|only| only.samples.binary_search(&index).is_err()) {
            return;
        }
        let part = view.part_of(index);
        let in_part = match filter.part {
            PartFilter::Every => true,
            PartFilter::In(wanted) => part == Some(wanted),
            PartFilter::InNone => part.is_none(),
        };
        if !in_part || !view.has_flag(index, filter.flag) || !has_name(index) {
            return;
        }
        let label = view.dataset().samples[index].label;
        if let Some(count) = self.counts.get_mut(label) {
            *count += 1;
        }
        if let Some(examples) = self.examples.get_mut(label)
            && examples.len() < EXAMPLES
        {
            examples.push(index);
        }
        if !filter.classes.is_empty() && !filter.classes.contains(&label) {
            return;
        }
        let parts = SplitName::ALL.len();
        let bucket = match by {
            SortBy::Source | SortBy::Name => 0,
            SortBy::Class => label,
            SortBy::Part => part.map_or(parts, |part| part as usize),
        };
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            bucket.push(index);
        }
    }

    fn joined(&self, order: Order) -> Arc<[usize]> {
        let mut buckets: Vec<&[usize]> = self.buckets.iter().map(Vec::as_slice).collect();
        if order.descending {
            buckets.reverse();
        }
        buckets.concat().into()
    }
}

#[cfg(test)]
mod tests;
