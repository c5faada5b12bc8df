use seawall_model::Alert;

/// How an alert becomes a record: one file under `formats/` and one line in [`ALERT_FORMATS`](crate::ALERT_FORMATS).
///
/// Everything in an alert may have been chosen by an attacker (program arguments, file names), so a record is always one
/// line and nothing in it can end that line, a field or a quoted text before its time.
pub trait AlertFormat: Sync {
    /// The word before `=` in `-o`; unique, kebab-case.
    fn id(&self) -> &'static str;

    /// One sentence for the reference.
    fn title(&self) -> &'static str;

    /// Where the format is specified.
    fn specification(&self) -> &'static str;

    /// Appends the alert as one line without its end. True where something had to be cut.
    fn record(&self, alert: &Alert, options: &RecordOptions, into: &mut Vec<u8>) -> bool;

    /// The media type of one record in a request; none where the format is not offered over HTTP.
    fn media_type(&self) -> Option<&'static str> {
        None
    }

    /// What stands before and after records (between them a comma) to make a whole document of them; none where a
    /// record is a document.
    fn envelope(&self) -> Option<(&'static str, &'static str)> {
        None
    }
}

/// What a record depends on besides the alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordOptions {
    /// The syslog facility, 0 to 23.
    pub facility: u8,
    /// Largest syslog message in bytes; longer ones are cut and say so.
    pub max_message: usize,
}

impl Default for RecordOptions {
    fn default() -> Self {
        // 1 is `user`, as Falco sends; 8 KiB is what rsyslog takes unless told otherwise.
        Self { facility: 1, max_message: 8192 }
    }
}
