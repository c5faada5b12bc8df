//! What is stopped: the programs of enforce/hooks.rs, pinned in the kernel so that they outlive the agent.

mod agent;
mod answered;
mod code;
mod denial;
mod group_lists;
mod hashed;
pub(crate) mod hierarchy;
mod hooks;
mod link;
mod lists;
mod names;
mod object;
mod paths;
mod patterns;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use aya::maps::{Array, HashMap, Map, MapData, PerCpuArray};
use seawall_decide::{Bundle, RuntimeDenial, RuntimeMode, RuntimePolicy};

pub use denial::Denial;
use hashed::Digests;
pub(crate) use hashed::{FileKey, HashedFile, HashedFiles};
use hooks::{DenyHook, HOOKS, Objects, is_refused, refusals};
pub(crate) use link::open as open_pin;
pub use lists::Addresses;
use lists::Lists;
use names::Names;
use paths::Paths;

use crate::kernel::{error_chain, with_types};
use crate::ring::Ring;
use crate::{HookState, SensorError};

/// Maps that programs share.
const MAPS: [&str; 23] = [
    "GROUPS",
    "DEFAULTS",
    "DENIALS",
    "LOST",
    AGENT,
    "OUTSIDERS",
    "ALLOWED",
    "LISTS",
    "QUARANTINE",
    "QUARANTINE_NETS",
    "OWNERS",
    "HASHED",
    "DIGESTS",
    "DIGEST_LISTS",
    "ANSWERED",
    "NAMES",
    "USES",
    "SERVERS",
    "ASKED",
    "PATHS",
    "PATH_LISTS",
    answered::MAP,
    "MADE",
];
/// Who the agent is: of the programs that judge calls only.
const AGENT: &str = "AGENT";
/// Rises with every change of the maps' layout: an older agent's pins are not taken for this one's.
const LAYOUT: &str = "v6";

/// Whether a program is wanted, beside those before it.
type IsNeeded<'a> = dyn Fn(&DenyHook, &[(&'static DenyHook, HookState)]) -> Result<bool, SensorError> + 'a;

/// The pinned programs of this node.
pub struct Enforcer {
    hooks: Vec<(&'static DenyHook, HookState)>,
    groups: HashMap<MapData, u64, u32>,
    defaults: Array<MapData, u32>,
    denials: Ring,
    lost: PerCpuArray<MapData, u64>,
    lists: Option<Lists>,
    digests: Option<Digests>,
    names: Option<Names>,
    paths: Option<Paths>,
}

/// Where pins lie below the BPF file system, which is `/sys/fs/bpf` on every distribution.
pub fn pin_folder(bpf: &Path) -> PathBuf {
    bpf.join("seawall").join(LAYOUT)
}

/// Where lies what one agent tells the next, beside the pins of what denies.
pub(crate) fn agent_folder(pins: &Path) -> PathBuf {
    let name = pins.file_name().unwrap_or_default().to_string_lossy();
    pins.with_file_name(format!("{name}-agent"))
}

impl Enforcer {
    /// Takes over what is pinned in `folder`, or loads and pins it: what the policy asks for, as some programs cost each
    /// system call of the node a little. Each is tried by itself.
    ///
    /// # Errors
    /// The kernel takes no program, or the folder is not on a BPF file system.
    pub fn install(folder: &Path, policy: &Bundle) -> Result<Self, SensorError> {
        let mut enforcer = Self::with(folder, &|hook, hooks| {
            let path = folder.join(hook.program);
            // What cuts a container's network was asked for by a person, whatever the policy says.
            let stays = hook.denies.contains(&RuntimeDenial::Quarantine) && path.exists();
            let is_needed = stays || hook.is_asked_for(policy, hooks) && !hook.is_covered(hooks);
            if !is_needed {
                unpin(&path)?;
            }
            Ok(is_needed)
        })?;
        if let Some(paths) = &mut enforcer.paths {
            paths.fill(policy.runtime())?;
        }
        answered::tell(folder, policy, &enforcer.hooks)?;
        Ok(enforcer)
    }

    /// Takes over what is pinned, and what cuts the network of containers, pinned or not.
    ///
    /// # Errors
    /// As [`Enforcer::install`].
    pub fn for_quarantine(folder: &Path) -> Result<Self, SensorError> {
        Self::with(folder, &|hook, _| {
            Ok(hook.denies.contains(&RuntimeDenial::Quarantine) || folder.join(hook.program).exists())
        })
    }

    fn with(folder: &Path, is_needed: &IsNeeded<'_>) -> Result<Self, SensorError> {
        prepare(folder)?;
        let hooks = with_types(|loader, btf| {
            let mut objects = Objects::new(loader, btf, Some(folder));
            let mut hooks = Vec::new();
            for hook in HOOKS {
                if is_needed(hook, &hooks)? {
                    hooks.push((hook, pin(hook, folder, &mut objects)));
                }
            }
            Ok(hooks)
        })?;
        let worked = hooks.iter().any(|(_, state)| *state == HookState::Attached);
        if let (false, Some((_, HookState::Refused(reason)))) = (worked, hooks.last()) {
            return Err(if hooks.iter().all(|(hook, _)| hook.object.bytes().is_empty()) {
                SensorError::NotBuilt
            } else {
                SensorError::Load(reason.clone())
            });
        }
        let map = |name: &str| MapData::from_pin(folder.join(name)).map_err(|e| SensorError::Load(error_chain(&e)));
        let made = |e: aya::maps::MapError| SensorError::Load(error_chain(&e));
        if hooks.iter().any(|(hook, state)| hook.knows_agent() && *state == HookState::Attached) {
            let mut map: Array<_, [u8; agent::SIZE]> = Array::try_from(Map::Array(map(AGENT)?)).map_err(made)?;
            let this = agent::with_pins(folder)
                .map_err(|e| SensorError::Load(format!("cannot look at {}: {e}", folder.display())))?;
            map.set(0, this, 0).map_err(made)?;
        }
        Ok(Self {
            groups: HashMap::try_from(Map::HashMap(map("GROUPS")?)).map_err(made)?,
            defaults: Array::try_from(Map::Array(map("DEFAULTS")?)).map_err(made)?,
            denials: Ring::open(Map::RingBuf(map("DENIALS")?))?,
            lost: PerCpuArray::try_from(Map::PerCpuArray(map("LOST")?)).map_err(made)?,
            lists: Lists::open(folder)?,
            digests: Digests::open(folder)?,
            names: Names::open(folder)?,
            paths: Paths::open(folder)?,
            hooks,
        })
    }

    /// Tries each program: it is attached for a moment, and denies nothing. Its name, what it is for, what it can deny.
    pub fn probe() -> Vec<(&'static str, &'static str, &'static [RuntimeDenial], HookState)> {
        let told = |hook: &'static DenyHook, state| (hook.name, hook.purpose, hook.denies, state);
        let tried = with_types(|loader, btf| {
            let mut objects = Objects::new(loader, btf, None);
            Ok(HOOKS.iter().map(|hook| told(hook, state(hook.attach(&mut objects).map(drop)))).collect())
        });
        tried.unwrap_or_else(|error| {
            let refused = HookState::Refused(error.to_string());
            HOOKS.iter().map(|hook| told(hook, refused.clone())).collect()
        })
    }

    /// What of a policy no program here can deny: the entry, what it asks for, and why not.
    pub fn cannot(&self, policy: &RuntimePolicy) -> Vec<(RuntimeDenial, String)> {
        if policy.mode == RuntimeMode::Observe {
            return Vec::new();
        }
        let is_killed = |denial| {
            let needed = |(hook, _): &&(&DenyHook, _)| !hook.is_lsm() && hook.denies.contains(&denial);
            let mut needed = self.hooks.iter().filter(needed).peekable();
            needed.peek().is_some() && needed.all(|(_, state)| *state == HookState::Attached)
        };
        let is_late = |denial: RuntimeDenial| denial.is_late() && !policy.late.contains(&denial);
        let asked = policy.deny.iter().copied().chain(policy.cuts_network().then_some(RuntimeDenial::Quarantine));
        asked
            .filter(|denial| !is_refused(&self.hooks, *denial) && (!is_killed(*denial) || is_late(*denial)))
            .map(|denial| {
                let mut reasons = refusals(&self.hooks, |hook| hook.denies.contains(&denial));
                let late = format!(
                    "the process would be killed when it has happened (hint: `late: [{}]` accepts that)",
                    denial.name()
                );
                reasons.extend((is_killed(denial) && is_late(denial)).then_some(late));
                (denial, reasons.join("; "))
            })
            .collect()
    }

    /// What holds for control groups of which nothing is said.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn set_default(&mut self, policy: Option<&RuntimePolicy>) -> Result<(), SensorError> {
        if let Some(lists) = &mut self.lists {
            lists.set(None, policy)?;
        }
        if let Some(digests) = &mut self.digests {
            digests.set(None, policy)?;
        }
        self.set_paths(None, policy, |this| {
            this.defaults.set(0, denial::bits(policy), 0).map_err(|e| SensorError::Load(error_chain(&e)))
        })
    }

    /// What holds for a control group.
    ///
    /// # Errors
    /// The kernel refuses it, for example because there are too many: the default holds for it then.
    pub fn set(&mut self, group: u64, policy: Option<&RuntimePolicy>) -> Result<(), SensorError> {
        if let Some(lists) = &mut self.lists {
            lists.set(Some(group), policy)?;
        }
        if let Some(digests) = &mut self.digests {
            digests.set(Some(group), policy)?;
        }
        self.set_paths(Some(group), policy, |this| {
            this.groups.insert(group, denial::bits(policy), 0).map_err(|e| SensorError::Load(error_chain(&e)))
        })
    }

    /// Lists of paths come before what refers to them, and go after it.
    fn set_paths(
        &mut self,
        group: Option<u64>,
        policy: Option<&RuntimePolicy>,
        refer: impl FnOnce(&mut Self) -> Result<(), SensorError>,
    ) -> Result<(), SensorError> {
        if let Some(paths) = &mut self.paths {
            paths.set(group, policy)?;
        }
        refer(self)?;
        if let Some(paths) = &mut self.paths {
            paths.clear(group, policy);
        }
        Ok(())
    }

    /// Makes the digests that never may run those of these entries.
    ///
    /// # Errors
    /// The kernel refuses it, for example because there are too many.
    pub fn fill_digests<'p>(&mut self, policies: impl Iterator<Item = &'p RuntimePolicy>) -> Result<(), SensorError> {
        self.digests.as_mut().map_or(Ok(()), |digests| digests.fill(policies))
    }

    /// Makes the lists of addresses what these entries say now.
    ///
    /// # Errors
    /// The kernel refuses it, for example because there are too many.
    pub fn fill<'p>(
        &mut self,
        policies: impl Iterator<Item = &'p RuntimePolicy>,
        addresses: &dyn Addresses,
    ) -> Result<(), SensorError> {
        self.lists.as_mut().map_or(Ok(()), |lists| lists.fill(policies, addresses))
    }

    /// Follows the names of these entries by what name servers answer, and no others. What it cannot follow is returned: the
    /// addresses that are filled in hold there alone.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn follow<'p>(
        &mut self,
        policies: impl Iterator<Item = &'p RuntimePolicy>,
    ) -> Result<Vec<String>, SensorError> {
        let mut faults = refusals(&self.hooks, DenyHook::follows_names);
        if let Some(names) = &mut self.names {
            faults.extend(names.follow(policies)?);
        }
        Ok(faults)
    }

    /// Believes the answers of these name servers from now on, and of no others.
    ///
    /// # Errors
    /// The kernel refuses it, for example because there are too many.
    pub fn believe(&mut self, servers: &BTreeSet<IpAddr>) -> Result<(), SensorError> {
        self.names.as_mut().map_or(Ok(()), |names| names.believe(servers))
    }

    /// Cuts the network of a control group, and of the network namespaces that are its own.
    ///
    /// # Errors
    /// No program here can do it, or the kernel refuses it.
    pub fn cut(&mut self, group: u64, nets: &BTreeSet<u32>) -> Result<(), SensorError> {
        let refused = self.hooks.iter().find_map(|(hook, state)| match state {
            HookState::Refused(reason) if hook.denies.contains(&RuntimeDenial::Quarantine) => {
                Some(format!("{}: {reason}", hook.name))
            }
            _ => None,
        });
        match (&mut self.lists, refused) {
            (Some(lists), None) => lists.cut(group, nets),
            (_, refused) => Err(SensorError::Load(refused.unwrap_or_else(|| SensorError::NotBuilt.to_string()))),
        }
    }

    /// Gives a control group its network back; false where it was not cut.
    pub fn release(&mut self, group: u64) -> bool {
        self.lists.as_mut().is_some_and(|lists| lists.release(group))
    }

    /// Forgets a control group that is gone.
    pub fn forget(&mut self, group: u64) {
        // One that was never set is forgotten already.
        let _ = self.groups.remove(&group);
        if let Some(lists) = &mut self.lists {
            lists.forget(group);
        }
        if let Some(digests) = &mut self.digests {
            digests.forget(group);
        }
        if let Some(paths) = &mut self.paths {
            paths.forget(group);
        }
    }

    /// Forgets every control group that `keep` does not name: those that ended while no agent was there.
    pub fn keep_only(&mut self, keep: impl Fn(u64) -> bool) {
        let digests = self.digests.iter().flat_map(Digests::groups);
        let paths = self.paths.iter().flat_map(Paths::groups);
        let listed = self.lists.iter().flat_map(Lists::groups).chain(digests).chain(paths);
        let stale: Vec<u64> =
            self.groups.keys().filter_map(Result::ok).chain(listed).filter(|group| !keep(*group)).collect();
        for group in stale {
            self.forget(group);
        }
    }

    /// What was denied since it was asked last.
    pub fn denials(&mut self) -> Vec<Denial> {
        let mut all = Vec::new();
        while self.denials.next(&mut |record| all.extend(Denial::parse(record))) {}
        all
    }

    /// Denials of which the agent could not be told.
    pub fn lost(&self) -> u64 {
        self.lost.get(&0, 0).map(|all| all.iter().sum()).unwrap_or(0)
    }

    /// Removes what is pinned, also by other versions; true where something was.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(folder: &Path) -> std::io::Result<bool> {
        let agent = agent_folder(folder);
        if agent.exists() {
            std::fs::remove_dir_all(agent)?;
        }
        if !folder.exists() {
            return Ok(false);
        }
        // Links first: without them nothing is denied, and half of the rest is of no use to anybody.
        let mut maps = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if MAPS.iter().any(|map| path.ends_with(map)) {
                maps.push(path);
            } else {
                std::fs::remove_file(path)?;
            }
        }
        maps.into_iter().try_for_each(std::fs::remove_file)?;
        std::fs::remove_dir(folder)?;
        Ok(true)
    }
}

/// Takes over the pin of a program, or loads and pins it.
fn pin(hook: &DenyHook, folder: &Path, objects: &mut Objects<'_>) -> HookState {
    let path = folder.join(hook.program);
    if path.exists() {
        return HookState::Attached;
    }
    state(hook.attach(objects).and_then(|link| link.pin(&path).map(drop).map_err(|e| error_chain(&e))))
}

/// Removes the pin of a program that is not needed here; there may be none.
fn unpin(path: &Path) -> Result<(), SensorError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SensorError::Load(format!("cannot remove {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn state(result: Result<(), String>) -> HookState {
    result.map_or_else(HookState::Refused, |()| HookState::Attached)
}

/// Makes the folder, and mounts the BPF file system where nobody has.
pub(crate) fn prepare(folder: &Path) -> Result<(), SensorError> {
    let failed = |error: std::io::Error| SensorError::Load(format!("{}: {error}", folder.display()));
    if folder.starts_with("/sys/fs/bpf") {
        mount().map_err(failed)?;
    }
    std::fs::create_dir_all(folder).map_err(failed)
}

/// Mounts the BPF file system where nobody has.
fn mount() -> std::io::Result<()> {
    const BPF_MAGIC: i64 = 0xcafe_4a11;
    let bpf = Path::new("/sys/fs/bpf");
    if !rustix::fs::statfs(bpf).is_ok_and(|fs| fs.f_type == BPF_MAGIC) {
        rustix::mount::mount("bpf", bpf, "bpf", rustix::mount::MountFlags::empty(), None)?;
    }
    Ok(())
}
