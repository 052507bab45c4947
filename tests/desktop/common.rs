//! A real desktop for tests: Xvfb, the real binary, xdotool, screenshots, dropped files.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};

/// More than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Six cats and dogs to learn from, and two of them again among those to validate on.
pub fn leaky_folder(root: &Path) -> PathBuf {
    let folder = root.join("leaky");
    convscope::data::generate::generate_pets(&folder, 5, 12, &mut |_, _| {}).unwrap();
    for class in ["cat", "dog"] {
        let twin = folder.join(format!("train/{class}/{class}.0001.jpg"));
        fs::copy(twin, folder.join(format!("validation/{class}/copy.jpg"))).unwrap();
    }
    folder
}

/// An X server that ends with this value.
pub struct Desktop {
    /// Windows that are clicked and measured take turns.
    _turn: MutexGuard<'static, ()>,
    server: Child,
    display: String,
    /// Settings, runs, cache and log of the programs started on it.
    pub home: tempfile::TempDir,
}

/// What this desktop needs and the machine lacks; `None` when all is there.
fn missing_programs() -> Option<&'static str> {
    let works = |program: &str, argument: &str| {
        let mut command = Command::new(program);
        command
            .arg(argument)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    };
    let needed = [
        ("Xvfb", "-help"),
        ("xdotool", "version"),
        ("import", "-version"),
    ];
    needed
        .into_iter()
        .find(|(program, argument)| !works(program, argument))
        .map(|(program, _)| program)
}

/// Whether a desktop can be had here; says so when not. With `CONVSCOPE_E2E=1` it must.
pub fn is_possible() -> bool {
    let Some(program) = missing_programs() else {
        return true;
    };
    let must = env::var_os("CONVSCOPE_E2E").is_some();
    assert!(!must, "{program} is missing");
    eprintln!("not run: {program} is missing");
    false
}

impl Desktop {
    /// Starts a server with one screen. Without `-noreset` it would start anew, refusing connections,
    /// whenever its last client leaves.
    pub fn start(width: u32, height: u32) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut server = Command::new("Xvfb")
            .args([
                "-noreset",
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-screen",
                "0",
                &format!("{width}x{height}x24"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        let home = tempfile::tempdir().unwrap();
        // Whatever a test opens with the system's program is written down instead.
        let opener = home.path().join("bin/xdg-open");
        fs::create_dir(home.path().join("bin")).unwrap();
        fs::write(&opener, "#!/bin/sh\necho \"$1\" >> \"$0.txt\"\n").unwrap();
        fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            _turn: turn,
            server,
            display: format!(":{}", number.trim()),
            home,
        }
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .current_dir(self.home.path());
        command
    }

    /// Starts Convscope and waits for its window.
    pub fn open(&self, arguments: &[&str]) -> Window<'_> {
        let started = Instant::now();
        let mut path = self.home.path().join("bin").into_os_string();
        path.push(":");
        path.push(env::var_os("PATH").unwrap());
        let mut program = self
            .command(env!("CARGO_BIN_EXE_convscope"))
            .args(["--renderer", "glow"])
            .args(arguments)
            .env("PATH", path)
            .env("CONVSCOPE_CONFIG", self.home.path())
            .env("CONVSCOPE_RUNS", self.home.path().join("runs"))
            .env("CONVSCOPE_CACHE", self.home.path().join("cache"))
            .env("CONVSCOPE_EDITS", self.home.path().join("edits"))
            .env("CONVSCOPE_DATASETS", self.home.path().join("datasets"))
            .env("CONVSCOPE_LOG", self.log_path())
            .env("CONVSCOPE_FRAME_TIMES", self.home.path().join("frames.txt"))
            .spawn()
            .unwrap();
        let id = loop {
            let found = self
                .command("xdotool")
                .args(["search", "--onlyvisible", "--name", "^Convscope$"])
                .output();
            let found = String::from_utf8(found.unwrap().stdout).unwrap();
            if let Some(id) = found.lines().next() {
                break id.to_owned();
            }
            let ended = program.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "the program ended before its window opened: {ended:?}"
            );
            assert!(started.elapsed() < PATIENCE, "the window never opened");
            sleep(Duration::from_millis(20));
        };
        let window = Window {
            desktop: self,
            program,
            id,
            opened_after: started.elapsed(),
        };
        window.xdotool(&["windowmove", "--sync", &window.id, "0", "0"]);
        window.xdotool(&["windowfocus", "--sync", &window.id]);
        window
    }

    /// What was opened with the system's program.
    pub fn opened(&self) -> String {
        fs::read_to_string(self.home.path().join("bin/xdg-open.txt")).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("log.txt")
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A running Convscope.
pub struct Window<'a> {
    desktop: &'a Desktop,
    program: Child,
    id: String,
    /// From start to a visible window.
    pub opened_after: Duration,
}

impl Window<'_> {
    fn xdotool(&self, arguments: &[&str]) {
        let status = self
            .desktop
            .command("xdotool")
            .args(arguments)
            .status()
            .unwrap();
        assert!(status.success(), "xdotool {arguments:?}");
    }

    /// Presses keys, as `ctrl+s`.
    pub fn press(&self, keys: &str) {
        self.xdotool(&["key", "--clearmodifiers", keys]);
        sleep(Duration::from_millis(200));
    }

    /// Types text.
    pub fn write(&self, text: &str) {
        self.xdotool(&["type", "--delay", "5", text]);
        sleep(Duration::from_millis(200));
    }

    /// Clicks at a place of the window.
    pub fn click(&self, x: u32, y: u32) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
        sleep(Duration::from_millis(100));
        self.xdotool(&["click", "1"]);
        sleep(Duration::from_millis(200));
    }

    /// Opens the menu of what is at a place of the window.
    pub fn right_click(&self, x: u32, y: u32) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
        sleep(Duration::from_millis(100));
        self.xdotool(&["click", "3"]);
        sleep(Duration::from_millis(500));
    }

    /// Puts the pointer where nothing reacts to it.
    pub fn rest_pointer(&self) {
        self.xdotool(&["mousemove", "20", "500"]);
        sleep(Duration::from_millis(300));
    }

    /// Sets the window's size.
    pub fn resize(&self, width: u32, height: u32) {
        self.xdotool(&[
            "windowsize",
            &self.id,
            &width.to_string(),
            &height.to_string(),
        ]);
        sleep(Duration::from_millis(500));
    }

    /// Drops files on the window's middle, as a file manager would.
    pub fn drop_files(&self, files: &[&Path]) {
        // Debian's package of python3-xlib belongs to Debian's own Python.
        let python = env::var_os("CONVSCOPE_E2E_PYTHON").unwrap_or_else(|| {
            let debian = Path::new("/usr/bin/python3");
            if debian.exists() {
                debian.into()
            } else {
                "python3".into()
            }
        });
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/xdnd_send.py");
        let status = self
            .desktop
            .command(PathBuf::from(python))
            .arg(script)
            .args([&self.id, "640", "400"])
            .args(files)
            .status()
            .unwrap();
        assert!(
            status.success(),
            "the drop was not taken (is python3-xlib installed?)"
        );
    }

    /// What the screen shows.
    pub fn screenshot(&self) -> image::RgbImage {
        let path = self.desktop.home.path().join("screen.png");
        let status = self
            .desktop
            .command("import")
            .args(["-window", "root"])
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success(), "import");
        image::open(path).unwrap().into_rgb8()
    }

    /// Keeps what the screen shows as `target/end-to-end/NAME.png`, and returns it.
    pub fn keep(&self, name: &str) -> image::RgbImage {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/end-to-end");
        fs::create_dir_all(&folder).unwrap();
        let screen = self.screenshot();
        screen.save(folder.join(format!("{name}.png"))).unwrap();
        screen
    }

    /// Waits for a line of the event log that contains `part`, after the first `skip` lines; returns it.
    pub fn wait_for_line(&self, part: &str, skip: usize) -> String {
        let start = Instant::now();
        loop {
            if let Some(line) = self
                .log()
                .into_iter()
                .skip(skip)
                .find(|line| line.contains(part))
            {
                return line;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{part:?} never came; the log says {:#?}",
                self.log()
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// What the screen shows once `is_wanted` likes it: nothing tells a script when something is drawn.
    pub fn screenshot_when(
        &self,
        what: &str,
        mut is_wanted: impl FnMut(&image::RgbImage) -> bool,
    ) -> image::RgbImage {
        let start = Instant::now();
        loop {
            let screen = self.screenshot();
            if is_wanted(&screen) {
                return screen;
            }
            assert!(start.elapsed() < PATIENCE, "{what} is never on the screen");
            sleep(Duration::from_millis(200));
        }
    }

    /// Lines of the event log so far.
    pub fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.desktop.log_path()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// CPU time used so far, in seconds.
    #[cfg(target_os = "linux")]
    pub fn cpu_secs(&self) -> f64 {
        const TICKS_PER_SEC: f64 = 100.0;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.program.id())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / TICKS_PER_SEC
    }

    /// Closes the window as a user would and waits for a clean exit.
    pub fn close(mut self) {
        self.press("ctrl+q");
        let status = self.wait_for_end();
        assert!(status.success(), "{status}");
    }

    /// Sends a signal, `TERM` for example, and waits for the end.
    pub fn end_with(mut self, signal: &str) -> ExitStatus {
        let id = self.program.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &id])
            .status();
        assert!(sent.unwrap().success());
        self.wait_for_end()
    }

    /// Takes the display away, as logging out may, and waits for the end.
    pub fn lose_display(mut self) -> ExitStatus {
        let server = self.desktop.server.id().to_string();
        let sent = Command::new("kill").arg(&server).status();
        assert!(sent.unwrap().success());
        self.wait_for_end()
    }

    fn wait_for_end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the program does not end");
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        // After `close` there is nothing left to kill.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
