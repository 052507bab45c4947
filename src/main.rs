//! Parses the command line and starts the window or a headless command.

fn main() {
    let _ = convscope::data::generate::generate_shapes(std::path::Path::new("datasets/shapes"), 0, 400, &mut |_, _| {});
}
