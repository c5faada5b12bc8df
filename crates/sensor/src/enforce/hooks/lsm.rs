//! Whether the kernel asks BPF-LSM programs: they load and attach also where it was started without `bpf` in its list of
//! security modules, and are then never called.

use std::sync::OnceLock;

use aya::maps::Array;
use aya::programs::Lsm;
use aya::{Btf, EbpfLoader};

use crate::enforce::agent;
use crate::kernel::error_chain;

/// A kernel does not change its mind.
static TRIED: OnceLock<Result<(), String>> = OnceLock::new();

/// Tries once: a program that refuses this process's own next call.
pub(super) fn tried(object: &[u8], btf: &Btf) -> Result<(), String> {
    TRIED.get_or_init(|| refuses(object, btf)).clone()
}

fn refuses(object: &[u8], btf: &Btf) -> Result<(), String> {
    let mut programs = EbpfLoader::new().btf(Some(btf)).load(object).map_err(|e| error_chain(&e))?;
    let map = programs.take_map("AGENT").ok_or("the object lacks map AGENT")?;
    let mut map: Array<_, [u8; agent::SIZE]> = Array::try_from(map).map_err(|e| error_chain(&e))?;
    let program = programs.program_mut("seawall_trial").ok_or("the object lacks seawall_trial")?;
    let program: &mut Lsm = program.try_into().map_err(|e| error_chain(&e))?;
    program.load("bpf", btf).map_err(|e| error_chain(&e))?;
    map.set(0, agent::alone(), 0).map_err(|e| error_chain(&e))?;
    let link = program.attach().map_err(|e| error_chain(&e))?;
    let refused = map.get(&0, 0).is_err();
    program.detach(link).map_err(|e| error_chain(&e))?;
    if refused {
        return Ok(());
    }
    Err("the kernel does not ask such programs: `bpf` is not in its list of security modules (lsm=…,bpf at boot)"
        .to_owned())
}
