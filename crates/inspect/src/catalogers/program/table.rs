//! The programs that are recognised. To add one is to add a row; `docs/how-to` shows how a row is checked.

/// How one program tells its version.
#[derive(Debug)]
pub(crate) struct Row {
    /// Package name.
    pub(crate) name: &'static str,
    /// The bytes before its version, two at least; a leading NUL means that the string begins here.
    pub(crate) marker: &'static str,
    /// What follows the marker, up to the end of what must be there; the first group is the version.
    pub(crate) then: &'static str,
    /// Where the string may stand in other programs as well: an expression for the file's name. Its first group, if it has
    /// one, is how the version must begin. A name alone recognises nothing.
    pub(crate) file: &'static str,
}

const fn row(name: &'static str, marker: &'static str, then: &'static str, file: &'static str) -> Row {
    Row { name, marker, then, file }
}

/// A version of three numbers that is a string of its own.
const BARE: &str = r"([0-9]+\.[0-9]+)\x00";

/// Where several versions fit a row, the highest is the program's own: bare rows also meet the versions at which commands
/// or fields came in, which are never higher.
pub(crate) const ROWS: &[Row] = &[
    row("bash", "@(#)Bash version ", r"([0-9]+\.[0-9]+\.[0-9]+)\(", ""),
    row("busybox", "BusyBox v", r"([0-9]+\.[0-9]+\.[0-9]+)[ \x00]", "busybox"),
    row("curl", "\0curl/", r"([0-9]+\.[0-9]+\.[0-9]+)\x00", "^curl"),
    row("dnsmasq", "\0dnsmasq-", r"([0-9]+\.[0-9]+[0-9a-z]*)\x00", "^dnsmasq"),
    row("erlang", "Erlang/OTP ", r"[0-9]+%s \[erts-([0-9]+(?:\.[0-9]+)+)\]", "^beam"),
    row("git", "\0git/", r"([0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)?)\x00", "^git"),
    row("haproxy", "\x001.", BARE_REST, "^haproxy"),
    row("haproxy", "\x002.", BARE_REST, "^haproxy"),
    row("haproxy", "\x003.", BARE_REST, "^haproxy"),
    row("httpd", "\0Apache/", r"(2\.[0-9]+\.[0-9]+)[ \x00]", "^(?:httpd|apache2)"),
    row("libcurl", "\0libcurl/", r"([0-9]+\.[0-9]+\.[0-9]+)(?:-DEV)?[ \x00]", ""),
    row("lighttpd", "lighttpd/", r"(1\.[0-9]+\.[0-9]+)[ \x00]", "^lighttpd"),
    row("mariadb", "\x0010.", r"([0-9]+\.[0-9]+)-MariaDB", "^(?:mariadb|mysql)"),
    row("mariadb", "\x0011.", r"([0-9]+\.[0-9]+)-MariaDB", "^(?:mariadb|mysql)"),
    row("memcached", "\0memcached ", r"([0-9]+\.[0-9]+\.[0-9]+)\x00", "^memcached"),
    row("mysql", "/mysql-", r"([0-9]+\.[0-9]+\.[0-9]+)/", "^mysqld?$"),
    row("nginx", "nginx version: nginx/", r"([0-9]+\.[0-9]+\.[0-9]+)", ""),
    row("node", "node.js/v", r"([0-9]+\.[0-9]+\.[0-9]+)\x00", "^(?:lib)?node"),
    row(
        "openjdk",
        "OpenJDK 64-Bit Server VM (",
        r"[^)\x00]{1,80}\) for [^ \x00]{1,40} JRE \(([0-9][0-9._]*)",
        "^libjvm",
    ),
    row("openresty", "nginx version: openresty/", r"([0-9]+(?:\.[0-9]+)+)", ""),
    row(
        "openssl",
        "OpenSSL ",
        r"([0-9]+\.[0-9]+\.[0-9]+[a-z]{0,2}(?:-fips)?) +[0-9]{1,2} [A-Z][a-z]{2} 20[0-9]{2}",
        OPENSSL,
    ),
    row(
        "oracle-java",
        "Java HotSpot(TM) 64-Bit Server VM (",
        r"[^)\x00]{1,80}\) for [^ \x00]{1,40} JRE \(([0-9][0-9._]*)",
        "^libjvm",
    ),
    row("perl", "\0v5.", r"([0-9]+\.[0-9]+)\x00", "^(?:lib)?perl"),
    row("php", "X-Powered-By: PHP/", r"([0-9]+\.[0-9]+\.[0-9]+(?:(?:alpha|beta|RC)[0-9]+)?)", ""),
    row("postfix", "mail_version=", r"([0-9]+\.[0-9]+\.[0-9]+)\x00", ""),
    row("postgresql", "\0postgres (PostgreSQL) ", r"([0-9]+(?:\.[0-9]+)+)", "^postgres"),
    row("proftpd", "ProFTPD Version ", r"([0-9]+\.[0-9]+\.[0-9]+[a-z]*[0-9]*)\x00", "^proftpd"),
    row("python", "\x002.", PYTHON_REST, PYTHON),
    row("python", "\x003.", PYTHON_REST, PYTHON),
    // The linker may have let the version share the end of the prefix's string.
    row("python", ".pyenv/versions/", r"([0-9]+\.[0-9]+\.[0-9]+)\x00", PYTHON),
    row("redis", "\x002.", BARE, "^redis-"),
    row("redis", "\x003.", BARE, "^redis-"),
    row("redis", "\x004.", BARE, "^redis-"),
    row("redis", "\x005.", BARE, "^redis-"),
    row("redis", "\x006.", BARE, "^redis-"),
    row("redis", "\x007.", BARE, "^redis-"),
    row("redis", "\x008.", BARE, "^redis-"),
    row("ruby", "\0ruby ", r"([0-9]+\.[0-9]+\.[0-9]+)(?:p[0-9]+|dev|preview[0-9]|rc[0-9])? \(20", "^(?:lib)?ruby"),
    row("sqlite", "\x003.", BARE, "^(?:lib)?sqlite3"),
    row("squid", "\0squid/", r"([0-9]+(?:\.[0-9]+)+)\x00", "^squid"),
    row("tor", "\0tor ", r"([0-9]+(?:\.[0-9]+){3})\x00", "^tor"),
    row("unbound", "\0unbound ", r"([0-9]+\.[0-9]+\.[0-9]+)\x00", "^(?:lib)?unbound"),
    row("valkey", "\x007.", BARE, "^valkey-"),
    row("valkey", "\x008.", BARE, "^valkey-"),
    row("valkey", "\x009.", BARE, "^valkey-"),
    row("varnish", "(varnish-", r"([0-9]+\.[0-9]+\.[0-9]+) revision ", ""),
];

/// HAProxy's own string ends with the packager's revision, which is no part of the version.
const BARE_REST: &str = r"([0-9]+\.[0-9]+)(?:-[0-9A-Za-z.+~-]{1,40})?\x00";
/// Python's, with the letters of a pre-release and the `+` of a build from its repository.
const PYTHON_REST: &str = r"([0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)\+?\x00";
const PYTHON: &str = r"^(?:lib)?python(?:([23]\.[0-9]+)|[23]?(?:\.so.*)?$)";
/// Programs that only link to OpenSSL carry the string of the version that they were built with.
const OPENSSL: &str = "^(?:libcrypto|libssl|openssl)";
