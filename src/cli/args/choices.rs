//! What options may be: words to choose from, and numbers in their range.

use clap::{
    ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};

use crate::{
    data::{dataset::SourceKind, generate::GeneratedSet},
    export::{FORMATS, Format, Need},
    inspect::TABLE,
    model::spec::Backbone,
    train::{checkpoint::Weights, config::Precision},
};

/// What draws the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum RendererChoice {
    /// The best that works here
    #[default]
    Auto,
    /// Vulkan, Metal or DirectX
    Wgpu,
    /// OpenGL
    Glow,
}

/// A generated set by its name.
pub fn generated_set() -> impl TypedValueParser<Value = GeneratedSet> {
    let all = GeneratedSet::ALL;
    let words = all.map(|set| PossibleValue::new(set.word()).help(set.description()));
    PossibleValuesParser::new(words).try_map(move |word| {
        let found = all.into_iter().find(|set| set.word() == word);
        found.ok_or("there is no such set")
    })
}

impl ValueEnum for SourceKind {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let name = match self {
            Self::ClassFolders => "class-folders",
            Self::SplitFolders => "split-folders",
            Self::Manifest => "manifest",
            Self::Npz => "npz",
            Self::Idx => "idx",
            Self::Cifar10 => "cifar10",
        };
        Some(PossibleValue::new(name).help(self.words()))
    }
}

impl ValueEnum for Backbone {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let name = match self {
            Self::MobileNetV2 => "mobilenet_v2",
            Self::EfficientNetB0 => "efficientnet_b0",
            Self::Vgg16 => "vgg16",
            Self::ResNet18 => "resnet18",
        };
        Some(PossibleValue::new(name).help(self.word()))
    }
}

/// Where to compute; one place exists so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
}

impl ValueEnum for Weights {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Best, Self::Last]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let name = match self {
            Self::Best => "best",
            Self::Last => "last",
        };
        Some(PossibleValue::new(name).help(format!("Those of its {name} epoch")))
    }
}

/// Part of a dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// What weights were fitted to
    Train,
    /// What chose the best epoch
    Validation,
    /// What was kept for the end
    #[default]
    Test,
    /// Every image
    All,
}

/// What `convscope inspect` looks at: the table of inspections.
pub fn aspects() -> PossibleValuesParser {
    let rows = TABLE.iter();
    rows.map(|row| PossibleValue::new(row.name).help(row.help))
        .collect::<Vec<_>>()
        .into()
}

/// The formats that a command has everything for.
pub fn export_format() -> impl TypedValueParser<Value = &'static Format> {
    let is_the_windows = |need: &Need| matches!(need, Need::Answers | Need::Picture);
    let all = FORMATS
        .iter()
        .filter(|format| !format.needs.iter().any(is_the_windows));
    let values = all.map(|format| PossibleValue::new(format.name).help(format.about));
    let known = PossibleValuesParser::new(values.collect::<Vec<_>>());
    known.try_map(|name| Format::find(&name).ok_or("there is no such format"))
}

pub fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("use at least 1".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

pub fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("use a number from 0 to 1".into()),
    }
}

pub fn precision(text: &str) -> Result<Precision, String> {
    match text {
        "f32" => Ok(Precision::F32),
        "bf16" => Ok(Precision::Bf16),
        "auto" => Ok(Precision::Auto),
        _ => Err("use f32, bf16 or auto".into()),
    }
}

pub fn device(text: &str) -> Result<Device, String> {
    match text {
        "cpu" | "auto" => Ok(Device::Cpu),
        gpu if gpu == "mps" || gpu.starts_with("cuda") => {
            Err("this version computes on the CPU only: use cpu or auto".into())
        }
        _ => Err("use cpu or auto".into()),
    }
}
