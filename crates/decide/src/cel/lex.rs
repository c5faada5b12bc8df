use super::CelError;

/// One token and where it stands in the expression, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Tok,
    pub(crate) at: usize,
    pub(crate) end: usize,
}

/// What a token is. Numbers are unsigned here: the parser applies the sign, so that the least integer can be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tok {
    Ident(String),
    /// A field's name in backticks: `` labels.`org.example/team` ``.
    Quoted(String),
    Int(u64),
    Uint(u64),
    Double(f64),
    Str(String),
    Bytes(Vec<u8>),
    Punct(&'static str),
    End,
}

const PUNCTUATION: [&str; 26] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}", "=", "&",
];

/// Cuts an expression into tokens; the last one is [`Tok::End`].
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, CelError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        if c.is_ascii_whitespace() || c == '\u{c}' {
            at += 1;
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some((kind, len)) = string(rest, at)? {
            tokens.push(Token { kind, at, end: at + len });
            at += len;
        } else if c.is_ascii_alphabetic() || c == '_' {
            let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token { kind: Tok::Ident(rest.get(..len).unwrap_or_default().to_owned()), at, end: at + len });
            at += len;
        } else if c == '`' {
            let name = rest.get(1..).unwrap_or_default().split('`').next().unwrap_or_default();
            let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ' '));
            let len = name.len() + 2;
            if name.is_empty() || !fits || rest.len() < len {
                return Err(CelError::new(at, 1, "backticks hold the name of a field")
                    .hint("write `.`, letters, digits, `_`, `-` and `/` only"));
            }
            tokens.push(Token { kind: Tok::Quoted(name.to_owned()), at, end: at + len });
            at += len;
        } else if c.is_ascii_digit() || (c == '.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)) {
            let (kind, len) = number(rest, at)?;
            tokens.push(Token { kind, at, end: at + len });
            at += len;
        } else if let Some(punct) = PUNCTUATION.iter().find(|p| rest.starts_with(**p)) {
            let hint = match *punct {
                "=" => Some("equality is written `==`"),
                "&" => Some("both is written `&&`"),
                _ => None,
            };
            if let Some(hint) = hint {
                return Err(CelError::new(at, 1, format!("`{punct}` is not an operator")).hint(hint));
            }
            tokens.push(Token { kind: Tok::Punct(punct), at, end: at + punct.len() });
            at += punct.len();
        } else {
            let error = CelError::new(at, c.len_utf8(), format!("unexpected character `{}`", c.escape_debug()));
            return Err(if matches!(c, '“' | '”' | '‘' | '’') {
                error.hint("use straight quotes, \" or '")
            } else {
                error
            });
        }
    }
    tokens.push(Token { kind: Tok::End, at: text.len(), end: text.len() });
    Ok(tokens)
}

fn number(rest: &str, at: usize) -> Result<(Tok, usize), CelError> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let out_of_range = |len: usize| CelError::new(at, len, "number is out of range");
    let (value, mut len) = if rest.starts_with("0x") || rest.starts_with("0X") {
        let hex = bytes.iter().skip(2).take_while(|b| b.is_ascii_hexdigit()).count();
        let len = 2 + hex;
        (u64::from_str_radix(rest.get(2..len).unwrap_or_default(), 16).map_err(|_| out_of_range(len))?, len)
    } else {
        let mut len = digits(0);
        let mut double = false;
        if bytes.get(len) == Some(&b'.') && bytes.get(len + 1).is_some_and(u8::is_ascii_digit) {
            double = true;
            len += 1 + digits(len + 1);
        }
        if matches!(bytes.get(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
            let exponent = digits(len + 1 + sign);
            if exponent > 0 {
                double = true;
                len += 1 + sign + exponent;
            }
        }
        let text = rest.get(..len).unwrap_or_default();
        if double {
            return Ok((Tok::Double(text.parse().map_err(|_| out_of_range(len))?), len));
        }
        (text.parse().map_err(|_| out_of_range(len))?, len)
    };
    let unsigned = matches!(bytes.get(len), Some(b'u' | b'U'));
    len += usize::from(unsigned);
    if bytes.get(len).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return Err(CelError::new(at, len + 1, "a number must not be followed by a letter"));
    }
    Ok((if unsigned { Tok::Uint(value) } else { Tok::Int(value) }, len))
}

/// A string or bytes literal at the start of `rest`, and its length; `None` where none starts here.
fn string(rest: &str, at: usize) -> Result<Option<(Tok, usize)>, CelError> {
    let prefix = rest.bytes().take(3).take_while(|b| matches!(b, b'r' | b'R' | b'b' | b'B')).count();
    let letters = rest.get(..prefix).unwrap_or_default().to_ascii_lowercase();
    let body = rest.get(prefix..).unwrap_or_default();
    if !body.starts_with(['"', '\'']) || !matches!(letters.as_str(), "" | "r" | "b" | "br" | "rb") {
        return Ok(None);
    }
    let (raw, bytes) = (letters.contains('r'), letters.contains('b'));
    let quote = body.get(..1).unwrap_or_default();
    let triple = quote.repeat(3);
    let delimiter = if body.starts_with(&triple) { triple.as_str() } else { quote };
    let mut out: Vec<u8> = Vec::new();
    let mut pos = delimiter.len();
    loop {
        let tail = body.get(pos..).unwrap_or_default();
        if tail.starts_with(delimiter) {
            break;
        }
        let Some(c) = tail.chars().next() else {
            return Err(CelError::new(at, 1, "this string is not closed"));
        };
        if delimiter.len() == 1 && matches!(c, '\n' | '\r') {
            return Err(CelError::new(at, 1, "this string is not closed on its line"));
        }
        if c == '\\' && !raw {
            let (decoded, len) = escape(tail, bytes).ok_or_else(|| {
                CelError::new(at + prefix + pos, 2, "unknown escape sequence")
                    .hint("write `\\\\` for a backslash, or use a raw string: r\"…\"")
            })?;
            match decoded {
                Escaped::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                Escaped::Byte(b) => out.push(b),
            }
            pos += len;
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            pos += c.len_utf8();
        }
    }
    let len = prefix + pos + delimiter.len();
    let kind = if bytes {
        Tok::Bytes(out)
    } else {
        Tok::Str(String::from_utf8(out).map_err(|_| CelError::new(at, len, "string is not valid UTF-8"))?)
    };
    Ok(Some((kind, len)))
}

enum Escaped {
    Char(char),
    Byte(u8),
}

fn escape(tail: &str, bytes: bool) -> Option<(Escaped, usize)> {
    let code = *tail.as_bytes().get(1)?;
    let simple = match code {
        b'a' => Some('\u{7}'),
        b'b' => Some('\u{8}'),
        b'f' => Some('\u{c}'),
        b'n' => Some('\n'),
        b'r' => Some('\r'),
        b't' => Some('\t'),
        b'v' => Some('\u{b}'),
        b'\\' | b'?' | b'"' | b'\'' | b'`' => Some(char::from(code)),
        _ => None,
    };
    if let Some(c) = simple {
        return Some((Escaped::Char(c), 2));
    }
    let (start, len, radix) = match code {
        b'x' | b'X' => (2, 2, 16),
        b'u' if !bytes => (2, 4, 16),
        b'U' if !bytes => (2, 8, 16),
        b'0'..=b'3' => (1, 3, 8),
        _ => return None,
    };
    let digits = tail.get(start..start + len)?;
    if !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let value = u32::from_str_radix(digits, radix).ok()?;
    let escaped = if bytes { Escaped::Byte(u8::try_from(value).ok()?) } else { Escaped::Char(char::from_u32(value)?) };
    Some((escaped, start + len))
}
