//! The registry of catalogers: one file and one line each. The order is the order of the reference page.

mod apk;
mod chisel_manifest;
mod dpkg;
mod dpkg_copyright;
mod dpkg_files;
mod os_bounds;
mod os_content_sets;
pub(crate) mod os_release;
mod rpm;

mod dotnet_deps_json;
mod dotnet_packages_lock;
mod dotnet_project_assets;
mod dotnet_shared;
mod dotnet_xml;
mod go_binary;
mod go_mod;
mod java_archive;
mod java_gradle_lock;
pub(crate) mod java_pom;
mod javascript_bun;
mod javascript_node_modules;
mod javascript_package_lock;
mod javascript_pnpm;
mod javascript_shared;
mod javascript_yarn;
mod php_composer_lock;
mod php_installed;
mod php_shared;
mod program;
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
mod rust_auditable;
mod rust_cargo_lock;

use crate::unit::Cataloger;

/// Every cataloger.
pub const CATALOGERS: &[&dyn Cataloger] = &[
    &os_release::OsRelease,
    &os_content_sets::OsContentSets,
    &dpkg::DebianDpkg,
    &dpkg_files::DebianDpkgFiles,
    &dpkg_copyright::DebianCopyright,
    &chisel_manifest::ChiselManifest,
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
    &rust_cargo_lock::RustCargoLock,
    &rust_auditable::RustAuditable,
    &go_mod::GoMod,
    &go_binary::GoBinary,
    &java_archive::JavaArchive,
    &java_pom::JavaPom,
    &java_gradle_lock::JavaGradleLock,
    &dotnet_deps_json::DotnetDepsJson,
    &dotnet_packages_lock::DotnetPackagesLock,
    &dotnet_project_assets::DotnetProjectAssets,
    &dotnet_xml::DotnetPackagesConfig,
    &dotnet_xml::DotnetPackagesProps,
    &program::Program,
];
