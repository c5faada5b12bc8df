use std::sync::Arc;

use seawall_io::{Limits, sha256};
use seawall_target::{RegistryOptions, TargetError, open_registry};

use crate::pushed::{Pushed, image, read};
use crate::server::{Reply, Request, Server, Then, honest, part, redirect};
use crate::{impatient, log_in, open, options, platform};

/// A registry that is honest but for what the closure answers.
fn but(answer: impl Fn(&Request, usize, &Pushed) -> Option<Reply> + Send + Sync + 'static) -> (Server, Arc<Pushed>) {
    let pushed = Arc::new(image("app:1"));
    let kept = pushed.clone();
    let server =
        Server::start(move |request, number| answer(request, number, &kept).unwrap_or_else(|| honest(request, &kept)));
    (server, pushed)
}

fn name(server: &Server) -> String {
    format!("{}/team/app:1", server.host)
}

/// The large layer, which the closures below deal with.
fn is_layer(request: &Request, pushed: &Pushed) -> bool {
    request.path.ends_with(&pushed.layers[1])
}

fn blob(pushed: &Pushed) -> &[u8] {
    &pushed.blobs[&pushed.layers[1]]
}

/// The error of reading the large layer.
fn layer_error(server: &Server, pushed: &Pushed) -> String {
    layer_error_with(server, pushed, &options())
}

fn layer_error_with(server: &Server, pushed: &Pushed, options: &RegistryOptions) -> String {
    let image = open(&name(server), options).expect("opens");
    let error = read(&image, 1).expect_err("an error");
    assert!(error.contains(&pushed.layers[1]), "the digest is named: {error}");
    assert!(!error.contains("SECRET"), "{error}");
    error
}

fn open_error(server: &Server) -> TargetError {
    let error = open(&name(server), &options()).expect_err("an error");
    assert!(!error.to_string().contains("SECRET"), "{error}");
    error
}

#[test]
fn an_honest_one_is_read() {
    let (server, pushed) = but(|_, _, _| None);
    pushed.check(&open(&name(&server), &options()).expect("opens"));
    let by_digest = format!("{}/team/app@{}", server.host, pushed.digest());
    pushed.check(&open(&by_digest, &options()).expect("opens"));
    assert!(server.requests().iter().all(|r| r.header("authorization").is_none()));
    assert!(server.requests().iter().any(|r| r.header("accept").is_some_and(|a| a.contains("image.index.v1"))));
}

#[test]
fn one_that_stalls_is_given_up() {
    let (server, _) =
        but(|r, _, p| r.path.contains("manifests").then(|| Reply::new(200, &p.manifest).cut(10).then(Then::Stall)));
    let error = open(&name(&server), &impatient(1)).expect_err("an error");
    assert!(matches!(error, TargetError::Remote { .. }), "{error}");
    assert_eq!(server.count("manifests"), 3, "as often as asked for");
    let (server, pushed) =
        but(|r, _, p| is_layer(r, p).then(|| Reply::new(200, b"").stating(blob(p).len()).then(Then::Stall)));
    layer_error_with(&server, &pushed, &impatient(1));
}

#[test]
fn a_layer_that_stalls_or_breaks_off_goes_on_where_it_was() {
    for then in [Then::Stall, Then::Close] {
        let (server, pushed) = but(move |r, number, p| {
            let reply = part(r, blob(p));
            // Three parts; each stands for a new beginning only with the attempts that are left.
            (is_layer(r, p) && number < 3).then(|| reply.cut(100_000).then(then))
        });
        pushed.check(&open(&name(&server), &impatient(4)).expect("opens"));
        let ranges: Vec<_> = server.requests().iter().filter(|r| is_layer(r, &pushed)).map(Request::range).collect();
        assert_eq!(ranges, [None, Some(100_000), Some(200_000)]);
    }
}

#[test]
fn one_that_trickles_is_given_up() {
    let (server, pushed) = but(|r, _, p| {
        is_layer(r, p).then(|| Reply::new(200, &blob(p)[..9]).stating(blob(p).len()).then(Then::Trickle))
    });
    let begun = std::time::Instant::now();
    let error = layer_error_with(&server, &pushed, &impatient(2));
    assert!(error.contains("too slowly"), "{error}");
    // At that pace all of it would take hours.
    assert!(begun.elapsed().as_secs() < 60);
    assert_eq!(server.count(&pushed.layers[1]), 3);
}

#[test]
fn one_that_is_busy_when_a_layer_goes_on_is_waited_for() {
    let (server, pushed) = but(|r, number, p| {
        is_layer(r, p).then(|| match number {
            1 => part(r, blob(p)).cut(100_000),
            2 => Reply::new(429, b"SECRET").header("Retry-After", "0"),
            _ => part(r, blob(p)),
        })
    });
    pushed.check(&open(&name(&server), &options()).expect("opens"));
    let ranges: Vec<_> = server.requests().iter().filter(|r| is_layer(r, &pushed)).map(Request::range).collect();
    assert_eq!(ranges, [None, Some(100_000), Some(100_000)]);
}

#[test]
fn a_part_that_was_not_asked_for_is_refused() {
    let (server, pushed) =
        but(|r, _, p| is_layer(r, p).then(|| Reply::new(206, blob(p)).header("Content-Range", "bytes 0-9/10")));
    assert!(layer_error(&server, &pushed).contains("status 206"));
    assert_eq!(server.count(&pushed.layers[1]), 1, "it is not asked again");
}

#[test]
fn a_range_that_cannot_be_had_is_an_error() {
    let (server, pushed) = but(|r, number, p| {
        is_layer(r, p).then(|| if number == 1 { part(r, blob(p)).cut(1_000) } else { Reply::new(416, b"SECRET") })
    });
    assert!(layer_error(&server, &pushed).contains("status 416"));
}

#[test]
fn one_that_ignores_ranges_is_read_from_the_beginning() {
    let (server, pushed) = but(|r, number, p| {
        let whole = Reply::new(200, blob(p));
        is_layer(r, p).then(|| if number == 1 { whole.cut(100_001) } else { whole })
    });
    pushed.check(&open(&name(&server), &options()).expect("opens"));
    assert_eq!(server.count(&pushed.layers[1]), 2);
}

#[test]
fn another_part_than_asked_for_is_refused() {
    let (server, pushed) = but(|r, number, p| {
        let other = Reply::new(206, &blob(p)[7..]).header("Content-Range", "bytes 7-9/9");
        is_layer(r, p).then(|| if number == 1 { Reply::new(200, blob(p)).cut(1_000) } else { other })
    });
    assert!(layer_error(&server, &pushed).contains("another part"));
}

#[test]
fn one_that_breaks_off_after_every_byte_is_given_up() {
    let (server, pushed) = but(|r, _, p| {
        is_layer(r, p).then(|| {
            let from = r.range().unwrap_or(0);
            part(r, blob(p)).cut(from.min(1) + 1)
        })
    });
    layer_error(&server, &pushed);
    assert_eq!(server.count(&pushed.layers[1]), 3);
}

#[test]
fn lies_about_length_are_named() {
    for extra in [-1isize, 1, 1 << 40] {
        let (server, pushed) = but(move |r, _, p| {
            is_layer(r, p).then(|| Reply::new(200, blob(p)).stating(blob(p).len().saturating_add_signed(extra)))
        });
        let error = layer_error(&server, &pushed);
        assert!(error.contains("where the manifest promises"), "{error}");
    }
    // Without a stated length: too much, too little, and no end.
    for (change, then, reason) in
        [(1isize, Then::Close, "more than the"), (-1, Then::Close, "broke off"), (0, Then::Endless, "more than the")]
    {
        let (server, pushed) = but(move |r, _, p| {
            let mut bytes = blob(p).to_vec();
            bytes.resize(bytes.len().saturating_add_signed(change), 0);
            is_layer(r, p).then(|| Reply::new(200, &bytes).chunked().then(then))
        });
        let error = layer_error(&server, &pushed);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn credentials_do_not_follow_a_redirect() {
    let pushed = Arc::new(image("app:1"));
    let kept = pushed.clone();
    let other = Server::start(move |request, _| honest(request, &kept));
    let target = other.host.clone();
    let kept = pushed.clone();
    let server = Server::start(move |request, _| match request.header("authorization") {
        None => Reply::new(401, b"").header("WWW-Authenticate", "Basic realm=\"x\""),
        Some(_) if request.path.contains("/blobs/") => redirect(&format!("http://{target}{}?sig=1", request.path)),
        Some(_) => honest(request, &kept),
    });
    // The query is of the other host's address only.
    let folder = tempfile::tempdir().expect("a folder");
    let options = RegistryOptions { credentials: log_in(folder.path(), &server.host, "u:p"), ..options() };
    let error = open(&name(&server), &options);
    let seen = other.requests();
    assert!(!seen.is_empty(), "{error:?}");
    assert!(seen.iter().all(|r| r.header("authorization").is_none() && r.header("cookie").is_none()));
    assert!(server.requests().iter().any(|r| r.header("authorization") == Some("Basic dTpw")));
}

#[test]
fn a_redirected_layer_is_read_and_the_other_host_is_not_answered() {
    let pushed = Arc::new(image("app:1"));
    let kept = pushed.clone();
    let storage = Server::start(move |request, number| {
        if number == 1 && is_layer(request, &kept) {
            part(request, blob(&kept)).cut(1_000)
        } else {
            honest(request, &kept)
        }
    });
    let greedy = Server::start(|request, _| {
        let realm = format!("Bearer realm=\"http://{}/token\"", request.header("host").unwrap_or_default());
        Reply::new(401, b"").header("WWW-Authenticate", &realm)
    });
    for (target, fine) in [(storage.host.clone(), true), (greedy.host.clone(), false)] {
        let kept = pushed.clone();
        let server = Server::start(move |request, _| match request.header("authorization") {
            None => Reply::new(401, b"").header("WWW-Authenticate", "Basic realm=\"x\""),
            Some(_) if is_layer(request, &kept) => redirect(&format!("http://{target}{}", request.path)),
            Some(_) => honest(request, &kept),
        });
        let folder = tempfile::tempdir().expect("a folder");
        let options = RegistryOptions { credentials: log_in(folder.path(), &server.host, "u:p"), ..options() };
        let image = open(&name(&server), &options).expect("opens");
        assert_eq!(read(&image, 1).is_ok(), fine);
    }
    assert_eq!(storage.requests().iter().filter_map(Request::range).collect::<Vec<_>>(), [1_000]);
    for seen in storage.requests().iter().chain(&greedy.requests()) {
        assert_eq!(seen.header("authorization"), None);
    }
}

#[test]
fn redirects_lead_to_no_file_and_not_into_the_clear() {
    for (target, reason) in [
        ("file:///etc/shadow", "not an address"),
        ("ftp://127.0.0.1/x", "not an address"),
        ("http://user:SECRET@127.0.0.1/x", "not an address"),
        ("http://192.0.2.1/x", "gives up encryption"),
        ("//", "not an address"),
    ] {
        let (server, pushed) = but(move |r, _, p| is_layer(r, p).then(|| redirect(target)));
        let error = layer_error(&server, &pushed);
        assert!(error.contains("is not followed") && error.contains(reason), "{target}: {error}");
        assert_eq!(server.count(&pushed.layers[1]), 1, "it is not asked again");
    }
}

#[test]
fn a_token_service_that_redirects_gets_no_password_for_another_host() {
    let other = Server::start(|_, _| Reply::new(200, br#"{"token": "tok"}"#));
    let target = format!("http://{}/t", other.host);
    let tokens = Server::start(move |_, _| redirect(&target));
    let realm = tokens.host.clone();
    let server = Server::start(move |_, _| {
        Reply::new(401, b"").header("WWW-Authenticate", &format!("Bearer realm=\"http://{realm}/t\""))
    });
    let folder = tempfile::tempdir().expect("a folder");
    let options = RegistryOptions { credentials: log_in(folder.path(), &server.host, "u:SECRET"), ..options() };
    let error = open(&name(&server), &options).expect_err("refused").to_string();
    assert!(error.contains("leads to another host") && !error.contains("SECRET"), "{error}");
    assert!(!tokens.requests().is_empty() && other.requests().is_empty());
}

#[test]
fn indexes_of_indexes_end() {
    // Each index points to the next; all are honest about their digests.
    let mut indexes = vec![image("app:1").manifest];
    for _ in 0..8 {
        let below = indexes.last().expect("one");
        let index = serde_json::json!({"schemaVersion": 2, "manifests": [{
            "mediaType": "application/vnd.oci.image.index.v1+json", "digest": sha256(below), "size": below.len()}]});
        indexes.push(index.to_string().into_bytes());
    }
    let (server, _) = but(move |r, _, _| {
        let wanted = r.path.rsplit('/').next().unwrap_or_default();
        let found = indexes.iter().find(|i| sha256(i).to_string() == wanted).or_else(|| indexes.last());
        r.path.contains("manifests").then(|| Reply::new(200, found.expect("one")))
    });
    let error = open_error(&server).to_string();
    assert!(error.contains("indexes point to indexes"), "{error}");
    assert!(server.requests().len() < 8);
}

#[test]
fn redirects_without_end_are_not_followed() {
    let (server, _) = but(|r, _, _| Some(redirect(&r.path)));
    let error = open_error(&server);
    assert!(error.to_string().contains("redirects"), "{error}");
    assert!(server.requests().len() < 20);
}

#[test]
fn one_that_is_busy_is_waited_for() {
    for status in [429, 503] {
        let (server, pushed) = but(move |r, number, _| {
            (number < 3 && !r.path.contains("tags")).then(|| Reply::new(status, b"SECRET").header("Retry-After", "0"))
        });
        pushed.check(&open(&name(&server), &options()).expect("opens"));
        let (server, _) = but(move |_, _, _| Some(Reply::new(status, b"").header("Retry-After", "86400")));
        assert!(open_error(&server).to_string().contains("86400 s"));
        assert_eq!(server.requests().len(), 1, "it is not asked again");
    }
    let (server, _) = but(|_, _, _| Some(Reply::new(429, br#"{"errors": [{"code": "TOOMANYREQUESTS"}]}"#)));
    assert!(open_error(&server).to_string().contains("429 (TOOMANYREQUESTS)"));
    assert_eq!(server.requests().len(), 3);
    // What does not look like a code could be anything, also what the registry was sent.
    let (server, _) = but(|_, _, _| Some(Reply::new(418, br#"{"errors": [{"code": "Basic SECRET="}]}"#)));
    assert!(open_error(&server).to_string().ends_with("status 418"));
}

#[test]
fn documents_are_verified() {
    let changed = |bytes: &[u8]| [bytes, b" "].concat();
    let mismatch = |error: &TargetError| matches!(error, TargetError::DigestMismatch { .. });
    let (server, pushed) =
        but(move |r, _, p| r.path.contains("manifests").then(|| Reply::new(200, &changed(&p.manifest))));
    let error = open(&format!("{}/team/app@{}", server.host, pushed.digest()), &options()).expect_err("a mismatch");
    assert!(mismatch(&error) && error.to_string().contains(&pushed.digest()), "{error}");
    let (server, pushed) = but(move |r, _, p| {
        let reply = Reply::new(200, &changed(&p.manifest)).header("Docker-Content-Digest", &p.digest());
        r.path.contains("manifests").then_some(reply)
    });
    let error = open_error(&server);
    assert!(mismatch(&error) && error.to_string().contains(&pushed.digest()), "{error}");
    let (server, pushed) =
        but(move |r, _, p| r.path.ends_with(&p.config).then(|| Reply::new(200, &changed(&p.blobs[&p.config]))));
    let error = open_error(&server);
    assert!(mismatch(&error) && error.to_string().contains(&pushed.config), "{error}");
}

#[test]
fn a_changed_layer_is_given_with_its_own_digest() {
    let (server, pushed) = but(|r, _, p| {
        let mut bytes = blob(p).to_vec();
        bytes[1_000] ^= 1;
        is_layer(r, p).then(|| part(r, &bytes))
    });
    let image = open(&name(&server), &options()).expect("opens");
    assert_ne!(sha256(&read(&image, 1).expect("reads")).to_string(), pushed.layers[1]);
}

#[test]
fn an_enormous_manifest_is_not_read() {
    let (server, _) = but(|r, _, _| r.path.contains("manifests").then(|| Reply::new(200, b"{}").stating(1 << 40)));
    assert!(open_error(&server).to_string().contains("larger than the limit"));
    let (server, _) = but(|r, _, _| {
        r.path.contains("manifests").then(|| Reply::new(200, &[b' '; 65_536]).chunked().then(Then::Endless))
    });
    let error = open_error(&server).to_string();
    assert!(error.contains("limit"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_is_no_image_is_refused() {
    for (document, reason) in [
        (r#"{"schemaVersion": 1, "fsLayers": [], "name": "x"}"#, "schema version 1"),
        (r#"{"fsLayers": [{"blobSum": "sha256:00"}]}"#, "schema version 1"),
        (r#"{"schemaVersion": 2}"#, "no config and layers"),
        (r#"{"schemaVersion": 2, "layers": {}}"#, "manifest"),
        ("<html>", "manifest"),
        (r#"{"schemaVersion": 2, "manifests": []}"#, "no image for platform"),
    ] {
        let (server, _) =
            but(move |r, _, _| r.path.contains("manifests").then(|| Reply::new(200, document.as_bytes())));
        let error = open_error(&server).to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_layer_over_the_limit_is_not_fetched() {
    let (server, pushed) = but(|_, _, _| None);
    let limits = Limits { layer_bytes: 1_000, ..Limits::default() };
    let error = open_registry(&name(&server), &limits, &platform(), false, &options()).expect_err("too large");
    assert!(matches!(error, TargetError::Limit { .. }) && error.to_string().contains(&pushed.layers[1]), "{error}");
}

#[test]
fn foreign_layers_are_refused_where_the_registry_lacks_them() {
    let pushed = image("app:1");
    let manifest = String::from_utf8(pushed.manifest.clone()).expect("JSON");
    let foreign = manifest.replace("layer.v1.tar+gzip", "layer.nondistributable.v1.tar+gzip");
    let (server, _) = but(move |r, _, p| {
        if is_layer(r, p) {
            return Some(Reply::new(404, b""));
        }
        r.path.contains("manifests").then(|| Reply::new(200, foreign.as_bytes()))
    });
    let error = layer_error(&server, &pushed);
    assert!(error.contains("foreign layer"), "{error}");
}

#[test]
fn mirrors_are_asked_first_and_in_order() {
    let (good, pushed) = but(|_, _, _| None);
    let (broken, _) = but(|_, _, _| Some(Reply::new(500, b"")));
    let (lying, _) = but(|r, _, p| is_layer(r, p).then(|| Reply::new(200, b"short")));
    let (origin, _) = but(|r, _, p| is_layer(r, p).then(|| Reply::new(404, b"")));
    let mirrors = |list: &[&Server]| {
        list.iter().map(|m| format!("{}=http://{}/cache", origin.host, m.host).parse().expect("a mirror")).collect()
    };
    let options = RegistryOptions { mirrors: mirrors(&[&broken, &lying, &good]), ..options() };
    pushed.check(&open(&name(&origin), &options).expect("opens"));
    assert_eq!(broken.requests().len(), 3, "once it is down it is not asked again");
    assert!(lying.requests().iter().all(|r| r.line.starts_with("GET /v2/cache/team/app/")));
    assert_eq!(good.requests().len(), 1, "the layer that the one before could not give");
    assert!(origin.requests().is_empty());
    let options = RegistryOptions { mirrors: mirrors(&[&broken, &lying]), ..options };
    let error = read(&open(&name(&origin), &options).expect("opens"), 1).expect_err("nobody has it");
    assert!(error.contains(&lying.host) && error.contains("no such image"), "{error}");
}

/// A registry with a token service beside it: tokens are for whom the closure lets in.
fn with_tokens(allow: impl Fn(&Request) -> bool + Send + Sync + 'static) -> (Server, Server) {
    let tokens = Server::start(move |request, _| {
        if allow(request) { Reply::new(200, br#"{"token": "tok"}"#) } else { Reply::new(401, b"SECRET") }
    });
    let realm = tokens.host.clone();
    let pushed = image("app:1");
    let registry = Server::start(move |request, _| match request.header("authorization") {
        Some("Bearer tok") => honest(request, &pushed),
        _ => {
            let header =
                format!("Bearer realm=\"http://{realm}/t?x=y\",service=\"the service\",scope=\"repository:*:*\"");
            Reply::new(401, b"").header("WWW-Authenticate", &header)
        }
    });
    (registry, tokens)
}

#[test]
fn tokens_are_asked_for_one_repository() {
    let (registry, tokens) = with_tokens(|_| true);
    image("app:1").check(&open(&name(&registry), &options()).expect("opens"));
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1, "one token for all requests");
    assert_eq!(asked[0].path, "/t?x=y&scope=repository%3Ateam%2Fapp%3Apull&service=the%20service");
    assert_eq!(asked[0].header("authorization"), None);

    let (registry, tokens) = with_tokens(|r| r.header("authorization") == Some("Basic dTpw"));
    let error = open_error(&registry);
    assert!(error.to_string().contains("hint: docker login"), "{error}");
    let folder = tempfile::tempdir().expect("a folder");
    let known = RegistryOptions { credentials: log_in(folder.path(), &registry.host, "u:p"), ..options() };
    open(&name(&registry), &known).expect("opens");
    assert!(registry.requests().iter().all(|r| r.header("authorization").is_none_or(|a| a == "Bearer tok")));
    assert_eq!(tokens.requests().last().and_then(|r| r.header("authorization")), Some("Basic dTpw"));
    let wrong = RegistryOptions { credentials: log_in(folder.path(), &registry.host, "u:SECRET"), ..options() };
    let error = open(&name(&registry), &wrong).expect_err("refused").to_string();
    assert!(error.contains("refuses the credentials") && !error.contains("SECRET"), "{error}");
}
