//! What a finding is: its kind, how much it matters, whom it is about. Plain data.

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; training works as it is.
    Info,
    /// The network learns or is measured worse for it.
    Warning,
    /// What is measured is wrong, or a class cannot be learned.
    Error,
}

impl Severity {
    /// The word for it; scripts rely on it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What was found, in the order in which findings of one severity are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// An image that cannot be read or decoded.
    BrokenFile,
    /// A file of no bytes.
    EmptyFile,
    /// Files that were passed over.
    SkippedFile,
    /// A file of another format than its ending says.
    WrongExtension,
    /// A picture of one colour.
    BlankImage,
    /// A class without images in a part.
    MissingClass,
    /// The same pixels in two parts.
    Leak,
    /// The same pixels under two labels.
    LabelConflict,
    /// Pictures that look alike in two parts.
    NearLeak,
    /// Pictures that look alike under two labels.
    NearLabelConflict,
    /// The same pixels more than once in one part.
    ExactDuplicate,
    /// Pictures that look alike in one part.
    NearDuplicate,
    /// A class with very few images to learn from.
    TinyClass,
    /// Classes of very different sizes.
    Imbalance,
    /// Images of more than one size.
    MixedSizes,
    /// Grey images among coloured ones and the like.
    MixedChannels,
}

impl FindingKind {
    /// The word for it; scripts rely on it.
    pub fn word(self) -> &'static str {
        self.facts().0
    }

    /// What people call it, as a heading.
    pub fn words(self) -> &'static str {
        self.facts().1
    }

    /// How much a finding of this kind matters when nothing says otherwise.
    pub(super) fn severity(self) -> Severity {
        self.facts().2
    }

    fn facts(self) -> (&'static str, &'static str, Severity) {
        use Severity::{Error, Info, Warning};
        match self {
            Self::BrokenFile => ("broken_file", "broken file", Warning),
            Self::EmptyFile => ("empty_file", "empty file", Warning),
            Self::SkippedFile => ("skipped_file", "passed over", Warning),
            Self::WrongExtension => ("wrong_extension", "wrong ending", Info),
            Self::BlankImage => ("blank_image", "blank image", Warning),
            Self::MissingClass => ("missing_class", "missing class", Error),
            Self::Leak => ("leak", "in two parts", Error),
            Self::LabelConflict => ("label_conflict", "two labels", Error),
            Self::NearLeak => ("near_leak", "nearly in two parts", Warning),
            Self::NearLabelConflict => ("near_label_conflict", "nearly two labels", Warning),
            Self::ExactDuplicate => ("exact_duplicate", "duplicate", Warning),
            Self::NearDuplicate => ("near_duplicate", "near duplicate", Info),
            Self::TinyClass => ("tiny_class", "tiny class", Warning),
            Self::Imbalance => ("imbalance", "imbalance", Info),
            Self::MixedSizes => ("mixed_sizes", "mixed sizes", Info),
            Self::MixedChannels => ("mixed_channels", "mixed channels", Info),
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// Samples it is about, as indices; of [`FindingKind::Leak`] and [`FindingKind::NearLeak`] the last one
    /// is the held-out image and the others are its twins in earlier parts.
    pub samples: Vec<usize>,
    /// Classes it is about as a whole, as indices.
    pub classes: Vec<usize>,
    /// Files it is about, below the dataset's root: those of [`Self::samples`], or files that are none.
    pub files: Vec<String>,
    /// One sentence: what, where, what to do.
    pub message: String,
}
