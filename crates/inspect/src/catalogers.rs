//! The registry of catalogers: one file and one line each. The order is the order of the reference page.

mod apk;
mod dpkg;
mod dpkg_copyright;
mod dpkg_files;
mod os_bounds;
mod os_content_sets;
pub(crate) mod os_release;
mod rpm;

use crate::unit::Cataloger;

/// Every cataloger.
pub const CATALOGERS: &[&dyn Cataloger] = &[
    &os_release::OsRelease,
    &os_content_sets::OsContentSets,
    &dpkg::DebianDpkg,
    &dpkg_files::DebianDpkgFiles,
    &dpkg_copyright::DebianCopyright,
    &apk::AlpineApk,
    &rpm::RpmBerkeleyDb,
    &rpm::RpmNdb,
    &rpm::RpmSqlite,
    &rpm::RpmContainerManifest,
];
