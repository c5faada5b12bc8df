//! `watch` on a terminal of its own, and without one.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::home::Home;

/// What takes a moment is waited for so long: other work may have the machine for a while.
const LONG: Duration = Duration::from_secs(120);

pub(crate) fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/recording/refused.swrec")
}

/// `watch` on a pseudo-terminal, and what that shows.
struct Screen {
    child: Child,
    terminal: std::fs::File,
    bytes: Receiver<Vec<u8>>,
    cells: Vec<Vec<char>>,
    at: (usize, usize),
    rest: String,
    raw: String,
    /// What comes may still be drawn for the size before.
    stale: bool,
}

impl Screen {
    fn start(home: &Home, columns: u16, rows: u16, more: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a terminal");
        let name = ptsname(&master, Vec::new()).expect("a name").into_string().expect("a name");
        let size = |ws_col, ws_row| Winsize { ws_col, ws_row, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size(columns, rows)).expect("a size");
        let slave = std::fs::File::options().read(true).write(true).open(name).expect("a terminal");
        let recording = recording().display().to_string();
        let arguments = [&["watch", "--replay", &recording, "--pace", "full"], more].concat();
        let plain = home.command(&arguments);
        // A session of its own makes the terminal its own.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(plain.get_program()).args(plain.get_args());
        command.env_clear().env("NO_COLOR", "1").env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(slave.try_clone().expect("open")).stdout(slave).stderr(Stdio::null());
        let child = command.spawn().expect("util-linux is installed");
        let terminal = std::fs::File::from(master);
        let mut reader = terminal.try_clone().expect("open");
        let (told, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            // A terminal whose last user has gone gives an error.
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if told.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let cells = vec![vec![' '; columns.into()]; rows.into()];
        Self { child, terminal, bytes, cells, at: (0, 0), rest: String::new(), raw: String::new(), stale: false }
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.terminal, size).expect("a size");
        self.cells = vec![vec![' '; columns.into()]; rows.into()];
        self.stale = true;
    }

    fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("written");
    }

    /// Waits until the screen is as it should be.
    fn until(&mut self, so: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LONG;
        loop {
            let text = self.text();
            if so(&text) {
                return text;
            }
            assert!(Instant::now() < end, "{text}");
            if let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(50)) {
                self.take(&String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn take(&mut self, text: &str) {
        self.raw.push_str(text);
        let mut all = std::mem::take(&mut self.rest) + text;
        if self.stale {
            // A new size begins with an empty screen.
            let Some(begin) = all.find("\x1b[2J") else {
                self.rest = all;
                return;
            };
            all.drain(..begin);
            self.stale = false;
        }
        let mut rest = all.as_str();
        while let Some(c) = rest.chars().next() {
            if c == '\x1b' {
                let Some(end) = rest.char_indices().skip(2).find(|(_, c)| c.is_ascii_alphabetic()) else {
                    self.rest = rest.to_owned();
                    return;
                };
                self.control(&rest[2..end.0], end.1);
                rest = &rest[end.0 + 1..];
                continue;
            }
            assert!(!c.is_control(), "{rest:?}");
            let cell = self.cells.get_mut(self.at.0).and_then(|row| row.get_mut(self.at.1));
            *cell.unwrap_or_else(|| panic!("written beyond the terminal at {:?}", self.at)) = c;
            self.at.1 += 1;
            rest = &rest[c.len_utf8()..];
        }
    }

    fn control(&mut self, parameters: &str, end: char) {
        match (parameters, end) {
            (_, 'H') => {
                let row: usize = parameters.split(';').next().and_then(|r| r.parse().ok()).expect("a row");
                self.at = (row - 1, 0);
            }
            ("2", 'J') => self.cells.iter_mut().flatten().for_each(|cell| *cell = ' '),
            ("2", 'K') => self.cells.get_mut(self.at.0).into_iter().flatten().for_each(|cell| *cell = ' '),
            ("0" | "1" | "7", 'm') | ("?1049" | "?25", 'h' | 'l') => {}
            other => panic!("an escape that no terminal was asked for: {other:?}"),
        }
    }

    fn text(&self) -> String {
        self.cells.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned() + "\n").collect()
    }

    fn ended(&mut self) -> (i32, String) {
        let code = self.child.wait().expect("ended").code().unwrap_or(-1);
        // The end of what is read comes with the end of who wrote.
        while let Ok(bytes) = self.bytes.recv_timeout(LONG) {
            self.raw.push_str(&String::from_utf8_lossy(&bytes));
        }
        (code, self.raw.clone())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Ended by itself where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_recording_is_shown_on_a_terminal() {
    let home = Home::empty();
    let mut screen = Screen::start(&home, 90, 20, &[]);
    let text = screen.until(|text| text.contains("ENDED") && text.contains("q quits"));
    assert!(text.contains(">- shop  demo:1"), "{text}");
    assert!(text.contains("sh -c cp /bin/busybox /tmp/dropped") && text.contains("dropped ls  root  ended"), "{text}");
    assert!(text.contains("Critical      shop  Program dropped and run in container"), "{text}");
    assert!(text.contains("+ host"), "{text}");
    screen.press("\r");
    screen.until(|text| text.contains(">+ shop") && !text.contains("dropped ls"));
    screen.press("\r/ls\r");
    let found = screen.until(|text| text.contains("/ls  esc clears") && text.contains("dropped ls"));
    assert!(!found.contains("+ host") && !found.contains("runc"), "{found}");
    screen.press("\x1b");
    screen.until(|text| text.contains("+ host"));
    screen.press("\t\r");
    let detail = screen.until(|text| text.contains("proc.exepath = /tmp/dropped"));
    assert!(detail.contains("container shop  demo:1") && detail.contains("esc back"), "{detail}");
    screen.press("\x1b");
    screen.until(|text| text.contains("tab tree"));
    screen.press("\tjp");
    screen.until(|text| text.starts_with("PAUSED") && text.contains("p goes on"));
    screen.press("p");
    screen.resize(30, 5);
    let small = screen.until(|text| text.lines().count() == 5 && text.contains("q quits"));
    assert!(small.starts_with("ENDED") && small.contains("shop"), "{small}");
    screen.resize(1, 1);
    screen.until(|text| text == "E\n");
    screen.press("q");
    let (code, raw) = screen.ended();
    assert_eq!(code, 0);
    assert!(raw.starts_with("\x1b[?1049h\x1b[?25l") && raw.ends_with("\x1b[?25h\x1b[?1049l"), "{raw:?}");
}

#[test]
fn without_a_terminal_snapshots_are_printed() {
    let home = Home::empty();
    let recording = recording().display().to_string();
    let ran = home.run(&["watch", "--replay", &recording, "--pace", "full"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let lines: Vec<_> = ran.out.lines().collect();
    assert!(lines[0].contains("alerts 1  lost 0  events 303"), "{}", ran.out);
    assert!(lines[1].starts_with(" - shop  demo:1  "), "{}", ran.out);
    assert!(lines.last().is_some_and(|line| line.contains("Program dropped and run in container")), "{}", ran.out);

    // Whoever reads no further ends it well.
    let mut command = home.command(&["watch", "--replay", &recording, "--plain", "--every", "1", "--for", "20"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}
