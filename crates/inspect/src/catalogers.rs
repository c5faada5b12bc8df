//! The registry of catalogers: one file and one line each. The order is the order of the reference page.

mod apk;
mod dpkg;
mod dpkg_copyright;
mod dpkg_files;
mod os_bounds;
mod os_content_sets;
pub(crate) mod os_release;
mod rpm;

mod javascript_bun;
mod javascript_node_modules;
mod javascript_package_lock;
mod javascript_pnpm;
mod javascript_shared;
mod javascript_yarn;
mod php_composer_lock;
mod php_installed;
mod php_shared;
mod python_installed;
mod python_pdm;
mod python_pipfile_lock;
mod python_poetry;
mod python_pylock;
mod python_requirements;
mod python_shared;
mod python_uv;
mod ruby_gemfile_lock;
mod ruby_gemspec;

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
    &javascript_bun::JavascriptBun,
    &javascript_node_modules::JavascriptNodeModules,
    &javascript_package_lock::JavascriptPackageLock,
    &javascript_pnpm::JavascriptPnpm,
    &javascript_yarn::JavascriptYarn,
    &php_composer_lock::PhpComposerLock,
    &php_installed::PhpInstalled,
    &python_installed::PythonInstalled,
    &python_pdm::PythonPdm,
    &python_pipfile_lock::PythonPipfileLock,
    &python_poetry::PythonPoetry,
    &python_pylock::PythonPylock,
    &python_requirements::PythonRequirements,
    &python_uv::PythonUv,
    &ruby_gemfile_lock::RubyGemfileLock,
    &ruby_gemspec::RubyGemspec,
];
