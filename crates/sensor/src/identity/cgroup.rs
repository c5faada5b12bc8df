use seawall_model::ContainerEngine;

/// Most containers that one path of control groups is searched for.
const MAX_NESTED: usize = 8;
/// Longest identifier that is taken; a file's name is never longer.
const MAX_ID: usize = 255;

/// A container as the kernel knows it: the name of its control group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerId {
    /// The identifier: 64 hexadecimal digits for most engines, a machine's name for systemd-nspawn and LXC.
    pub id: String,
    /// Who runs it, where the name tells.
    pub engine: ContainerEngine,
    /// The identifier of the Kubernetes pod, where the path tells.
    pub pod_uid: Option<String>,
}

impl ContainerId {
    /// An identifier alone.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), engine: ContainerEngine::Unknown, pod_uid: None }
    }

    /// The first twelve characters of the identifier (`container.id`).
    pub fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The containers that a control group lies in, from the names of the group and its ancestors, leaf first as the
    /// kernel gives them; empty for a process of the host.
    ///
    /// **The outermost container comes first**, and what asks for names takes the first that an engine of this host
    /// knows. Whoever may make control groups inside a container can name one like a container that is trusted; the
    /// names above the container cannot be forged from within. A container inside a container (kind, Docker in Docker)
    /// is unknown to this host's engines anyway, and is told as the one that they know.
    pub fn of_cgroup<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty() && *name != "..").collect();
        let mut found: Vec<Self> = Vec::new();
        let (mut pod, mut parent) = (None, "");
        for name in names.into_iter().rev() {
            if let Some(uid) = pod_uid(name) {
                pod = Some(uid);
            }
            if let Some((id, engine)) = container(name, parent)
                && id.len() <= MAX_ID
                && found.len() < MAX_NESTED
                // `docker-ID.scope/ID` and the like are one container.
                && found.iter().all(|other| other.id != id)
            {
                found.push(Self { id, engine, pod_uid: pod.take() });
            }
            parent = name;
        }
        found
    }

    /// The same from the text of `/proc/PID/cgroup`. With version 1 hierarchies beside version 2, the unified one
    /// counts, or else the first that tells a container.
    pub fn of_cgroup_file(text: &str) -> Vec<Self> {
        let mut lines: Vec<(&str, &str)> = text
            .lines()
            .filter_map(|line| {
                let mut parts = line.splitn(3, ':').skip(1);
                Some((parts.next()?, parts.next()?))
            })
            .collect();
        // The unified hierarchy has no controllers in the second column. A user's session may be in it alone.
        lines.sort_by_key(|(controllers, _)| !controllers.is_empty());
        let path = |path: &str| Self::of_cgroup(path.trim_end_matches(" (deleted)").rsplit('/'));
        lines.into_iter().map(|(_, at)| path(at)).find(|found| !found.is_empty()).unwrap_or_default()
    }
}

/// What engines put before an identifier.
const PREFIXES: &[(&str, ContainerEngine)] = &[
    ("docker-", ContainerEngine::Docker),
    ("cri-containerd-", ContainerEngine::Containerd),
    ("containerd-", ContainerEngine::Containerd),
    ("nerdctl-", ContainerEngine::Containerd),
    ("crio-", ContainerEngine::Crio),
    ("libpod-payload-", ContainerEngine::Podman),
    ("libpod-", ContainerEngine::Podman),
];

/// The container that a control group of this name, below one named `parent`, belongs to.
fn container(name: &str, parent: &str) -> Option<(String, ContainerEngine)> {
    let bare = name.strip_suffix(".scope").unwrap_or(name);
    // runc's form SLICE:PREFIX:ID, taken as a plain name where the driver does not know systemd.
    let mut colons = bare.rsplitn(3, ':');
    if let (Some(id), Some(prefix), Some(_)) = (colons.next(), colons.next(), colons.next())
        && is_hex(id)
    {
        let engine = PREFIXES.iter().find(|(known, _)| known.strip_suffix('-') == Some(prefix));
        return Some((id.to_owned(), engine.map_or(ContainerEngine::Unknown, |(_, engine)| *engine)));
    }
    for (prefix, engine) in PREFIXES {
        // `crio-conmon-ID` and `libpod-conmon-ID` are the engine's own processes: what follows is no identifier.
        if let Some(id) = bare.strip_prefix(prefix).filter(|id| is_hex(id)) {
            return Some((id.to_owned(), *engine));
        }
    }
    if is_hex(bare) {
        let engine = match parent {
            "docker" => ContainerEngine::Docker,
            "libpod_parent" => ContainerEngine::Podman,
            "k8s.io" | "default" | "moby" => ContainerEngine::Containerd,
            _ => ContainerEngine::Unknown,
        };
        return Some((bare.to_owned(), engine));
    }
    fargate(bare).or_else(|| machine(name)).map(|id| (id, ContainerEngine::Unknown))
}

/// 64 hexadecimal digits in lower case.
fn is_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// ECS on Fargate: the task's 32 hexadecimal digits, a hyphen, and a number.
fn fargate(name: &str) -> Option<String> {
    let (task, number) = name.split_once('-')?;
    let task = task.len() == 32 && task.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let number = number.len() >= 6 && number.bytes().all(|b| b.is_ascii_digit());
    (task && number).then(|| name.to_owned())
}

/// The name of a machine of systemd-nspawn, LXC or LXD; not of virtual machines, whose processes are the host's.
fn machine(name: &str) -> Option<String> {
    let id = if let Some(rest) = name.strip_prefix("lxc.payload.") {
        rest.to_owned()
    } else if let Some(rest) = name.strip_prefix("systemd-nspawn@") {
        unescape(rest.strip_suffix(".service")?)
    } else {
        let rest = unescape(name.strip_prefix("machine-")?.strip_suffix(".scope")?);
        if rest.starts_with("qemu-") {
            return None;
        }
        // libvirt's form: `lxc-NUMBER-NAME`.
        let libvirt = rest.strip_prefix("lxc-").and_then(|rest| rest.split_once('-'));
        match libvirt {
            Some((number, name)) if number.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
            _ => rest,
        }
    };
    (!id.is_empty()).then_some(id)
}

/// systemd's `\x2d` for a hyphen and so on
/// ([systemd.unit](https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html)).
fn unescape(text: &str) -> String {
    let mut parts = text.split("\\x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii_graphic);
        match byte {
            Some(byte) => {
                out.push(char::from(byte));
                out.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                out.push_str("\\x");
                out.push_str(part);
            }
        }
    }
    out
}

/// The pod of `podUID` and `kubepods-burstable-podUID.slice`, where systemd's form has `_` for `-`. A static pod has 32
/// hexadecimal digits.
fn pod_uid(name: &str) -> Option<String> {
    let rest = match name.strip_suffix(".slice") {
        Some(slice) if slice.contains("kubepods") => slice.rsplit_once("-pod")?.1.replace('_', "-"),
        Some(_) => return None,
        None => {
            // `kubepods-podUID.slice:cri-containerd:ID` too.
            let name = name.split_once(".slice:").map_or(name, |(slice, _)| slice);
            match name.strip_prefix("pod") {
                Some(rest) => rest.to_owned(),
                None => name.strip_prefix("kubepods")?.rsplit_once("-pod")?.1.replace('_', "-"),
            }
        }
    };
    let hex = rest.bytes().filter(u8::is_ascii_hexdigit).count();
    (hex == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "4ee7e5a1d3f24b0c9a6d2f8b7c1e0d9f4ee7e5a1d3f24b0c9a6d2f8b7c1e0d9f";
    const B: &str = "b1b2b3b4b5b6b7b8b9b0c1c2c3c4c5c6c7c8c9c0d1d2d3d4d5d6d7d8d9d0e1e2";
    const POD: &str = "8a2f9c1e-5b7d-4c3a-9e1f-0a1b2c3d4e5f";
    const POD_: &str = "8a2f9c1e_5b7d_4c3a_9e1f_0a1b2c3d4e5f";
    const STATIC: &str = "0123456789abcdef0123456789abcdef";

    type Told = (String, &'static str, Option<String>);

    /// Path (with A, B, POD… written out), and `id engine pod` of each container, outermost first.
    fn cases() -> Vec<(String, Vec<Told>)> {
        let pod = || Some(POD.to_owned());
        let one = |path: &str, engine: &'static str, pod: Option<String>| {
            let path = path.replace("{A}", A).replace("{POD}", POD).replace("{POD_}", POD_);
            (path, vec![(A.to_owned(), engine, pod)])
        };
        let named = |path: &str, id: &str| (path.to_owned(), vec![(id.to_owned(), "unknown", None)]);
        let host = |path: &str| (path.replace("{A}", A), Vec::new());
        vec![
            // Docker.
            one("/docker/{A}", "docker", None),
            one("/system.slice/docker-{A}.scope", "docker", None),
            one("/system.slice/docker-{A}.scope/init.scope", "docker", None),
            one("/system.slice/docker-{A}.scope/system.slice/nginx.service", "docker", None),
            one("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{A}.scope", "docker", None),
            one("/my-parent/{A}", "unknown", None),
            one("/docker/{A}/docker-{A}.scope", "docker", None),
            one("/actions_job/{A}", "unknown", None),
            // A container's own view of its path, as the host shows it to one in another namespace.
            one("/../../system.slice/docker-{A}.scope", "docker", None),
            // Kubernetes with control groups of its own, and with systemd's.
            one("/kubepods/besteffort/pod{POD}/{A}", "unknown", pod()),
            one("/kubepods/pod{POD}/{A}", "unknown", pod()),
            one("/kubepods/burstable/pod{POD}/crio-{A}", "cri-o", pod()),
            one(
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_}.slice/cri-containerd-{A}.scope",
                "containerd",
                pod(),
            ),
            one("/kubepods.slice/kubepods-pod{POD_}.slice/crio-{A}.scope", "cri-o", pod()),
            one("/kubepods.slice/kubepods-pod{POD_}.slice/crio-{A}.scope/container", "cri-o", pod()),
            one(
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{POD_}.slice/docker-{A}.scope",
                "docker",
                pod(),
            ),
            one(
                "/system.slice/containerd.service/kubepods-burstable-pod{POD_}.slice:cri-containerd:{A}",
                "containerd",
                pod(),
            ),
            one("/k8s.io/{A}", "containerd", None),
            // containerd by itself.
            one("/default/{A}", "containerd", None),
            one("/system.slice/nerdctl-{A}.scope", "containerd", None),
            one("/system.slice/containerd-{A}.scope", "containerd", None),
            // Podman.
            one("/machine.slice/libpod-{A}.scope", "podman", None),
            one("/machine.slice/libpod-{A}.scope/container", "podman", None),
            one("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{A}.scope/container", "podman", None),
            one("/libpod_parent/libpod-{A}", "podman", None),
            one("/system.slice/web.service/libpod-payload-{A}", "podman", None),
            one("/libpod_parent/{A}", "podman", None),
            // Amazon ECS.
            one("/ecs/0a1b2c3d4e5f60718293a4b5c6d7e8f9/{A}", "unknown", None),
            one("/ecs/55091c13-b8cf-4801-b527-f4601742204d/{A}", "unknown", None),
            one("/ecstasks.slice/ecstasks-0a1b2c3d4e5f60718293a4b5c6d7e8f9.slice/docker-{A}.scope", "docker", None),
            named(
                "/ecs/0a1b2c3d4e5f60718293a4b5c6d7e8f9/0a1b2c3d4e5f60718293a4b5c6d7e8f9-2531612879",
                "0a1b2c3d4e5f60718293a4b5c6d7e8f9-2531612879",
            ),
            // Machines.
            named("/machine.slice/systemd-nspawn@web.service/payload/init.scope", "web"),
            named("/machine.slice/systemd-nspawn@web\\x2d1.service/payload", "web-1"),
            named("/machine.slice/machine-web\\x2d1.scope", "web-1"),
            named("/machine.slice/machine-lxc\\x2d4711\\x2dweb.scope/init.scope", "web"),
            named("/lxc.payload.web/system.slice/nginx.service", "web"),
            // A container in a container: the outer one first.
            (
                format!(
                    "/docker/{A}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{POD_}.slice/cri-containerd-{B}.scope"
                ),
                vec![(A.to_owned(), "docker", None), (B.to_owned(), "containerd", pod())],
            ),
            (
                format!("/kubepods/pod{POD}/{A}/docker/{B}"),
                vec![(A.to_owned(), "unknown", pod()), (B.to_owned(), "docker", None)],
            ),
            (format!("/kubepods/besteffort/pod{STATIC}/{A}"), vec![(A.to_owned(), "unknown", Some(STATIC.to_owned()))]),
            // The host, and the engines' own processes.
            host("/"),
            host("/system.slice/docker.service"),
            host("/system.slice/sshd.service"),
            host("/user.slice/user-1000.slice/session-3.scope"),
            host("/machine.slice/libpod-conmon-{A}.scope"),
            host("/kubepods.slice/crio-conmon-{A}.scope"),
            host("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"),
            host("/lxc.monitor.web"),
            host("/docker/0123456789ab"),
            host("/docker/4EE7E5A1D3F24B0C9A6D2F8B7C1E0D9F4EE7E5A1D3F24B0C9A6D2F8B7C1E0D9F"),
            host("/kubepods.slice/kubepods-burstable.slice"),
            host("/kubepods/burstable/podinfo"),
            host("/init.scope"),
        ]
    }

    #[test]
    fn names_tell_containers() {
        for (path, expected) in cases() {
            let found = ContainerId::of_cgroup(path.rsplit('/'));
            let found: Vec<_> = found.into_iter().map(|c| (c.id, c.engine.name(), c.pod_uid)).collect();
            assert_eq!(found, expected, "{path}");
            let text = format!("0::{path}\n");
            let again: Vec<_> = ContainerId::of_cgroup_file(&text).into_iter().map(|c| c.id).collect();
            assert_eq!(again, expected.into_iter().map(|(id, ..)| id).collect::<Vec<_>>(), "{path}");
        }
    }

    #[test]
    fn the_outer_container_cannot_be_forged() {
        let names = [format!("docker-{B}.scope"), format!("docker-{A}.scope"), "system.slice".to_owned()];
        let found = ContainerId::of_cgroup(names.iter().map(String::as_str));
        assert_eq!(found.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), [A, B]);
    }

    #[test]
    fn files_of_both_versions_are_read() {
        let hybrid = format!(
            "12:memory:/docker/{A}\n11:devices:/docker/{A}\n1:name=systemd:/docker/{A}\n0::/system.slice/docker.service\n"
        );
        assert_eq!(ContainerId::of_cgroup_file(&hybrid)[0].id, A);
        let both = format!("3:cpu,cpuacct:/docker/{B}\n0::/docker/{A}\n");
        assert_eq!(ContainerId::of_cgroup_file(&both)[0].id, A, "the unified hierarchy counts");
        let deleted = format!("0::/docker/{A} (deleted)\n");
        assert_eq!(ContainerId::of_cgroup_file(&deleted)[0].id, A);
        for text in ["", "\n", "0", "0:", "0::", "x:y:z\n", "0::/\n"] {
            assert_eq!(ContainerId::of_cgroup_file(text), [], "{text:?}");
        }
        let deep = format!("0::{}\n", format!("/docker/{A}").repeat(2_000));
        assert_eq!(ContainerId::of_cgroup_file(&deep).len(), 1);
        let many: String = (0..100).map(|n| format!("/docker/{n:064x}")).collect();
        assert_eq!(ContainerId::of_cgroup(many.rsplit('/')).len(), MAX_NESTED);
    }
}
