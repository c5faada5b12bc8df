//! Bounded access to hostile bytes: every reader here has a limit and says when it is reached.
//!
//! This crate never parses a package format, never returns an unbounded reader and never follows a link out of its root.
//!
//! ```
//! use std::io::Read;
//! let mut digest = seawall_io::DigestReader::new(&b"hello"[..]);
//! std::io::copy(&mut digest, &mut std::io::sink()).unwrap();
//! assert_eq!(digest.count(), 5);
//! assert!(digest.finish().to_string().starts_with("sha256:2cf24dba5fb0a30e"));
//! ```

mod bounded;
mod decompress;
mod digest;
mod gzip;
mod http;
#[forbid(unsafe_code)]
mod limits;
mod local;
mod memory;
mod path;
mod pipe;
pub mod tar;

pub use bounded::{SectionReader, read_bounded, read_to_limit};
pub use decompress::{Compression, Decoder};
pub use digest::{DigestPieces, DigestReader, crc32, sha256};
pub use http::{
    ClientIdentity, HttpBody, HttpClient, HttpError, HttpMethod, HttpProxy, HttpRequest, HttpResponse, HttpSettings,
    Redirects, is_loopback,
};
pub use limits::{LimitExceeded, Limits};
pub use local::{LocalAddress, LocalBody, LocalCloser, LocalHttp, LocalResponse};
pub use memory::{MemoryCap, peak_resident, resident};
pub use path::{PathProblem, clean_path};
pub use pipe::{Pipe, pipe};
