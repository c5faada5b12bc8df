use super::value::Value;
use super::{Budget, Program};
use crate::schema::{FINDING_SCOPE, Object, REPORT_SCOPE};

#[expect(clippy::disallowed_methods, reason = "a test reads a file of this repository")]
fn testdata(name: &str) -> String {
    let path = format!("{}/../../testdata/policy/cel/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    out
}

/// The value as text with its type, or `error`: by the checker or by the evaluation.
fn outcome(expression: &str) -> String {
    fn show(value: &Value<'_>) -> String {
        match value {
            Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            Value::Map(entries) => {
                let mut shown: Vec<String> = entries.iter().map(|(k, v)| format!("{}: {}", show(k), show(v))).collect();
                shown.sort();
                format!("{{{}}}", shown.join(", "))
            }
            Value::Bytes(bytes) => format!("bytes {bytes:?}"),
            Value::Str(text) => format!("string {text:?}"),
            other => format!("{} {}", other.type_name(), other.display()),
        }
    }
    match Program::compile(expression, &crate::schema::NOTHING) {
        Ok(program) => match program.evaluate(Object::Nothing, &Budget::new(1_000_000)) {
            Ok(value) => show(&value),
            Err(_) => "error".to_owned(),
        },
        Err(errors) => {
            if errors.is_empty() {
                "no error".to_owned()
            } else {
                "error".to_owned()
            }
        }
    }
}

/// Expressions and results of the language's own conformance tests (cel-spec `tests/simple`, facts only), and those that
/// differ on purpose, each with its reason.
#[test]
fn the_language_is_cel() {
    let differs = testdata("differs.tsv");
    let differs: std::collections::BTreeMap<&str, &str> =
        differs.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')).collect();
    let cases = testdata("conformance.tsv");
    let mut failures = Vec::new();
    let mut seen = 0;
    for line in cases.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, expression, expected] = fields[..] else { panic!("not three fields: {line}") };
        let (expression, expected) = (unescape(expression), unescape(expected));
        let found = outcome(&expression);
        let wanted = if expected == "error" { expected } else { outcome(&expected) };
        seen += 1;
        match (found == wanted, differs.contains_key(name)) {
            (true, false) | (false, true) => {}
            (true, true) => failures.push(format!("{name} is as it should be: take it out of differs.tsv")),
            (false, false) => failures.push(format!("{name}: {expression}\n    is {found}, not {wanted}")),
        }
    }
    assert!(seen > 1_000, "{seen} cases");
    assert!(failures.is_empty(), "{} of {seen}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn faults_are_told_where_they_are() {
    for (expression, at, message, hint) in [
        ("finding.severty == severity('high')", 8, "finding has no field `severty`", Some("did you mean `severity`?")),
        ("findng.id == 'x'", 0, "`findng` is not known here", Some("did you mean `finding`?")),
        (
            "finding.severity >= 'high'",
            0,
            "`>=` does not work on severity and string",
            Some("write severity(\"high\")"),
        ),
        (
            "finding.severity >= severity('hihg')",
            20,
            "`hihg` is not a severity (unknown, negligible, low, medium, high, critical)",
            None,
        ),
        ("finding.id.startWith('CVE')", 11, "there is no function `startWith`", Some("did you mean `startsWith`?")),
        (
            "finding.id.startsWith(1)",
            11,
            "there is no `string.startsWith(int)`",
            Some("there is string.startsWith(string)"),
        ),
        ("finding.id && true", 0, "`&&` needs a bool, but this is string", None),
        ("finding.id == 1", 0, "string and int are never equal", None),
        ("finding.aliases.exists(a, a == 1)", 26, "string and int are never equal", None),
        (
            "finding.published > '2026-01-01'",
            0,
            "`>` does not work on timestamp and string",
            Some("write timestamp(\"2026-01-31\")"),
        ),
        ("finding.id.matches('(')", 19, "the pattern is not a regular expression: unclosed group", None),
        ("finding.id = 'x'", 11, "`=` is not an operator", Some("equality is written `==`")),
        (
            "finding.id == 'x' and true",
            18,
            "expected an operator or the end of the expression, but found `and`",
            Some("both is written `&&`"),
        ),
        ("finding.id == 'x", 14, "this string is not closed", None),
        ("[1].all(x, [1].all(y, [1].all(z, [1].all(w, true))))", 33, "loops are nested deeper than 3 levels", None),
        ("has(finding)", 4, "`has` asks for a field", Some("write has(something.field)")),
        (
            "finding.fix",
            0,
            "a condition must be bool, but this is fix",
            Some("compare it with something, such as `… == …`"),
        ),
    ] {
        let errors = Program::condition(expression, &FINDING_SCOPE).expect_err(expression);
        let first = &errors[0];
        assert_eq!((first.at, first.message.as_str(), first.hint.as_deref()), (at, message, hint), "{expression}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let errors =
        Program::condition("finding.a == 1 && finding.b == 2 || nothing", &FINDING_SCOPE).expect_err("three faults");
    assert_eq!(errors.iter().map(|e| e.at).collect::<Vec<_>>(), [8, 26, 36]);
}

#[test]
fn depth_and_size_are_bounded() {
    for expression in [
        "(".repeat(100_000),
        "[".repeat(10_000),
        "!".repeat(10_000) + "true",
        "-".repeat(10_000) + "1",
        "a.".repeat(5_000) + "a",
        "1+".repeat(5_000) + "1",
        "true?".repeat(3_000) + "1" + &":1".repeat(3_000),
        "x".repeat(20_000),
        "f(".repeat(5_000),
    ] {
        assert!(Program::compile(&expression, &REPORT_SCOPE).is_err());
    }
    let long = vec!["true"; 2_000].join(" && ");
    assert!(Program::compile(&long, &REPORT_SCOPE).is_ok(), "a long condition is not a deep one");
}

#[test]
fn work_is_bounded() {
    let list = format!("[{}]", vec!["1"; 1_000].join(","));
    let bomb = format!("{list}.all(x, {list}.all(y, {list}.all(z, x + y + z > 0)))");
    let program = Program::condition(&bomb, &crate::schema::NOTHING).expect("it is well-formed");
    let error = program.holds(Object::Nothing, &Budget::new(100_000)).expect_err("a thousand million steps");
    assert_eq!(error.message, "the condition takes too much work to evaluate");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[a-z.()\\[\\]{}?:,&|!<>=+\\-*/% \"'\\\\0-9é\n]{0,80}") {
        if let Ok(program) = Program::compile(&text, &crate::schema::NOTHING) {
            let _ = program.evaluate(Object::Nothing, &Budget::new(10_000));
        }
    }
}
