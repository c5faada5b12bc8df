use crate::cel::types::{ObjectType, Type};
use crate::cel::{Budget, CelError, Program};
use crate::schema::Object;

/// A message with expressions in it: `{{ finding.id }} has a fix`.
#[derive(Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Value(Program),
}

impl Template {
    /// Compiles a message; faults are placed in its text.
    pub(crate) fn compile(text: &str, scope: &'static ObjectType) -> Result<Self, Vec<CelError>> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")).map(|n| at + n) {
            let start = open + 2;
            let Some(close) = text.get(start..).and_then(|rest| rest.find("}}")).map(|n| start + n) else {
                return Err(vec![CelError::new(open, 2, "`{{` has no `}}`")]);
            };
            parts.push(Part::Text(text.get(at..open).unwrap_or_default().to_owned()));
            let inner = text.get(start..close).unwrap_or_default();
            let shift = |mut error: CelError| {
                error.at += start;
                error
            };
            let program =
                Program::compile(inner, scope).map_err(|errors| errors.into_iter().map(shift).collect::<Vec<_>>())?;
            if let Type::Object(object) = program.ty {
                return Err(vec![
                    CelError::new(start, inner.len(), format!("a message cannot show a whole {}", object.name))
                        .hint("name one of its fields"),
                ]);
            }
            parts.push(Part::Value(program));
            at = close + 2;
        }
        parts.push(Part::Text(text.get(at..).unwrap_or_default().to_owned()));
        Ok(Self { parts })
    }

    /// The message about a subject; what cannot be computed shows as `?`, for the rule has spoken in any case.
    pub(crate) fn render(&self, root: Object<'_>, budget: &Budget) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(program) => match program.evaluate(root, budget) {
                    Ok(value) => out.push_str(&value.display()),
                    Err(_) => out.push('?'),
                },
            }
        }
        // One line, whatever is in a package's name or a finding's title.
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
