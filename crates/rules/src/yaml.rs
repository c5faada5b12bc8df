//! YAML with the place of everything in it, so that each fault of a rule file can be pointed at.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::problem::{Problem, SourceFile};

/// Nesting of lists and mappings.
const MAX_DEPTH: usize = 32;
/// Values in one file, those that aliases repeat counted each time.
const MAX_NODES: usize = 500_000;
/// Bytes of one file.
const MAX_BYTES: usize = 8 << 20;

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

    pub(crate) fn entries(&self) -> Option<&[(Node, Node)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// How a value of this kind is called in messages.
    pub(crate) const fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar { .. } => "a value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar { .. } => 0,
            Kind::List(items) => items.iter().map(Self::size).sum(),
            Kind::Map(entries) => entries.iter().map(|(key, value)| key.size() + value.size()).sum(),
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

/// What is open while events come in.
#[derive(Default)]
struct Builder {
    open: Vec<(Node, Option<Node>, usize)>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    roots: Vec<Node>,
}

impl Builder {
    fn place(&mut self, done: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, done.clone());
        }
        match self.open.last_mut() {
            Some((Node { kind: Kind::List(items), .. }, _, _)) => items.push(done),
            Some((Node { kind: Kind::Map(entries), .. }, key, _)) => match key.take() {
                Some(key) => entries.push((key, done)),
                None => *key = Some(done),
            },
            _ => self.roots.push(done),
        }
    }
}

/// Reads every document of a file.
pub(crate) fn parse(file: &SourceFile<'_>) -> Result<Vec<Node>, Problem> {
    if file.text.len() > MAX_BYTES {
        let mut problem = file.problem(0, format!("{} bytes are more than a rule file may have", file.text.len()));
        problem.hint = Some(format!("the limit is {MAX_BYTES} bytes; split the file"));
        return Err(problem);
    }
    let mut builder = Builder::default();
    for next in Parser::new_from_str(file.text) {
        let (event, span) = next.map_err(|error| {
            let at = file.offset(error.marker().line(), error.marker().col());
            file.problem(at, format!("not valid YAML: {}", error.info().lines().next().unwrap_or_default()))
        })?;
        let (at, end) = ends(file, &span);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                builder.nodes += 1;
                builder.place(Node { at, end, kind: Kind::Scalar { text: text.into_owned(), style } }, anchor);
            }
            Event::SequenceStart(_, anchor, _) => {
                open(&mut builder, file, Node { at, end, kind: Kind::List(Vec::new()) }, anchor)?
            }
            Event::MappingStart(_, anchor, _) => {
                open(&mut builder, file, Node { at, end, kind: Kind::Map(Vec::new()) }, anchor)?
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((mut node, _, anchor)) = builder.open.pop() {
                    node.end = end.max(node.end);
                    builder.nodes += 1;
                    builder.place(node, anchor);
                }
            }
            Event::Alias(anchor) => {
                let Some(node) = builder.anchors.get(&anchor) else {
                    return Err(file.problem(at, "this alias stands for nothing, or for what it is itself part of"));
                };
                builder.nodes = builder.nodes.saturating_add(node.size());
                if builder.nodes <= MAX_NODES {
                    let node = node.clone();
                    builder.place(node, 0);
                }
            }
            Event::UnresolvedAlias(_) => return Err(file.problem(at, "this alias stands for nothing")),
            _ => {}
        }
        if builder.nodes > MAX_NODES {
            return Err(file.problem(at, format!("more than {MAX_NODES} values in one file")));
        }
    }
    Ok(builder.roots)
}

fn open(builder: &mut Builder, file: &SourceFile<'_>, node: Node, anchor: usize) -> Result<(), Problem> {
    if builder.open.len() >= MAX_DEPTH {
        return Err(file.problem(node.at, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    builder.open.push((node, None, anchor));
    Ok(())
}

fn ends(file: &SourceFile<'_>, span: &Span) -> (usize, usize) {
    let place = |marker: &granit_parser::Marker| {
        marker
            .byte_offset()
            .filter(|at| file.text.is_char_boundary(*at))
            .unwrap_or_else(|| file.offset(marker.line(), marker.col()))
    };
    let start = place(&span.start);
    (start, place(&span.end).max(start))
}
