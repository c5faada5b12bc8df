//! Builds the eBPF programs with clang. Where clang is missing the build goes on, and the guard says how to get them.
#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: &[&str] = &[
    "sensor", "enforce", "flow", "mapping", "script", "lsm", "paths", "network", "devices", "signal", "names", "calls",
];

fn main() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ebpf");
    println!("cargo:rerun-if-changed={}", source.display());
    println!("cargo:rerun-if-env-changed=SEAWALL_CLANG");
    let output = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let clang = std::env::var("SEAWALL_CLANG").unwrap_or_else(|_| "clang".to_owned());
    for name in PROGRAMS {
        let object = output.join(format!("{name}.bpf.o"));
        if let Err(reason) = compile(&clang, &source.join(format!("{name}.bpf.c")), &object) {
            println!("cargo:warning=eBPF program {name} was not built: {reason}");
            // A file that is not there: the next build tries again, with the clang that may be there by then.
            println!("cargo:rerun-if-changed={}", output.join("try-again").display());
            // An empty object is what the loader recognises as "not built".
            if let Err(error) = std::fs::write(&object, []) {
                println!("cargo:warning={}: {error}", object.display());
            }
        }
    }
}

fn compile(clang: &str, source: &Path, object: &Path) -> Result<(), String> {
    let flags = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror", "-Wno-unused-function", "-c"];
    let status = Command::new(clang).args(flags).arg(source).arg("-o").arg(object).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{clang} ended with {status}")),
        Err(error) => Err(format!("{clang}: {error}")),
    }
}
