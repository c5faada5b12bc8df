//! Alerts about alerts that were lost.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_model::{Alert, AlertContext, FieldValue, Priority};

use crate::ChannelReport;

/// Losses of one channel are told at most this often; the count in each notice is that of all losses so far, so that a
/// notice that is lost itself is made up for by the next.
const EVERY: Duration = Duration::from_secs(10);

/// Which losses were told.
#[derive(Default)]
pub(crate) struct Notices {
    told: Mutex<BTreeMap<String, (u64, Instant)>>,
}

impl Notices {
    /// An alert about what this channel lost since the last one; none where there is nothing to tell, or not yet.
    /// `time` is that of the newest alert that it lost, `tier` that of the node.
    pub(crate) fn notice(&self, report: &ChannelReport, time: &str, hostname: &str, at_once: bool) -> Option<Alert> {
        let total = report.dropped_total();
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, last) = told.get(&report.channel).copied().map_or((0, None), |(total, at)| (total, Some(at)));
        let is_soon = last.is_some_and(|last| now.saturating_duration_since(last) < EVERY);
        if total == before || (is_soon && !at_once) {
            return None;
        }
        told.insert(report.channel.clone(), (total, now));
        Some(alert(report, total - before, time, hostname))
    }
}

fn alert(report: &ChannelReport, newly: u64, time: &str, hostname: &str) -> Alert {
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
        hostname: hostname.to_owned(),
        tags: vec!["seawall".to_owned()],
        output: format!(
            "{newly} alerts were lost by {} ({total} so far: {}){error}",
            report.channel,
            reasons.join(", ")
        ),
        output_fields: fields,
        seawall: AlertContext { count: 1, ..AlertContext::default() },
    }
}
