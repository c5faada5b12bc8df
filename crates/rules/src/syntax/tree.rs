use std::fmt;

/// A place in a condition's text, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub at: usize,
    /// How many bytes.
    pub len: usize,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// All of them hold.
    And(Vec<Expression>),
    /// One of them holds.
    Or(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// A macro, by its name.
    Macro {
        /// The name.
        name: String,
        /// Where it stands.
        span: Span,
    },
    /// A field is compared.
    Check(Box<Check>),
}

/// A field or a transformed field beside what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is compared.
    pub left: Operand,
    /// How.
    pub operator: Operator,
    /// `oneof`, `anyof` or `allof`, where the right side is a list of single values.
    pub quantifier: Option<Quantifier>,
    /// With what.
    pub right: Right,
    /// Where it stands.
    pub span: Span,
}

/// What a check looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A field.
    Field(FieldExpression),
    /// A transformed operand.
    Transform(Transform),
    /// A constant within a transformer.
    Literal(String),
    /// A list within a transformer.
    List(Vec<Operand>),
}

/// `name[argument]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldExpression {
    /// The name, with its dots.
    pub name: String,
    /// What stands in brackets.
    pub argument: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// `function(arguments)[argument]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transform {
    /// The function.
    pub function: Function,
    /// What it is applied to.
    pub arguments: Vec<Operand>,
    /// What stands in brackets after it.
    pub argument: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// The right side of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// None: `exists`.
    Nothing,
    /// A constant.
    Value(String),
    /// Constants.
    List(Vec<String>),
    /// Another field (`val(field)`) or a transformed one.
    Operand(Operand),
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident $word:literal)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is named as it is written in rules")]
        pub enum $name { $($variant),* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it is written.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

words! {
    /// How a field is compared. `==` is [`Operator::Equal`].
    Operator {
        Exists "exists" Equal "=" NotEqual "!=" LessOrEqual "<=" Less "<" GreaterOrEqual ">=" Greater ">"
        Contains "contains" ContainsAnyCase "icontains" ContainsBytes "bcontains"
        StartsWith "startswith" StartsWithBytes "bstartswith" EndsWith "endswith"
        Glob "glob" GlobAnyCase "iglob" Regex "regex"
        In "in" Intersects "intersects" PathMatch "pmatch"
    }
}

words! {
    /// How many of the values on the right must fit.
    Quantifier { OneOf "oneof" AnyOf "anyof" AllOf "allof" }
}

words! {
    /// What a transformer does; `b64` decodes.
    Function {
        ToLower "tolower" ToUpper "toupper" Base64 "b64" Basename "basename" Len "len" Join "join" Concat "concat"
        Getopt "getopt" Val "val"
    }
}

impl fmt::Display for FieldExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.argument {
            Some(argument) => write!(f, "{}[{argument}]", self.name),
            None => f.write_str(&self.name),
        }
    }
}
