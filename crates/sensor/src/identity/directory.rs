mod engine;
mod queue;
mod table;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_io::{LocalAddress, LocalHttp};
use seawall_model::{Container, ContainerEngine};

use super::cgroup::ContainerId;
use super::docker::Docker;
use super::spec::SpecFiles;
use engine::Engine;
pub use engine::{EngineState, EngineStatus};
use queue::{Job, JobKind, Queue};
pub use table::IdentityStatistics;
use table::{Answer, Rank, Table};

/// Most jobs that wait for the files.
const MAX_JOBS: usize = 4096;
/// Threads that ask one engine: one may be waiting for a container that starts.
const ASKING: usize = 2;

/// Where containers are looked for, and how much is remembered of them.
#[derive(Debug, Clone)]
pub struct DirectorySettings {
    /// The host's root as this process sees it.
    pub root: PathBuf,
    /// Docker's folder as the host sees it, until Docker names another.
    pub docker_folder: PathBuf,
    /// The engines' sockets.
    pub engines: Vec<EngineSocket>,
    /// Reports of scans with the digests of images' programs, or folders of them.
    pub inventories: Vec<PathBuf>,
    /// How long an engine may be silent when it is asked.
    pub stall: Duration,
    /// Most containers that are remembered.
    pub entries: usize,
    /// How long a container is remembered after its end: its last events come later.
    pub keep: Duration,
    /// After which time a container that nobody knew is looked for again.
    pub retry: Duration,
}

impl DirectorySettings {
    /// The usual places below a root; the engines are Docker and Podman.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let socket = |engine, places: &[&str]| EngineSocket {
            engine,
            address: LocalAddress::usual(places.iter().map(|place| root.join(place))),
        };
        Self {
            engines: vec![
                socket(ContainerEngine::Docker, &["run/docker.sock", "var/run/docker.sock"]),
                socket(ContainerEngine::Podman, &["run/podman/podman.sock"]),
            ],
            docker_folder: PathBuf::from("/var/lib/docker"),
            root,
            inventories: Vec::new(),
            stall: Duration::from_secs(2),
            entries: 4_096,
            keep: Duration::from_secs(300),
            retry: Duration::from_secs(1),
        }
    }
}

/// An engine, and where it listens.
#[derive(Debug, Clone)]
pub struct EngineSocket {
    /// Which one.
    pub engine: ContainerEngine,
    /// Where.
    pub address: LocalAddress,
}

/// What is known of a container.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// As much as its engine tells.
    Known(Arc<Container>),
    /// It is being asked for.
    Pending,
    /// Nobody knows it, and why. It is looked for again after [`DirectorySettings::retry`].
    Unknown(String),
}

/// Which containers there are, by the identifiers that the kernel shows.
///
/// Engines' events tell of a container when it is made, which is before its first instruction; what runs already is
/// listed at the start and whenever an engine comes back. Nothing here waits unless it says so.
pub struct Directory {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads share.
struct Shared {
    table: Table,
    files: Queue,
    engines: Vec<Engine>,
    stopping: AtomicBool,
    /// Wakes the threads that wait to connect again.
    stopped: (Mutex<bool>, Condvar),
    settings: DirectorySettings,
}

impl Directory {
    /// Starts to follow the engines.
    pub fn start(settings: DirectorySettings) -> Self {
        let engines = settings.engines.iter().map(|socket| {
            let http = LocalHttp::new(socket.address.clone(), settings.stall);
            Engine::new(Docker::new(http, socket.engine, settings.root.clone(), settings.docker_folder.clone()))
        });
        let shared = Arc::new(Shared {
            table: Table::new(settings.entries, settings.keep, settings.retry),
            files: Queue::new(MAX_JOBS),
            engines: engines.collect(),
            stopping: AtomicBool::new(false),
            stopped: (Mutex::new(false), Condvar::new()),
            settings,
        });
        let mut threads = Vec::new();
        let mut run = |work: Box<dyn FnOnce(&Shared) + Send>| {
            let shared = Arc::clone(&shared);
            threads.push(std::thread::spawn(move || work(&shared)));
        };
        run(Box::new(Shared::read_files));
        for index in 0..shared.engines.len() {
            run(Box::new(move |shared| shared.follow(index)));
            for _ in 0..ASKING {
                run(Box::new(move |shared| shared.ask_engine(index)));
            }
        }
        Self { shared, threads }
    }

    /// What is known of a container now. Where it is nothing it is asked for.
    pub fn lookup(&self, id: &ContainerId) -> Lookup {
        let (lookup, ask) = self.shared.table.lookup(&id.id, self.shared.sources());
        if ask {
            self.shared.ask(&id.id);
        }
        lookup
    }

    /// As [`Directory::lookup`], and waits for the answer, at most for so long: [`Lookup::Pending`] after that.
    pub fn wait(&self, id: &ContainerId, limit: Duration) -> Lookup {
        match self.lookup(id) {
            Lookup::Pending => self.shared.table.wait(&id.id, Instant::now() + limit),
            known => known,
        }
    }

    /// The container that a process is in, from what [`ContainerId::of_cgroup`] gave: the outermost that an engine
    /// knows. Waits at most for so long, and not at all where that is zero.
    pub fn identify(&self, path: &[ContainerId], limit: Duration) -> Lookup {
        let deadline = Instant::now() + limit;
        let mut first = None;
        for id in path {
            match self.wait(id, deadline.saturating_duration_since(Instant::now())) {
                Lookup::Unknown(reason) => _ = first.get_or_insert(reason),
                found => return found,
            }
        }
        Lookup::Unknown(first.unwrap_or_else(|| "a process of the host".to_owned()))
    }

    /// Says that a container's control group has gone; engines without events do not tell its end.
    pub fn ended(&self, id: &ContainerId) {
        self.shared.table.end(&id.id, Instant::now());
    }

    /// How the engines are, in the settings' order.
    pub fn engines(&self) -> Vec<EngineStatus> {
        self.shared.engines.iter().map(Engine::status).collect()
    }

    /// Counts since the start.
    pub fn statistics(&self) -> IdentityStatistics {
        self.shared.table.statistics()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let (stopped, wake) = &self.shared.stopped;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        wake.notify_all();
        self.shared.files.close();
        for engine in &self.shared.engines {
            engine.close();
        }
        for thread in self.threads.drain(..) {
            // A thread that failed has said so.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// How many answers a question has.
    fn sources(&self) -> usize {
        self.engines.len() + 1
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Asks everybody; the table expects [`Shared::sources`] answers.
    fn ask(&self, id: &str) {
        let sequence = self.table.next();
        let job = |kind| Job { id: id.to_owned(), sequence, kind };
        let queues = std::iter::once(&self.files).chain(self.engines.iter().map(|engine| &engine.queue));
        for queue in queues {
            if !queue.push(job(JobKind::Look)) {
                self.table.overflow(id);
            }
        }
    }

    /// Reads files for who asks, until the end.
    fn read_files(&self) {
        let files = SpecFiles::new(self.settings.root.clone(), self.settings.docker_folder.clone());
        while let Some(job) = self.files.next() {
            let found = files.find(&job.id);
            let answer = found.map(|found| found.map(|found| (found.container, found.complete)));
            self.table.answer(&job.id, Answer { rank: Rank::Files, sequence: job.sequence, found: answer });
        }
    }
}
