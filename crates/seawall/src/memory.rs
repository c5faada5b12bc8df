//! The last word on `--max-memory`: whoever reads leaves out what would not fit, and where that was not enough the program
//! ends with an answer before it goes over the cap.

use std::sync::Once;
use std::time::Duration;

use anyhow::{Result, bail};
use seawall_io::resident;

use crate::Exit;
use crate::printer::Printer;

/// Between two looks at the memory.
const INTERVAL: Duration = Duration::from_millis(2);

/// What may be taken between two looks: so much at least, or this share of the cap.
const MARGIN: u64 = 4 << 20;
const MARGIN_SHARE: u64 = 16;

static STARTED: Once = Once::new();

/// Watches the memory until the program ends.
///
/// # Errors
/// Where the system does not say how much memory is taken, so that a cap could not be kept.
pub(crate) fn watch(cap: u64) -> Result<()> {
    if resident().is_none() {
        bail!("--max-memory cannot be kept here: /proc/self/status does not say how much memory is taken");
    }
    STARTED.call_once(|| {
        std::thread::spawn(move || {
            let most = cap.saturating_sub(MARGIN.max(cap / MARGIN_SHARE));
            while resident().is_none_or(|taken| taken <= most) {
                std::thread::sleep(INTERVAL);
            }
            Printer::new(true, false).error(&anyhow::anyhow!(
                "this needs more than the {} MiB of --max-memory, although everything that can be left out was\n\
                 hint: raise --max-memory, or lower --max-entries and --max-file-bytes",
                cap >> 20
            ));
            #[expect(
                clippy::exit,
                clippy::disallowed_methods,
                reason = "the one way to end all threads before the cap is passed"
            )]
            std::process::exit(Exit::Error as i32);
        });
    });
    Ok(())
}
