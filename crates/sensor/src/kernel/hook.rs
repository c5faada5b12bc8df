/// A place in the kernel where a program is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// A process runs another program.
    Exec,
    /// A process is made.
    Fork,
    /// A process ends.
    Exit,
    /// A system call begins.
    Enter,
    /// A system call is done.
    SysExit,
    /// Every task that runs now.
    Tasks,
}

impl Hook {
    /// Every hook, in the order in which they are attached.
    pub const ALL: &[Self] = &[Self::Tasks, Self::Exit, Self::Fork, Self::Exec, Self::Enter, Self::SysExit];

    /// The kernel's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exec => "sched_process_exec",
            Self::Fork => "sched_process_fork",
            Self::Exit => "sched_process_exit",
            Self::Enter => "sys_enter",
            Self::SysExit => "sys_exit",
            Self::Tasks => "iter/task",
        }
    }

    /// What it is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Exec => "programs that are run",
            Self::Fork => "processes that are made",
            Self::Exit => "processes that end",
            Self::Enter => "paths before a call",
            Self::SysExit => "system calls",
            Self::Tasks => "what ran before the guard",
        }
    }

    /// The program in the object.
    pub(crate) const fn program(self) -> &'static str {
        match self {
            Self::Exec => "seawall_exec",
            Self::Fork => "seawall_fork",
            Self::Exit => "seawall_exit",
            Self::Enter => "seawall_enter",
            Self::SysExit => "seawall_sys_exit",
            Self::Tasks => "seawall_tasks",
        }
    }
}

/// What became of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookState {
    /// The program is attached.
    Attached,
    /// The kernel refused it, for this reason.
    Refused(String),
}
