//! The registry of catalogers: one file and one line each. The order is the order of the reference page.

use crate::unit::Cataloger;

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

/// Every cataloger.
pub const CATALOGERS: &[&dyn Cataloger] = &[
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
