//! What this node's kernel allows, by trying.

use crate::flow::{Flows, KINDS};
use crate::node::probe_signals;
use crate::{Enforcer, Hook, HookState, Kernel, KernelOptions};

/// Where programs are refused, and where they are killed.
const REFUSE_EXEC: &str = "lsm/bprm_check_security";
const KILL_EXEC: &str = "kill at exec";

/// What a node can do.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The best tier that works: `lsm`, `exec-kill`, `observe` or `none`.
    pub tier: &'static str,
    /// Whether events can be seen at all.
    pub observes: bool,
    /// Each hook, what it is for, and what became of it.
    pub hooks: Vec<(&'static str, &'static str, HookState)>,
}

/// Tries every hook.
pub fn probe() -> Probe {
    let mut hooks = Vec::new();
    match Kernel::load(&KernelOptions { life_ring: 4096, event_ring: 4096, ..KernelOptions::default() }, &[]) {
        Ok(kernel) => {
            hooks.extend(kernel.hooks().iter().map(|(hook, state)| (hook.name(), hook.purpose(), state.clone())));
        }
        Err(error) => {
            let refused = HookState::Refused(error.to_string());
            hooks.extend(Hook::ALL.iter().map(|hook| (hook.name(), hook.purpose(), refused.clone())));
        }
    }
    let observes = hooks.iter().all(|(.., state)| *state == HookState::Attached);
    // Each of these is only needed by rules that ask for it: without one the node observes all the same.
    if let Ok(Some(flows)) = Flows::load(&KINDS.into(), std::process::id()) {
        hooks.extend(flows.hooks().map(|(name, purpose, state)| (name, purpose, state.clone())));
    }
    hooks.push(("signal_generate", "who signals the guard", probe_signals()));
    let denying = Enforcer::probe();
    // A program that is not run is what tells a tier: what else a policy asks for is looked at by itself.
    let has = |hook: &str| denying.iter().any(|(name, .., state)| *name == hook && *state == HookState::Attached);
    let tier = match (observes, has(REFUSE_EXEC), has(KILL_EXEC)) {
        (true, true, _) => "lsm",
        (true, false, true) => "exec-kill",
        (true, false, false) => "observe",
        (false, ..) => "none",
    };
    hooks.extend(denying.into_iter().map(|(name, purpose, _, state)| (name, purpose, state)));
    Probe { tier, observes, hooks }
}

/// The node's name.
pub fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
