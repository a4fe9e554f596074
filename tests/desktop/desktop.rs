//! A display, a home, and hands.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take: several tests may share the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A display with nothing on it, and a folder for everything that the program keeps.
pub struct Desktop {
    server: Child,
    display: String,
    xdotool: PathBuf,
    home: tempfile::TempDir,
}

/// What became of opening a window.
pub enum Outcome<'a> {
    /// It is there.
    Window(Window<'a>),
    /// This machine has no library to draw it with.
    NoGraphics(String),
}

/// A running program with its window.
pub struct Window<'a> {
    desktop: &'a Desktop,
    program: Child,
    id: String,
}

/// A program of this machine.
fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

impl Desktop {
    /// Starts a display; `None`, and a word about it, where there is no way to.
    pub fn start() -> Option<Self> {
        Self::start_of("1280x800x24")
    }

    /// As [`Self::start`], with a screen of this size and depth.
    pub fn start_of(screen: &str) -> Option<Self> {
        let (Some(server), Some(xdotool)) = (tool("Xvfb"), tool("xdotool")) else {
            eprintln!("skipped: Xvfb and xdotool are not installed here");
            return None;
        };
        let mut server = Command::new(server)
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                screen,
                "-nolisten",
                "tcp",
                // Otherwise the server starts anew when its last window closes,
                // and refuses the next one for that moment.
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        let mut out = BufReader::new(server.stdout.take().unwrap());
        out.read_line(&mut number).unwrap();
        Some(Self {
            server,
            display: format!(":{}", number.trim()),
            xdotool,
            home: tempfile::tempdir().unwrap(),
        })
    }

    /// The folder for everything that is kept.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts the program and waits for its window.
    pub fn open(&self, arguments: &[&str]) -> Outcome<'_> {
        self.open_by(Command::new(env!("CARGO_BIN_EXE_spanscope")), arguments)
    }

    /// As [`Self::open`], by a command that starts the program.
    pub fn open_by(&self, mut command: Command, arguments: &[&str]) -> Outcome<'_> {
        let mut program = command
            .args(arguments)
            .current_dir(self.home())
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env("DISPLAY", &self.display)
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.home().join("config"))
            .env("XDG_DATA_HOME", self.home().join("data"))
            // Graphics drivers keep their shaders there.
            .env("XDG_CACHE_HOME", self.home().join("cache"))
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            // No zenity either: the window asks for files by itself.
            .env("PATH", "")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        loop {
            if let Some(status) = program.try_wait().unwrap() {
                let mut why = String::new();
                let mut errors = program.stderr.take().unwrap();
                errors.read_to_string(&mut why).unwrap();
                assert_eq!(status.code(), Some(2), "{why}");
                return Outcome::NoGraphics(why);
            }
            let found = self.ask(&["search", "--onlyvisible", "--name", "spanscope"]);
            if let Some(id) = found.lines().next() {
                let window = Window {
                    desktop: self,
                    program,
                    id: id.to_owned(),
                };
                self.ask(&["windowfocus", "--sync", &window.id]);
                return Outcome::Window(window);
            }
            assert!(begin.elapsed() < PATIENCE, "no window");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What xdotool says.
    fn ask(&self, arguments: &[&str]) -> String {
        let out = Command::new(&self.xdotool)
            .args(arguments)
            .env("DISPLAY", &self.display)
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// What the program keeps for its next start.
    pub fn session(&self) -> Option<Value> {
        let file = self.home().join("data/spanscope/session.json");
        serde_json::from_slice(&std::fs::read(file).ok()?).ok()
    }

    /// A file that the program writes.
    pub fn wait_for_file(&self, path: &Path) -> String {
        let begin = Instant::now();
        while !path.exists() {
            assert!(begin.elapsed() < PATIENCE, "no {}", path.display());
            std::thread::sleep(Duration::from_millis(50));
        }
        std::fs::read_to_string(path).unwrap()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Window<'_> {
    /// Presses keys, one after the other.
    pub fn keys(&self, keys: &[&str]) {
        for key in keys {
            self.desktop.ask(&["key", "--delay", "30", key]);
        }
    }

    /// Types.
    pub fn write(&self, text: &str) {
        self.desktop.ask(&["type", "--delay", "12", text]);
    }

    /// Clicks at a place of the window.
    pub fn click(&self, x: i32, y: i32) {
        let (x, y) = (x.to_string(), y.to_string());
        self.desktop
            .ask(&["mousemove", "--window", &self.id, &x, &y]);
        self.pause();
        self.desktop.ask(&["click", "1"]);
        self.pause();
    }

    /// Clicks with Ctrl held.
    pub fn ctrl_click(&self, x: i32, y: i32) {
        self.desktop.ask(&["keydown", "ctrl"]);
        self.click(x, y);
        self.desktop.ask(&["keyup", "ctrl"]);
    }

    /// Drags from one place to another.
    pub fn drag(&self, from: (i32, i32), to: (i32, i32)) {
        let go = |(x, y): (i32, i32)| {
            let (x, y) = (x.to_string(), y.to_string());
            self.desktop
                .ask(&["mousemove", "--window", &self.id, &x, &y]);
            std::thread::sleep(Duration::from_millis(60));
        };
        go(from);
        self.desktop.ask(&["mousedown", "1"]);
        for step in 1..=6 {
            let part = |a: i32, b: i32| a + (b - a) * step / 6;
            go((part(from.0, to.0), part(from.1, to.1)));
        }
        self.desktop.ask(&["mouseup", "1"]);
        self.pause();
    }

    /// A moment in which frames are drawn.
    pub fn pause(&self) {
        std::thread::sleep(Duration::from_millis(400));
    }

    /// Whether the program still runs.
    pub fn is_alive(&mut self) -> bool {
        self.program.try_wait().unwrap().is_none()
    }

    /// Waits until the window's title begins with `name`.
    pub fn wait_title(&mut self, name: &str) {
        let begin = Instant::now();
        loop {
            let title = self.desktop.ask(&["getwindowname", &self.id]);
            if title.starts_with(name) {
                return;
            }
            assert!(self.is_alive(), "it ended");
            assert!(begin.elapsed() < PATIENCE, "the title is {title}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until what is kept for the next start is as `done` says.
    pub fn wait_session(&mut self, what: &str, done: impl Fn(&Value) -> bool) {
        let begin = Instant::now();
        loop {
            let session = self.desktop.session();
            if session.as_ref().is_some_and(&done) {
                return;
            }
            assert!(self.is_alive(), "it ended before {what}");
            assert!(begin.elapsed() < PATIENCE, "not kept: {what}: {session:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the program has ended, as it should.
    pub fn wait_exit(&mut self) {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        // Ended already, unless a test failed.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
