//! The `runtime` section: what the guard stops, in which containers (docs/reference/policy.md).

use seawall_model::{Container, Digest};

use super::Bundle;
use super::digests;
use super::network::{self, NetworkRule};
use super::programs::{self, FileRule, ProgramRule};
use super::read::is_kebab;
use super::responses::{self, ResponsePolicy, RuntimeResponse};
use crate::glob;
use crate::reader::Reader;
use crate::yaml::Node;

/// Entries of one section.
const MAX_ENTRIES: usize = 1000;

/// What is done where a container does what an entry denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeMode {
    /// Nothing.
    Observe,
    /// It is told, as what would have been denied.
    DryRun,
    /// It is denied, and told.
    Enforce,
}

/// What can be denied at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuntimeDenial {
    /// Programs that were written since the container started.
    DroppedPrograms,
    /// Programs that exist in memory only (`memfd_create`).
    MemoryPrograms,
    /// Programs on volumes: neither of the image nor written in the container's own layer.
    VolumePrograms,
    /// Programs whose digest the image's inventory does not list, and what was not hashed or was changed since.
    UnlistedPrograms,
    /// Scripts that were written since the container started, run by their first line.
    DroppedScripts,
    /// Code of files that were written since the container started, mapped by a program.
    DroppedLibraries,
    /// Code of files that exist in memory only, mapped by a program.
    MemoryLibraries,
    /// Writing to files by which the kernel starts programs or is told what to do (`core_pattern`, `release_agent`).
    KernelSettings,
    /// Mounting, also by the new calls, and unmounting.
    Mounts,
    /// Attaching to another process.
    Ptrace,
    /// Any `bpf` call.
    Bpf,
    /// Loading modules into the kernel.
    Modules,
    /// Making user namespaces.
    UserNamespaces,
    /// Making namespaces of any kind, and entering those of others.
    Namespaces,
    /// Killing the agent, writing its files, and taking out what it put into the kernel.
    AgentTampering,
    /// Raw and packet sockets.
    RawSockets,
    /// Devices that a container does not ordinarily have.
    HostDevices,
    /// Programs whose digest `digests` names, and those whose digest is not known.
    Digests,
    /// Programs that `programs` names.
    Programs,
    /// Files that `files` names.
    Files,
    /// Connections to what `egress` does not list.
    Egress,
    /// Connections from what `ingress` does not list.
    Ingress,
    /// Anything on the network, as a person cut it: in no policy.
    Quarantine,
}

impl RuntimeDenial {
    /// Each, as a policy names it.
    pub const NAMES: &[(&str, Self)] = &[
        ("dropped-programs", Self::DroppedPrograms),
        ("memory-programs", Self::MemoryPrograms),
        ("volume-programs", Self::VolumePrograms),
        ("unlisted-programs", Self::UnlistedPrograms),
        ("dropped-scripts", Self::DroppedScripts),
        ("dropped-libraries", Self::DroppedLibraries),
        ("memory-libraries", Self::MemoryLibraries),
        ("kernel-settings", Self::KernelSettings),
        ("mounts", Self::Mounts),
        ("ptrace", Self::Ptrace),
        ("bpf", Self::Bpf),
        ("modules", Self::Modules),
        ("user-namespaces", Self::UserNamespaces),
        ("namespaces", Self::Namespaces),
        ("agent-tampering", Self::AgentTampering),
        ("raw-sockets", Self::RawSockets),
        ("host-devices", Self::HostDevices),
    ];

    /// What some nodes can answer only when it has happened, as `late` names it.
    pub const LATE: &[(&str, Self)] = &[("mounts", Self::Mounts), ("modules", Self::Modules)];

    /// What is denied by another word than one of `deny`.
    const ELSEWHERE: &[(&str, Self)] = &[
        ("digests", Self::Digests),
        ("programs", Self::Programs),
        ("files", Self::Files),
        ("egress", Self::Egress),
        ("ingress", Self::Ingress),
        ("quarantine", Self::Quarantine),
    ];

    /// Whether killing the process comes when it has happened: what a mount or a module changes stays.
    pub fn is_late(self) -> bool {
        Self::LATE.iter().any(|(_, denial)| *denial == self)
    }

    /// As a policy names it.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().chain(Self::ELSEWHERE).find(|(_, denial)| *denial == self).map_or("", |(name, _)| name)
    }
}

/// One entry of the section.
#[derive(Debug, Clone)]
pub struct RuntimePolicy {
    /// Its name, kebab-case.
    pub id: String,
    /// What is done.
    pub mode: RuntimeMode,
    /// What is denied; also `Programs`, `Files`, `Egress` and `Ingress` where there is a list, and what is in `late`.
    pub deny: Vec<RuntimeDenial>,
    /// What a node that cannot refuse it may answer by killing the process when it has happened.
    pub late: Vec<RuntimeDenial>,
    /// Programs that never may run, by the digest of their content; sorted.
    pub digests: Vec<Digest>,
    /// What is done where a rule of the guard speaks.
    pub responses: Vec<ResponsePolicy>,
    /// Which programs must not run.
    pub programs: Vec<ProgramRule>,
    /// Which files must not be touched.
    pub files: Vec<FileRule>,
    /// To whom a container may speak; none for everybody.
    pub egress: Option<Vec<NetworkRule>>,
    /// Who may speak to a container; none for everybody.
    pub ingress: Option<Vec<NetworkRule>>,
    containers: ContainerSelector,
}

/// Which containers are meant: every kind that is given has a pattern that matches.
#[derive(Debug, Clone, Default)]
pub struct ContainerSelector {
    images: Vec<String>,
    names: Vec<String>,
    namespaces: Vec<String>,
    pods: Vec<String>,
    services: Vec<String>,
    labels: Vec<String>,
}

impl ContainerSelector {
    /// Whether it means this container.
    pub fn selects(&self, container: &Container) -> bool {
        let any = |patterns: &[String], text: Option<&str>| {
            patterns.is_empty() || text.is_some_and(|text| patterns.iter().any(|p| glob::matches(p, text)))
        };
        let namespace = container.pod.as_ref().map(|pod| pod.namespace.as_str());
        any(&self.images, container.image.as_deref())
            && any(&self.names, container.name.as_deref())
            && any(&self.namespaces, namespace)
            && any(&self.pods, container.pod.as_ref().map(|pod| pod.name.as_str()))
            && any(&self.services, container.service.as_deref())
            && self.labels.iter().all(|pattern| {
                container.labels.iter().any(|(key, value)| glob::matches(pattern, &format!("{key}={value}")))
            })
    }

    /// Whether it means every container.
    pub fn selects_all(&self) -> bool {
        let Self { images, names, namespaces, pods, services, labels } = self;
        [images, names, namespaces, pods, services, labels].iter().all(|patterns| patterns.is_empty())
    }

    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Self {
        let mut selector = Self::default();
        let keys = ["images", "names", "namespaces", "pods", "services", "labels"];
        let of = reader.fields(node, "containers", &keys);
        for (key, into) in [
            ("images", &mut selector.images),
            ("names", &mut selector.names),
            ("namespaces", &mut selector.namespaces),
            ("pods", &mut selector.pods),
            ("services", &mut selector.services),
            ("labels", &mut selector.labels),
        ] {
            if let Some(node) = of.get(key) {
                *into = reader.texts(node);
            }
        }
        selector
    }
}

impl RuntimePolicy {
    /// Whether it is about this container.
    pub fn selects(&self, container: &Container) -> bool {
        self.containers.selects(container)
    }

    /// Whether one of its responses cuts the network of a container.
    pub fn cuts_network(&self) -> bool {
        let cuts = |response: &ResponsePolicy| response.actions.contains(&RuntimeResponse::CutNetwork);
        self.mode != RuntimeMode::Observe && self.responses.iter().any(cuts)
    }

    /// Whether it is about every container.
    pub fn selects_all(&self) -> bool {
        self.containers.selects_all()
    }
}

impl Bundle {
    /// Every entry of the `runtime` section, in order.
    pub fn runtime(&self) -> impl Iterator<Item = &RuntimePolicy> {
        self.runtime.iter().chain(self.parts.iter().flat_map(|part| &part.runtime))
    }

    /// Whether some response cuts the network of a container.
    pub fn cuts_network(&self) -> bool {
        self.runtime().any(RuntimePolicy::cuts_network)
    }

    /// Whether some list has names of DNS.
    pub fn lists_names(&self) -> bool {
        let lists = self.runtime().flat_map(|entry| [&entry.egress, &entry.ingress]);
        lists.flatten().flatten().any(|rule| !rule.names.is_empty())
    }

    /// The entry that holds for a container: the first that selects it.
    pub fn runtime_for(&self, container: &Container) -> Option<&RuntimePolicy> {
        self.runtime().find(|policy| policy.selects(container))
    }

    /// The entry that holds for a container of which nothing is known yet: the first that selects all, where no entry
    /// before it could select the container and let it do more.
    pub fn runtime_default(&self) -> Option<&RuntimePolicy> {
        self.runtime().find(|policy| policy.selects_all())
    }
}

pub(super) fn section(reader: &mut Reader<'_>, node: &Node) -> Vec<RuntimePolicy> {
    if node.is_null() {
        return Vec::new();
    }
    reader.list(node, MAX_ENTRIES).into_iter().filter_map(|node| entry(reader, node)).collect()
}

fn entry(reader: &mut Reader<'_>, node: &Node) -> Option<RuntimePolicy> {
    let keys =
        ["id", "containers", "mode", "deny", "late", "digests", "programs", "files", "egress", "ingress", "responses"];
    let fields = reader.fields(node, "a runtime entry", &keys);
    let id_node = fields.require(reader, "id")?;
    let id = reader.text(id_node)?.to_owned();
    if !is_kebab(&id) {
        reader.fail_at(id_node, format!("the id `{id}` is not kebab-case"), None);
    }
    let modes =
        [("observe", RuntimeMode::Observe), ("dry-run", RuntimeMode::DryRun), ("enforce", RuntimeMode::Enforce)];
    let mode = fields.require(reader, "mode").and_then(|node| reader.choice(node, &modes))?;
    let responses = fields.get("responses").map(|node| responses::section(reader, node)).unwrap_or_default();
    let [egress, ingress] = ["egress", "ingress"].map(|key| fields.get(key).map(|node| network::list(reader, node)));
    let digests = fields.get("digests").map(|node| digests::list(reader, node)).unwrap_or_default();
    let programs = fields.get("programs").map(|node| programs::programs(reader, node));
    let files = fields.get("files").map(|node| programs::files(reader, node));
    let late_node = fields.get("late");
    // An entry that only answers alerts, or only has lists, need not deny more.
    let has_list = egress.is_some() || ingress.is_some() || programs.is_some() || files.is_some();
    let is_enough = !digests.is_empty() || has_list || late_node.is_some() || !responses.is_empty();
    let (programs, files) = (programs.unwrap_or_default(), files.unwrap_or_default());
    let deny_node = if is_enough { fields.get("deny") } else { Some(fields.require(reader, "deny")?) };
    let mut list = |node: Option<&Node>, names| -> Vec<_> {
        let nodes = node.map(|node| reader.list(node, 100)).unwrap_or_default();
        nodes.into_iter().filter_map(|node| reader.choice(node, names)).collect()
    };
    let mut deny = list(deny_node, RuntimeDenial::NAMES);
    let late = list(late_node, RuntimeDenial::LATE);
    deny.extend(&late);
    deny.extend((!digests.is_empty()).then_some(RuntimeDenial::Digests));
    deny.extend((!programs.is_empty()).then_some(RuntimeDenial::Programs));
    deny.extend((!files.is_empty()).then_some(RuntimeDenial::Files));
    deny.extend(egress.is_some().then_some(RuntimeDenial::Egress));
    deny.extend(ingress.is_some().then_some(RuntimeDenial::Ingress));
    let containers = fields.get("containers").map(|node| ContainerSelector::read(reader, node)).unwrap_or_default();
    Some(RuntimePolicy { id, mode, deny, late, digests, responses, programs, files, egress, ingress, containers })
}

#[cfg(test)]
mod tests {
    use seawall_model::Container;

    use super::RuntimeMode;
    use crate::Bundle;

    const TEXT: &str = "
apiVersion: seawall/v1
name: run
runtime:
  - id: builders-may
    containers: { images: ['build:*'], labels: ['role=ci*'] }
    mode: observe
    deny: [dropped-programs]
  - id: no-drift
    mode: enforce
    deny: [dropped-programs, memory-programs]
";

    fn container(image: &str, label: &str) -> Container {
        let labels = label.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
        Container { image: Some(image.to_owned()), labels, ..Container::default() }
    }

    #[test]
    fn the_first_entry_that_selects_decides() {
        let bundle = Bundle::load("p.yaml", TEXT).expect("loads");
        let id = |c: &Container| bundle.runtime_for(c).map(|p| (p.id.clone(), p.mode));
        assert_eq!(id(&container("build:1", "role=ci-7")), Some(("builders-may".to_owned(), RuntimeMode::Observe)));
        assert_eq!(id(&container("build:1", "role=web")), Some(("no-drift".to_owned(), RuntimeMode::Enforce)));
        assert_eq!(id(&Container::default()), Some(("no-drift".to_owned(), RuntimeMode::Enforce)));
        assert_eq!(bundle.runtime_default().map(|p| p.id.as_str()), Some("no-drift"));
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        for (from, to, expected) in [
            ("mode: observe", "mode: enforced", "p.yaml:7:11"),
            ("[dropped-programs]", "[droped-programs]", "p.yaml:8:12"),
            ("images:", "image:", "p.yaml:6:19"),
            ("deny: [dropped-programs]", "late: [mounts, ptrace]", "p.yaml:8:20"),
            ("id: no-drift", "name: no-drift", "p.yaml:9:5"),
        ] {
            let error = Bundle::load("p.yaml", &TEXT.replacen(from, to, 1)).expect_err("refused").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
