//! `convscope inspect`: what the table of inspections offers, as pictures or arrays.

use anyhow::{Context as _, Result};
use npyz::WriterBuilder as _;
use serde_json::json;

use super::{
    Usage,
    args::InspectArgs,
    output::{Output, figure},
    progress::Progress,
    source::{self, ArrayFormat},
};
use crate::{
    data::{dataset::display_path, files},
    engine::{At, Inspect},
    export::picture::png_bytes,
    inspect::{Given, Row, TABLE, Takes},
    model::{WeightSnapshot, graph},
};

pub fn run(args: &InspectArgs, output: Output) -> Result<()> {
    let row = Row::named(&args.what).context("there is no such inspection")?;
    check_usage(row, args)?;
    let format = ArrayFormat::of(&args.out)?;
    let (session, model) = source::session_with(&args.model)?;
    let snapshot = &model.snapshot;
    let nodes = graph::nodes(&snapshot.spec)?;
    let layer = args.layer.as_ref();
    let given = Given {
        layer: layer
            .map(|text| source::node(&snapshot.spec, &nodes, text))
            .transpose()?,
        class: class(snapshot, args)?,
        unit: args.unit,
        seed: args.seed.unwrap_or(0),
        nodes: &nodes,
    };
    let what = (row.given)(&given).map_err(anyhow::Error::msg)?;
    let at = args.image.as_deref().map(source::image);
    let at = at.map_or(At::Nothing, At::Image);
    let bar = Progress::new("looking");
    let found = session.answer(Inspect { what, at }, bar, |_, _| Ok(()))?;
    let found = found.context("stopped")?;
    let bytes = match format {
        ArrayFormat::Png => png_bytes(&found.picture.clone().enlarged_within(VIEWABLE_SIDE))?,
        ArrayFormat::Npy => npy_bytes(&found.shape, &found.values)?,
    };
    let out = display_path(&args.out);
    files::write_atomically(&args.out, &bytes).with_context(|| format!("cannot write {out}"))?;

    let mut line = json!({ "out": out, "layer": found.of, "shape": found.shape });
    let mut words = format!("{out}: {} {:?}", found.of, found.shape);
    if let Some((score, of)) = &found.score {
        line["score"] = json!(score);
        line["score_of"] = json!(of);
        words += &format!(", score {}: {of}", figure((*score).into()));
    }
    output.json(&line)?;
    output.text(&words)
}

/// Arguments that belong to another `--what` are mistakes, not decoration.
fn check_usage(row: &Row, args: &InspectArgs) -> Result<()> {
    let takes = |what| row.takes.contains(&what);
    let given = [
        (Takes::Image, args.image.is_some(), "an IMAGE"),
        (Takes::Class, args.class.is_some(), "--class"),
        (Takes::Unit, args.unit.is_some(), "--unit"),
        (Takes::Seed, args.seed.is_some(), "--seed"),
    ];
    for (what, is_given, word) in given {
        if is_given && !takes(what) {
            let others = TABLE.iter().filter(|row| row.takes.contains(&what));
            let others: Vec<_> = others.map(|row| row.name).collect();
            let words = format!("only --what {} takes {word}", others.join(" or "));
            return Err(Usage::error(words));
        }
    }
    let name = row.name;
    if takes(Takes::Image) && args.image.is_none() {
        let words = format!("--what {name} needs an IMAGE after the model");
        return Err(Usage::error(words));
    }
    if takes(Takes::Class) && args.class.is_none() && args.unit.is_none() {
        let words = format!("--what {name} needs --class, or --layer with --unit");
        return Err(Usage::error(words));
    }
    Ok(())
}

/// Position of the class that is named.
fn class(snapshot: &WeightSnapshot, args: &InspectArgs) -> Result<Option<usize>> {
    let Some(class) = &args.class else {
        return Ok(None);
    };
    let position = snapshot.classes.iter().position(|name| name == class);
    let all = || snapshot.classes.join(", ");
    let known = position
        .with_context(|| format!("the model has no class {class}: its classes are {}", all()))?;
    Ok(Some(known))
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
