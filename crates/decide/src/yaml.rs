//! YAML with the place of everything in it, so that each fault of a policy can be pointed at.

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::diagnostic::Fault;

/// Nesting of lists and mappings.
const MAX_DEPTH: usize = 32;
/// Values in one document.
const MAX_NODES: usize = 100_000;

/// A value and where it stands, in bytes of the file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar { text: String, style: ScalarStyle },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a scalar; null and an empty value have none.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, style: ScalarStyle::Plain } if matches!(text.as_str(), "" | "~" | "null") => None,
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Scalar { .. }) && self.text().is_none()
    }

    pub(crate) fn is_empty_list(&self) -> bool {
        matches!(&self.kind, Kind::List(items) if items.is_empty())
    }

    /// How a value of this kind is called in messages.
    pub(crate) const fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar { .. } => "a value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// The place in the file of a byte of the scalar's decoded text: the decoded text and the source are walked side by
    /// side, for they differ only in white space, quotes and escapes.
    pub(crate) fn locate(&self, source: &str, offset: usize) -> usize {
        let Kind::Scalar { text, style } = &self.kind else { return self.at };
        let raw = source.get(self.at..self.end.max(self.at)).unwrap_or_default();
        let mut walk = Walk { raw, pos: 0 };
        match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => walk.pos = 1,
            // The header of a block scalar is its first line, where the span begins with it.
            ScalarStyle::Literal | ScalarStyle::Folded if raw.starts_with(['|', '>']) => {
                walk.pos = raw.find('\n').map_or(raw.len(), |at| at + 1);
            }
            _ => {}
        }
        let mut here = walk.pos;
        for (at, c) in text.char_indices() {
            if !c.is_whitespace() {
                walk.skip_space(*style);
            }
            here = walk.pos;
            if at >= offset {
                break;
            }
            walk.pass(c, *style);
            here = walk.pos;
        }
        self.at + here
    }
}

struct Walk<'a> {
    raw: &'a str,
    pos: usize,
}

impl Walk<'_> {
    fn rest(&self) -> &str {
        self.raw.get(self.pos..).unwrap_or_default()
    }

    fn skip_space(&mut self, style: ScalarStyle) {
        loop {
            let rest = self.rest();
            let space = rest.len() - rest.trim_start().len();
            let fold = usize::from(style == ScalarStyle::DoubleQuoted && rest.trim_start().starts_with("\\\n"));
            if space == 0 && fold == 0 {
                return;
            }
            self.pos += space + fold;
        }
    }

    fn pass(&mut self, c: char, style: ScalarStyle) {
        let rest = self.rest();
        let len = match (style, rest.chars().next()) {
            (ScalarStyle::DoubleQuoted, Some('\\')) => match rest.as_bytes().get(1) {
                Some(b'x') => 4,
                Some(b'u') => 6,
                Some(b'U') => 10,
                _ => 2,
            },
            (ScalarStyle::SingleQuoted, Some('\'')) => 2,
            (_, Some(found)) if found == c || (found.is_whitespace() && c.is_whitespace()) => found.len_utf8(),
            _ => 0,
        };
        self.pos += len;
    }
}

/// Reads one document. Anchors, aliases, merge keys, tags and further documents are refused: a policy says each thing
/// once, where it holds.
pub(crate) fn parse(source: &str) -> Result<Option<Node>, Fault> {
    let lines = Lines::new(source);
    let mut open: Vec<Node> = Vec::new();
    let mut keys: Vec<Option<Node>> = Vec::new();
    let mut root: Option<Node> = None;
    let mut documents = 0_usize;
    let mut nodes = 0_usize;
    for next in Parser::new_from_str(source) {
        let (event, span) = next.map_err(|error| {
            let at = lines.offset(error.marker().line(), error.marker().col());
            Fault::new(at, 1, format!("not valid YAML: {}", error.info().lines().next().unwrap_or_default()))
        })?;
        let (at, end) = lines.span(&span);
        let refuse = |what: &str| Err(Fault::new(at, 1, format!("{what} are not used in policies")));
        let done = match event {
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _)
                if anchor != 0 =>
            {
                return refuse("anchors and aliases");
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => {
                return refuse("tags");
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => return refuse("anchors and aliases"),
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(Fault::new(at, 1, "a file holds one document only"));
                }
                continue;
            }
            Event::Scalar(text, style, _, _) => Node { at, end, kind: Kind::Scalar { text: text.into_owned(), style } },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                let kind = if matches!(event, Event::SequenceStart(..)) {
                    Kind::List(Vec::new())
                } else {
                    Kind::Map(Vec::new())
                };
                if open.len() >= MAX_DEPTH {
                    return Err(Fault::new(at, 1, format!("nested deeper than {MAX_DEPTH} levels")));
                }
                open.push(Node { at, end, kind });
                keys.push(None);
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                keys.pop();
                match open.pop() {
                    Some(mut node) => {
                        node.end = end.max(node.end);
                        node
                    }
                    None => continue,
                }
            }
            _ => continue,
        };
        nodes += 1;
        if nodes > MAX_NODES {
            return Err(Fault::new(at, 1, format!("more than {MAX_NODES} values")));
        }
        match (open.last_mut(), keys.last_mut()) {
            (Some(Node { kind: Kind::List(items), .. }), _) => items.push(done),
            (Some(Node { kind: Kind::Map(entries), .. }), Some(key)) => match key.take() {
                Some(key) => entries.push((key, done)),
                None => *key = Some(done),
            },
            _ => root = Some(done),
        }
    }
    Ok(root)
}

/// Where each line begins.
struct Lines<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(source: &'a str) -> Self {
        let starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { source, starts }
    }

    /// The byte at a line (from 1) and a column (from 0, in characters).
    fn offset(&self, line: usize, column: usize) -> usize {
        let Some(start) = self.starts.get(line.saturating_sub(1)) else { return self.source.len() };
        let rest = self.source.get(*start..).unwrap_or_default();
        start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }

    fn span(&self, span: &Span) -> (usize, usize) {
        let place = |marker: &granit_parser::Marker| {
            marker
                .byte_offset()
                .filter(|at| self.source.is_char_boundary(*at))
                .unwrap_or_else(|| self.offset(marker.line(), marker.col()))
        };
        let start = place(&span.start);
        (start, place(&span.end).max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Node, parse};

    fn scalars(node: &Node, out: &mut Vec<Node>) {
        match &node.kind {
            Kind::Scalar { .. } => out.push(node.clone()),
            Kind::List(items) => items.iter().for_each(|item| scalars(item, out)),
            Kind::Map(entries) => entries.iter().for_each(|(_, value)| scalars(value, out)),
        }
    }

    /// Each style of scalar holds the word MARK; it is found where it stands.
    #[test]
    fn a_place_in_a_scalar_is_a_place_in_the_file() {
        for source in [
            "a: x MARK y\n",
            "a: 'it''s ''x'' MARK'\n",
            "a: \"tab \\t quote \\\" \\u00e9 \\x41 MARK\"\n",
            "a: |\n  one\n    two\n  é MARK three\n",
            "a: |-\n\n  one\n\n  MARK\n",
            "a: >\n  one\n  two\n\n  three MARK\n",
            "a: >-\n    one && \n    MARK\nb: c\n",
            "a: plain on\n  two MARK lines\n",
            "a: \"folded \\\n   é MARK\"\n",
            "é: { b: [x, 'é MARK'] }\n",
        ] {
            let root = parse(source).unwrap_or_else(|f| panic!("{source}: {f:?}")).expect("a document");
            let mut found = Vec::new();
            scalars(&root, &mut found);
            let marked = found
                .iter()
                .find_map(|node| node.text().and_then(|text| text.find("MARK")).map(|at| node.locate(source, at)))
                .expect("the word is in a scalar");
            assert_eq!(Some(marked), source.find("MARK"), "{source}");
        }
    }

    #[test]
    fn what_hides_meaning_is_refused() {
        for (source, reason) in [
            ("a: &x 1\nb: *x\n", "anchors"),
            ("a: !!str 1\n", "tags"),
            ("a: 1\n---\nb: 2\n", "one document"),
            ("a: [\n", "not valid YAML"),
            ("a: {b\n", "not valid YAML"),
        ] {
            assert!(parse(source).is_err_and(|f| f.message.contains(reason)), "{source}");
        }
        assert!(parse(&"[".repeat(10_000)).is_err());
        assert!(parse(&"- ".repeat(10_000)).is_err());
    }
}
