//! Events in a file, and back: rules judge them as they judge the kernel's (docs/reference/recording-format.md).
//!
//! A recording is `SWREC` and a version, then frames: length and CRC-32 of a body (4 bytes each, little-endian) and the
//! body, one [`Frame`] in postcard. Processes and containers are written before the first event that needs them, and again
//! when they changed, so that a reader needs no kernel.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use seawall_model::{ByteString, Container, Event, EventKind, Lineage, Observation, Process, ProcessKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

const MAGIC: &[u8; 5] = b"SWREC";
/// The version of this format. A version rises where an older reader would not understand what is new.
const VERSION: u8 = 2;
/// The oldest version that is read: kinds of events and arguments were only added since.
const OLDEST: u8 = 1;
/// A frame that is longer is not one of ours.
const LONGEST: u32 = 1 << 20;
/// Ancestors that are written with a process.
const DEEPEST: usize = 4096;

/// What a recording consists of.
#[derive(Serialize, Deserialize)]
enum Frame {
    /// A container is known, or changed. The identifier is in it.
    Container(Box<Container>),
    /// A process is known, or changed; with the identifier of its container.
    Process(Box<Process>, Option<ByteString>),
    /// Something happened.
    Event(Box<Event>),
}

/// Why a recording cannot be read.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The file cannot be read.
    #[error("the recording cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is not a recording: it does not begin with SWREC")]
    Magic,
    /// It was made by another version.
    #[error("the recording has format version {0}, this binary reads versions {OLDEST} to {VERSION}")]
    Version(u8),
    /// A frame is damaged.
    #[error("the recording is damaged at byte {at}: {reason}")]
    Damaged {
        /// Where the frame begins.
        at: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// Writes events.
pub struct Recorder<W: Write> {
    out: W,
    written: HashMap<ProcessKey, Process>,
    containers: HashSet<String>,
    /// How many of the written ones had ended, about.
    ended: usize,
    events: u64,
}

impl<W: Write> Recorder<W> {
    /// Begins a recording.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        out.write_all(&[VERSION])?;
        Ok(Self { out, written: HashMap::new(), containers: HashSet::new(), ended: 0, events: 0 })
    }

    /// Writes an event and whatever it needs to be judged.
    ///
    /// # Errors
    /// The file cannot be written, for example because the disk is full. What was written before stays readable.
    pub fn write(&mut self, observation: Observation<'_>) -> io::Result<()> {
        let mut line = Vec::new();
        let mut next = Some(observation.process);
        while let Some(process) = next.filter(|_| line.len() < DEEPEST) {
            if self.written.get(&process.key) != Some(process) {
                line.push(process);
            }
            next = process.parent.and_then(|key| observation.lineage.process(key));
        }
        for process in line.into_iter().rev() {
            self.process(process)?;
        }
        self.events += 1;
        self.frame(&Frame::Event(Box::new(observation.event.clone())))?;
        if observation.event.kind == EventKind::Procexit {
            // Descendants that live on have it written again.
            self.written.remove(&observation.process.key);
        }
        Ok(())
    }

    fn process(&mut self, process: &Process) -> io::Result<()> {
        if let Some(container) = &process.container
            && self.containers.insert(container.id.clone())
        {
            self.frame(&Frame::Container(Box::new((**container).clone())))?;
        }
        self.written.insert(process.key, process.clone());
        if process.ended.is_some() {
            self.ended += 1;
        }
        // Nobody needs to know again what a dead one was; they are looked for when they are half of all.
        if self.ended > 1024 && self.ended > self.written.len() / 2 {
            self.written.retain(|_, p| p.ended.is_none());
            self.ended = 0;
        }
        let container = process.container.as_ref().map(|c| ByteString::from(c.id.as_str()));
        self.frame(&Frame::Process(Box::new(process.clone()), container))
    }

    fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        let body = postcard::to_stdvec(frame).map_err(io::Error::other)?;
        let length = u32::try_from(body.len()).ok().filter(|l| *l <= LONGEST);
        let length = length.ok_or_else(|| io::Error::other("a frame is too long"))?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&crc32fast::hash(&body).to_le_bytes())?;
        self.out.write_all(&body)
    }

    /// How many events were written.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Ends the recording.
    ///
    /// # Errors
    /// What is left cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Processes as a recording tells them.
#[derive(Default)]
struct Told {
    processes: HashMap<ProcessKey, Process>,
    containers: HashMap<String, Arc<Container>>,
}

impl Lineage for Told {
    fn process(&self, key: ProcessKey) -> Option<&Process> {
        self.processes.get(&key)
    }
}

/// Reads a recording and gives each observation to `tell`; returns how many there were. A recording whose last frame was
/// not written whole ends before it.
///
/// # Errors
/// What is wrong with the file, and where. What was told before stands.
pub fn replay(mut from: impl Read, tell: &mut dyn FnMut(Observation<'_>)) -> Result<u64, RecordingError> {
    let mut head = [0; 6];
    from.read_exact(&mut head).map_err(|_| RecordingError::Magic)?;
    let (magic, version) = head.split_at(5);
    if magic != MAGIC {
        return Err(RecordingError::Magic);
    }
    let version = version.first().copied().unwrap_or(0);
    if !(OLDEST..=VERSION).contains(&version) {
        return Err(RecordingError::Version(version));
    }
    let mut told = Told::default();
    let (mut at, mut events) = (6, 0);
    let mut body = Vec::new();
    loop {
        let mut head = [0; 8];
        if !fill(&mut from, &mut head)? {
            return Ok(events);
        }
        let [a, b, c, d, e, f, g, h] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length > LONGEST {
            return Err(RecordingError::Damaged { at, reason: "a frame is too long" });
        }
        body.resize(length as usize, 0);
        if !fill(&mut from, &mut body)? {
            return Ok(events);
        }
        if crc32fast::hash(&body) != u32::from_le_bytes([e, f, g, h]) {
            return Err(RecordingError::Damaged { at, reason: "a checksum does not match" });
        }
        let frame = postcard::from_bytes(&body);
        match frame.map_err(|_| RecordingError::Damaged { at, reason: "a frame cannot be understood" })? {
            Frame::Container(container) => {
                told.containers.insert(container.id.clone(), Arc::from(container));
            }
            Frame::Process(mut process, container) => {
                process.container = container.and_then(|id| told.containers.get(&id.to_text()).cloned());
                told.processes.insert(process.key, *process);
            }
            Frame::Event(event) => {
                let process = told.processes.get(&event.process);
                let reason = "an event comes before its process";
                let process = process.ok_or(RecordingError::Damaged { at, reason })?;
                events += 1;
                tell(Observation { event: &event, process, lineage: &told });
            }
        }
        at += 8 + u64::from(length);
    }
}

/// Fills the whole buffer; false where the file ends before that.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
