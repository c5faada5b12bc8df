use std::fmt;

use super::cursor::Cursor;
use super::tree::{
    Check, Expression, FieldExpression, Function, Operand, Operator, Quantifier, Right, Span, Transform,
};
use crate::suggest::closest;

/// How deep the parser's own calls may nest, as in libsinsp.
const MAX_DEPTH: usize = 1000;

/// Why a condition cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where in its text.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

type Result<T> = std::result::Result<T, SyntaxError>;

/// Reads a condition; lists must be expanded already.
///
/// # Errors
/// Tells the first place that does not fit the grammar, and nesting deeper than 1,000 calls.
pub fn parse(text: &str) -> Result<Expression> {
    let mut parser = Parser { cursor: Cursor { text, at: 0 }, depth: 0 };
    let expression = parser.or()?;
    parser.cursor.blank();
    if parser.cursor.rest().is_empty() {
        return Ok(expression);
    }
    let mut error = parser.fail("unexpected text after a complete condition");
    if error.hint.is_none() {
        error.hint = Some("join conditions by `and` or `or`".to_owned());
    }
    Err(error)
}

/// Reads the field or transformer that a text begins with, and how long it is: what follows `%` in an output.
///
/// # Errors
/// As [`parse`].
pub fn parse_operand(text: &str) -> Result<(Operand, usize)> {
    let mut parser = Parser { cursor: Cursor { text, at: 0 }, depth: 0 };
    let operand = match parser.operand(false)? {
        Some(operand) => operand,
        None => return Err(parser.fail("expected a field")),
    };
    Ok((operand, parser.cursor.at))
}

struct Parser<'t> {
    cursor: Cursor<'t>,
    depth: usize,
}

impl Parser<'_> {
    fn span(&self, at: usize) -> Span {
        let text = self.cursor.text.get(at..self.cursor.at).unwrap_or_default();
        Span { at, len: text.trim_end().len() }
    }

    fn fail(&self, message: &str) -> SyntaxError {
        let rest = self.cursor.rest();
        let len = rest.find(|c: char| c.is_whitespace() || "(),".contains(c)).unwrap_or(rest.len()).clamp(1, 64);
        let word = rest.get(..len).unwrap_or_default();
        let words = Operator::ALL.iter().map(|o| o.word()).chain(["and", "or", "not"]);
        let hint = closest(word, words).filter(|w| *w != word).map(|w| format!("did you mean `{w}`?"));
        SyntaxError { span: Span { at: self.cursor.at, len }, message: message.to_owned(), hint }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth >= MAX_DEPTH {
            return Err(self.fail(&format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Expression> {
        self.nested(|p| p.chain("or", Self::and, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression> {
        self.nested(|p| p.chain("and", Self::not, Expression::And))
    }

    fn chain(
        &mut self,
        word: &str,
        next: fn(&mut Self) -> Result<Expression>,
        join: fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression> {
        self.cursor.blank();
        let first = next(self)?;
        let mut parts = vec![first];
        self.cursor.blank();
        while self.cursor.literal(word) {
            parts.push(if self.cursor.blank() {
                next(self)?
            } else if self.cursor.literal("(") {
                self.embedded()?
            } else {
                return Err(self.fail(&format!("expected a blank or `(` after `{word}`")));
            });
            self.cursor.blank();
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => join(parts),
        })
    }

    fn not(&mut self) -> Result<Expression> {
        self.nested(|p| {
            p.cursor.blank();
            let mut negated = false;
            while p.cursor.not() {
                negated = !negated;
            }
            let inner = if p.cursor.literal("not(") {
                negated = !negated;
                p.embedded()?
            } else {
                p.check()?
            };
            Ok(if negated { Expression::Not(Box::new(inner)) } else { inner })
        })
    }

    /// After `(`.
    fn embedded(&mut self) -> Result<Expression> {
        self.nested(|p| {
            let inner = p.or()?;
            p.cursor.blank();
            if p.cursor.literal(")") { Ok(inner) } else { Err(p.fail("expected `)`, `and` or `or`")) }
        })
    }

    fn check(&mut self) -> Result<Expression> {
        self.nested(|p| {
            p.cursor.blank();
            let at = p.cursor.at;
            if p.cursor.literal("(") {
                return p.embedded();
            }
            if let Some(left) = p.operand(false)? {
                return p.condition(left, at);
            }
            match p.cursor.identifier() {
                Some(name) => Ok(Expression::Macro { name: name.to_owned(), span: p.span(at) }),
                None => Err(p.fail("expected `(`, a field or the name of a macro")),
            }
        })
    }

    /// A field or a transformer, where one begins here.
    fn operand(&mut self, val: bool) -> Result<Option<Operand>> {
        let at = self.cursor.at;
        if !val && let Some(name) = self.cursor.field_name() {
            return self.field(name, at).map(Some);
        }
        let Some(function) = self.cursor.function(val) else { return Ok(None) };
        self.nested(|p| {
            let mut arguments = Vec::new();
            loop {
                p.cursor.blank();
                arguments.push(p.transformer_argument(function == Function::Val)?);
                p.cursor.blank();
                if !p.cursor.literal(",") {
                    break;
                }
            }
            if !p.cursor.literal(")") {
                return Err(p.fail("expected `)` after the transformer's argument"));
            }
            let argument = p.argument()?;
            Ok(Some(Operand::Transform(Transform { function, arguments, argument, span: p.span(at) })))
        })
    }

    fn field(&mut self, name: &str, at: usize) -> Result<Operand> {
        let argument = self.argument()?;
        Ok(Operand::Field(FieldExpression { name: name.to_owned(), argument, span: self.span(at) }))
    }

    fn argument(&mut self) -> Result<Option<String>> {
        if !self.cursor.literal("[") {
            return Ok(None);
        }
        let argument = match self.text()? {
            Some(text) => text,
            None => match self.cursor.argument_word() {
                Some(word) => word.to_owned(),
                None => return Err(self.fail("expected an argument between the brackets")),
            },
        };
        if self.cursor.literal("]") { Ok(Some(argument)) } else { Err(self.fail("expected `]`")) }
    }

    fn transformer_argument(&mut self, field_only: bool) -> Result<Operand> {
        let at = self.cursor.at;
        if field_only {
            return match self.cursor.field_name() {
                Some(name) => self.field(name, at),
                None => Err(self.fail("expected a field within `val`")),
            };
        }
        if let Some(number) = self.cursor.number() {
            return Ok(Operand::Literal(number.to_owned()));
        }
        if let Some(text) = self.text()? {
            return Ok(Operand::Literal(text));
        }
        if let Some(operand) = self.operand(false)? {
            return Ok(operand);
        }
        if !self.cursor.literal("(") {
            return Err(self.fail("expected a field, a transformer, a quoted text, a number or a list"));
        }
        self.nested(|p| {
            let mut items = Vec::new();
            p.cursor.blank();
            while !p.cursor.literal(")") {
                if !items.is_empty() && !p.cursor.literal(",") {
                    return Err(p.fail("expected `,` or `)`"));
                }
                p.cursor.blank();
                items.push(p.transformer_argument(false)?);
                p.cursor.blank();
            }
            Ok(Operand::List(items))
        })
    }

    fn condition(&mut self, left: Operand, at: usize) -> Result<Expression> {
        self.cursor.blank();
        let Some(operator) = self.cursor.operator() else {
            return Err(self.fail("expected an operator"));
        };
        let before = self.cursor.at;
        let mut quantifier = None;
        let right = match operator {
            Operator::Exists => Right::Nothing,
            Operator::In | Operator::Intersects | Operator::PathMatch => self.list_value()?,
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                self.cursor.blank();
                match self.operand_right()? {
                    Some(right) => right,
                    None => match self.cursor.number() {
                        Some(number) => Right::Value(number.to_owned()),
                        None => return Err(self.fail(&format!("expected a number after `{operator}`"))),
                    },
                }
            }
            _ => {
                if self.cursor.blank() {
                    quantifier = self.cursor.quantifier();
                }
                match quantifier {
                    Some(quantifier) => self.quantified(quantifier)?,
                    None => {
                        self.cursor.at = before;
                        self.cursor.blank();
                        match self.operand_right()? {
                            Some(right) => right,
                            None => Right::Value(self.value(&format!("expected a value after `{operator}`"))?),
                        }
                    }
                }
            }
        };
        Ok(Expression::Check(Box::new(Check { left, operator, quantifier, right, span: self.span(at) })))
    }

    fn quantified(&mut self, quantifier: Quantifier) -> Result<Right> {
        match self.list_value()? {
            Right::List(items) if items.is_empty() => {
                Err(self.fail(&format!("`{quantifier}` needs a value in its list")))
            }
            right => Ok(right),
        }
    }

    fn operand_right(&mut self) -> Result<Option<Right>> {
        // A function of any other name is a bare word, and then its parenthesis is told.
        if let Some(operand) = self.operand(true)? {
            return Ok(Some(Right::Operand(operand)));
        }
        Ok(None)
    }

    fn list_value(&mut self) -> Result<Right> {
        self.cursor.blank();
        if self.cursor.literal("(") {
            let mut items = Vec::new();
            self.cursor.blank();
            while !self.cursor.literal(")") {
                if !items.is_empty() && !self.cursor.literal(",") {
                    return Err(self.fail("expected `,` or `)` in a list"));
                }
                self.cursor.blank();
                items.push(self.value("expected a value in a list")?);
                self.cursor.blank();
            }
            return Ok(Right::List(items));
        }
        if let Some(right) = self.operand_right()? {
            return Ok(right);
        }
        match self.cursor.identifier() {
            Some(name) => Ok(Right::List(vec![name.to_owned()])),
            None => Err(self.fail("expected a list in parentheses")),
        }
    }

    fn value(&mut self, message: &str) -> Result<String> {
        if let Some(text) = self.text()? {
            return Ok(text);
        }
        match self.cursor.bare_word() {
            Some(word) => Ok(word.to_owned()),
            None => Err(self.fail(message)),
        }
    }

    /// A quoted text, unescaped, where one begins here.
    fn text(&mut self) -> Result<Option<String>> {
        let at = self.cursor.at;
        match self.cursor.quoted() {
            None => Ok(None),
            Some(Err(at)) => {
                let span = Span { at, len: 1 };
                Err(SyntaxError { span, message: "this quote is never closed".to_owned(), hint: None })
            }
            Some(Ok((inner, quote))) => unescape(inner, quote).map(Some).map_err(|(offset, message)| SyntaxError {
                span: Span { at: at + 1 + offset, len: 2 },
                message,
                hint: Some("a backslash is written `\\\\`".to_owned()),
            }),
        }
    }
}

fn unescape(inner: &str, quote: u8) -> std::result::Result<String, (usize, String)> {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next().map(|(_, c)| c) {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            // As libsinsp has it: a backslash before a blank stands for itself, and the blank goes.
            Some(' ' | '\\') => out.push('\\'),
            Some('/') => out.push('/'),
            Some(c @ ('"' | '\'')) if c == char::from(quote) => out.push(c),
            Some('x') => {
                let mut digit = || chars.next().and_then(|(_, c)| c.to_digit(16));
                match (digit(), digit()) {
                    // Values are kept as text: what is not ASCII would not be the byte that was meant.
                    (Some(high), Some(low)) if high < 8 => {
                        out.push(char::from_u32(high * 16 + low).unwrap_or_default());
                    }
                    _ => return Err((at, "`\\x` takes two hexadecimal digits up to 7f".to_owned())),
                }
            }
            Some(c) => return Err((at, format!("`\\{c}` is no escape in this quote"))),
            None => return Err((at, "a backslash ends the text".to_owned())),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
