//! The grammar of the command line.

mod choices;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, error::ErrorKind};

pub use choices::{Device, Part, RendererChoice};
use choices::{aspects, at_least_one, device, export_format, generated_set, precision, share};

use crate::{
    data::{dataset::SourceKind, generate::GeneratedSet},
    export::Format,
    model::spec::Backbone,
    train::{checkpoint::Weights, config::Precision},
};

/// Train image classifiers and see what they see.
///
/// Without a command, the window opens.
#[derive(Debug, Parser)]
#[command(name = "convscope", version, max_term_width = 100)]
pub struct Cli {
    /// What to do without a window
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Print one JSON object per line instead of tables
    #[arg(long, global = true)]
    pub json: bool,
    /// Dataset, model, run or experiment to open in the window
    #[arg(value_name = "PATH")]
    pub open: Option<PathBuf>,
    /// What draws the window [default: auto]
    #[arg(long, value_enum)]
    pub renderer: Option<RendererChoice>,
}

impl Cli {
    /// What clap's own rules cannot say, since a global option may stand before a command: PATH and
    /// `--renderer` are the window's, `--json` is the commands'.
    ///
    /// # Errors
    /// The mistake, in clap's form.
    pub fn check(&self) -> Result<(), clap::Error> {
        let (kind, message) = match &self.command {
            Some(_) if self.open.is_some() || self.renderer.is_some() => (
                ErrorKind::ArgumentConflict,
                "PATH and --renderer belong to the window, not to a command",
            ),
            None if self.json => (
                ErrorKind::MissingSubcommand,
                "--json belongs to a command, such as `convscope recipes --json`",
            ),
            _ => return Ok(()),
        };
        Err(Self::command().error(kind, message))
    }
}

/// One headless command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the recipes
    Recipes,
    /// List the public datasets that can be downloaded
    Catalogue(CatalogueArgs),
    /// Download a public dataset, or go on with a download
    Download(DownloadArgs),
    /// List the weights of published networks that can be downloaded, or download them
    Weights(WeightsArgs),
    /// Make a model of published weights, top included
    Import(ImportArgs),
    /// Write a bundled dataset
    Generate(GenerateArgs),
    /// Read a dataset and say what is wrong with it
    Doctor(DoctorArgs),
    /// Show a network's layers, output shapes and parameters
    Summary(SummaryArgs),
    /// Train a model
    Train(TrainArgs),
    /// Measure a model on a dataset
    Evaluate(EvaluateArgs),
    /// Classify images
    Predict(PredictArgs),
    /// Draw what a network is made of and what it sees
    Inspect(InspectArgs),
    /// Write a model, or what a run recorded, for other programs
    Export(ExportArgs),
    /// Write the report of a run
    Report(ReportArgs),
}

/// `convscope generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Which dataset
    #[arg(value_parser = generated_set())]
    pub set: GeneratedSet,
    /// Folder to write; for cells also a file ending in .npz
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The same seed draws the same images
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Images per class [default: 400 shapes, 150 cells, 100 pets]
    #[arg(long, value_parser = at_least_one)]
    pub count: Option<usize>,
}

/// `convscope doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Folder, archive, list or array file
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    /// What to take DATA for; found out unless given
    #[arg(long, value_enum)]
    pub kind: Option<SourceKind>,
    /// Also look at the validation part that training would draw: a share of each class, 0 to 1
    #[arg(long, value_name = "SHARE")]
    pub validation: Option<f64>,
    /// Also look at the test part that training would draw: a share of each class, 0 to 1
    #[arg(long, value_name = "SHARE")]
    pub test: Option<f64>,
    /// Seed of the drawn parts [default: 42]
    #[arg(long)]
    pub seed: Option<u64>,
}

/// `convscope catalogue`.
#[derive(Debug, Args)]
pub struct CatalogueArgs {
    #[command(flatten)]
    pub places: CataloguePlaces,
}

/// `convscope download`.
#[derive(Debug, Args)]
pub struct DownloadArgs {
    /// The dataset's name in `convscope catalogue`
    pub name: String,
    #[command(flatten)]
    pub places: CataloguePlaces,
}

/// Where datasets are listed and kept.
#[derive(Debug, Args)]
pub struct CataloguePlaces {
    /// Folder for datasets, each in a folder of its own; else CONVSCOPE_DATASETS or the user's data folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Another catalogue than the shipped one
    #[arg(long, value_name = "FILE", hide = true)]
    pub catalogue: Option<PathBuf>,
}

/// `convscope weights`.
#[derive(Debug, Args)]
pub struct WeightsArgs {
    #[command(subcommand)]
    pub command: Option<WeightsCommand>,
    /// Folder for weights, each in a folder of its own; else CONVSCOPE_WEIGHTS or the user's data folder
    #[arg(long, value_name = "DIR", global = true)]
    pub out: Option<PathBuf>,
    /// Another list than the shipped one
    #[arg(long, value_name = "FILE", hide = true, global = true)]
    pub catalogue: Option<PathBuf>,
}

/// What to do with weights.
#[derive(Debug, Subcommand)]
pub enum WeightsCommand {
    /// Download weights, or go on with a download
    Download {
        /// Their name in `convscope weights`
        name: String,
    },
}

/// `convscope import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A .pth that PyTorch saved, or a .safetensors, with torchvision's or timm's names
    pub file: PathBuf,
    /// The network that the weights belong to
    #[arg(long, value_enum)]
    pub backbone: Backbone,
    /// Model file to write
    #[arg(long, value_name = "MODEL")]
    pub out: PathBuf,
}

/// `convscope summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// Experiment file, recipe name, model file or run folder
    #[arg(value_name = "EXPERIMENT|MODEL")]
    pub source: PathBuf,
}

/// `convscope train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Experiment file or recipe name
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: PathBuf,
    /// Dataset to use instead of the experiment's
    #[arg(long, value_name = "DATA")]
    pub data: Option<PathBuf>,
    /// Folder for the run; another name is taken when it holds something already
    #[arg(long, value_name = "RUN")]
    pub out: Option<PathBuf>,
    /// Epochs of each phase instead of the experiment's
    #[arg(long, value_parser = at_least_one)]
    pub epochs: Option<usize>,
    /// Seed of weights, image order and dropout instead of the experiment's; the split keeps its own
    #[arg(long)]
    pub seed: Option<u64>,
    /// CPU threads; all cores less what the window needs unless given
    #[arg(long, value_parser = at_least_one)]
    pub threads: Option<usize>,
    /// Number format: f32, bf16 or auto, which measures; the experiment's unless given
    #[arg(long, value_parser = precision)]
    pub precision: Option<Precision>,
    /// Where to compute: cpu or auto
    #[arg(long, default_value = "auto", value_parser = device)]
    pub device: Device,
    /// Go on with the run that --out holds; a new one begins when it holds none
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Train although more than 1 % of the images, or every image of a class, cannot be read
    #[arg(long)]
    pub accept_losses: bool,
}

/// `convscope evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Model file or run folder
    #[arg(value_name = "MODEL|RUN")]
    pub model: PathBuf,
    /// The dataset that the model was trained on
    #[arg(long, value_name = "DATA")]
    pub data: PathBuf,
    /// Which part of it, divided as it was for training
    #[arg(long, value_enum, default_value_t)]
    pub split: Part,
    /// Which weights of a run
    #[arg(long, value_enum, default_value_t = Weights::Best)]
    pub weights: Weights,
    /// From which probability of the second class on it is taken, 0 to 1, for a model with one sigmoid unit;
    /// the model's own unless given
    #[arg(long, value_name = "T", value_parser = share)]
    pub threshold: Option<f64>,
    /// Also print every image's label, prediction and probabilities
    #[arg(long)]
    pub per_file: bool,
    /// Also write every image's label, prediction and probabilities
    #[arg(long, value_name = "FILE.csv")]
    pub predictions: Option<PathBuf>,
}

/// `convscope predict`.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Model file or run folder
    pub model: PathBuf,
    /// Images, addresses of images (http or https), and folders whose images are taken at any depth
    #[arg(required = true, value_name = "FILE|URL|DIR")]
    pub files: Vec<PathBuf>,
    /// Print a CSV table
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// `convscope inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Model file or run folder
    pub model: PathBuf,
    /// The image to look at, where one is needed: a file or an address (http or https)
    pub image: Option<PathBuf>,
    /// What to look at
    #[arg(long, value_parser = aspects())]
    pub what: String,
    /// Layer: its name, or its number in `convscope summary`; the first convolution unless given
    #[arg(long)]
    pub layer: Option<String>,
    /// Class to maximise
    #[arg(long, conflicts_with_all = ["layer", "unit"])]
    pub class: Option<String>,
    /// Filter or value of the layer to maximise, counted from 0
    #[arg(long, requires = "layer")]
    pub unit: Option<usize>,
    /// Seed of the first image, shifts and rotations when maximising [default: 0]
    #[arg(long)]
    pub seed: Option<u64>,
    /// File to write: .png for a picture, .npy for the raw f32 array
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `convscope export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Model file or run folder
    #[arg(value_name = "MODEL|RUN")]
    pub model: PathBuf,
    /// In which format
    #[arg(long, value_name = "FORMAT", value_parser = export_format())]
    pub to: &'static Format,
    /// File to write
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// The dataset that the model was trained on, for formats that show what it says about the validation part; the
    /// run's own unless given
    #[arg(long, value_name = "DATA")]
    pub data: Option<PathBuf>,
}

/// `convscope report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// File ending in .html for one page that holds everything, or a folder for the page with its pictures beside it
    #[arg(long, value_name = "DIR|FILE.html")]
    pub out: PathBuf,
    /// The dataset that it was trained on, if it lies elsewhere now
    #[arg(long, value_name = "DATA")]
    pub data: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_not_built_yet_is_refused_in_words() {
        for (option, value, part) in [
            ("--precision", "f16", "bf16"),
            ("--device", "cuda:0", "CPU only"),
            ("--epochs", "0", "at least 1"),
            ("--what", "saliency", "saliency"),
        ] {
            let command: &[&str] = if option == "--what" {
                &["convscope", "inspect", "m", "--out", "o.png", option, value]
            } else {
                &["convscope", "train", "shapes", option, value]
            };
            let error = Cli::try_parse_from(command).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{option}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn json_stands_before_or_after_the_command() {
        for line in [
            ["convscope", "--json", "recipes"],
            ["convscope", "recipes", "--json"],
        ] {
            let parsed = Cli::try_parse_from(line).unwrap();
            assert!(parsed.json && matches!(parsed.command, Some(Command::Recipes)));
            parsed.check().unwrap();
        }
    }

    #[test]
    fn the_window_and_the_commands_keep_their_own_arguments() {
        let mistakes: [&[&str]; 3] = [
            &["--json"],
            &["--renderer", "glow", "recipes"],
            &["some/path", "recipes"],
        ];
        for arguments in mistakes {
            let parsed = Cli::try_parse_from(["convscope"].iter().chain(arguments)).unwrap();
            assert_eq!(parsed.check().unwrap_err().exit_code(), 2, "{arguments:?}");
        }
        let parsed = Cli::try_parse_from(["convscope", "--renderer", "glow", "some/path"]).unwrap();
        parsed.check().unwrap();
        assert_eq!(
            (parsed.open, parsed.renderer),
            (Some("some/path".into()), Some(RendererChoice::Glow))
        );
    }
}
