use super::{SyntaxError, parse};
use crate::syntax::{Check, Expression, Operand, Operator, Quantifier, Right};

fn check(text: &str) -> Check {
    match parse(text) {
        Ok(Expression::Check(check)) => *check,
        other => panic!("{text}: {other:?}"),
    }
}

fn field(check: &Check) -> String {
    match &check.left {
        Operand::Field(field) => field.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn checks_are_read() {
    let words = |words: &[&str]| Right::List(words.iter().map(|w| (*w).to_owned()).collect());
    let value = |text: &str| Right::Value(text.to_owned());
    for (text, name, operator, right) in [
        ("fd.name=/etc/x", "fd.name", Operator::Equal, value("/etc/x")),
        ("fd.name == /etc/x", "fd.name", Operator::Equal, value("/etc/x")),
        ("fd.num>=0", "fd.num", Operator::GreaterOrEqual, value("0")),
        ("fd.num < -1", "fd.num", Operator::Less, value("-1")),
        ("fd.num <= 0x1F", "fd.num", Operator::LessOrEqual, value("0x1F")),
        ("proc.aname[2]!='a b'", "proc.aname[2]", Operator::NotEqual, value("a b")),
        ("proc.name exists", "proc.name", Operator::Exists, Right::Nothing),
        ("proc.name in(a,\"b c\" , d)", "proc.name", Operator::In, words(&["a", "b c", "d"])),
        ("proc.name in ()", "proc.name", Operator::In, words(&[])),
        ("proc.name in shells", "proc.name", Operator::In, words(&["shells"])),
        ("proc.name intersects (a)", "proc.name", Operator::Intersects, words(&["a"])),
        ("fd.name pmatch (/a)", "fd.name", Operator::PathMatch, words(&["/a"])),
        (
            "container.mount.dest[/proc*] icontains \"a\\\"\\\\b\"",
            "container.mount.dest[/proc*]",
            Operator::ContainsAnyCase,
            value("a\"\\b"),
        ),
        ("proc.name startswith runc:[", "proc.name", Operator::StartsWith, value("runc:[")),
    ] {
        let check = check(text);
        assert_eq!((field(&check).as_str(), check.operator, &check.right), (name, operator, &right), "{text}");
    }
    assert_eq!(check("proc.name contains oneof (a, b)").quantifier, Some(Quantifier::OneOf));
    // A word that is no list's beginning is a value.
    assert_eq!(check("proc.name contains oneof").right, value("oneof"));
    assert!(matches!(check("proc.name = val(proc.pname)").right, Right::Operand(_)));
    assert!(matches!(check("len(tolower(proc.name)) > 3").left, Operand::Transform(_)));
}

#[test]
fn conditions_are_joined() {
    let shape = |text: &str| {
        fn shape(expression: &Expression) -> String {
            let all = |parts: &[Expression], sign: &str| parts.iter().map(shape).collect::<Vec<_>>().join(sign);
            match expression {
                Expression::And(parts) => format!("({})", all(parts, "&")),
                Expression::Or(parts) => format!("({})", all(parts, "|")),
                Expression::Not(inner) => format!("!{}", shape(inner)),
                Expression::Macro { name, .. } => name.clone(),
                Expression::Check(check) => check.operator.to_string(),
            }
        }
        parse(text).map(|e| shape(&e)).map_err(|e| (e.span.at, e.message))
    };
    for (text, wanted) in [
        ("a and b or c and not d", "((a&b)|(c&!d))"),
        ("not not a", "a"),
        ("not(a or b)and(c)or(d)", "((!(a|b)&c)|d)"),
        ("  ( a\n\tor (b) ) ", "(a|b)"),
        ("not a and b", "(!a&b)"),
        ("nota", "nota"),
        ("or_more", "or_more"),
    ] {
        assert_eq!(shape(text), Ok(wanted.to_owned()), "{text}");
    }
}

#[test]
fn faults_are_told_with_their_place() {
    let fault = |text: &str| match parse(text) {
        Err(SyntaxError { span, message, hint }) => (span.at, message, hint),
        Ok(expression) => panic!("{text}: {expression:?}"),
    };
    assert_eq!(fault("a b").0, 2);
    assert_eq!(
        fault("proc.name startwith x"),
        (10, "expected an operator".to_owned(), Some("did you mean `startswith`?".to_owned()))
    );
    assert_eq!(fault("(a or b").1, "expected `)`, `and` or `or`");
    assert_eq!(fault("proc.name = 'x").1, "this quote is never closed");
    assert_eq!(fault("proc.name = 'x\\q'").0, 14);
    assert_eq!(fault("fd.num > x").1, "expected a number after `>`");
    assert_eq!(fault("").0, 0);
    assert_eq!(fault("a and").0, 5);
    assert_eq!(fault("proc.aname[").1, "expected an argument between the brackets");
    assert_eq!(fault("proc.name in (a b)").0, 16);
    let deep = "(".repeat(100_000);
    assert!(fault(&deep).1.starts_with("nested deeper"));
    let negations = "not ".repeat(100_000) + "a";
    assert!(parse(&negations).is_ok());
}

/// Deep, but within the limit.
#[test]
fn nesting_has_room() {
    assert!(parse(&format!("{}a{}", "(".repeat(150), ")".repeat(150))).is_ok());
}
