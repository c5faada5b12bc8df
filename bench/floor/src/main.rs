//! `seawall-floor archive FILE | oci FOLDER zlib-rs|libdeflate`: reads what a scan must read, hashes what it must
//! hash, and does nothing else. Its wall time is the floor under every scanner that recomputes every digest.
//!
//! Layers are taken largest first by as many threads as there are cores. With zlib-rs a layer flows through two
//! threads (inflate and hash the stored bytes; hash what comes out), so that one big layer keeps both cores busy.
//! libdeflate inflates whole buffers only: it is the fastest, and needs the whole layer in memory, twice.
//! A digest that is not the one in the manifest ends the program: a floor that skips work would flatter nobody.
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use sha2::{Digest, Sha256};

const CHUNK: usize = 256 << 10;

/// Some bytes of a file, what they hash to, and what their inflated form does.
struct Job {
    path: PathBuf,
    start: u64,
    length: u64,
    stored: Option<String>,
    inflated: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut jobs, whole) = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["archive", file] => (archive(Path::new(file))?, false),
        ["oci", folder, library @ ("zlib-rs" | "libdeflate")] => (oci(Path::new(folder))?, *library == "libdeflate"),
        _ => return Err("usage: seawall-floor archive FILE | oci FOLDER zlib-rs|libdeflate".into()),
    };
    jobs.sort_by_key(|j| std::cmp::Reverse(j.length));
    let next = AtomicUsize::new(0);
    let failed: Mutex<Vec<String>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = if whole { at_once(job) } else { flowing(job) } {
                        failed.lock().unwrap().push(format!("{}: {error}", job.path.display()));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner()?;
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

/// The members of an archive; those named in its manifest are checked against the configuration's diff_ids.
fn archive(path: &Path) -> Result<Vec<Job>, Box<dyn Error>> {
    let mut file = File::open(path)?;
    let mut members = Vec::new();
    let mut header = [0; 512];
    while file.read_exact(&mut header).is_ok() && header[0] != 0 {
        let name = String::from_utf8_lossy(&header[..100]).trim_end_matches('\0').to_owned();
        let size = if header[124] & 0x80 != 0 {
            header[128..136].iter().fold(0, |n, b| n << 8 | u64::from(*b))
        } else {
            let digits: String = header[124..136].iter().map(|b| *b as char).filter(char::is_ascii_digit).collect();
            u64::from_str_radix(&digits, 8)?
        };
        let start = file.stream_position()?;
        members.push((name, start, size));
        file.seek(SeekFrom::Start(start + size.next_multiple_of(512)))?;
    }
    let mut json = |name: &str| -> Result<serde_json::Value, Box<dyn Error>> {
        let (_, start, size) = members.iter().find(|m| m.0 == name).ok_or("no such member")?;
        let mut bytes = vec![0; *size as usize];
        file.seek(SeekFrom::Start(*start))?;
        file.read_exact(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    };
    let manifest = json("manifest.json")?;
    let configuration = json(manifest[0]["Config"].as_str().ok_or("no Config")?)?;
    let layers = manifest[0]["Layers"].as_array().ok_or("no Layers")?;
    let mut jobs = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let (_, start, length) = members.iter().find(|m| layer == m.0.as_str()).ok_or("no such layer")?;
        let stored = configuration["rootfs"]["diff_ids"][index].as_str().map(str::to_owned);
        jobs.push(Job { path: path.to_owned(), start: *start, length: *length, stored, inflated: None });
    }
    Ok(jobs)
}

/// The layers of an OCI layout's first manifest.
fn oci(folder: &Path) -> Result<Vec<Job>, Box<dyn Error>> {
    let blob = |digest: &serde_json::Value| -> Result<PathBuf, Box<dyn Error>> {
        Ok(folder.join("blobs").join(digest.as_str().ok_or("no digest")?.replace(':', "/")))
    };
    let read = |path: PathBuf| -> Result<serde_json::Value, Box<dyn Error>> { Ok(serde_json::from_slice(&fs::read(path)?)?) };
    let index = read(folder.join("index.json"))?;
    let manifest = read(blob(&index["manifests"][0]["digest"])?)?;
    let configuration = read(blob(&manifest["config"]["digest"])?)?;
    let mut jobs = Vec::new();
    for (i, layer) in manifest["layers"].as_array().ok_or("no layers")?.iter().enumerate() {
        let path = blob(&layer["digest"])?;
        let length = fs::metadata(&path)?.len();
        let stored = layer["digest"].as_str().map(str::to_owned);
        let inflated = configuration["rootfs"]["diff_ids"][i].as_str().map(str::to_owned);
        jobs.push(Job { path, start: 0, length, stored, inflated });
    }
    Ok(jobs)
}

fn hex(hasher: Sha256) -> String {
    let digits: String = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{digits}")
}

fn check(expected: &Option<String>, actual: &str) -> io::Result<()> {
    match expected {
        Some(expected) if expected != actual => Err(io::Error::other(format!("{actual} is not {expected}"))),
        _ => Ok(()),
    }
}

struct Hashing<R>(R, Sha256);

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.update(&buffer[..read]);
        Ok(read)
    }
}

fn open(job: &Job) -> io::Result<io::Take<File>> {
    let mut file = File::open(&job.path)?;
    file.seek(SeekFrom::Start(job.start))?;
    Ok(file.take(job.length))
}

fn flowing(job: &Job) -> io::Result<()> {
    let mut stored = Hashing(open(job)?, Sha256::new());
    let Some(_) = &job.inflated else {
        let mut chunk = vec![0; CHUNK];
        while stored.read(&mut chunk)? > 0 {}
        return check(&job.stored, &hex(stored.1));
    };
    let inflater = flate2::bufread::MultiGzDecoder::new(io::BufReader::with_capacity(CHUNK / 2, stored));
    let (full, received) = sync_channel::<(Vec<u8>, usize)>(4);
    let (give_back, empty) = sync_channel::<Vec<u8>>(8);
    for _ in 0..4 {
        give_back.send(vec![0; CHUNK]).expect("room");
    }
    let hashed = std::thread::scope(|scope| -> io::Result<(String, String)> {
        let inflating = scope.spawn(move || -> io::Result<String> {
            let mut inflater = inflater;
            while let Ok(mut chunk) = empty.recv() {
                let mut length = 0;
                while length < chunk.len() {
                    match inflater.read(&mut chunk[length..])? {
                        0 => break,
                        read => length += read,
                    }
                }
                if length == 0 || full.send((chunk, length)).is_err() {
                    break;
                }
            }
            let mut rest = inflater.into_inner();
            io::copy(&mut rest, &mut io::sink())?;
            Ok(hex(rest.into_inner().1))
        });
        let mut hasher = Sha256::new();
        for (chunk, length) in received {
            hasher.update(&chunk[..length]);
            let _ = give_back.try_send(chunk);
        }
        drop(give_back);
        Ok((inflating.join().expect("no panic")?, hex(hasher)))
    })?;
    check(&job.stored, &hashed.0)?;
    check(&job.inflated, &hashed.1)
}

fn at_once(job: &Job) -> io::Result<()> {
    let mut stored = Vec::with_capacity(job.length as usize);
    open(job)?.read_to_end(&mut stored)?;
    check(&job.stored, &hex(Sha256::new_with_prefix(&stored)))?;
    // The last four bytes of a gzip member are its inflated size; layers over 4 GiB are not measured here.
    let tail: [u8; 4] = stored[stored.len() - 4..].try_into().expect("four");
    let mut inflated = vec![0; u32::from_le_bytes(tail) as usize];
    libdeflater::Decompressor::new().gzip_decompress(&stored, &mut inflated).map_err(io::Error::other)?;
    check(&job.inflated, &hex(Sha256::new_with_prefix(&inflated)))
}
