use std::net::IpAddr;

/// What kind of value a field has, and with it what it can be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Text; bytes in truth, usually UTF-8.
    Text,
    /// Bytes that are no text.
    Bytes,
    /// A number that may be negative.
    Signed,
    /// A number.
    Unsigned,
    /// True or false.
    Boolean,
    /// An IP address.
    Address,
    /// An IP address that is compared with networks.
    Network,
    /// An IP address that is compared with the addresses of names.
    Domain,
}

impl FieldType {
    /// The word for it in the reference.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Signed => "signed number",
            Self::Unsigned => "number",
            Self::Boolean => "boolean",
            Self::Address => "IP address",
            Self::Network => "IP address, compared with networks",
            Self::Domain => "IP address, compared with names",
        }
    }
}

/// A field's value for one observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'v> {
    /// Text, or bytes.
    Text(&'v [u8]),
    /// Text that was written to the buffer that the extractor was given.
    Made,
    /// A number that may be negative.
    Signed(i64),
    /// A number.
    Unsigned(u64),
    /// True or false.
    Boolean(bool),
    /// An address.
    Address(IpAddr),
}

impl<'v> Value<'v> {
    /// Text.
    pub fn text(text: &'v str) -> Self {
        Self::Text(text.as_bytes())
    }

    /// The value with its text, where that is in the buffer.
    pub fn in_buffer(self, buffer: &'v [u8]) -> Self {
        match self {
            Self::Made => Self::Text(buffer),
            other => other,
        }
    }
}
