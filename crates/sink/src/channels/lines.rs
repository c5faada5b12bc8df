//! Documents one a line, and writing them so that it is known which of them are whole.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

use seawall_model::Alert;

use crate::SinkSpec;
use crate::counters::Counters;
use crate::record::document;

/// Most bytes that are written at once.
const BUFFER: usize = 256 << 10;

/// The first of some alerts as lines.
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
}

/// What became of them.
pub(super) struct Written {
    /// Whole lines that were written.
    pub(super) lines: usize,
    /// Bytes of these.
    pub(super) whole: usize,
    /// Whether a part of the next one was written too.
    pub(super) is_torn: bool,
    pub(super) result: io::Result<()>,
}

impl Lines {
    /// Lines of the first alerts, at least one, until they have `limit` bytes. After a line that was torn a line end comes
    /// first.
    pub(super) fn new(
        spec: &SinkSpec,
        counters: &Counters,
        alerts: &[Arc<Alert>],
        after_torn: bool,
        limit: u64,
    ) -> Self {
        let mut bytes = if after_torn { b"\n".to_vec() } else { Vec::new() };
        let mut ends = Vec::new();
        for alert in alerts {
            document(spec.format, &spec.options.record, alert, counters, &mut bytes);
            bytes.push(b'\n');
            ends.push(bytes.len());
            if bytes.len() >= BUFFER || bytes.len() as u64 >= limit {
                break;
            }
        }
        Self { bytes, ends }
    }

    pub(super) fn write(&self, target: &mut impl Write) -> Written {
        let (mut written, mut result) = (0, Ok(()));
        while let Some(rest) = self.bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match target.write(rest) {
                Ok(0) => result = Err(ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => result = Err(error),
            }
            if result.is_err() {
                break;
            }
        }
        let lines = self.ends.iter().filter(|end| **end <= written).count();
        let whole = lines.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or(0);
        Written { lines, whole, is_torn: written > whole, result }
    }
}
