//! A small XML 1.0 writer: elements, attributes, text; whatever it is given, the result is well-formed.

use std::io::{self, Write};

use crate::text::is_treacherous;

/// Writes elements one after the other, indented.
pub(crate) struct XmlWriter<'a> {
    out: &'a mut dyn Write,
    open: Vec<&'static str>,
    /// Whether the innermost element already has a child element.
    has_child: bool,
}

impl<'a> XmlWriter<'a> {
    /// Begins a document.
    pub(crate) fn new(out: &'a mut dyn Write) -> io::Result<Self> {
        out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        Ok(Self { out, open: Vec::new(), has_child: true })
    }

    /// `<name attributes>`, to be closed.
    pub(crate) fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.start(name, attributes)?;
        self.out.write_all(b">")?;
        self.open.push(name);
        self.has_child = false;
        Ok(())
    }

    /// Closes the innermost element.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        let Some(name) = self.open.pop() else { return Ok(()) };
        if self.has_child {
            self.indent()?;
        }
        self.has_child = true;
        write!(self.out, "</{name}>")
    }

    /// `<name attributes>text</name>`, or `<name attributes/>` where the text is empty.
    pub(crate) fn element(&mut self, name: &'static str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.start(name, attributes)?;
        self.has_child = true;
        if text.is_empty() { self.out.write_all(b"/>") } else { write!(self.out, ">{}</{name}>", escape(text)) }
    }

    /// Ends the document: closes what is open, with a line end.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        while !self.open.is_empty() {
            self.close()?;
        }
        self.out.write_all(b"\n")
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.indent()?;
        write!(self.out, "<{name}")?;
        for (key, value) in attributes {
            write!(self.out, " {key}=\"{}\"", escape(value))?;
        }
        Ok(())
    }

    fn indent(&mut self) -> io::Result<()> {
        write!(self.out, "\n{:width$}", "", width = self.open.len() * 2)
    }
}

/// Text for content and quoted attributes. Characters that XML 1.0 (section 2.2) cannot hold at all become the
/// replacement character; those that could do harm to someone who looks at the file are written as references.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(c))),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if is_treacherous(c) => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_in_is_well_formed() {
        let mut out = Vec::new();
        let mut xml = XmlWriter::new(&mut out).unwrap();
        xml.open("a", &[("k", "\"<&'\n\u{0}")]).unwrap();
        xml.element("b", &[], "]]>\u{1b}\u{9b}\u{202e}").unwrap();
        xml.element("c", &[], "").unwrap();
        xml.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        let body = "<a k=\"&quot;&lt;&amp;&apos;&#10;\u{fffd}\">\n  <b>]]&gt;\u{fffd}&#155;&#8238;</b>\n  <c/>\n</a>\n";
        assert_eq!(text, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"));
    }
}
