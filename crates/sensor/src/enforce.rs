//! What is stopped: the program of ebpf/enforce.bpf.c, pinned in the kernel so that it outlives the agent.

use std::path::{Path, PathBuf};

use aya::maps::{Array, HashMap, Map, MapData, PerCpuArray, RingBuf};
use aya::programs::BtfTracePoint;
use aya::programs::links::FdLink;
use aya::{Btf, EbpfLoader};
use seawall_decide::{RuntimeDenial, RuntimeMode, RuntimePolicy};

use crate::SensorError;
use crate::kernel::error_chain;

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/enforce.bpf.o"));

const MAPS: [&str; 4] = ["GROUPS", "DEFAULTS", "DENIALS", "LOST"];
const LINK: &str = "deny_exec";
/// Rises with every change of the maps' layout: an older agent's pins are not taken for this one's.
const LAYOUT: &str = "v1";

/// Why a program was denied (ebpf/enforce.bpf.c).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// The process.
    pub pid: u32,
    /// The inode of its program.
    pub inode: u64,
    /// What the program is.
    pub reason: RuntimeDenial,
    /// It was let pass, as the policy is a dry run.
    pub dry_run: bool,
}

/// The pinned programs of this node.
pub struct Enforcer {
    groups: HashMap<MapData, u64, u32>,
    defaults: Array<MapData, u32>,
    denials: RingBuf<MapData>,
    lost: PerCpuArray<MapData, u64>,
}

/// Where pins lie below the BPF file system, which is `/sys/fs/bpf` on every distribution.
pub fn pin_folder(bpf: &Path) -> PathBuf {
    bpf.join("seawall").join(LAYOUT)
}

impl Enforcer {
    /// Takes over what is pinned in `folder`, or loads and pins it.
    ///
    /// # Errors
    /// The kernel refuses the program, or the folder is not on a BPF file system.
    pub fn install(folder: &Path) -> Result<Self, SensorError> {
        if OBJECT.is_empty() {
            return Err(SensorError::NotBuilt);
        }
        if folder.join(LINK).exists() {
            return Self::pinned(folder);
        }
        prepare(folder)?;
        let mut loader = EbpfLoader::new();
        for name in MAPS {
            loader.map_pin_path(name, folder.join(name));
        }
        // The link is last: where it is, everything is.
        load(&mut loader, &mut |link| link.pin(folder.join(LINK)).map(drop).map_err(|e| failed(&e)))?;
        Self::pinned(folder)
    }

    /// Whether this kernel takes the program; it is attached for a moment, and denies nothing.
    ///
    /// # Errors
    /// Why not.
    pub fn try_load() -> Result<(), SensorError> {
        if OBJECT.is_empty() {
            return Err(SensorError::NotBuilt);
        }
        load(&mut EbpfLoader::new(), &mut |_| Ok(()))
    }

    fn pinned(folder: &Path) -> Result<Self, SensorError> {
        let map = |name: &str| MapData::from_pin(folder.join(name)).map_err(|e| SensorError::Load(error_chain(&e)));
        let made = |e: aya::maps::MapError| SensorError::Load(error_chain(&e));
        Ok(Self {
            groups: HashMap::try_from(Map::HashMap(map("GROUPS")?)).map_err(made)?,
            defaults: Array::try_from(Map::Array(map("DEFAULTS")?)).map_err(made)?,
            denials: RingBuf::try_from(Map::RingBuf(map("DENIALS")?)).map_err(made)?,
            lost: PerCpuArray::try_from(Map::PerCpuArray(map("LOST")?)).map_err(made)?,
        })
    }

    /// What holds for control groups of which nothing is said.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn set_default(&mut self, policy: Option<&RuntimePolicy>) -> Result<(), SensorError> {
        self.defaults.set(0, bits(policy), 0).map_err(|e| SensorError::Load(error_chain(&e)))
    }

    /// What holds for a control group.
    ///
    /// # Errors
    /// The kernel refuses it, for example because there are too many: the default holds for it then.
    pub fn set(&mut self, group: u64, policy: Option<&RuntimePolicy>) -> Result<(), SensorError> {
        self.groups.insert(group, bits(policy), 0).map_err(|e| SensorError::Load(error_chain(&e)))
    }

    /// Forgets a control group that is gone.
    pub fn forget(&mut self, group: u64) {
        // One that was never set is forgotten already.
        let _ = self.groups.remove(&group);
    }

    /// Forgets every control group that `keep` does not name: those that ended while no agent was there.
    pub fn keep_only(&mut self, keep: impl Fn(u64) -> bool) {
        let stale: Vec<u64> = self.groups.keys().filter_map(Result::ok).filter(|group| !keep(*group)).collect();
        for group in stale {
            self.forget(group);
        }
    }

    /// What was denied since it was asked last.
    pub fn denials(&mut self) -> Vec<Denial> {
        let mut all = Vec::new();
        while let Some(item) = self.denials.next() {
            let number = |at: usize| item.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes);
            let inode = item.get(24..32).and_then(|b| b.try_into().ok()).map_or(0, u64::from_ne_bytes);
            let reason = match number(36) {
                2 => RuntimeDenial::MemoryPrograms,
                4 => RuntimeDenial::VolumePrograms,
                _ => RuntimeDenial::DroppedPrograms,
            };
            all.push(Denial { pid: number(32), inode, reason, dry_run: number(40) != 0 });
        }
        all
    }

    /// Denials of which the agent could not be told.
    pub fn lost(&self) -> u64 {
        self.lost.get(&0, 0).map(|all| all.iter().sum()).unwrap_or(0)
    }

    /// Removes what is pinned; true where something was.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(folder: &Path) -> std::io::Result<bool> {
        if !folder.exists() {
            return Ok(false);
        }
        // The link first: without it nothing is denied, and half of the rest is of no use to anybody.
        for name in std::iter::once(LINK).chain(MAPS) {
            match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        std::fs::remove_dir(folder)?;
        Ok(true)
    }
}

fn failed(error: &dyn std::error::Error) -> SensorError {
    SensorError::Load(error_chain(error))
}

/// Loads and attaches the program, and gives the link to `keep`.
fn load(
    loader: &mut EbpfLoader<'_>,
    keep: &mut dyn FnMut(FdLink) -> Result<(), SensorError>,
) -> Result<(), SensorError> {
    let btf = Btf::from_sys_fs().map_err(|e| SensorError::NoTypes(e.to_string()))?;
    let mut programs = loader.load(OBJECT).map_err(|e| failed(&e))?;
    let program = programs.program_mut("seawall_deny_exec");
    let program: &mut BtfTracePoint = program
        .ok_or_else(|| SensorError::Load("the object lacks seawall_deny_exec".to_owned()))?
        .try_into()
        .map_err(|e: aya::programs::ProgramError| failed(&e))?;
    program.load("sched_process_exec", &btf).map_err(|e| failed(&e))?;
    let id = program.attach().map_err(|e| failed(&e))?;
    keep(FdLink::from(program.take_link(id).map_err(|e| failed(&e))?))
}

/// The bits of ebpf/enforce.bpf.c.
fn bits(policy: Option<&RuntimePolicy>) -> u32 {
    let Some(policy) = policy else { return 0 };
    let dry_run = match policy.mode {
        RuntimeMode::Observe => return 0,
        RuntimeMode::DryRun => 8,
        RuntimeMode::Enforce => 0,
    };
    let bit = |denial: &RuntimeDenial| match denial {
        RuntimeDenial::DroppedPrograms => 1,
        RuntimeDenial::MemoryPrograms => 2,
        RuntimeDenial::VolumePrograms => 4,
    };
    policy.deny.iter().map(bit).fold(dry_run, |all, bit| all | bit)
}

/// Makes the folder, and mounts the BPF file system where nobody has.
fn prepare(folder: &Path) -> Result<(), SensorError> {
    let failed = |error: std::io::Error| SensorError::Load(format!("{}: {error}", folder.display()));
    let bpf = Path::new("/sys/fs/bpf");
    if folder.starts_with(bpf) {
        const BPF_MAGIC: i64 = 0xcafe_4a11;
        let mounted = rustix::fs::statfs(bpf).is_ok_and(|fs| fs.f_type == BPF_MAGIC);
        if !mounted {
            rustix::mount::mount("bpf", bpf, "bpf", rustix::mount::MountFlags::empty(), None)
                .map_err(|errno| failed(errno.into()))?;
        }
    }
    std::fs::create_dir_all(folder).map_err(failed)
}
