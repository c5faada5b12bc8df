//! One target for each cataloger, over its own case folders.

use seawall_inspect::{CATALOGERS, Cataloger, File, Files, Need, Observer};

use super::{Target, target};

pub(super) fn targets() -> Vec<Target> {
    CATALOGERS
        .iter()
        .map(|c| {
            let corpus = format!("cataloger/{}", c.id());
            target(&format!("cataloger-{}", c.id()), &[&corpus], move |bytes| run(*c, bytes))
        })
        .collect()
}

fn run(cataloger: &dyn Cataloger, bytes: &[u8]) {
    for want in cataloger.wants() {
        let path = match want.files {
            Files::Path(path) => path.to_owned(),
            Files::Name(name) => format!("a/node_modules/b/{name}"),
            Files::Suffix(suffix) => format!("a/x-1.0{suffix}"),
            Files::Affix(prefix, suffix) => format!("a/{prefix}{suffix}"),
            Files::In(folder, suffix) => format!("{folder}/x{suffix}"),
            Files::Under(folder, name) => format!("a/x{folder}/{name}"),
            Files::Magic(_) => "usr/bin/python3".to_owned(),
        };
        let mut seen = Observer::new(cataloger.id(), &path);
        let content = match want.need {
            Need::Name | Need::Stream => &[][..],
            Need::Head(n) => &bytes[..bytes.len().min(n as usize)],
            Need::Content(_) => bytes,
        };
        let file = File { path: &path, size: bytes.len() as u64, mode: 0o755, content };
        match cataloger.scanner().filter(|_| want.need == Need::Stream) {
            Some(mut scanner) => {
                bytes.chunks(1021).for_each(|chunk| scanner.feed(chunk));
                scanner.finish(&file, &mut seen);
            }
            None => cataloger.catalog(&file, &mut seen),
        }
        for observation in seen.into_observations() {
            if let seawall_inspect::Observation::Package(package) = observation {
                assert!(package.purl().starts_with("pkg:"));
            }
        }
    }
}
