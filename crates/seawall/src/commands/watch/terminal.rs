//! A terminal of the user's: keys come unchanged and at once, the screen is ours, and all is as before at the end.

use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::{Context, Result};
use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use seawall_view::{Key, Keys, Painter, View};

use crate::printer;

/// The alternate screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[0m\x1b[?25h\x1b[?1049l";

pub(super) struct Terminal {
    /// Where keys come from; none where this process has no terminal of its own.
    keyboard: Option<(File, Termios)>,
    keys: Keys,
    painter: Painter,
    size: (usize, usize),
}

impl Terminal {
    pub(super) fn open() -> Result<Self> {
        let keyboard = File::open("/dev/tty").ok().and_then(|file| Some((tcgetattr(&file).ok()?, file)));
        let keyboard = keyboard.map(|(before, file)| (file, before));
        if let Some((file, before)) = &keyboard {
            let mut raw = before.clone();
            raw.make_raw();
            // A read gives what is there, also nothing.
            raw.special_codes[SpecialCodeIndex::VMIN] = 0;
            raw.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(file, OptionalActions::Now, &raw).context("the terminal")?;
        }
        let terminal = Self { keyboard, keys: Keys::default(), painter: Painter::new(printer::colour()), size: size() };
        put(ENTER)?;
        Ok(terminal)
    }

    /// The keys that were pressed since it was asked last.
    pub(super) fn keys(&mut self) -> Result<Vec<Key>> {
        let Some((file, _)) = &mut self.keyboard else { return Ok(Vec::new()) };
        let mut bytes = [0; 256];
        let read = match file.read(&mut bytes) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error).context("the terminal has gone"),
        };
        Ok(self.keys.feed(bytes.get(..read).unwrap_or_default()))
    }

    /// Whether it has another size than when it was drawn.
    pub(super) fn has_changed(&self) -> bool {
        self.size != size()
    }

    pub(super) fn draw(&mut self, view: &mut View) -> io::Result<()> {
        self.size = size();
        let (width, height) = self.size;
        put(&self.painter.paint(&view.lines(width, height), width, height))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing.
        let _ = put(LEAVE);
        if let Some((file, before)) = &self.keyboard {
            let _ = tcsetattr(file, OptionalActions::Now, before);
        }
    }
}

/// Columns and lines.
fn size() -> (usize, usize) {
    terminal_size::terminal_size().map_or((80, 24), |(w, h)| (usize::from(w.0).max(1), usize::from(h.0).max(1)))
}

fn put(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
