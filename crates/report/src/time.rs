use jiff::Timestamp;
use seawall_model::Report;

/// What formats that must state a date say when neither the user nor the image states one.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// `text` (RFC 3339 or a bare date) as `YYYY-MM-DDThh:mm:ssZ`; `None` where it is not a date.
pub(crate) fn utc(text: &str) -> Option<String> {
    let text = text.trim();
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) if text.len() == 10 => format!("{text}T00:00:00Z").parse().ok()?,
        Err(_) => return None,
    };
    let utc = timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    // Years before 0 or after 9999 would have a sign, which RFC 3339 does not know.
    (utc.len() == EPOCH.len() && !utc.starts_with('-')).then_some(utc)
}

/// The date of a document whose format demands one: the time of the scan where the user asked for it, else the image's
/// own creation date, else 1970-01-01, so that equal input gives equal bytes.
pub(crate) fn document(report: &Report) -> String {
    let image = || report.inventory.config.as_ref()?.created.as_deref().and_then(utc);
    scanned(report).or_else(image).unwrap_or_else(|| EPOCH.to_owned())
}

/// When the scan ran, where the user asked for it.
pub(crate) fn scanned(report: &Report) -> Option<String> {
    report.created.as_deref().and_then(utc)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn dates_are_brought_to_utc_seconds() {
        assert_eq!(utc("2024-05-01T12:00:00.123456789+02:00").as_deref(), Some("2024-05-01T10:00:00Z"));
        assert_eq!(utc("2024-05-01").as_deref(), Some("2024-05-01T00:00:00Z"));
        assert_eq!(utc("-002024-05-01T12:00:00Z"), None);
        assert_eq!(utc("yesterday"), None);
        assert_eq!(utc(""), None);
    }
}
