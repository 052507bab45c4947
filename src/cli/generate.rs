//! `convscope generate`.

use anyhow::Result;
use serde_json::json;

use super::{args::GenerateArgs, output::Output, progress::Progress};
use crate::data::dataset::display_path;
use crate::format::thousands;

pub fn run(args: &GenerateArgs, output: Output) -> Result<()> {
    let mut bar = Progress::new("drawing images");
    let count = args.count.unwrap_or(args.set.default_count());
    let written = args
        .set
        .write(&args.out, args.seed, count, &mut |done, total| {
            bar.at(done, total);
        })?;
    drop(bar);
    let (out, images) = (display_path(&written.path), written.images);
    let classes = args.set.classes();
    output.json(&json!({ "out": out, "images": images, "classes": classes }))?;
    output.text(&format!(
        "{} images of {} in {out}",
        thousands(images),
        classes.join(", ")
    ))
}
