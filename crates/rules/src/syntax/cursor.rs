use super::tree::{Function, Operator, Quantifier};

/// Where in a condition the parser is. What a word means depends on what stands before it, so that there are no tokens
/// of their own: each method takes what it knows, or leaves the place as it was.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

const BLANKS: &[u8] = b" \t\r\n\x08";

/// Operators; a word that needs a blank after it says so.
const OPERATORS: &[(&str, Operator, bool)] = &[
    ("exists", Operator::Exists, false),
    ("<=", Operator::LessOrEqual, false),
    ("<", Operator::Less, false),
    (">=", Operator::GreaterOrEqual, false),
    (">", Operator::Greater, false),
    ("==", Operator::Equal, false),
    ("=", Operator::Equal, false),
    ("!=", Operator::NotEqual, false),
    ("glob", Operator::Glob, true),
    ("iglob", Operator::GlobAnyCase, true),
    ("contains", Operator::Contains, true),
    ("icontains", Operator::ContainsAnyCase, true),
    ("bcontains", Operator::ContainsBytes, true),
    ("startswith", Operator::StartsWith, true),
    ("bstartswith", Operator::StartsWithBytes, true),
    ("endswith", Operator::EndsWith, true),
    ("regex", Operator::Regex, true),
    ("intersects", Operator::Intersects, false),
    ("in", Operator::In, false),
    ("pmatch", Operator::PathMatch, false),
];

impl<'t> Cursor<'t> {
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn bytes(&self) -> &'t [u8] {
        self.rest().as_bytes()
    }

    pub(super) fn blank(&mut self) -> bool {
        let count = self.bytes().iter().take_while(|b| BLANKS.contains(b)).count();
        self.at += count;
        count > 0
    }

    pub(super) fn literal(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// `not` and at least one blank.
    pub(super) fn not(&mut self) -> bool {
        let found =
            self.rest().strip_prefix("not").is_some_and(|r| r.as_bytes().first().is_some_and(|b| BLANKS.contains(b)));
        if found {
            self.at += 3;
            self.blank();
        }
        found
    }

    fn word_len(bytes: &[u8]) -> usize {
        match bytes.first() {
            Some(first) if first.is_ascii_alphabetic() => {
                bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
            }
            _ => 0,
        }
    }

    fn take(&mut self, len: usize) -> &'t str {
        let taken = self.rest().get(..len).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    pub(super) fn identifier(&mut self) -> Option<&'t str> {
        let len = Self::word_len(self.bytes());
        (len > 0).then(|| self.take(len))
    }

    /// Words joined by dots, at least two.
    pub(super) fn field_name(&mut self) -> Option<&'t str> {
        let bytes = self.bytes();
        let mut len = Self::word_len(bytes);
        let mut dots = 0;
        while len > 0 && bytes.get(len) == Some(&b'.') {
            let next = Self::word_len(bytes.get(len + 1..).unwrap_or_default());
            if next == 0 {
                break;
            }
            len += next + 1;
            dots += 1;
        }
        (dots > 0).then(|| self.take(len))
    }

    pub(super) fn argument_word(&mut self) -> Option<&'t str> {
        let end = |b: &u8| matches!(b, b'[' | b']' | b'"' | b'\'') || b.is_ascii_whitespace();
        let len = self.bytes().iter().take_while(|b| !end(b)).count();
        (len > 0).then(|| self.take(len))
    }

    pub(super) fn bare_word(&mut self) -> Option<&'t str> {
        let end = |b: &u8| matches!(b, b'(' | b')' | b'"' | b'\'' | b'=' | b',' | 11 | 12) || BLANKS.contains(b);
        let len = self.bytes().iter().take_while(|b| !end(b)).count();
        (len > 0).then(|| self.take(len))
    }

    pub(super) fn number(&mut self) -> Option<&'t str> {
        let bytes = self.bytes();
        let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
        if matches!(bytes, [b'0', b'x' | b'X', h, ..] if h.is_ascii_hexdigit()) {
            let len = 2 + bytes.iter().skip(2).take_while(|b| b.is_ascii_hexdigit()).count();
            return Some(self.take(len));
        }
        let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        let mut len = sign + digits(sign);
        if len == sign {
            return None;
        }
        if bytes.get(len) == Some(&b'.') {
            len += 1 + digits(len + 1);
        }
        if let (Some(b'e' | b'E'), Some(b'+' | b'-')) = (bytes.get(len), bytes.get(len + 1))
            && digits(len + 2) > 0
        {
            len += 2 + digits(len + 2);
        }
        Some(self.take(len))
    }

    pub(super) fn operator(&mut self) -> Option<Operator> {
        for (word, operator, blank) in OPERATORS {
            let Some(rest) = self.rest().strip_prefix(word) else { continue };
            if *blank && !rest.as_bytes().first().is_some_and(|b| BLANKS.contains(b)) {
                continue;
            }
            self.at += word.len();
            return Some(*operator);
        }
        None
    }

    /// A quantifier, where a list follows it.
    pub(super) fn quantifier(&mut self) -> Option<Quantifier> {
        for quantifier in Quantifier::ALL {
            if let Some(rest) = self.rest().strip_prefix(quantifier.word())
                && rest.as_bytes().first().is_some_and(|b| BLANKS.contains(b))
                && rest.trim_start().starts_with('(')
            {
                self.at += quantifier.word().len();
                return Some(*quantifier);
            }
        }
        None
    }

    /// A transformer's name and its parenthesis; `val` only where the caller takes it.
    pub(super) fn function(&mut self, val: bool) -> Option<Function> {
        for function in Function::ALL {
            let rest = self.rest().strip_prefix(function.word());
            if rest.is_some_and(|r| r.starts_with('(')) && (val || *function != Function::Val) {
                self.at += function.word().len() + 1;
                return Some(*function);
            }
        }
        None
    }

    /// A quoted text without its quotes, escapes still in it; the quote; none where no quote begins here. An open
    /// quote is an error at its place.
    pub(super) fn quoted(&mut self) -> Option<Result<(&'t str, u8), usize>> {
        let quote = *self.bytes().first().filter(|b| matches!(b, b'"' | b'\''))?;
        let mut escaped = false;
        for (index, byte) in self.bytes().iter().enumerate().skip(1) {
            if escaped {
                escaped = false;
            } else if *byte == b'\\' {
                escaped = true;
            } else if *byte == quote {
                let inner = self.rest().get(1..index).unwrap_or_default();
                self.at += index + 1;
                return Some(Ok((inner, quote)));
            }
        }
        Some(Err(self.at))
    }
}
