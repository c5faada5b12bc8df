//! Runs the scripts of cases in containers, several at a time.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seawall_testkit::Dockerd;
use serde_json::{Value, json};

use crate::case::{Case, Script};

pub(crate) const REPOSITORY: &str = "team/attacked";
pub(crate) const TAG: &str = "1";
/// Where the cluster's interface is said to be.
pub(crate) const CLUSTER: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
/// What every name of the world is said to be.
pub(crate) const WORLD: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));
/// Containers at a time.
const WORKERS: usize = 4;
/// A container that takes longer is ended, and the case has failed.
pub(crate) const LONGEST: Duration = Duration::from_secs(120);
/// The container whose network all others share: addresses that look like the world, and somebody who answers.
const FAR: &str = "far";
const FAR_SCRIPT: &str = include_str!("far.py");

/// What became of a script.
pub(crate) struct Outcome {
    /// The index of its case.
    pub(crate) case: usize,
    pub(crate) script: Script,
    /// The container's name.
    pub(crate) name: String,
    /// How it ended; none where it did not start.
    pub(crate) exit: Option<i64>,
    /// What went wrong.
    pub(crate) problem: Option<String>,
    /// Why it could not be tried here.
    pub(crate) skipped: Option<String>,
}

/// The engine, and the containers that were made.
pub(crate) struct Containers<'e> {
    engine: &'e Dockerd,
    folder: PathBuf,
    ids: Mutex<BTreeMap<String, String>>,
}

impl<'e> Containers<'e> {
    pub(crate) fn new(engine: &'e Dockerd, folder: &Path) -> Self {
        Self { engine, folder: folder.to_path_buf(), ids: Mutex::default() }
    }

    /// The identifier of a container by its name.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        self.ids.lock().expect("no panic").get(name).cloned()
    }

    /// The name of a container by its identifier.
    pub(crate) fn name(&self, id: &str) -> Option<String> {
        self.ids.lock().expect("no panic").iter().find(|(_, i)| *i == id).map(|(n, _)| n.clone())
    }

    /// Runs every script of every case.
    pub(crate) fn run(&self, cases: &[Case]) -> Vec<Outcome> {
        self.start_far();
        let scripts: Vec<(usize, Script)> =
            cases.iter().enumerate().flat_map(|(n, case)| case.scripts().into_iter().map(move |s| (n, s))).collect();
        let next = AtomicUsize::new(0);
        let outcomes = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    while let Some((number, script)) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let outcome = self.run_one(*number, &cases[*number], script);
                        outcomes.lock().expect("no panic").push(outcome);
                    }
                });
            }
        });
        let mut outcomes = outcomes.into_inner().expect("no panic");
        outcomes.sort_by(|a, b| (a.case, a.script.file()).cmp(&(b.case, b.script.file())));
        outcomes
    }

    /// Runs some scripts once more, one after another, in new containers of the same names.
    pub(crate) fn again(&self, cases: &[Case], before: &[Outcome]) -> Vec<Outcome> {
        before
            .iter()
            .map(|outcome| {
                self.engine.ask("DELETE", &format!("/containers/{}?force=1", outcome.name), &Value::Null);
                self.run_one(outcome.case, &cases[outcome.case], &outcome.script)
            })
            .collect()
    }

    /// The last lines that a container wrote.
    pub(crate) fn log(&self, outcome: &Outcome) -> String {
        self.engine.ask_bytes("GET", &format!("/containers/{}/logs?stdout=1&stderr=1&tail=8", outcome.name))
    }

    fn start_far(&self) {
        let document = json!({
            "Image": format!("{REPOSITORY}:{TAG}"), "Cmd": ["/usr/bin/python3", "-c", FAR_SCRIPT],
            "HostConfig": {"NetworkMode": "none", "CapAdd": ["NET_ADMIN"]},
        });
        self.create(FAR, &document);
        let (status, answer) = self.engine.ask("POST", &format!("/containers/{FAR}/start"), &Value::Null);
        assert_eq!(status, 204, "{answer}");
        let begin = Instant::now();
        while !self.engine.ask_bytes("GET", &format!("/containers/{FAR}/logs?stdout=1&stderr=1")).contains("listening")
        {
            assert!(
                begin.elapsed() < LONGEST,
                "the far side does not listen: {}",
                self.engine.ask_bytes("GET", "/containers/far/logs?stdout=1&stderr=1")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn create(&self, name: &str, document: &Value) {
        let (status, answer) = self.engine.ask("POST", &format!("/containers/create?name={name}"), document);
        assert_eq!(status, 201, "{name}: {answer}");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let id = answer["Id"].as_str().expect("an id").to_owned();
        self.ids.lock().expect("no panic").insert(name.to_owned(), id);
    }

    fn run_one(&self, number: usize, case: &Case, script: &Script) -> Outcome {
        let kind = if case.generator { "generator" } else { "rule" };
        let name = format!("{kind}-{}-{}", case.id, script.stem());
        self.create(&name, &self.document(case, script, &name));
        let mut outcome = Outcome {
            case: number,
            script: script.clone(),
            name: name.clone(),
            exit: None,
            problem: None,
            skipped: None,
        };
        let (status, answer) = self.engine.ask("POST", &format!("/containers/{name}/start"), &Value::Null);
        if status != 204 {
            if answer.contains("unable to apply caps") {
                // This machine itself has not every capability, so that no container can.
                outcome.skipped = Some(answer);
            } else {
                outcome.problem = Some(format!("it does not start: {answer}"));
            }
            return outcome;
        }
        let begin = Instant::now();
        loop {
            let (_, answer) = self.engine.ask("GET", &format!("/containers/{name}/json"), &Value::Null);
            let state: Value = serde_json::from_str(&answer).expect("JSON");
            if state["State"]["Running"] == false {
                outcome.exit = state["State"]["ExitCode"].as_i64();
                return outcome;
            }
            if begin.elapsed() > LONGEST {
                outcome.problem = Some("it does not end".to_owned());
                self.engine.ask("POST", &format!("/containers/{name}/kill"), &Value::Null);
                return outcome;
            }
            std::thread::sleep(Duration::from_millis(60));
        }
    }

    fn document(&self, case: &Case, script: &Script, name: &str) -> Value {
        let setup = &case.container;
        let attack = *script != Script::Benign;
        let mut binds = vec![format!("{}:/case:ro", case.folder.display())];
        let more = setup.attack_binds.iter().filter(|_| attack);
        for bind in setup.binds.iter().chain(more) {
            let own = self.folder.join("binds").join(name);
            std::fs::create_dir_all(&own).expect("writable");
            let bind = bind.replace("{socket}", &self.engine.socket().display().to_string());
            binds.push(bind.replace("{folder}", &own.display().to_string()));
        }
        let mut security: Vec<&str> = Vec::new();
        if setup.unconfined {
            security.extend(["seccomp=unconfined", "apparmor=unconfined"]);
        }
        let tmpfs: serde_json::Map<String, Value> = setup.tmpfs.iter().map(|t| (t.clone(), json!("exec"))).collect();
        json!({
            "Image": format!("{REPOSITORY}:{TAG}"),
            "Cmd": ["/bin/bash", format!("/case/{}", script.file())],
            "Env": setup.environment, "User": setup.user, "WorkingDir": setup.working_folder,
            "Tty": setup.tty || (attack && setup.attack_tty),
            "HostConfig": {
                "NetworkMode": format!("container:{FAR}"), "Binds": binds, "Tmpfs": tmpfs,
                "Privileged": setup.privileged || (attack && setup.attack_privileged),
                "Devices": if attack && setup.attack_disk { disk() } else { json!([]) },
                "CapAdd": setup.cap_add, "SecurityOpt": security, "PidMode": if setup.host_pid { "host" } else { "" },
            },
        })
    }
}

/// The first disk of this machine, as a device of a container.
fn disk() -> Value {
    let disks = ["/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda"];
    let found = disks.into_iter().find(|d| Path::new(d).exists());
    found.map_or(json!([]), |d| json!([{"PathOnHost": d, "PathInContainer": d, "CgroupPermissions": "r"}]))
}
