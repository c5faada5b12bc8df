//! Alerts about alerts that were lost.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_model::{Alert, AlertContext, FieldValue, Priority};

use crate::{ChannelReport, SinkSettings};

/// Losses of one channel are told at most this often; the count in each notice is that of all losses so far, so that a
/// notice that is lost itself is made up for by the next.
const EVERY: Duration = Duration::from_secs(10);

/// Which losses of a channel were told.
#[derive(Default)]
pub(crate) struct Told(Mutex<(u64, Option<Instant>)>);

impl Told {
    /// How many losses of `total` are to be told now; 0 for none, or not yet.
    pub(crate) fn due(&self, total: u64, at_once: bool) -> u64 {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, last) = *told;
        if total <= before || (!at_once && last.is_some_and(|last| last.elapsed() < EVERY)) {
            return 0;
        }
        *told = (total, Some(Instant::now()));
        total - before
    }
}

/// The alert. `time` is that of the newest alert that was lost.
pub(crate) fn alert(report: &ChannelReport, newly: u64, time: &str, settings: &SinkSettings) -> Alert {
    let reasons: Vec<String> = report.dropped.iter().map(|(why, count)| format!("{} {count}", why.name())).collect();
    let error = report.last_error.as_deref().map(|e| format!("; last error: {e}")).unwrap_or_default();
    let total = report.dropped_total();
    let mut fields = BTreeMap::new();
    fields.insert("seawall.channel".to_owned(), FieldValue::Text(report.channel.clone()));
    fields.insert("seawall.lost".to_owned(), FieldValue::Unsigned(newly));
    fields.insert("seawall.lost_total".to_owned(), FieldValue::Unsigned(total));
    for (reason, count) in &report.dropped {
        fields.insert(format!("seawall.lost.{}", reason.name()), FieldValue::Unsigned(*count));
    }
    Alert {
        time: time.to_owned(),
        rule: "Alerts lost by a channel".to_owned(),
        priority: Priority::Error,
        source: "internal".to_owned(),
        hostname: settings.hostname.clone(),
        tags: vec!["seawall".to_owned()],
        output: format!(
            "{newly} alerts were lost by {} ({total} so far: {}){error}",
            report.channel,
            reasons.join(", ")
        ),
        output_fields: fields,
        seawall: AlertContext { tier: settings.tier.clone(), count: 1, ..AlertContext::default() },
    }
}
