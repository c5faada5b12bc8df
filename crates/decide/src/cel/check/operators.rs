use crate::cel::ast::Operator;
use crate::cel::types::Type;

/// The type of an operator's result; `None` where it does not work on these operands.
pub(super) fn binary_type(operator: Operator, left: &Type, right: &Type) -> Option<Type> {
    use Operator::{
        Add, Divide, Equal, Greater, GreaterOrEqual, In, Less, LessOrEqual, Multiply, NotEqual, Remainder, Subtract,
    };
    let dynamic = left.is_dyn() || right.is_dyn();
    match operator {
        Equal | NotEqual => left.comparable(right).then_some(Type::Bool),
        Less | LessOrEqual | Greater | GreaterOrEqual => {
            let ordered = |t: &Type| {
                t.is_numeric()
                    || matches!(
                        t,
                        Type::Dyn
                            | Type::Bool
                            | Type::Str
                            | Type::Bytes
                            | Type::Timestamp
                            | Type::Duration
                            | Type::Severity
                    )
            };
            (ordered(left) && ordered(right) && left.comparable(right)).then_some(Type::Bool)
        }
        In => match right {
            Type::Dyn => Some(Type::Bool),
            Type::List(of) => left.comparable(of).then_some(Type::Bool),
            Type::Map(key, _) => left.comparable(key).then_some(Type::Bool),
            _ => None,
        },
        Add => match (left, right) {
            (Type::List(a), Type::List(b)) => Some(Type::list((**a).clone().join((**b).clone()))),
            (Type::Str, Type::Str) | (Type::Bytes, Type::Bytes) | (Type::Duration, Type::Duration) => {
                Some(left.clone())
            }
            (Type::Timestamp, Type::Duration) | (Type::Duration, Type::Timestamp) => Some(Type::Timestamp),
            (a, b) if a.is_numeric() && a == b => Some(a.clone()),
            _ if dynamic => Some(Type::Dyn),
            _ => None,
        },
        Subtract => match (left, right) {
            (Type::Timestamp, Type::Timestamp) | (Type::Duration, Type::Duration) => Some(Type::Duration),
            (Type::Timestamp, Type::Duration) => Some(Type::Timestamp),
            (a, b) if a.is_numeric() && a == b => Some(a.clone()),
            _ if dynamic => Some(Type::Dyn),
            _ => None,
        },
        Multiply | Divide => match (left, right) {
            (a, b) if a.is_numeric() && a == b => Some(a.clone()),
            _ if dynamic => Some(Type::Dyn),
            _ => None,
        },
        Remainder => match (left, right) {
            (Type::Int, Type::Int) | (Type::Uint, Type::Uint) => Some(left.clone()),
            _ if dynamic => Some(Type::Dyn),
            _ => None,
        },
    }
}
