//! Observations at random, from a seed: the words are those that rules ask for, so that many rules come near to a match,
//! beside ordinary ones.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use seawall_model::{
    Argument, ArgumentValue, Container, ContainerMount, Descriptor, Event, EventKind, File, Lineage, Observation,
    OverlayLayer, Pod, Process, ProcessKey, Socket,
};

/// A generator of numbers: xorshift64*.
pub struct Random(u64);

impl Random {
    /// From a seed that is not 0.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end.max(1)
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn pick<'p, T>(&mut self, from: &'p [T]) -> &'p T {
        &from[self.below(from.len())]
    }
}

/// What happened, who did it, and the ancestors.
pub struct Observed {
    /// What happened.
    pub event: Event,
    /// The process and its ancestors.
    pub table: Table,
}

/// Processes by key; 1 is the one that did it.
pub struct Table(pub HashMap<ProcessKey, Process>);

impl Lineage for Table {
    fn process(&self, key: ProcessKey) -> Option<&Process> {
        self.0.get(&key)
    }
}

impl Observed {
    /// As rules see it.
    pub fn observation(&self) -> Observation<'_> {
        Observation { event: &self.event, process: &self.table.0[&ProcessKey(1)], lineage: &self.table }
    }
}

/// Words that rules compare with, and ordinary ones.
pub struct Words {
    names: Vec<String>,
    paths: Vec<String>,
    all: Vec<String>,
}

impl Words {
    /// Takes the words from the conditions of rules.
    pub fn of(conditions: &[&str]) -> Self {
        let mut all: Vec<String> = [
            "sh",
            "bash",
            "cat",
            "nginx",
            "python3",
            "sshd",
            "runc",
            "java",
            "/usr/lib/libc.so.6",
            "/etc/ld.so.cache",
            "/tmp/x",
        ]
        .map(str::to_owned)
        .to_vec();
        for condition in conditions {
            let words = condition.split(|c: char| c.is_whitespace() || "(),=\"'".contains(c));
            all.extend(words.filter(|w| w.len() > 1 && w.len() < 60).map(str::to_owned));
        }
        all.sort();
        all.dedup();
        let names = all.iter().filter(|w| !w.contains('/') && w.len() < 16).cloned().collect();
        let paths = all.iter().filter(|w| w.starts_with('/')).cloned().collect();
        Self { names, paths, all }
    }
}

fn path(random: &mut Random, words: &Words) -> String {
    let base = random.pick(&words.paths).clone();
    match random.below(6) {
        0 | 1 => base,
        2 => format!("{}/{}", base.trim_end_matches('/'), random.pick(&words.names)),
        3 => format!("{}/{}/.ssh/{}", base.trim_end_matches('/'), random.pick(&words.names), random.pick(&words.names)),
        4 => format!("/usr/share/{}/{}", random.pick(&words.names), random.pick(&words.names)),
        _ => format!("/home/{}/{}", random.pick(&words.names), random.pick(&words.all)),
    }
}

fn process(random: &mut Random, words: &Words, key: u64) -> Process {
    let name = random.pick(&words.names).clone();
    let arguments: Vec<String> = (0..random.below(5)).map(|_| random.pick(&words.all).clone()).collect();
    let arguments = arguments.join(" ");
    let pid = 100 + key as u32;
    let exe = if random.chance(2) { name.clone() } else { path(random, words) };
    Process {
        key: ProcessKey(key),
        pid,
        ppid: pid + 1,
        virtual_pid: if random.chance(4) { 1 } else { pid },
        group: pid,
        virtual_group: if random.chance(2) { pid } else { 1 },
        session: pid,
        virtual_session: pid,
        command_line: [name.as_str(), &arguments].join(" ").trim_end().into(),
        name: name.into(),
        exe: exe.clone().into(),
        arguments: arguments.into(),
        exe_path: if random.chance(8) { "memfd:x".into() } else { exe.as_str().into() },
        exe_given: exe.into(),
        cwd: path(random, words).into(),
        environment: match random.below(4) {
            0 => "PATH=/bin HTTP_PROXY=http://p GLIBC_TUNABLES=glibc.malloc=1".into(),
            1 => "PATH=/usr/bin HOME=/root LANG=C".into(),
            _ => Default::default(),
        },
        tty: u32::from(random.chance(3)) * 34816,
        uid: *random.pick(&[0, 0, 1000, 33]),
        euid: 0,
        gid: 0,
        user: random.pick(&[Some("root"), Some("daemon"), Some("www-data"), None]).map(Into::into),
        group_name: None,
        login_uid: *random.pick(&[u32::MAX, 0, 1000]),
        capabilities: seawall_model::Capabilities {
            permitted: if random.chance(3) { 0x1ff_ffff_ffff } else { 0xa804_25fb },
            effective: if random.chance(3) { 0x1ff_ffff_ffff } else { 0xa804_25fb },
            inheritable: 0,
        },
        started: *random.pick(&[0, 1_000_000_000, 100_000_000_000]),
        executable: seawall_model::Executable {
            layer: *random.pick(&[OverlayLayer::None, OverlayLayer::Lower, OverlayLayer::Upper]),
            memfd: random.chance(8),
            ..Default::default()
        },
        ..Process::default()
    }
}

fn container(random: &mut Random, words: &Words) -> Container {
    let images: Vec<&String> =
        words.all.iter().filter(|w| w.contains('/') && w.contains('.') && !w.starts_with('/')).collect();
    let image = if images.is_empty() || random.chance(2) {
        "docker.io/library/nginx".to_owned()
    } else {
        (*random.pick(&images)).clone()
    };
    Container {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        image_repository: if random.chance(5) { None } else { Some(image) },
        privileged: *random.pick(&[None, Some(true), Some(false)]),
        mounts: if random.chance(2) {
            vec![ContainerMount {
                source: random.pick(&["/proc", "/etc", "/data", "/root/x"]).to_string(),
                destination: "/x".to_owned(),
                ..Default::default()
            }]
        } else {
            Vec::new()
        },
        pod: random.chance(2).then(|| Pod {
            name: "p".to_owned(),
            namespace: "kube-system".to_owned(),
            ..Pod::default()
        }),
        ..Container::default()
    }
}

fn end(random: &mut Random) -> (IpAddr, u16) {
    let address: IpAddr = match random.below(7) {
        0 => Ipv4Addr::new(127, 0, 0, 1).into(),
        1 => Ipv4Addr::new(10, 0, 0, 7).into(),
        2 => Ipv4Addr::new(169, 254, 169, 254).into(),
        3 => Ipv4Addr::UNSPECIFIED.into(),
        4 => Ipv6Addr::LOCALHOST.into(),
        5 => Ipv4Addr::new(1, 2, 3, 4).to_ipv6_mapped().into(),
        _ => Ipv4Addr::new(203, 0, 113, 5).into(),
    };
    (address, *random.pick(&[22, 53, 80, 443, 3333, 8080, 40000]))
}

fn descriptor(random: &mut Random, words: &Words, kind: EventKind, result: i64) -> Option<Descriptor> {
    use EventKind as K;
    match kind {
        K::Open | K::Openat | K::Openat2 | K::Creat | K::OpenByHandleAt | K::Fchmod => {
            let name = path(random, words);
            let given = if random.chance(6) { format!("/etc/../etc/..{name}") } else { name.clone() };
            Some(Descriptor::File(File {
                number: if result >= 0 { result } else { -1 },
                name: name.as_str().into(),
                given: given.into(),
                resolved: name.into(),
                flags: *random.pick(&[0, 0, 0x80000, 0x80000, 1, 2, 0o1101, 0o102, 0o200_000]),
                mode: *random.pick(&[0, 0o644, 0o755]),
                created: random.chance(4),
                ..File::default()
            }))
        }
        K::Connect
        | K::Accept
        | K::Accept4
        | K::Bind
        | K::Listen
        | K::Sendto
        | K::Sendmsg
        | K::Recvfrom
        | K::Recvmsg
        | K::Dup
        | K::Dup2
        | K::Dup3 => Some(Descriptor::Socket(Socket {
            number: random.below(5) as i64,
            family: *random.pick(&[2, 2, 2, 10, 1]),
            kind: *random.pick(&[1, 2]),
            protocol: *random.pick(&[0, 6, 17]),
            local: (!random.chance(8)).then(|| end(random)),
            remote: (!random.chance(5)).then(|| end(random)),
            server: random.chance(2),
            path: "/run/docker.sock".into(),
            connected: random.chance(2),
            name_changed: random.chance(2),
        })),
        _ if random.chance(6) => Some(Descriptor::Other { number: 4, name: "pipe".into() }),
        _ => None,
    }
}

fn arguments(random: &mut Random, words: &Words, kind: EventKind) -> Vec<(Argument, ArgumentValue)> {
    use EventKind as K;
    let located = |random: &mut Random| {
        let path = path(random, words);
        ArgumentValue::Path { absolute: path.as_str().into(), given: path.into() }
    };
    match kind {
        K::Rename | K::Renameat | K::Renameat2 | K::Link | K::Linkat => {
            vec![(Argument::OldPath, located(random)), (Argument::NewPath, located(random))]
        }
        K::Unlink | K::Rmdir | K::Mkdir | K::Mkdirat => vec![(Argument::Path, located(random))],
        K::Unlinkat => vec![
            (Argument::Name, located(random)),
            (Argument::Flags, ArgumentValue::Flags(random.below(2) as u64 * 0x200)),
        ],
        K::Symlink | K::Symlinkat => vec![(Argument::Target, located(random)), (Argument::LinkPath, located(random))],
        K::Chmod | K::Fchmodat | K::Fchmod => {
            let mode = *random.pick(&[0o755, 0o644, 0o4755, 0o2755]);
            vec![(Argument::Filename, located(random)), (Argument::Mode, ArgumentValue::Flags(mode))]
        }
        K::Ptrace => vec![(Argument::Request, ArgumentValue::Flags(*random.pick(&[0, 16, 0x4206, 4, 7])))],
        K::Setuid => {
            vec![(Argument::Uid, ArgumentValue::Text(random.pick(&["root", "nobody", "daemon"]).to_string().into()))]
        }
        K::Bpf => vec![(Argument::Cmd, ArgumentValue::Flags(*random.pick(&[5, 0, 8])))],
        K::Socket => vec![(Argument::Domain, ArgumentValue::Flags(*random.pick(&[2, 10, 17])))],
        K::Recvfrom => {
            vec![(Argument::Data, ArgumentValue::Text(vec![0xca, 0xfe, 0xba, 0xbe, random.below(4) as u8].into()))]
        }
        _ => Vec::new(),
    }
}

/// The next observation; half of them are of the kinds that come most.
pub fn observe(random: &mut Random, words: &Words, number: u64) -> Observed {
    use EventKind as K;
    let kind = if random.chance(2) {
        *random.pick(&[K::Openat, K::Openat, K::Execve, K::Execve, K::Connect])
    } else {
        *random.pick(K::ALL)
    };
    let result = *random.pick(&[0, 3, 3, 7, -2, -13, -115]);
    let mut table = HashMap::new();
    let depth = 1 + random.below(10) as u64;
    let container = random.chance(2).then(|| Arc::new(container(random, words)));
    for key in 1..=depth {
        let mut one = process(random, words, key);
        one.parent = (key < depth).then_some(ProcessKey(key + 1));
        one.container = container.clone();
        table.insert(one.key, one);
    }
    let event = Event {
        number,
        time: 101_000_000_000 + number,
        cpu: 0,
        kind,
        result,
        thread: 101,
        virtual_thread: 101,
        process: ProcessKey(1),
        arguments: arguments(random, words, kind),
        descriptor: descriptor(random, words, kind, result),
    };
    Observed { event, table: Table(table) }
}
