//! The condition language: its tree, and the parser that makes it. The grammar is libsinsp's
//! (`userspace/libsinsp/filter/parser.h` of falcosecurity/libs 0.63).

mod cursor;
mod parser;
mod tree;

pub use parser::{SyntaxError, parse, parse_operand};
pub use tree::{Check, Expression, FieldExpression, Function, Operand, Operator, Quantifier, Right, Span, Transform};
