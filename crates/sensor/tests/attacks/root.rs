//! The image of the cases: this machine's own programs with the libraries that they ask for, nothing fetched.

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that are copied where the machine has them.
const PROGRAMS: &[&str] = &[
    "/bin/bash",
    "/bin/dash",
    "/bin/cat",
    "/bin/ls",
    "/bin/cp",
    "/bin/mv",
    "/bin/rm",
    "/bin/ln",
    "/bin/mkdir",
    "/bin/rmdir",
    "/bin/touch",
    "/bin/chmod",
    "/bin/chown",
    "/bin/dd",
    "/bin/echo",
    "/bin/true",
    "/bin/false",
    "/bin/sleep",
    "/bin/mknod",
    "/bin/uname",
    "/bin/date",
    "/bin/df",
    "/bin/mktemp",
    "/bin/grep",
    "/bin/sed",
    "/bin/tar",
    "/bin/gzip",
    "/bin/ps",
    "/bin/kill",
    "/bin/mount",
    "/bin/umount",
    "/bin/ip",
    "/bin/su",
    "/bin/hostname",
    "/bin/login",
    "/usr/bin/id",
    "/usr/bin/whoami",
    "/usr/bin/env",
    "/usr/bin/head",
    "/usr/bin/tail",
    "/usr/bin/cut",
    "/usr/bin/sort",
    "/usr/bin/tr",
    "/usr/bin/wc",
    "/usr/bin/tee",
    "/usr/bin/base64",
    "/usr/bin/shred",
    "/usr/bin/mkfifo",
    "/usr/bin/truncate",
    "/usr/bin/timeout",
    "/usr/bin/stat",
    "/usr/bin/sha1sum",
    "/usr/bin/printenv",
    "/usr/bin/nohup",
    "/usr/bin/printf",
    "/usr/bin/test",
    "/usr/bin/install",
    "/usr/bin/find",
    "/usr/bin/xargs",
    "/usr/bin/perl",
    "/usr/bin/python3",
    "/usr/bin/ruby",
    "/usr/bin/php",
    "/usr/bin/node",
    "/usr/bin/lua",
    "/usr/bin/gawk",
    "/usr/bin/awk",
    "/usr/bin/socat",
    "/usr/bin/nc.traditional",
    "/usr/bin/nc",
    "/usr/bin/curl",
    "/usr/bin/wget",
    "/usr/bin/ssh",
    "/usr/bin/scp",
    "/usr/bin/ssh-keygen",
    "/usr/bin/openssl",
    "/usr/bin/unshare",
    "/usr/bin/nsenter",
    "/usr/bin/setpriv",
    "/usr/bin/pkill",
    "/usr/bin/apt-get",
    "/usr/bin/dpkg",
    "/usr/bin/chattr",
    "/usr/bin/strace",
    "/usr/bin/passwd",
    "/usr/bin/getent",
    "/usr/sbin/chroot",
    "/usr/sbin/debugfs",
    "/usr/sbin/useradd",
    "/usr/sbin/sysctl",
    "/usr/sbin/setcap",
    "/usr/sbin/runuser",
    "/usr/bin/setsid",
    "/usr/bin/script",
];

/// Folders that languages load from, and what in them needs libraries of its own.
const FOLDERS: &[&str] = &[
    "/usr/lib/python3.11",
    "/usr/lib/ruby",
    "/usr/lib/x86_64-linux-gnu/ruby",
    "/usr/lib/x86_64-linux-gnu/perl-base",
    "/usr/share/lua",
    "/usr/lib/x86_64-linux-gnu/lua",
    "/usr/lib/php",
    "/etc/php",
    "/etc/alternatives",
    "/etc/pam.d",
    "/usr/lib/x86_64-linux-gnu/security",
];
const LIBRARIES: &str = "/usr/lib/python3.11/lib-dynload/_ctypes*.so /usr/lib/x86_64-linux-gnu/ruby/3.1.0/socket.so \
    /usr/lib/x86_64-linux-gnu/lua/5.4/socket/core.so /usr/lib/x86_64-linux-gnu/security/pam_unix.so";

/// Programs that cases call and that a test machine has not: what matters of them is the name. They do nothing.
const NAMES: &[&str] = &[
    "nmap",
    "docker",
    "kubectl",
    "helm",
    "crontab",
    "pkexec",
    "sudo",
    "sudoedit",
    "sshd",
    "gcc",
    "pip3",
    "apk",
    "iptables",
    "bpftool",
    "xmrig",
    "minerd",
    "chisel",
    "amicontained",
    "setenforce",
    "mkfs.ext4",
    "restic",
    "tcpdump",
    "npm",
    "vipw",
    "kill-sensor",
];

/// Shells under the names of servers, which start what the cases tell them.
const SERVERS: &[&str] = &["nginx", "httpd", "mysqld", "postgres", "apache2", "php-fpm"];

/// The archive of a root folder, which is made in `folder`.
pub(crate) fn archive(folder: &Path) -> Vec<u8> {
    for name in [
        "usr/bin",
        "usr/sbin",
        "usr/lib",
        "usr/lib64",
        "etc/cron.d",
        "etc/systemd/system",
        "etc/profile.d",
        "etc/kubernetes",
    ] {
        std::fs::create_dir_all(folder.join(name)).expect("writable");
    }
    for name in ["bin", "sbin", "lib", "lib64"] {
        symlink(format!("usr/{name}"), folder.join(name)).expect("writable");
    }
    for name in [
        "proc",
        "sys",
        "dev",
        "tmp",
        "var/tmp",
        "var/log",
        "var/www/html",
        "root/.ssh",
        "home/app",
        "run",
        "case",
        "srv",
    ] {
        std::fs::create_dir_all(folder.join(name)).expect("writable");
    }
    for name in ["tmp", "var/tmp"] {
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o1777)).expect("writable");
    }
    let programs: Vec<PathBuf> = PROGRAMS.iter().map(PathBuf::from).filter(|p| p.exists()).collect();
    let extra =
        Command::new("sh").args(["-c", &format!("ls -d {LIBRARIES} 2>/dev/null")]).output().expect("ran").stdout;
    let extra: Vec<PathBuf> = String::from_utf8_lossy(&extra).lines().map(PathBuf::from).collect();
    for path in FOLDERS.iter().filter(|p| Path::new(p).is_dir()) {
        let parent = folder.join(Path::new(path).parent().expect("absolute").strip_prefix("/").expect("absolute"));
        std::fs::create_dir_all(&parent).expect("writable");
        let status = Command::new("cp").args(["-a", path]).arg(parent).status().expect("ran");
        assert!(status.success(), "cp -a {path}");
    }
    for path in programs.iter().chain(&libraries(programs.iter().chain(&extra))) {
        place(folder, path);
    }
    link(folder, "usr/bin/sh", "dash");
    for (names, from, place) in [(NAMES, "true", "usr/bin"), (SERVERS, "dash", "usr/sbin")] {
        for name in names {
            let to = folder.join(place).join(name);
            std::fs::copy(Path::new("/usr/bin").join(from), &to).expect("copied");
        }
    }
    accounts(folder);
    let output = Command::new("tar")
        .args(["--numeric-owner", "--owner=0", "--group=0", "-C"])
        .arg(folder)
        .args(["-cf", "-", "."])
        .output();
    let output = output.expect("tar is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::remove_dir_all(folder).expect("removed");
    output.stdout
}

fn accounts(folder: &Path) {
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("writable");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("writable");
    };
    write(
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\napp:x:1000:1000:app:/home/app:/bin/bash\n",
        0o644,
    );
    write("etc/group", "root:x:0:\ndaemon:x:1:\nshadow:x:42:\napp:x:1000:\n", 0o644);
    write("etc/shadow", "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\napp:*:19000:0:99999:7:::\n", 0o640);
    write("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n", 0o644);
    write("etc/profile", "PATH=/usr/local/bin:/usr/bin:/usr/sbin\n", 0o644);
    write("root/.ssh/id_rsa", "not a key\n", 0o600);
    write("root/.bash_history", "ls\n", 0o600);
    write("var/log/app.log", "started\n", 0o644);
    write("var/log/syslog", "started\n", 0o644);
}

fn link(folder: &Path, name: &str, target: &str) {
    let path = folder.join(name);
    if path.symlink_metadata().is_err() {
        symlink(target, path).expect("linked");
    }
}

/// Every library that programs load, by their absolute paths.
fn libraries<'p>(programs: impl Iterator<Item = &'p PathBuf>) -> BTreeSet<PathBuf> {
    let output = Command::new("ldd").args(programs).output().expect("ldd is there");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .flat_map(|l| l.split_whitespace().find(|w| w.starts_with('/') && !w.ends_with(':')))
        .map(PathBuf::from)
        .collect()
}

/// Copies a file below the folder to where it really is, and its name beside it where that is another.
fn place(folder: &Path, path: &Path) {
    let real = path.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    // Where the name's own folder really is: /bin is /usr/bin.
    let parent = path.parent().expect("absolute").canonicalize().expect("a folder");
    let name = parent.join(path.file_name().expect("a name"));
    let below = |p: &Path| folder.join(p.strip_prefix("/").expect("absolute"));
    for target in [&real, &name] {
        std::fs::create_dir_all(below(target).parent().expect("absolute")).expect("writable");
    }
    if below(&real).symlink_metadata().is_err() {
        std::fs::copy(&real, below(&real)).unwrap_or_else(|e| panic!("{}: {e}", real.display()));
    }
    if name != real && below(&name).symlink_metadata().is_err() {
        symlink(&real, below(&name)).expect("linked");
    }
}
