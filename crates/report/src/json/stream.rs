//! JSON written member by member: a report of thousands of findings is never held a second time as a tree. The bytes are
//! those that [`Value::write`](super::Value::write) gives for the same members.

use std::io::{self, Write};

use super::push_quoted;

/// Written out once it is this long.
const BUFFER: usize = 64 << 10;

/// What has been written of a document, and where the rest goes.
pub(crate) struct Stream<'w> {
    buffer: Vec<u8>,
    out: &'w mut dyn Write,
    /// The first error of `out`; nothing is written after it.
    failed: Option<io::Error>,
    depth: usize,
}

/// The members of an object that is being written.
pub(crate) struct Members<'s, 'w> {
    stream: &'s mut Stream<'w>,
    empty: bool,
}

/// Writes a document, an object, with a line end.
pub(crate) fn document(out: &mut dyn Write, members: impl FnOnce(&mut Members<'_, '_>)) -> io::Result<()> {
    let mut stream = Stream { buffer: Vec::with_capacity(BUFFER * 2), out, failed: None, depth: 0 };
    stream.object(members);
    stream.buffer.push(b'\n');
    stream.flush(0);
    stream.failed.map_or(Ok(()), Err)
}

impl Stream<'_> {
    fn object(&mut self, members: impl FnOnce(&mut Members<'_, '_>)) {
        self.buffer.push(b'{');
        self.depth += 1;
        let mut object = Members { stream: self, empty: true };
        members(&mut object);
        let empty = object.empty;
        self.depth -= 1;
        if !empty {
            self.line();
        }
        self.buffer.push(b'}');
        self.flush(BUFFER);
    }

    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut Self, T)) {
        self.buffer.push(b'[');
        self.depth += 1;
        let mut empty = true;
        for each in items {
            if !empty {
                self.buffer.push(b',');
            }
            empty = false;
            self.line();
            item(self, each);
        }
        self.depth -= 1;
        if !empty {
            self.line();
        }
        self.buffer.push(b']');
    }

    fn line(&mut self) {
        self.buffer.push(b'\n');
        self.buffer.resize(self.buffer.len().saturating_add(self.depth * 2), b' ');
    }

    /// Hands over what is longer than `room`.
    fn flush(&mut self, room: usize) {
        if self.buffer.len() <= room {
            return;
        }
        if self.failed.is_none() {
            self.failed = self.out.write_all(&self.buffer).err();
        }
        self.buffer.clear();
    }
}

impl Members<'_, '_> {
    /// With this key.
    pub(crate) fn put(&mut self, key: &'static str, value: impl Written) -> &mut Self {
        self.key(key);
        value.write(self.stream);
        self
    }

    /// With this key, where there is a value.
    pub(crate) fn put_some(&mut self, key: &'static str, value: Option<impl Written>) -> &mut Self {
        match value {
            Some(value) => self.put(key, value),
            None => self,
        }
    }

    /// With this list, where it is not empty.
    pub(crate) fn put_filled(&mut self, key: &'static str, value: &[String]) -> &mut Self {
        if value.is_empty() { self } else { self.put(key, value) }
    }

    /// With this key and an object.
    pub(crate) fn object(&mut self, key: &'static str, members: impl FnOnce(&mut Members<'_, '_>)) -> &mut Self {
        self.key(key);
        self.stream.object(members);
        self
    }

    /// With this key and an object, where there is something to make it of.
    pub(crate) fn object_some<T>(
        &mut self,
        key: &'static str,
        of: Option<T>,
        members: impl FnOnce(&mut Members<'_, '_>, T),
    ) -> &mut Self {
        match of {
            Some(of) => self.object(key, |object| members(object, of)),
            None => self,
        }
    }

    /// With this key and a list of objects.
    pub(crate) fn objects<T>(
        &mut self,
        key: &'static str,
        items: impl IntoIterator<Item = T>,
        mut members: impl FnMut(&mut Members<'_, '_>, T),
    ) -> &mut Self {
        self.key(key);
        self.stream.list(items, |stream, item| stream.object(|object| members(object, item)));
        self
    }

    fn key(&mut self, key: &str) {
        if !self.empty {
            self.stream.buffer.push(b',');
        }
        self.empty = false;
        self.stream.line();
        push_quoted(key, &mut self.stream.buffer);
        self.stream.buffer.extend_from_slice(b": ");
    }
}

/// What can be a member's value.
pub(crate) trait Written {
    /// Writes it.
    fn write(&self, stream: &mut Stream<'_>);
}

impl Written for str {
    fn write(&self, stream: &mut Stream<'_>) {
        push_quoted(self, &mut stream.buffer);
    }
}

impl Written for String {
    fn write(&self, stream: &mut Stream<'_>) {
        self.as_str().write(stream);
    }
}

impl Written for [String] {
    fn write(&self, stream: &mut Stream<'_>) {
        stream.list(self, |stream, text| text.write(stream));
    }
}

impl Written for Vec<String> {
    fn write(&self, stream: &mut Stream<'_>) {
        self.as_slice().write(stream);
    }
}

impl<T: Written + ?Sized> Written for &T {
    fn write(&self, stream: &mut Stream<'_>) {
        (**self).write(stream);
    }
}

impl Written for bool {
    fn write(&self, stream: &mut Stream<'_>) {
        stream.buffer.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

macro_rules! numbers {
    ($($kind:ty)*) => {$(
        impl Written for $kind {
            fn write(&self, stream: &mut Stream<'_>) {
                // Writing to memory does not fail.
                let _ = write!(stream.buffer, "{self}");
            }
        }
    )*};
}

numbers!(u32 u64 usize);

macro_rules! fractions {
    ($($kind:ty)*) => {$(
        impl Written for $kind {
            /// The shortest digits that read back as the same number; JSON has no infinity, so that becomes 0.
            fn write(&self, stream: &mut Stream<'_>) {
                let _ = if self.is_finite() { write!(stream.buffer, "{self}") } else { write!(stream.buffer, "0") };
            }
        }
    )*};
}

fractions!(f32 f64);

#[cfg(test)]
mod tests {
    use super::super::{Object, Value};
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_tree() {
        let texts = vec!["a\u{1b}\"".to_owned(), "ü漢\u{202e}\u{e0041}".to_owned()];
        let tree: Value = Object::new()
            .put("text", &texts[1])
            .put("texts", &texts)
            .put("none", Vec::<Object>::new())
            .put("object", Object::new().put("n", 7_u32).put("f", 0.5_f64).put("inf", f32::INFINITY))
            .put("empty", Object::new())
            .put("list", vec![Object::new().put("b", true), Object::new().put("b", false)])
            .into();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        tree.write(&mut before).unwrap();
        document(&mut after, |o| {
            o.put("text", &texts[1]).put("texts", &texts).objects("none", 0..0, |_, _| {});
            o.object("object", |o| {
                o.put("n", 7_u32).put("f", 0.5_f64).put("inf", f32::INFINITY);
            });
            o.object("empty", |_| {}).put_some("absent", None::<bool>).put_filled("absent", &[]);
            o.objects("list", [true, false], |o, b| {
                o.put("b", b);
            });
        })
        .unwrap();
        assert_eq!(String::from_utf8(after).unwrap(), String::from_utf8(before).unwrap());
    }

    #[test]
    fn a_long_document_is_handed_over_in_pieces_and_stops_at_an_error() {
        struct Pieces(Vec<usize>);
        impl Write for Pieces {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.len());
                if self.0.len() < 3 { Ok(bytes.len()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut pieces = Pieces(Vec::new());
        let text = "x".repeat(1000);
        let written = document(&mut pieces, |o| {
            o.objects("all", 0..1000, |o, _| {
                o.put("text", &text);
            });
        });
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert!(pieces.0.len() == 3 && pieces.0.iter().all(|n| *n < 2 * BUFFER), "{:?}", pieces.0);
    }
}
