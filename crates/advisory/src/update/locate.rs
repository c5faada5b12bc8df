//! Where a file lies now: some publishers say so in a small text, some in the index of a repository.

use seawall_io::HttpClient;

use super::fetch::{Fetch, Setback, is_plain_name, setback, status_setback};
use super::publishers::Way;
use crate::sources::xml::{Node, attribute, walk};

/// Largest text that names a file, or list of mirrors.
const MAX_POINTER: u64 = 64 * 1024;
/// Largest index of a repository.
const MAX_INDEX: u64 = 1024 * 1024;

/// Where a file lies.
pub(super) struct Found {
    pub(super) url: String,
    /// Its digest, where the publisher states it, lower-case hexadecimal.
    pub(super) sha256: Option<String>,
}

impl Fetch<'_> {
    /// Asks the publisher where the file lies, where that is not fixed.
    pub(super) fn locate(&self) -> Result<Found, Setback> {
        let base = self.publisher.base.trim_end_matches('/');
        let url = format!("{base}/{}", self.file.path.trim_start_matches('/'));
        match self.file.way {
            Way::Direct => Ok(Found { url, sha256: None }),
            Way::Named => self.named(&url),
            Way::Repository => self.of_repository(base, &url),
        }
    }

    fn named(&self, url: &str) -> Result<Found, Setback> {
        let text = small(self.context.client, url, MAX_POINTER)?;
        let folder = url.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
        let name = text.trim();
        if !is_plain_name(name) {
            return Err(Setback::Lasting("the publisher's pointer does not name a file".to_owned()));
        }
        Ok(Found { url: format!("{folder}/{name}"), sha256: None })
    }

    fn of_repository(&self, base: &str, url: &str) -> Result<Found, Setback> {
        let mirrors = small(self.context.client, url, MAX_POINTER)?;
        let repository = mirrors.lines().find_map(|line| below(base, line.trim())).ok_or_else(|| {
            Setback::Lasting("the list of mirrors has no repository on the publisher's own host".to_owned())
        })?;
        let index = small(self.context.client, &format!("{repository}/repodata/repomd.xml"), MAX_INDEX)?;
        let (name, sha256) = advisories_of(&index).map_err(Setback::Lasting)?;
        Ok(Found { url: format!("{repository}/repodata/{name}"), sha256 })
    }
}

fn small(client: &HttpClient, url: &str, limit: u64) -> Result<String, Setback> {
    let response = client.get(url).max_body(limit).send().map_err(setback)?;
    if response.status() != 200 {
        return Err(status_setback(response.status(), &response));
    }
    Ok(String::from_utf8_lossy(&response.bytes().map_err(setback)?).into_owned())
}

/// An address in a list of mirrors, as one below the publisher's base: so that a mirror of everything is asked instead
/// of the publisher, and no list leads to another host.
fn below(base: &str, line: &str) -> Option<String> {
    let rest = line.strip_prefix("https://").or_else(|| line.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    let (_, of_base) = base.rsplit_once('/')?;
    let path = path.trim_end_matches('/');
    (of_base == host && path.split('/').all(is_plain_name)).then(|| format!("{base}/{path}"))
}

/// The name and digest of the file of advisories in an index of a repository
/// ([format](https://github.com/rpm-software-management/createrepo_c)).
fn advisories_of(index: &str) -> Result<(String, Option<String>), String> {
    let (mut within, mut kind) = (false, String::new());
    let (mut href, mut sha256) = (None, None);
    walk(index, &mut |node| match node {
        Node::Open("data", a) => within = attribute(a, "type") == "updateinfo",
        Node::Open("location", a) if within => href = Some(attribute(a, "href").to_owned()),
        Node::Open("checksum", a) => attribute(a, "type").clone_into(&mut kind),
        Node::Close("checksum", value) if within && kind == "sha256" => sha256 = Some(value.to_ascii_lowercase()),
        Node::Close("data", _) => within = false,
        _ => {}
    })
    .map_err(|error| format!("the repository's index: {error}"))?;
    let href = href.ok_or("the repository's index names no advisories")?;
    let name = href.strip_prefix("repodata/").filter(|name| is_plain_name(name));
    let name = name.ok_or_else(|| format!("the repository's index names `{href}`"))?;
    Ok((name.to_owned(), sha256))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_mirrors_leads_to_the_publishers_host_only() {
        let line = "https://cdn.example.com/al2023/core/guids/0ab/x86_64/";
        assert_eq!(below("https://cdn.example.com", line).as_deref(), Some(line.trim_end_matches('/')));
        let mirrored = "http://mirror.local/feeds/cdn.example.com/al2023/core/guids/0ab/x86_64";
        assert_eq!(below("http://mirror.local/feeds/cdn.example.com", line).as_deref(), Some(mirrored));
        for other in ["", "cdn.example.com/a", "https://other.example.com/a", "https://cdn.example.com/a/../b", "#"] {
            assert_eq!(below("https://cdn.example.com", other), None, "{other}");
        }
    }

    #[test]
    fn the_index_names_the_advisories() {
        let index = |data: &str| {
            format!("<repomd><data type=\"primary\"><location href=\"repodata/p.gz\"/></data>{data}</repomd>")
        };
        let data = "<data type=\"updateinfo\"><checksum type=\"sha256\">AB</checksum><open-checksum type=\"sha256\">cd\
                    </open-checksum><location href=\"repodata/updateinfo.xml.gz\"/></data>";
        assert_eq!(advisories_of(&index(data)), Ok(("updateinfo.xml.gz".to_owned(), Some("ab".to_owned()))));
        for (data, reason) in [
            ("", "names no advisories"),
            ("<data type=\"updateinfo\"><location href=\"../../x.gz\"/></data>", "`../../x.gz`"),
            ("<data>", "the repository's index: "),
        ] {
            let got = advisories_of(&index(data));
            assert!(got.as_ref().is_err_and(|error| error.contains(reason)), "{data}: {got:?}");
        }
    }
}
