//! The places that alerts go to.

mod file;
mod http;
mod lines;
mod stdout;
mod syslog;

use std::sync::Arc;

use crate::channel::Channel;
use crate::counters::Counters;
use crate::{SinkError, SinkSettings, SinkSpec, SinkTarget};

/// Opens the channel of a specification.
pub(crate) fn open(
    spec: &SinkSpec,
    settings: &SinkSettings,
    counters: &Arc<Counters>,
) -> Result<Box<dyn Channel>, SinkError> {
    let counters = Arc::clone(counters);
    Ok(match &spec.target {
        SinkTarget::Stdout => Box::new(stdout::Stdout::open(spec, counters)?),
        SinkTarget::File(path) => Box::new(file::FileChannel::open(path, spec, counters)?),
        SinkTarget::Unix(_) | SinkTarget::Udp(_) | SinkTarget::Tcp(_) => {
            Box::new(syslog::SyslogChannel::new(spec, counters))
        }
        SinkTarget::Http(url) => Box::new(http::HttpChannel::open(spec, url, settings, counters)?),
    })
}
