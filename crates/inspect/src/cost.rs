//! What things that the pass keeps take in memory until the report is written, for `--max-memory`. Measured on images of
//! up to 86,000 packages: what is written down takes the most.

use crate::unit::Observation;

/// What the path of an entry takes beside its bytes until the layers are joined.
pub(crate) const PATH: u64 = 64;

/// What a package takes at most, from the pass over matching to the report, beside its texts.
const PACKAGE: u64 = 5 << 10;

/// What an observation takes until the report is written.
pub(crate) fn cost(observation: &Observation) -> u64 {
    let texts = |list: &[String]| list.iter().map(|t| t.len() as u64 + 32).sum::<u64>();
    match observation {
        Observation::Package(package) => {
            let needs: u64 = package.dependencies.iter().map(|d| d.name.len() as u64 + 64).sum();
            PACKAGE + 2 * (needs + texts(&package.provides) + texts(&package.licences) + texts(&package.checksums))
        }
        // Joined here, and a text of its own for each where owners are looked up.
        Observation::Owns { files, .. } => files.iter().map(|f| 2 * f.len() as u64 + 33).sum(),
        Observation::Licences { licences, .. } => texts(licences),
        Observation::Repositories(names) => texts(names),
        Observation::Piece { data, .. } => 2 * data.len() as u64 + 256,
        Observation::OperatingSystem(_) | Observation::Program(_) | Observation::Unknown { .. } => 0,
    }
}
