//! The browser on a folder of 100,000 images: `cargo bench --bench browser [-- --images N] [--keep FOLDER]`, and
//! `cargo test --bench browser` for what unoptimised builds do.
//!
//! Makes such a folder (ten classes, 64×64 JPEG, 200 different pictures copied many times), opens it, and drives
//! the whole window without a display at 1280×800. A frame's cost is the CPU time of its thread for logic and
//! drawing commands, without tessellation and painting, as `CONVSCOPE_FRAME_TIMES` has it. The disk is warm: the
//! files have just been written.
#![expect(clippy::print_stdout, reason = "its answer")]

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use convscope::{
    data::generate,
    engine::{DataEvent, EngineHandle, Event, Folders, JobEvent, OpenRequest},
    sys,
    ui::{
        app::{App, Places},
        dialogs::{FilePicker, Purpose, Question},
        state::DataState,
    },
};
use eframe::{
    App as _,
    egui::{self, Context, Key, Modifiers, Pos2, RawInput, Rect, accesskit, pos2, vec2},
};

type Failure = Box<dyn Error + Send + Sync>;

/// Classes of the folder.
const CLASSES: usize = 10;
/// Different pictures.
const PICTURES: u64 = 200;
/// Side of a picture.
const SIDE: u32 = 64;
/// Time between two frames.
const PERIOD: Duration = Duration::from_micros(16_667);
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

struct NoPicker;

impl FilePicker for NoPicker {
    fn ask(&mut self, _question: Question) {}

    fn poll(&mut self, _context: &Context) -> Option<(Purpose, Vec<PathBuf>)> {
        None
    }
}

/// `images` images in ten class folders.
fn make_folder(root: &Path, images: usize) -> Result<(), Failure> {
    let mut pictures = Vec::new();
    for number in 0..PICTURES {
        let picture = generate::draw_random_shape(number).1.to_image();
        let small = image::imageops::thumbnail(&picture, SIDE, SIDE);
        let mut bytes = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 85);
        small.write_with_encoder(encoder)?;
        pictures.push(bytes);
    }
    for class in 0..CLASSES {
        let folder = root.join(format!("class {class}"));
        fs::create_dir_all(&folder)?;
        for number in (class..images).step_by(CLASSES) {
            let picture = &pictures[number % pictures.len()];
            fs::write(folder.join(format!("image_{number:06}.jpg")), picture)?;
        }
    }
    Ok(())
}

/// Seconds until everything is counted, and until the first thumbnails have come.
fn open_with_engine(root: &Path, home: &Path) -> Result<(f64, f64), Failure> {
    let engine = EngineHandle::start(Arc::new(|| {}), Folders::below(home))?;
    let start = Instant::now();
    engine.ask(OpenRequest::new(root));
    let mut counted = 0.0;
    while start.elapsed() < PATIENCE {
        let event = engine.events().try_next();
        if let Some((_, dataset)) = event.as_ref().and_then(Event::answer::<OpenRequest>) {
            counted = start.elapsed().as_secs_f64();
            println!(
                "  {} images of {} classes",
                dataset.dataset.samples.len(),
                dataset.dataset.classes.len()
            );
            engine.load_thumbnails(dataset, (0..64).collect());
        }
        match event {
            Some(Event::Data(_, DataEvent::Thumbnails(_))) => {
                return Ok((counted, start.elapsed().as_secs_f64()));
            }
            Some(Event::Job(_, JobEvent::Failed(message))) => return Err(message.into()),
            Some(_) => {}
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    Err("nothing came".into())
}

/// The window without a display.
struct Window {
    context: Context,
    app: App,
    frame: eframe::Frame,
    start: Instant,
    pointer: Pos2,
}

impl Window {
    fn open(root: &Path, home: &Path) -> Result<Self, Failure> {
        let context = Context::default();
        let places = Places {
            settings: home.join("settings.ron"),
            folders: Folders::below(home),
            runs: home.join("runs"),
            datasets: home.join("datasets"),
            catalogue: None,
            log: None,
        };
        let waker = Arc::new(|| {});
        let app = App::start_with(
            &context,
            places,
            Some(root.to_path_buf()),
            waker,
            Box::new(NoPicker),
        )?;
        Ok(Self {
            context,
            app,
            frame: eframe::Frame::_new_kittest(),
            start: Instant::now(),
            pointer: pos2(500.0, 600.0),
        })
    }

    /// Draws one frame; returns its cost in milliseconds of CPU time.
    fn frame(&mut self, events: Vec<egui::Event>) -> f64 {
        let begun = Instant::now();
        let input = self.input(events);
        let (app, frame) = (&mut self.app, &mut self.frame);
        let mut millis = 0.0;
        let mut output = self.context.run_ui(input, |ui| {
            let before = sys::thread_cpu_secs();
            let context = ui.ctx().clone();
            app.logic(&context, frame);
            app.ui(ui, frame);
            millis += 1000.0 * (sys::thread_cpu_secs() - before);
        });
        // Nobody draws them.
        output.textures_delta.clear();
        std::thread::sleep(PERIOD.saturating_sub(begun.elapsed()));
        millis
    }

    fn input(&self, mut events: Vec<egui::Event>) -> RawInput {
        events.insert(0, egui::Event::PointerMoved(self.pointer));
        RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0))),
            time: Some(self.start.elapsed().as_secs_f64()),
            focused: true,
            events,
            ..RawInput::default()
        }
    }

    fn frames(&mut self, count: usize, events: &dyn Fn(usize) -> Vec<egui::Event>) -> Vec<f64> {
        (0..count)
            .map(|number| self.frame(events(number)))
            .collect()
    }

    /// Where the control is that screen readers call `label`.
    fn find(&mut self, label: &str) -> Result<Pos2, Failure> {
        self.context.enable_accesskit();
        let input = self.input(Vec::new());
        let (app, frame) = (&mut self.app, &mut self.frame);
        let mut output = self.context.run_ui(input, |ui| app.ui(ui, frame));
        output.textures_delta.clear();
        self.context.disable_accesskit();
        let update = output.platform_output.accesskit_update.ok_or("no names")?;
        let found = update
            .nodes
            .iter()
            .find(|(_, node)| node.label() == Some(label));
        let bounds = found
            .and_then(|(_, node)| node.bounds())
            .ok_or(format!("no {label}"))?;
        let accesskit::Rect { x0, y0, x1, y1 } = bounds;
        Ok(pos2(0.5 * (x0 + x1) as f32, 0.5 * (y0 + y1) as f32))
    }

    fn click(&mut self, label: &str) -> Result<(), Failure> {
        let at = self.find(label)?;
        let before = std::mem::replace(&mut self.pointer, at);
        self.frame(Vec::new());
        for pressed in [true, false] {
            self.frame(vec![egui::Event::PointerButton {
                pos: at,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            }]);
        }
        self.pointer = before;
        Ok(())
    }
}

fn key(key: Key, modifiers: Modifiers) -> egui::Event {
    egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers,
    }
}

fn wheel(points: f32) -> egui::Event {
    egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: vec2(0.0, -points),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    }
}

fn report(name: &str, mut millis: Vec<f64>) {
    millis.sort_by(f64::total_cmp);
    let at = |share: f64| millis[((millis.len() - 1) as f64 * share) as usize];
    println!(
        "  {name:<44} {:>5} {:>8.2} {:>8.2} {:>8.2}",
        millis.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// The largest resident memory so far, in MB; Linux only.
fn peak_megabytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn drive(window: &mut Window) -> Result<(), Failure> {
    let none = |_: usize| Vec::new();
    report("first second after opening", window.frames(60, &none));
    report(
        "grid, wheel 120 points a frame",
        window.frames(300, &|_| vec![wheel(120.0)]),
    );
    report(
        "grid, wheel 5,000 points a frame",
        window.frames(300, &|_| vec![wheel(5_000.0)]),
    );
    let page = |number: usize| match number % 40 {
        0 => vec![key(Key::End, Modifiers::NONE)],
        20 => vec![key(Key::Home, Modifiers::NONE)],
        _ => vec![key(Key::PageDown, Modifiers::NONE)],
    };
    report("grid, Home, End, Page down", window.frames(240, &page));
    let extend = |_: usize| vec![key(Key::PageDown, Modifiers::SHIFT)];
    report("grid, Shift+Page down", window.frames(60, &extend));
    let all = |number: usize| {
        if number == 0 {
            vec![key(Key::A, Modifiers::COMMAND)]
        } else {
            Vec::new()
        }
    };
    report("grid, Ctrl+A and after", window.frames(60, &all));
    report(
        "Esc",
        window.frames(5, &|_| vec![key(Key::Escape, Modifiers::NONE)]),
    );
    window.frame(vec![key(Key::F, Modifiers::COMMAND)]);
    let letters = ["0", "5", "7", "_0"];
    let typed = |number: usize| match letters.get(number / 15) {
        Some(letter) if number.is_multiple_of(15) => vec![egui::Event::Text((*letter).to_owned())],
        _ => Vec::new(),
    };
    report("name filter, typing", window.frames(90, &typed));
    let erase = |number: usize| {
        if number < 8 {
            vec![key(Key::Backspace, Modifiers::NONE)]
        } else {
            Vec::new()
        }
    };
    report("name filter, erasing", window.frames(90, &erase));
    window.frame(vec![key(Key::Escape, Modifiers::NONE)]);
    window.click("Table")?;
    window.click("Name")?;
    let start = Instant::now();
    report("table, sorting by name", window.frames(120, &none));
    println!("    (of {:.1} s)", start.elapsed().as_secs_f64());
    window.click("Class")?;
    report("table, sorting by class", window.frames(60, &none));
    report(
        "table, wheel 120 points a frame",
        window.frames(300, &|_| vec![wheel(120.0)]),
    );
    report(
        "table, wheel 5,000 points a frame",
        window.frames(300, &|_| vec![wheel(5_000.0)]),
    );
    window.click("Examples")?;
    report(
        "examples, wheel 40 points a frame",
        window.frames(60, &|_| vec![wheel(40.0)]),
    );
    Ok(())
}

fn run() -> Result<(), Failure> {
    sys::tune_allocator();
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let images: usize = value("--images").map_or(Ok(100_000), |number| number.parse())?;
    let home = tempfile::tempdir()?;
    let root = value("--keep").map_or_else(|| home.path().join("many"), PathBuf::from);
    println!("{images} JPEG images of {SIDE}×{SIDE} in {CLASSES} classes");
    if !root.exists() {
        let start = Instant::now();
        make_folder(&root, images)?;
        println!("  written in {:.1} s", start.elapsed().as_secs_f64());
    }
    println!("Opening, with the engine alone");
    for round in 1..=3 {
        let (counted, first) = open_with_engine(&root, home.path())?;
        println!("  round {round}: all counted {counted:.3} s, first thumbnails {first:.3} s");
    }
    println!("The window, CPU ms per frame                    frames      p50      p99      max");
    let mut window = Window::open(&root, home.path())?;
    let mut opening = Vec::new();
    let start = Instant::now();
    while !matches!(window.app.state().data, DataState::Open(_)) {
        opening.push(window.frame(Vec::new()));
        if start.elapsed() > PATIENCE {
            return Err("the dataset did not open".into());
        }
    }
    report("while it opens", opening);
    drive(&mut window)?;
    drop(window);
    if let Some(peak) = peak_megabytes() {
        println!("Peak memory {peak:.0} MB");
    }
    Ok(())
}

fn main() {
    let status = match run() {
        Ok(()) => 0,
        Err(error) => {
            println!("failed: {error}");
            1
        }
    };
    sys::exit_now(status);
}
