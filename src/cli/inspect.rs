//! `convscope inspect`: filters, feature maps and activation maximisation as pictures or arrays.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use npyz::WriterBuilder as _;
use serde_json::json;

use super::{
    Usage,
    args::{Aspect, InspectArgs},
    output::{Output, figure},
    progress::Progress,
    source::{self, ArrayFormat},
};
use crate::{
    colours::TILE_BACKGROUND,
    data::{Picture, dataset::display_path, files},
    export::picture::png_bytes,
    inspect::{
        colours::ColourScale,
        feature_maps::feature_maps,
        filters,
        maximise::{MaximiseConfig, Target, maximise_exact},
    },
    model::{Network, Node, WeightSnapshot, graph, network::Placement},
};

/// What there is to write.
struct Found {
    node: usize,
    shape: Vec<usize>,
    values: Vec<f32>,
    picture: Picture,
    /// What was reached when maximising, with what it is the value of.
    score: Option<(f32, String)>,
}

pub fn run(args: &InspectArgs, output: Output) -> Result<()> {
    check_usage(args)?;
    let format = ArrayFormat::of(&args.out)?;
    let snapshot = source::load_model(&args.model)?.snapshot;
    let nodes = graph::nodes(&snapshot.spec)?;
    let found = match args.what {
        Aspect::Filters => kernels(&snapshot, &nodes, args)?,
        Aspect::FeatureMaps => maps(&snapshot, &nodes, args)?,
        Aspect::Maximise => maximised(&snapshot, &nodes, args)?,
    };
    let bytes = match format {
        ArrayFormat::Png => png_bytes(&found.picture.enlarged_within(VIEWABLE_SIDE))?,
        ArrayFormat::Npy => npy_bytes(&found.shape, &found.values)?,
    };
    let out = display_path(&args.out);
    files::write_atomically(&args.out, &bytes).with_context(|| format!("cannot write {out}"))?;

    let layer = &nodes[found.node].name;
    let mut line = json!({ "out": out, "layer": layer, "shape": found.shape });
    if let (Some((score, of)), Some(fields)) = (&found.score, line.as_object_mut()) {
        fields.insert("score".into(), json!(score));
        fields.insert("score_of".into(), json!(of));
    }
    output.json(&line)?;
    let score = found
        .score
        .map(|(score, of)| format!(", score {}: {of}", figure(score.into())))
        .unwrap_or_default();
    output.text(&format!("{out}: {layer} {:?}{score}", found.shape))?;
    Ok(())
}

/// Arguments that belong to another `--what` are mistakes, not decoration.
fn check_usage(args: &InspectArgs) -> Result<()> {
    let maximises = args.what == Aspect::Maximise;
    let wrong = |message: &str| Err(Usage::error(message));
    match args.what {
        Aspect::FeatureMaps if args.image.is_none() => {
            wrong("--what feature-maps needs an IMAGE after the model")
        }
        Aspect::Filters | Aspect::Maximise if args.image.is_some() => {
            wrong("only --what feature-maps takes an IMAGE")
        }
        Aspect::Maximise if args.class.is_none() && args.unit.is_none() => {
            wrong("--what maximise needs --class, or --layer with --unit")
        }
        _ if !maximises && (args.class.is_some() || args.unit.is_some() || args.seed.is_some()) => {
            wrong("--class, --unit and --seed belong to --what maximise")
        }
        _ => Ok(()),
    }
}

/// The node asked for, or the first convolution.
fn node(snapshot: &WeightSnapshot, nodes: &[Node], args: &InspectArgs) -> Result<usize> {
    match &args.layer {
        Some(text) => source::node(&snapshot.spec, nodes, text),
        None => filters::convolutions(nodes)
            .first()
            .copied()
            .context("the model has no convolution: choose a layer with --layer"),
    }
}

/// Names that a sentence lists.
const MOST_NAMES: usize = 12;

fn kernels(snapshot: &WeightSnapshot, nodes: &[Node], args: &InspectArgs) -> Result<Found> {
    let node = node(snapshot, nodes, args)?;
    let Some(kernels) = filters::kernels(snapshot, &nodes[node]) else {
        let known = filters::convolutions(nodes);
        let more = if known.len() > MOST_NAMES {
            ", …"
        } else {
            ""
        };
        let names: Vec<&str> = known
            .iter()
            .take(MOST_NAMES)
            .map(|index| nodes[*index].name.as_str())
            .collect();
        bail!(
            "{} is a {} layer without filters: the convolutions are {}{more}",
            nodes[node].name,
            nodes[node].op.word(),
            names.join(", ")
        );
    };
    Ok(Found {
        node,
        shape: vec![
            kernels.filters,
            kernels.channels,
            kernels.size,
            kernels.width,
        ],
        values: kernels.values.to_vec(),
        picture: kernels.picture(kernels.limit(), TILE_BACKGROUND),
        score: None,
    })
}

fn maps(snapshot: &WeightSnapshot, nodes: &[Node], args: &InspectArgs) -> Result<Found> {
    let node = node(snapshot, nodes, args)?;
    let image = args.image.as_deref().unwrap_or_else(|| Path::new(""));
    let network = Network::from_snapshot(snapshot, Placement::default())?;
    let rgb = source::network_input(image, &snapshot.spec.input)
        .map_err(|reason| anyhow::anyhow!("{} {reason}", display_path(image)))?;
    let maps = feature_maps(&network, snapshot.epoch, &rgb, node)?;
    let picture = maps.picture(ColourScale::Viridis, TILE_BACKGROUND);
    Ok(Found {
        node,
        shape: maps.shape.dims(),
        values: maps.values,
        picture,
        score: None,
    })
}

fn maximised(snapshot: &WeightSnapshot, nodes: &[Node], args: &InspectArgs) -> Result<Found> {
    let target = target(snapshot, nodes, args)?;
    let node = match target {
        Target::Class(_) => nodes.len().saturating_sub(1),
        Target::Unit { layer, .. } => layer,
    };
    let score_of = target.score_words(snapshot.spec.head, &snapshot.classes, nodes);
    let mut network = Network::from_snapshot(snapshot, Placement::default())?;
    network.freeze();
    let config = MaximiseConfig {
        seed: args.seed.unwrap_or(0),
        ..MaximiseConfig::new(target)
    };
    let mut bar = Progress::new("maximising");
    let (last, values) = maximise_exact(&network, &config, |preview| {
        bar.at(preview.step, preview.steps);
        Ok(())
    })?;
    let input = snapshot.spec.input;
    Ok(Found {
        node,
        shape: vec![input.color_mode.channels(), input.height, input.width],
        values,
        picture: last.picture,
        score: Some((last.score, score_of)),
    })
}

/// What to excite.
fn target(snapshot: &WeightSnapshot, nodes: &[Node], args: &InspectArgs) -> Result<Target> {
    if let Some(class) = &args.class {
        let Some(class) = snapshot.classes.iter().position(|name| name == class) else {
            bail!(
                "the model has no class {class}: its classes are {}",
                snapshot.classes.join(", ")
            );
        };
        return Ok(Target::Class(class));
    }
    Ok(Target::Unit {
        layer: node(snapshot, nodes, args)?,
        unit: args.unit.unwrap_or(0),
    })
}

/// Small pictures are enlarged towards this side.
const VIEWABLE_SIDE: usize = 800;

/// A NumPy file of little-endian f32, row-major.
fn npy_bytes(shape: &[usize], values: &[f32]) -> Result<Vec<u8>> {
    let shape: Vec<u64> = shape.iter().map(|&length| length as u64).collect();
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
    let mut writer = options.writer(&mut bytes).begin_nd()?;
    writer.extend(values.iter().copied())?;
    writer.finish()?;
    Ok(bytes)
}
