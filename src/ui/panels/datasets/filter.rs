//! What is to be shown and in which order, as the user chose. Plain data.

use std::collections::BTreeSet;

use crate::{
    data::SplitName,
    ui::{state::Showing, widgets::table},
};

/// Which part a sample stands in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PartFilter {
    /// Any or none.
    #[default]
    Every,
    /// This one.
    In(SplitName),
    /// None of them.
    InNone,
}

/// What is special about a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flag {
    /// Anything.
    #[default]
    Any,
    /// The user took it out.
    Excluded,
    /// The user gave it another label or part.
    Changed,
    /// It cannot be decoded.
    Broken,
}

impl Flag {
    /// All, with their words.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Any, "any"),
        (Self::Excluded, "excluded"),
        (Self::Changed, "changed"),
        (Self::Broken, "unreadable"),
    ];
}

/// What a sample must be to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of one of these classes; of any when empty.
    pub classes: BTreeSet<usize>,
    /// In this part.
    pub part: PartFilter,
    /// With this flag.
    pub flag: Flag,
    /// One of these.
    pub only: Option<Showing>,
    /// Its file name contains this, whatever the case.
    pub name: String,
}

/// What samples are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    /// As the source has them.
    #[default]
    Source,
    /// File name, numbers as numbers.
    Name,
    /// Class, then as the source has them.
    Class,
    /// Training, validation, test, none.
    Part,
}

impl SortBy {
    /// All, with their words.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Source, "source"),
        (Self::Name, "name"),
        (Self::Class, "class"),
        (Self::Part, "part"),
    ];
}

/// What samples are ordered by, and which way round.
pub type Order = table::Order<SortBy>;
