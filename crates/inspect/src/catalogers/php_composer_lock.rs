use seawall_model::{Recognition, Scope, UnknownKind};
use serde::Deserialize;

use super::php_shared::{Entry, is_shipped, packages};
use crate::text::{self, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of Composer.
pub(crate) struct PhpComposerLock;

impl Cataloger for PhpComposerLock {
    fn id(&self) -> &'static str {
        "php-composer-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Composer lockfiles (composer.lock)"
    }

    fn specification(&self) -> &'static str {
        "https://getcomposer.org/doc/01-basic-usage.md#commit-your-composer-lock-file-to-version-control"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("composer.lock"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let Some(lock) = text::json::<Lock<'_>>(file.content, seen) else { return };
        let scoped = |entries, scope| Iterator::zip(entries, std::iter::repeat(scope));
        let runtime = scoped(lock.packages.iter().flatten(), Scope::Runtime);
        let entries: Vec<_> = runtime.chain(scoped(lock.packages_dev.iter().flatten(), Scope::Development)).collect();
        let mut unread = Unread::default();
        for package in packages(&entries, &mut unread) {
            seen.package(Recognition::Lockfile, package);
        }
        unread.say(UnknownKind::Malformed, "entry without a usable name or version", seen);
    }
}

/// `packages-dev` is null in a lockfile that was made without them.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Lock<'a> {
    #[serde(borrow)]
    packages: Option<Vec<Entry<'a>>>,
    #[serde(borrow)]
    packages_dev: Option<Vec<Entry<'a>>>,
}
