//! What the JSON forms share: lists that are read one entry at a time, and lists that are cut off.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::component::MAX_LIST;
use crate::text::Text;

/// How much of a broken document is searched for what it would have been.
const HEAD: usize = 64 << 10;

/// Whether a document is SPDX (else CycloneDX), and its version or why it cannot be read. Only the keys that say so are
/// kept.
pub(super) fn tell(bytes: &[u8]) -> Option<(bool, Result<String, String>)> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Head<'a> {
        #[serde(borrow, rename = "bomFormat")]
        bom_format: Text<'a>,
        #[serde(borrow, rename = "specVersion")]
        spec_version: Text<'a>,
        #[serde(borrow, rename = "spdxVersion")]
        spdx_version: Text<'a>,
        #[serde(borrow, rename = "@context")]
        context: Text<'a>,
    }
    let head: Head<'_> = match serde_json::from_slice(bytes) {
        Ok(head) => head,
        Err(error) => {
            let head = bytes.get(..HEAD).unwrap_or(bytes);
            let has = |key: &str| memchr::memmem::find(head, key.as_bytes()).is_some();
            let is_spdx = has("\"spdxVersion\"");
            return (is_spdx || has("\"bomFormat\"")).then(|| (is_spdx, Err(error.to_string())));
        }
    };
    let text = |text: &Text<'_>| text.get().map(str::to_owned);
    if head.bom_format.get().is_some_and(|f| f.eq_ignore_ascii_case("CycloneDX")) {
        return Some((false, Ok(text(&head.spec_version).unwrap_or_default())));
    }
    // SPDX 3 is another model altogether; it is told so that it can be said.
    let three = head.context.get().is_some_and(|c| c.contains("spdx.org/rdf/3")).then(|| "SPDX-3".to_owned());
    text(&head.spdx_version).or(three).map(|version| (true, Ok(version)))
}

/// A map that is read key by key into a draft.
pub(super) trait Keys<'de>: Sized {
    /// Reads the value of one key, or leaves it with [`skip`].
    fn key<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
    /// The map has ended.
    fn end(self) {}
}

/// Leaves a value unread.
pub(super) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

/// Reads a map; `null` counts as an empty one.
pub(super) struct MapOf<K>(pub(super) K);

impl<'de, K: Keys<'de>> DeserializeSeed<'de> for MapOf<K> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The visits that mean that a tool wrote something else in this place.
macro_rules! nothing {
    ($value:expr; $($kind:ident),*) => { $(nothing!(@ $kind $value);)* };
    (@ scalar $value:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> { Ok($value) }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> { Ok($value) }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> { Ok($value) }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> { Ok($value) }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> { Ok($value) }
        nothing!(@ none $value);
    };
    (@ none $value:expr) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok($value) }
    };
    (@ list $value:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
    (@ map $value:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
}

impl<'de, K: Keys<'de>> Visitor<'de> for MapOf<K> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'de>>()? {
            self.0.key(key.or_empty(), &mut map)?;
        }
        self.0.end();
        Ok(())
    }

    nothing! { (); none }
}

/// A list that is read one entry at a time into a draft.
pub(super) trait Entries<'de> {
    /// Reads the next entry; false at the end of the list.
    fn entry<A: SeqAccess<'de>>(&mut self, list: &mut A) -> Result<bool, A::Error>;
}

/// Reads a list; `null` counts as an empty one.
pub(super) struct ListOf<L>(pub(super) L);

impl<'de, L: Entries<'de>> DeserializeSeed<'de> for ListOf<L> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, L: Entries<'de>> Visitor<'de> for ListOf<L> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while self.0.entry(&mut list)? {}
        Ok(())
    }

    nothing! { (); none }
}

/// A map read key by key from the beginning of a document.
pub(super) fn document<'de, K: Keys<'de>>(bytes: &'de [u8], keys: K) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    MapOf(keys).deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|e| e.to_string())
}

/// The first entries of a list; what comes after them is left unread, and anything but a list is an empty one.
#[derive(Debug)]
pub(super) struct Few<T>(pub(super) Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct FewVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FewVisitor<T> {
    type Value = Few<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while entries.len() < MAX_LIST {
            match list.next_element()? {
                Some(entry) => entries.push(entry),
                None => return Ok(Few(entries)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Few(entries))
    }

    nothing! { Few(Vec::new()); scalar, map }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FewVisitor(PhantomData))
    }
}
