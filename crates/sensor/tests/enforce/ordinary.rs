//! Images that are put together as the official ones are, from what this machine has, and their ordinary work.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An image: its name, programs, folders, and a script that does its work and says DONE.
pub(crate) struct Image {
    pub(crate) name: &'static str,
    programs: &'static [&'static str],
    folders: &'static [&'static str],
    pub(crate) work: &'static str,
}

/// What every image has.
const BASE: &[&str] = &[
    "/bin/sh",
    "/bin/bash",
    "/bin/ls",
    "/bin/cat",
    "/bin/mkdir",
    "/bin/chmod",
    "/bin/chown",
    "/bin/rm",
    "/usr/bin/env",
    "/usr/bin/head",
    "/bin/grep",
    "/bin/sed",
    "/usr/bin/setpriv",
    "/etc/passwd",
    "/etc/group",
    "/etc/ssl/openssl.cnf",
    "/usr/lib/ssl/openssl.cnf",
];

/// Loaded by name while they run, so that nothing lists them.
const LOADED: &[&str] = &["/lib/x86_64-linux-gnu/libnss_files.so.2", "/lib/x86_64-linux-gnu/libgcc_s.so.1"];

pub(crate) const IMAGES: &[Image] = &[
    Image {
        name: "python",
        programs: &["/usr/bin/python3"],
        folders: &["/usr/lib/python3.11"],
        work: "mkdir /tmp/m && echo 'x = 1' > /tmp/m/mine.py && cd /tmp/m && python3 -c '\
import ssl, sqlite3, ctypes, json, subprocess, hashlib, lzma, mine, multiprocessing as m
add = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)
assert add(1) == 2 and mine.x == 1
assert subprocess.run([\"/bin/ls\", \"/\"], capture_output=True).returncode == 0
if __name__ == \"__main__\":
    with m.Pool(2) as pool: assert pool.map(abs, [-1, -2]) == [1, 2]
' && ls __pycache__ && echo DONE",
    },
    Image {
        name: "node",
        programs: &["/usr/bin/node"],
        folders: &[],
        work: "node -e '
let sum = 0; for (let i = 0; i < 3e6; i++) sum += i % 7;
require(\"child_process\").execFileSync(\"/bin/ls\");
const wasm = new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,102,0,0,10,6,1,4,0,65,7,11]);
new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports.f();
const { Worker } = require(\"worker_threads\");
new Worker(\"for (let i = 0; i < 1e6; i++) Math.sqrt(i)\", { eval: true }).on(\"exit\", () => console.log(\"DONE\"));'",
    },
    Image {
        name: "perl",
        programs: &["/usr/bin/perl"],
        folders: &[
            "/usr/lib/x86_64-linux-gnu/perl-base",
            "/usr/lib/x86_64-linux-gnu/perl/5.36",
            "/usr/share/perl/5.36",
        ],
        work: "perl -MPOSIX -MSocket -MStorable -MDigest::SHA=sha256_hex -e \
               'system(\"/bin/ls\") == 0 or die; print sha256_hex(POSIX::floor(1.5)), qq(\\nDONE\\n)'",
    },
    Image {
        name: "ruby",
        programs: &["/usr/bin/ruby"],
        folders: &["/usr/lib/ruby", "/usr/lib/x86_64-linux-gnu/ruby"],
        work: "ruby -rjson -rsocket -rdigest -rzlib -rfiddle -e 'raise unless system(\"/bin/ls\"); \
               c = Class.new(Fiddle::Closure) { def call(x) = x + 1 }.new(Fiddle::TYPE_INT, [Fiddle::TYPE_INT]); \
               raise unless Fiddle::Function.new(c, [Fiddle::TYPE_INT], Fiddle::TYPE_INT).call(1) == 2; puts :DONE'",
    },
    Image {
        name: "php",
        programs: &["/usr/bin/php"],
        folders: &["/usr/lib/php", "/etc/php", "/usr/share/php"],
        work: "echo '<?php function f($n) { $s = 0; for ($i = 0; $i < $n; $i++) $s += $i % 7; return $s; } \
               f(2000000); system(\"/bin/ls\", $r); if ($r == 0) echo \"DONE\";' > /tmp/w.php && \
               php -d opcache.enable_cli=1 -d opcache.jit_buffer_size=16M -d opcache.jit=tracing /tmp/w.php",
    },
    Image {
        name: "busybox",
        programs: &["/usr/bin/busybox"],
        folders: &[],
        work: "busybox sh -c 'busybox ls / | busybox wc -l; echo x | busybox gzip | busybox gunzip; busybox --install -s /tmp; \
               PATH=/tmp:$PATH; sha256sum /etc/passwd && echo DONE'",
    },
    Image {
        name: "openssl",
        programs: &["/usr/bin/openssl"],
        folders: &["/usr/lib/x86_64-linux-gnu/ossl-modules", "/usr/lib/x86_64-linux-gnu/engines-3"],
        work: "openssl genrsa -out /tmp/k 2048 && openssl req -new -x509 -key /tmp/k -subj /CN=x -out /tmp/c && \
               openssl list -providers -provider legacy -provider default && openssl verify -CAfile /tmp/c /tmp/c && echo DONE",
    },
    Image {
        name: "git",
        programs: &["/usr/bin/git", "/bin/uname", "/usr/bin/basename", "/usr/bin/tr", "/bin/gzip"],
        folders: &["/usr/lib/git-core", "/usr/share/git-core"],
        work: "export HOME=/tmp && git init -q /tmp/r && cd /tmp/r && git config user.email a@b && git config user.name a && \
               echo x > x && git add x && git commit -qm x && git gc -q && git submodule status && git log --oneline && \
               git clone -q /tmp/r /tmp/s && echo DONE",
    },
    Image {
        name: "java",
        programs: &["/usr/lib/jvm/java-17-openjdk-amd64/bin/java"],
        folders: &["/usr/lib/jvm/java-17-openjdk-amd64", "/etc/java-17-openjdk"],
        work: "echo 'class W { public static void main(String[] a) throws Exception { long s = 0; \
               for (int i = 0; i < 20000000; i++) s += i % 7; \
               new ProcessBuilder(\"/bin/ls\").start().waitFor(); System.out.println(s > 0 ? \"DONE\" : \"\"); } }' > /tmp/W.java && \
               /usr/lib/jvm/java-17-openjdk-amd64/bin/java -Xmx256m /tmp/W.java",
    },
    Image {
        name: "postgres",
        programs: &["/usr/lib/postgresql/15/bin/postgres", "/usr/lib/postgresql/15/bin/initdb"],
        folders: &["/usr/lib/postgresql/15/lib", "/usr/share/postgresql/15", "/usr/share/zoneinfo"],
        work: "mkdir /tmp/d && chown 1000 /tmp/d && export PATH=$PATH:/usr/lib/postgresql/15/bin && \
               setpriv --reuid 1000 --clear-groups initdb -D /tmp/d -A trust --no-sync -U postgres >/dev/null && \
               echo 'select count(*) from pg_class' | setpriv --reuid 1000 --clear-groups postgres --single -D /tmp/d postgres && \
               echo DONE",
    },
];

impl Image {
    /// Whether this machine has what it is made of.
    pub(crate) fn is_there(&self) -> bool {
        self.programs.iter().all(|program| Path::new(program).exists())
    }

    /// The archive of its root folder. Its entry point is a script, as the official ones have it.
    pub(crate) fn archive(&self, folder: &Path) -> Vec<u8> {
        std::fs::create_dir_all(folder.join("tmp")).expect("writable");
        let entry = folder.join("entrypoint.sh");
        std::fs::write(&entry, "#!/bin/sh\nset -e\nexec \"$@\"\n").expect("writable");
        let status = Command::new("chmod").arg("755").arg(&entry).status().expect("ran");
        assert!(status.success());
        let folders: Vec<_> = self.folders.iter().filter(|folder| Path::new(folder).is_dir()).collect();
        let mut entries: BTreeSet<PathBuf> = ["bin", "sbin", "lib", "lib64"].map(PathBuf::from).into();
        let found = Command::new("find")
            .args(&folders)
            .args(["-type", "f", "(", "-perm", "-100", "-o", "-name", "*.so*", ")"])
            .output()
            .expect("find is there");
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let programs = BASE.iter().chain(LOADED).chain(self.programs).copied();
        let inside = found.lines().filter(|_| !folders.is_empty());
        let output = Command::new("ldd").args(programs.clone().chain(inside)).output().expect("ldd is there");
        let text = String::from_utf8_lossy(&output.stdout);
        let libraries =
            text.lines().filter_map(|l| l.split_whitespace().find(|w| w.starts_with('/') && !w.ends_with(':')));
        for path in programs.chain(libraries).chain(folders.iter().map(|f| **f)) {
            follow(Path::new(path), &mut entries);
        }
        // Of a file that comes twice the archive says the second time that it is a link to itself.
        let whole: Vec<_> = entries.iter().filter(|entry| Path::new("/").join(entry).is_dir()).cloned().collect();
        let whole: Vec<_> = whole.into_iter().filter(|e| !Path::new("/").join(e).is_symlink()).collect();
        entries.retain(|entry| !whole.iter().any(|folder| entry != folder && entry.starts_with(folder)));
        let output = Command::new("tar")
            .args(["--numeric-owner", "--owner=0", "--group=0", "-cf", "-", "--exclude=*/jmods", "--exclude=*/src.zip"])
            .args(["--exclude=*/test", "--exclude=*/__pycache__", "-C", "/"])
            .args(&entries)
            .arg("-C")
            .arg(folder)
            .args(["tmp", "entrypoint.sh"])
            .output()
            .expect("tar is there");
        assert!(output.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

/// A path as it lies below the root, and every link on the way to the file.
fn follow(path: &Path, into: &mut BTreeSet<PathBuf>) {
    let mut path = path.to_path_buf();
    for _ in 0..8 {
        let Some((parent, name)) = path.parent().zip(path.file_name()) else { return };
        let Ok(parent) = parent.canonicalize() else { return };
        let real = parent.join(name);
        let Ok(below) = real.strip_prefix("/") else { return };
        if real.symlink_metadata().is_ok() {
            into.insert(below.to_path_buf());
        }
        let Ok(target) = std::fs::read_link(&real) else { return };
        path = parent.join(target);
    }
}
