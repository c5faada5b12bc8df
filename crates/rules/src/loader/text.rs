use crate::problem::{Problem, SourceFile};
use crate::yaml::Node;

/// Text of a condition or an output, put together from pieces of files, that knows where each piece came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceText<'s> {
    pub(crate) text: String,
    pieces: Vec<Piece<'s>>,
}

#[derive(Debug, Clone)]
struct Piece<'s> {
    /// The first byte in the text.
    start: usize,
    file: &'s SourceFile<'s>,
    node: Node,
    /// The byte of the node's own text; none where the whole piece stands for the node.
    offset: Option<usize>,
}

impl<'s> SourceText<'s> {
    /// What a scalar says.
    pub(crate) fn of(file: &'s SourceFile<'s>, node: &Node) -> Self {
        let mut text = Self::default();
        text.push(node.text().unwrap_or_default(), file, node, Some(0));
        text
    }

    /// What was made from a node.
    pub(crate) fn made(text: &str, file: &'s SourceFile<'s>, node: &Node) -> Self {
        let mut made = Self::default();
        made.push(text, file, node, None);
        made
    }

    fn push(&mut self, text: &str, file: &'s SourceFile<'s>, node: &Node, offset: Option<usize>) {
        self.pieces.push(Piece { start: self.text.len(), file, node: node.clone(), offset });
        self.text.push_str(text);
    }

    /// Joins by a blank.
    pub(crate) fn append(&mut self, other: Self) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        let shift = self.text.len();
        self.text.push_str(&other.text);
        self.pieces.extend(other.pieces.into_iter().map(|piece| Piece { start: piece.start + shift, ..piece }));
    }

    /// The same in parentheses.
    pub(crate) fn parenthesised(mut self) -> Self {
        self.text.insert(0, '(');
        self.text.push(')');
        for piece in &mut self.pieces {
            piece.start += 1;
        }
        self
    }

    fn piece(&self, at: usize) -> Option<&Piece<'s>> {
        let index = self.pieces.partition_point(|piece| piece.start <= at).saturating_sub(1);
        self.pieces.get(index)
    }

    /// A problem at a byte of the text.
    pub(crate) fn problem(&self, at: usize, message: impl Into<String>) -> Problem {
        match self.piece(at) {
            Some(piece) => {
                let place = match piece.offset {
                    Some(offset) => piece.node.locate(piece.file.text, offset + at.saturating_sub(piece.start)),
                    None => piece.node.at,
                };
                piece.file.problem(place, message)
            }
            None => Problem { file: String::new(), line: 0, column: 0, message: message.into(), hint: None },
        }
    }

    /// Replaces parts of the text; they are in order and do not overlap. What stands in for a part stands, in messages,
    /// where the part stood.
    pub(crate) fn replace(&self, parts: &[(usize, usize, String)]) -> Self {
        let mut out = Self::default();
        let mut copied = 0;
        for (from, to, with) in parts {
            self.copy(&mut out, copied, *from);
            if let Some(piece) = self.piece(*from) {
                let offset = piece.offset.map(|o| o + from.saturating_sub(piece.start));
                let at = offset.map_or(piece.node.at, |o| piece.node.locate(piece.file.text, o));
                let node = Node { at, ..piece.node.clone() };
                out.push(with, piece.file, &node, None);
            }
            copied = *to;
        }
        self.copy(&mut out, copied, self.text.len());
        out
    }

    fn copy(&self, out: &mut Self, from: usize, to: usize) {
        let mut at = from;
        while at < to {
            let index = self.pieces.partition_point(|piece| piece.start <= at).saturating_sub(1);
            let Some(piece) = self.pieces.get(index) else { return };
            let end = self.pieces.get(index + 1).map_or(to, |next| next.start.min(to)).max(at + 1);
            let offset = piece.offset.map(|o| o + at.saturating_sub(piece.start));
            out.push(self.text.get(at..end).unwrap_or_default(), piece.file, &piece.node, offset);
            at = end;
        }
    }
}
