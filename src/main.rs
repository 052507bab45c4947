//! Parses the command line and starts the window or a headless command.

fn main() {
    convscope::sys::tune_allocator();
    let options = convscope::ui::Options { open: std::env::args_os().nth(1).map(Into::into), renderer: convscope::ui::Renderer::Glow };
    let status = match convscope::ui::run(&options) { Ok(()) => 0, Err(error) => { eprintln!("convscope: {error}"); 1 } };
    convscope::sys::exit_now(status)
}
