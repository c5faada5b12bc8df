use super::CelError;
use super::ast::{Expr, Kind, Operator};
use super::lex::{Tok, Token, lex};

/// Longest expression, in bytes.
pub(crate) const MAX_TEXT: usize = 16 * 1024;
/// Highest expression tree, and deepest nesting of brackets and conditionals.
const MAX_DEPTH: usize = 100;
const MAX_NESTING: usize = 48;

/// Words that the language keeps for later; `package` is one of them, but it is declared here.
const RESERVED: [&str; 16] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Reads an expression: the grammar of the CEL language definition, without messages (`Type{field: value}`).
pub(crate) fn parse(text: &str) -> Result<Expr, CelError> {
    if text.len() > MAX_TEXT {
        return Err(CelError::new(0, 1, format!("expression is longer than {MAX_TEXT} bytes")));
    }
    let mut parser = Parser { tokens: lex(text)?, pos: 0, nesting: 0 };
    if parser.peek() == &Tok::End {
        return Err(CelError::new(0, 1, "expression is empty"));
    }
    let expr = parser.expression()?;
    match parser.peek() {
        Tok::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end of the expression")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    pos: usize,
    nesting: usize,
}

const END: &Token = &Token { kind: Tok::End, at: 0, end: 0 };

impl Parser {
    fn token(&self) -> &Token {
        self.tokens.get(self.pos).or(self.tokens.last()).unwrap_or(END)
    }

    fn peek(&self) -> &Tok {
        &self.token().kind
    }

    fn advance(&mut self) -> Token {
        let token = self.token().clone();
        self.pos += 1;
        token
    }

    fn eat(&mut self, punct: &str) -> bool {
        let found = matches!(self.peek(), Tok::Punct(p) if *p == punct);
        self.pos += usize::from(found);
        found
    }

    fn expect(&mut self, punct: &str) -> Result<usize, CelError> {
        let end = self.token().end;
        if self.eat(punct) { Ok(end) } else { Err(self.unexpected(&format!("`{punct}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> CelError {
        let token = self.token();
        let found = match &token.kind {
            Tok::End => "the expression ends".to_owned(),
            Tok::Ident(name) | Tok::Quoted(name) => format!("found `{name}`"),
            Tok::Punct(p) => format!("found `{p}`"),
            Tok::Str(_) | Tok::Bytes(_) => "found a string".to_owned(),
            Tok::Int(_) | Tok::Uint(_) | Tok::Double(_) => "found a number".to_owned(),
        };
        let error = CelError::new(token.at, token.end - token.at, format!("expected {wanted}, but {found}"));
        match &token.kind {
            Tok::Ident(word) => match word.to_ascii_lowercase().as_str() {
                "and" => error.hint("both is written `&&`"),
                "or" => error.hint("either is written `||`"),
                "not" => error.hint("not is written `!`"),
                _ => error,
            },
            _ => error,
        }
    }

    fn make(&self, kind: Kind, at: usize, end: usize, below: usize) -> Result<Expr, CelError> {
        let depth = below + 1;
        if depth > MAX_DEPTH {
            return Err(CelError::new(at, 1, format!("expression is nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Expr { kind, at, end, depth })
    }

    fn expression(&mut self) -> Result<Expr, CelError> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(CelError::new(
                self.token().at,
                1,
                format!("brackets are nested deeper than {MAX_NESTING} levels"),
            ));
        }
        let condition = self.or()?;
        let expr = if self.eat("?") {
            let yes = self.or()?;
            self.expect(":")?;
            let no = self.expression()?;
            let (at, end) = (condition.at, no.end);
            let below = condition.depth.max(yes.depth).max(no.depth);
            self.make(Kind::Conditional(Box::new(condition), Box::new(yes), Box::new(no)), at, end, below)?
        } else {
            condition
        };
        self.nesting -= 1;
        Ok(expr)
    }

    fn or(&mut self) -> Result<Expr, CelError> {
        let mut terms = vec![self.and()?];
        while self.eat("||") {
            terms.push(self.and()?);
        }
        self.chain(terms, Kind::Or)
    }

    fn and(&mut self) -> Result<Expr, CelError> {
        let mut terms = vec![self.relation()?];
        while self.eat("&&") {
            terms.push(self.relation()?);
        }
        self.chain(terms, Kind::And)
    }

    fn chain(&self, mut terms: Vec<Expr>, kind: fn(Vec<Expr>) -> Kind) -> Result<Expr, CelError> {
        match (terms.len(), terms.pop()) {
            (1, Some(only)) => Ok(only),
            (_, Some(last)) => {
                let (at, end) = (terms.first().map_or(last.at, |t| t.at), last.end);
                terms.push(last);
                let below = terms.iter().map(|t| t.depth).max().unwrap_or(0);
                self.make(kind(terms), at, end, below)
            }
            (_, None) => Err(self.unexpected("an expression")),
        }
    }

    fn relation(&mut self) -> Result<Expr, CelError> {
        let mut left = self.addition()?;
        loop {
            let operator = match self.peek() {
                Tok::Punct("==") => Operator::Equal,
                Tok::Punct("!=") => Operator::NotEqual,
                Tok::Punct("<") => Operator::Less,
                Tok::Punct("<=") => Operator::LessOrEqual,
                Tok::Punct(">") => Operator::Greater,
                Tok::Punct(">=") => Operator::GreaterOrEqual,
                Tok::Ident(word) if word == "in" => Operator::In,
                _ => return Ok(left),
            };
            self.pos += 1;
            let right = self.addition()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn addition(&mut self) -> Result<Expr, CelError> {
        let mut left = self.multiplication()?;
        loop {
            let operator = match self.peek() {
                Tok::Punct("+") => Operator::Add,
                Tok::Punct("-") => Operator::Subtract,
                _ => return Ok(left),
            };
            self.pos += 1;
            let right = self.multiplication()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn multiplication(&mut self) -> Result<Expr, CelError> {
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek() {
                Tok::Punct("*") => Operator::Multiply,
                Tok::Punct("/") => Operator::Divide,
                Tok::Punct("%") => Operator::Remainder,
                _ => return Ok(left),
            };
            self.pos += 1;
            let right = self.unary()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn binary(&self, operator: Operator, left: Expr, right: Expr) -> Result<Expr, CelError> {
        let (at, end, below) = (left.at, right.end, left.depth.max(right.depth));
        self.make(Kind::Binary(operator, Box::new(left), Box::new(right)), at, end, below)
    }

    fn unary(&mut self) -> Result<Expr, CelError> {
        let at = self.token().at;
        let mut signs: Vec<bool> = Vec::new();
        while let Tok::Punct(sign @ ("!" | "-")) = self.peek() {
            let negate = *sign == "-";
            if signs.first().is_some_and(|first| *first != negate) {
                return Err(self.unexpected("an operand"));
            }
            signs.push(negate);
            self.pos += 1;
        }
        // The sign belongs to the number, so that -9223372036854775808 can be written.
        let signed = signs.last() == Some(&true);
        let mut expr = match (signed, self.peek()) {
            (true, Tok::Int(value)) => {
                let value = i64::try_from(-i128::from(*value))
                    .map_err(|_| CelError::new(at, self.token().end - at, "number is out of range"))?;
                signs.pop();
                let end = self.advance().end;
                let number = self.make(Kind::Int(value), at, end, 0)?;
                self.members(number)?
            }
            (true, Tok::Double(value)) => {
                let value = -*value;
                signs.pop();
                let end = self.advance().end;
                let number = self.make(Kind::Double(value), at, end, 0)?;
                self.members(number)?
            }
            _ => {
                let primary = self.primary()?;
                self.members(primary)?
            }
        };
        for negate in signs.into_iter().rev() {
            let (end, below) = (expr.end, expr.depth);
            let kind = if negate { Kind::Negate(Box::new(expr)) } else { Kind::Not(Box::new(expr)) };
            expr = self.make(kind, at, end, below)?;
        }
        Ok(expr)
    }

    fn members(&mut self, mut expr: Expr) -> Result<Expr, CelError> {
        loop {
            let at = expr.at;
            if self.eat(".") {
                let name = self.advance();
                let (Tok::Ident(field) | Tok::Quoted(field)) = name.kind else {
                    self.pos -= 1;
                    return Err(self.unexpected("a field or function name after `.`"));
                };
                if self.eat("(") {
                    let (args, end) = self.list(")")?;
                    let below = args.iter().map(|a| a.depth).max().unwrap_or(0).max(expr.depth);
                    let kind = Kind::Call { name: field, name_at: name.at, receiver: Some(Box::new(expr)), args };
                    expr = self.make(kind, at, end, below)?;
                } else {
                    let below = expr.depth;
                    let kind = Kind::Select { base: Box::new(expr), field, name_at: name.at };
                    expr = self.make(kind, at, name.end, below)?;
                }
            } else if self.eat("[") {
                let index = self.expression()?;
                let end = self.expect("]")?;
                let below = expr.depth.max(index.depth);
                expr = self.make(Kind::Index(Box::new(expr), Box::new(index)), at, end, below)?;
            } else if matches!(self.peek(), Tok::Punct("{")) {
                return Err(CelError::new(
                    self.token().at,
                    1,
                    "messages (`Type{…}`) are not part of the policy language",
                ));
            } else {
                return Ok(expr);
            }
        }
    }

    /// Expressions with commas between them up to the closing bracket, and where it ends.
    fn list(&mut self, close: &str) -> Result<(Vec<Expr>, usize), CelError> {
        let mut items = Vec::new();
        loop {
            let end = self.token().end;
            if self.eat(close) {
                return Ok((items, end));
            }
            items.push(self.expression()?);
            if !self.eat(",") {
                let end = self.expect(close)?;
                return Ok((items, end));
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, CelError> {
        let token = self.advance();
        let (at, end) = (token.at, token.end);
        let kind = match token.kind {
            Tok::Int(value) => {
                Kind::Int(i64::try_from(value).map_err(|_| CelError::new(at, end - at, "number is out of range"))?)
            }
            Tok::Uint(value) => Kind::Uint(value),
            Tok::Double(value) => Kind::Double(value),
            Tok::Str(value) => Kind::Str(value),
            Tok::Bytes(value) => Kind::Bytes(value),
            Tok::Punct("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Tok::Punct("[") => {
                let (items, end) = self.list("]")?;
                let below = items.iter().map(|i| i.depth).max().unwrap_or(0);
                return self.make(Kind::List(items), at, end, below);
            }
            Tok::Punct("{") => return self.map(at),
            // A leading dot asks for the outermost name; there is only one level of names.
            Tok::Punct(".") if matches!(self.peek(), Tok::Ident(_)) => return self.primary(),
            Tok::Ident(name) => match name.as_str() {
                "null" => Kind::Null,
                "true" => Kind::Bool(true),
                "false" => Kind::Bool(false),
                "in" => {
                    self.pos -= 1;
                    return Err(self.unexpected("an expression"));
                }
                word if RESERVED.contains(&word) => {
                    return Err(CelError::new(at, end - at, format!("`{word}` is a reserved word of the language")));
                }
                _ if self.eat("(") => {
                    let (args, end) = self.list(")")?;
                    let below = args.iter().map(|a| a.depth).max().unwrap_or(0);
                    return self.make(Kind::Call { name, name_at: at, receiver: None, args }, at, end, below);
                }
                _ => Kind::Ident(name),
            },
            _ => {
                self.pos -= 1;
                return Err(self.unexpected("an expression"));
            }
        };
        self.make(kind, at, end, 0)
    }

    fn map(&mut self, at: usize) -> Result<Expr, CelError> {
        let mut entries = Vec::new();
        let mut below = 0;
        let end = loop {
            let end = self.token().end;
            if self.eat("}") {
                break end;
            }
            let key = self.expression()?;
            self.expect(":")?;
            let value = self.expression()?;
            below = below.max(key.depth).max(value.depth);
            entries.push((key, value));
            if !self.eat(",") {
                break self.expect("}")?;
            }
        };
        self.make(Kind::Map(entries), at, end, below)
    }
}
