//! `convscope generate`.

use anyhow::Result;
use serde_json::json;

use super::{
    args::{GenerateArgs, GeneratedSet},
    output::Output,
    progress::Progress,
};
use crate::data::{
    dataset::display_path,
    generate::{ShapeKind, generate_shapes},
};
use crate::format::thousands;

pub fn run(args: &GenerateArgs, output: Output) -> Result<()> {
    let mut bar = Progress::new("drawing images");
    let (images, classes) = match args.set {
        GeneratedSet::Shapes => {
            let images = generate_shapes(&args.out, args.seed, args.count, &mut |done, total| {
                bar.at(done, total);
            })?;
            (images, ShapeKind::ALL.map(ShapeKind::word))
        }
    };
    drop(bar);
    let out = display_path(&args.out);
    output.json(&json!({ "out": out, "images": images, "classes": classes }))?;
    output.text(&format!(
        "{} images of {} in {out}",
        thousands(images),
        classes.join(", ")
    ))?;
    Ok(())
}
