//! Where advisories come from: one file a format, one entry a feed.
//!
//! To add a feed: write `sources/<format>.rs`, add one line to [`SOURCES`], drop two case folders into
//! `testdata/source/<id>/`.
//!
//! Reading is record by record and keeps no state, so that 700,000 records pass in bounded memory. The same
//! (source, id) may come more than once, each time with other packages (a CVE of two Alpine branches is in two
//! documents): the store joins them.

mod alpine;
mod amazon;
mod amazon_updateinfo;
mod arch;
mod common;
mod csaf;
mod cve5;
mod debian;
mod debian_lists;
mod end_of_life;
mod epss;
mod haskell;
mod intervals;
mod kev;
mod nodejs;
mod openssl;
mod osv;
mod oval;
mod php;
mod redhat_api;
mod retirejs;
mod ruby;
mod rustsec;
mod text;
mod ubuntu;
mod ubuntu_vex;
mod wolfi;
pub(crate) mod xml;

use seawall_model::{Advisory, EndOfLife, Epss, KnownExploited};

/// A feed in its own format.
pub trait Source: Sync {
    /// Unique, kebab-case, stable: `debian-osv`. Becomes [`Advisory::source`].
    fn id(&self) -> &'static str;
    /// One sentence for the reference pages: what it holds and who publishes it.
    fn about(&self) -> &'static str;
    /// Where the publisher describes the feed or its format.
    fn docs(&self) -> &'static str;
    /// Rises whenever the same bytes would give other advisories.
    fn version(&self) -> u32 {
        1
    }
    /// Whether a container (file or folder, by its name or the end of its path: `debian-osv.tar.zst`,
    /// `Debian/all.zip`) is this feed.
    fn recognises(&self, container: &str) -> bool;
    /// Reads one document. A record within it that cannot be understood is given to [`Sink::unknown`].
    ///
    /// # Errors
    /// The document as a whole cannot be read; what was given to the sink before stays good.
    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError>;
}

/// Takes what a source read.
pub trait Sink {
    /// An advisory.
    fn advisory(&mut self, advisory: Advisory);
    /// The exploit prediction of a CVE.
    fn epss(&mut self, cve: &str, epss: Epss);
    /// A CVE that is known to be exploited.
    fn kev(&mut self, cve: &str, exploited: KnownExploited);
    /// The support dates of a release cycle.
    fn end_of_life(&mut self, cycle: EndOfLife);
    /// A record, or a part of one, that was not understood.
    fn unknown(&mut self, member: &str, reason: String);
}

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is not UTF-8.
    #[error("not UTF-8 text")]
    NotText,
    /// It does not parse, or is not of the feed's shape.
    #[error("{format}: {reason}")]
    Malformed {
        /// JSON, YAML, TOML, XML, …
        format: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// It parses, but lacks what makes it an advisory.
    #[error("{0}")]
    Incomplete(&'static str),
}

/// Every feed that Seawall reads.
pub const SOURCES: &[&dyn Source] = &[
    &osv::ALMALINUX,
    &osv::ALPINE,
    &osv::BITNAMI,
    &osv::CLEANSTART,
    &osv::DEBIAN,
    &osv::DRUPAL,
    &osv::GHSA,
    &osv::GO,
    &osv::KUBERNETES,
    &osv::MALICIOUS,
    &osv::OSS_FUZZ,
    &osv::OSV_DEV,
    &osv::PSF,
    &osv::PYPA,
    &osv::R,
    &osv::REDHAT,
    &osv::ROCKY,
    &osv::RUSTSEC,
    &osv::SUSE,
    &osv::UBUNTU,
    &alpine::AlpineSecdb,
    &amazon::AmazonAlas,
    &amazon_updateinfo::AmazonUpdateinfo,
    &arch::ArchTracker,
    &csaf::REDHAT,
    &csaf::CISA,
    &cve5::CveRecords,
    &debian::DebianTracker,
    &debian_lists::DebianLists,
    &end_of_life::EndOfLifeDates,
    &epss::EpssScores,
    &haskell::Haskell,
    &kev::KnownExploitedCatalogue,
    &nodejs::NodejsCore,
    &openssl::Openssl,
    &oval::AZURE_LINUX,
    &oval::PHOTON,
    &php::FriendsOfPhp,
    &redhat_api::RedHatCves,
    &retirejs::RetireJs,
    &ruby::RubyAdvisories,
    &rustsec::RustSecMarkdown,
    &ubuntu::UbuntuTracker,
    &ubuntu_vex::UbuntuVex,
    &wolfi::Wolfi,
];

/// The feed that a container is, by its name; `None` for a file that is no feed.
pub fn source_of(container: &str) -> Option<&'static dyn Source> {
    SOURCES.iter().copied().find(|s| s.recognises(container))
}

/// Reads one document and turns a failure of the whole into an unknown, so that one bad document costs only itself.
pub fn read_document(source: &dyn Source, member: &str, bytes: &[u8], sink: &mut dyn Sink) {
    if let Err(error) = source.read(member, bytes, sink) {
        sink.unknown(member, error.to_string());
    }
}
