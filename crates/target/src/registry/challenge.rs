//! What a registry wants to know (`WWW-Authenticate`,
//! [RFC 9110, 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)).

/// One challenge.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token, to be had at `realm` for `service`.
    Bearer { realm: String, service: Option<String> },
}

/// Parameters beyond this number are not looked at.
const MAX_PARAMETERS: usize = 64;

/// The challenge that is taken up: a token before a password, since it says less.
pub(super) fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = false;
    for header in headers {
        for (scheme, parameters) in read(header) {
            let value = |name: &str| {
                parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
            };
            if scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = value("realm")
            {
                return Some(Challenge::Bearer { realm, service: value("service") });
            }
            basic |= scheme.eq_ignore_ascii_case("basic");
        }
    }
    basic.then_some(Challenge::Basic)
}

type Parameters = Vec<(String, String)>;

/// Schemes and their parameters. What is not of the grammar ends the reading.
fn read(header: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    let mut rest = header;
    for _ in 0..MAX_PARAMETERS {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let length = rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"')).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        if word.is_empty() {
            break;
        }
        let Some(text) = after.trim_start().strip_prefix('=') else {
            found.push((word.to_owned(), Vec::new()));
            rest = after;
            continue;
        };
        let Some((value, after)) = value(text.trim_start()) else { break };
        let Some((_, parameters)) = found.last_mut() else { break };
        parameters.push((word.to_owned(), value));
        rest = after;
    }
    found
}

/// A word or a quoted text, and what comes after it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let length = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
        let (word, after) = text.split_at(length);
        return Some((word.to_owned(), after));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, quoted.get(at.saturating_add(1)..)?)),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        let one = |header: &str| choose([header].into_iter());
        assert_eq!(
            one(r#"Bearer realm="https://a/t",service="s",scope="x:y:pull,push""#),
            bearer("https://a/t", Some("s"))
        );
        assert_eq!(one(r#"bearer realm = https://a/t , service="a \"b\"""#), bearer("https://a/t", Some("a \"b\"")));
        assert_eq!(one(r#"Basic realm="x, Bearer realm=y""#), Some(Challenge::Basic));
        assert_eq!(one(r#"Basic realm="x", Bearer realm="https://a""#), bearer("https://a", None));
        assert_eq!(choose(["Negotiate", "Basic"].into_iter()), Some(Challenge::Basic));
        for nothing in ["", "Bearer", "Bearer realm=\"open", "=x", "Digest realm=\"x\"", ",,,", "Bearer service=\"s\""]
        {
            assert_eq!(one(nothing), None, "{nothing}");
        }
        assert_eq!(one(&"a,".repeat(100_000)), None);
    }
}
