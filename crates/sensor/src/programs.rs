//! What the images on this node may run: a thread that hashes the programs of each layer once, and keeps in the kernel which
//! of them the image's list has (ebpf/include/listed.h).
//!
//! A layer that a scan took down elsewhere ([`Inventories`]) has the list of that scan. Of any other the list is what it had
//! when it was hashed first: it stays so while what is pinned does, also for the next agent.

mod engine;
mod file;
mod inventory;
mod layer;
mod walk;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_io::{LocalAddress, LocalCloser, LocalHttp};

use crate::DirectorySettings;
use crate::enforce::{FileKey, HashedFiles};
use crate::identity::below;
use engine::LayerFolder;
pub(crate) use inventory::Inventories;

/// How soon an engine whose stream of events ended is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// How soon what could not be hashed is tried again, at first and at the longest.
const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_secs(60);
/// How often files are looked at again because one was refused that had changed.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// How much less than others the thread may run once the images in use are hashed.
const NICE: i32 = 10;

/// Something that people should hear of.
pub(crate) struct Note {
    pub(crate) rule: &'static str,
    pub(crate) text: String,
}

enum Sign {
    /// Something happened at an engine.
    Look,
    /// A file was refused that had changed.
    Changed,
    Stop,
}

/// The thread, and those that follow the engines.
pub(crate) struct Programs {
    notes: Receiver<Note>,
    ready: Receiver<()>,
    signs: Sender<Sign>,
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    flag: AtomicBool,
    /// What ends the stream of events of each engine.
    closers: Mutex<HashMap<usize, LocalCloser>>,
}

impl Programs {
    /// Begins to hash what the engines have.
    pub(crate) fn start(settings: &DirectorySettings, inventories: Inventories, hashed: HashedFiles) -> Self {
        let (signs, events) = channel();
        let (tell, notes) = channel();
        let (done, ready) = channel();
        let stop = Arc::new(Stop::default());
        let engines: Vec<_> =
            settings.engines.iter().map(|e| LocalHttp::new(e.address.clone(), settings.stall)).collect();
        let mut threads: Vec<_> = engines
            .iter()
            .enumerate()
            .map(|(index, http)| {
                let (http, signs, stop) = (http.clone(), signs.clone(), Arc::clone(&stop));
                std::thread::spawn(move || follow(index, &http, &signs, &stop))
            })
            .collect();
        let stopped = Arc::clone(&stop);
        let mut worker = Worker {
            root: settings.root.clone(),
            inventories,
            hashed,
            engines,
            images: HashMap::new(),
            layers: HashMap::new(),
            told: HashSet::new(),
            tell,
            stop: stopped,
            swept: false,
            failed: false,
        };
        threads.push(std::thread::spawn(move || worker.run(&events, &done)));
        Self { notes, ready, signs, stop, threads }
    }

    /// Waits until what containers use is hashed, and then, not as long, for the rest.
    pub(crate) fn wait(&self, in_use: Duration, rest: Duration) {
        // What is not hashed by then is refused, and told.
        let _ = self.ready.recv_timeout(in_use).and_then(|()| self.ready.recv_timeout(rest));
    }

    /// Looks at the files again: one was refused that had changed.
    pub(crate) fn changed(&self) {
        // The thread ends with this.
        let _ = self.signs.send(Sign::Changed);
    }

    /// What people should hear of since it was asked last.
    pub(crate) fn notes(&self) -> impl Iterator<Item = Note> {
        self.notes.try_iter()
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        self.stop.flag.store(true, Ordering::SeqCst);
        // Threads that have ended need no sign.
        let _ = self.signs.send(Sign::Stop);
        for closer in self.stop.closers.lock().unwrap_or_else(PoisonError::into_inner).values() {
            closer.close();
        }
        for thread in self.threads.drain(..) {
            // A thread that failed has said so.
            let _ = thread.join();
        }
    }
}

impl Stop {
    fn is_set(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }
}

/// Follows one engine's events until the end.
fn follow(index: usize, http: &LocalHttp, signs: &Sender<Sign>, stop: &Stop) {
    while !stop.is_set() {
        let keep = |closer: LocalCloser| {
            let mut closers = stop.closers.lock().unwrap_or_else(PoisonError::into_inner);
            if stop.is_set() {
                closer.close();
            }
            closers.insert(index, closer);
        };
        // Why it does not answer is told by the directory of containers.
        let _ = is_there(http).then(|| engine::follow(http, signs, || Sign::Look, keep));
        let end = Instant::now() + AGAIN;
        while Instant::now() < end && !stop.is_set() {
            std::thread::sleep(Duration::from_millis(20));
        }
        stop.closers.lock().unwrap_or_else(PoisonError::into_inner).remove(&index);
    }
}

fn is_there(http: &LocalHttp) -> bool {
    match http.address() {
        LocalAddress::Unix(socket) => socket.exists(),
        LocalAddress::Tcp(_) => true,
    }
}

struct Worker {
    root: PathBuf,
    inventories: Inventories,
    hashed: HashedFiles,
    engines: Vec<LocalHttp>,
    /// What is known of images, by engine and identifier.
    images: HashMap<(usize, String), Vec<LayerFolder>>,
    /// The layers that are hashed.
    layers: HashMap<PathBuf, Vec<FileKey>>,
    /// What was told already.
    told: HashSet<String>,
    tell: Sender<Note>,
    stop: Arc<Stop>,
    /// What earlier agents left was taken out.
    swept: bool,
    /// Something could not be hashed, and is tried again.
    failed: bool,
}

/// More different notes than this are not remembered, and told again.
const MAX_TOLD: usize = 10_000;

impl Worker {
    fn run(&mut self, events: &Receiver<Sign>, ready: &Sender<()>) {
        let (mut looked, mut changed) = (None::<Instant>, false);
        self.pass(Some(ready));
        // Nobody may wait any more.
        let _ = ready.send(());
        let _ = rustix::process::setpriority_process(None, NICE);
        let mut pause = SOON;
        loop {
            let look = looked.filter(|_| changed).map(|at| BETWEEN_LOOKS.saturating_sub(at.elapsed()));
            let again = self.failed.then_some(pause);
            pause = if self.failed { (pause * 2).min(LATE) } else { SOON };
            let wait = look.into_iter().chain(again).min().unwrap_or(LATE * 60);
            let mut signs = match events.recv_timeout(wait) {
                Ok(sign) => vec![sign],
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // Many events are one reason to look.
            signs.extend(events.try_iter());
            if self.stop.is_set() || signs.iter().any(|sign| matches!(sign, Sign::Stop)) {
                return;
            }
            self.failed = false;
            changed |= signs.iter().any(|sign| matches!(sign, Sign::Changed));
            if changed && looked.is_none_or(|at| at.elapsed() >= BETWEEN_LOOKS) {
                self.layers.clear();
                (looked, changed) = (Some(Instant::now()), false);
            }
            self.pass(None);
        }
    }

    /// Hashes what is new, and forgets what is gone.
    fn pass(&mut self, ready: Option<&Sender<()>>) {
        let mut answered = Vec::new();
        let mut held = Vec::new();
        for (index, http) in self.engines.clone().iter().enumerate() {
            match engine::held(http) {
                Ok(of) => {
                    held.push((index, http.clone(), of));
                    answered.push(index);
                }
                // What it had stays. That there is no engine is told by the directory of containers.
                Err(_) if !is_there(http) => {}
                Err(reason) => {
                    let text = format!("what the images of an engine may run is not known: {reason}");
                    self.missed(text);
                }
            }
        }
        for in_use in [true, false] {
            for (index, http, of) in &held {
                let part = if in_use { of.images.get(..of.in_use) } else { of.images.get(of.in_use..) };
                for (id, source) in part.unwrap_or_default() {
                    if self.stop.is_set() {
                        return;
                    }
                    self.image(*index, http, id, source);
                }
            }
            if let Some(ready) = ready.filter(|_| in_use) {
                // Nobody may wait any more.
                let _ = ready.send(());
            }
        }
        let is_held = |index: usize, id: &String| {
            held.iter().any(|(i, _, of)| *i == index && of.images.iter().any(|(held, _)| held == id))
        };
        self.images.retain(|(index, id), _| !answered.contains(index) || is_held(*index, id));
        let used: HashSet<&PathBuf> = self.images.values().flatten().map(|layer| &layer.folder).collect();
        let gone: Vec<PathBuf> = self.layers.keys().filter(|folder| !used.contains(folder)).cloned().collect();
        for key in gone.iter().filter_map(|folder| self.layers.remove(folder)).flatten() {
            self.hashed.remove(key);
        }
    }

    fn image(&mut self, index: usize, http: &LocalHttp, id: &str, source: &engine::Source) {
        let key = (index, id.to_owned());
        // An image that came again lies in other folders.
        let is_here = |layers: &Vec<LayerFolder>| layers.iter().all(|layer| below(&self.root, &layer.folder).is_dir());
        if !self.images.get(&key).is_some_and(is_here) {
            match engine::layers(http, id, source) {
                Ok(Some(image)) => {
                    let unlisted = |l: &LayerFolder| l.diff_id.is_none_or(|id| self.inventories.of(id).is_none());
                    if !self.inventories.is_empty() && image.layers.iter().any(unlisted) {
                        let text = format!(
                            "no inventory names every layer of image {}: the list of its programs is made on this node",
                            image.name
                        );
                        self.note("Seawall internal: programs listed on the node", text);
                    }
                    self.images.insert(key.clone(), image.layers);
                }
                Ok(None) => return,
                Err(reason) => {
                    let text = format!("the programs of image {id} are not hashed, and may not run: {reason}");
                    return self.missed(text);
                }
            }
        }
        for layer in self.images.get(&key).cloned().unwrap_or_default() {
            if !self.layers.contains_key(&layer.folder) {
                self.layer(&layer);
            }
        }
    }

    /// Something is not hashed that might be another time.
    fn missed(&mut self, text: String) {
        self.failed = true;
        self.note("Seawall internal: programs not hashed", text);
    }

    fn note(&mut self, rule: &'static str, text: String) {
        if self.told.len() >= MAX_TOLD {
            self.told.clear();
        }
        if self.told.insert(text.clone()) {
            // Nobody may listen any more.
            let _ = self.tell.send(Note { rule, text });
        }
    }
}
