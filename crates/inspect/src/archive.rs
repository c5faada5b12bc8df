//! Zip archives as a stream: members in the order in which they stand, without the directory at the end.
//!
//! Implements what of [APPNOTE](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT) writers of archives use: local
//! headers, zip64 sizes, data descriptors, methods stored and deflate. Memory does not grow with the archive: a member that
//! nobody wants is skipped, not inflated. Where its size stands behind it, its end is found by the descriptor's signature
//! and size. The directory is counted at the end, so that an archive that was read amiss is noticed.

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;

const LOCAL: &[u8] = b"PK\x03\x04";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const DIRECTORY: &[u8] = b"PK\x01\x02";
const DIRECTORY64: &[u8] = b"PK\x06\x06";
const DIRECTORY_END: &[u8] = b"PK\x05\x06";
/// A program that unpacks itself may stand before the first member (Spring Boot's is 10 KiB of shell).
const MAX_PREFIX: u64 = 16 << 20;
const HEADER: usize = 30;
/// Signatures are looked for in pieces of this size: most stand at the beginning of what comes next, and what lies across
/// two pieces is copied.
const PIECE: usize = 4 << 10;

/// The problem of an archive that inflates to more than its budget.
pub(crate) const TOO_MUCH: &str = "more inflated bytes than the limit";
/// The problem of an archive with more members than its budget.
pub(crate) const TOO_MANY: &str = "more members than the limit";

/// What reads the members of an archive.
pub(crate) trait Members {
    /// A member begins: whether its bytes are wanted.
    fn begin(&mut self, name: &str) -> bool;
    /// The next inflated bytes of a wanted member. `false`: no more of it is wanted.
    /// What it inflates itself it takes from the budget.
    fn data(&mut self, bytes: &[u8], budget: &mut Budget) -> bool;
    /// The wanted member has ended; `problem` says why it did not end well.
    fn end(&mut self, problem: Option<&'static str>);
}

/// How much may be inflated from one archive, together with the archives in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Inflated bytes.
    pub(crate) inflated: u64,
    /// Members.
    pub(crate) members: u64,
}

/// An archive that flows past.
pub(crate) struct Archive {
    state: State,
    /// What of the next header has come.
    pending: Vec<u8>,
    sought: u64,
    members: u64,
    listed: u64,
    ended: bool,
}

enum State {
    /// Before the first member.
    Prefix,
    /// Between members, where no header was.
    Gap,
    /// At a header.
    Header,
    /// Within a member.
    Body(Body),
    /// Past the last member.
    Directory,
    /// It cannot be read on.
    Broken(&'static str),
}

struct Body {
    /// Compressed bytes that are left, where known.
    left: Option<u64>,
    /// Compressed bytes so far.
    seen: u64,
    inflate: Option<Box<Decompress>>,
    wanted: bool,
    /// Whether the deflate stream has come to its end.
    whole: bool,
    /// The last bytes, where the end is searched by its descriptor.
    tail: Vec<u8>,
}

impl Archive {
    /// An archive of which nothing has come yet.
    pub(crate) fn new() -> Self {
        Self { state: State::Prefix, pending: Vec::new(), sought: 0, members: 0, listed: 0, ended: false }
    }

    /// The next bytes.
    pub(crate) fn feed(&mut self, mut input: &[u8], budget: &mut Budget, to: &mut dyn Members) {
        while !input.is_empty() {
            let used = match &mut self.state {
                State::Broken(_) => return,
                State::Prefix => self.seek(input, &[LOCAL, DIRECTORY_END]),
                State::Gap => self.seek(input, &[LOCAL, DIRECTORY, DIRECTORY64, DIRECTORY_END]),
                State::Header => self.header(input, budget, to),
                State::Directory => self.directory(input),
                State::Body(body) => match body.feed(input, budget, to) {
                    Step::More { used } => used,
                    Step::Ended { used, header } => {
                        self.pending = header;
                        self.state = State::Header;
                        used
                    }
                    Step::Broken(why) => {
                        self.state = State::Broken(why);
                        return;
                    }
                },
            };
            input = input.get(used..).unwrap_or_default();
        }
    }

    /// Goes to the next signature.
    fn seek(&mut self, input: &[u8], signatures: &[&[u8]]) -> usize {
        let input = input.get(..PIECE).unwrap_or(input);
        let kept = self.pending.len();
        let mut all = std::mem::take(&mut self.pending);
        all.extend_from_slice(input);
        self.sought = self.sought.saturating_add(input.len() as u64);
        match signatures.iter().filter_map(|s| memmem::find(&all, s)).min() {
            Some(at) => {
                self.pending = all.get(at..).unwrap_or_default().iter().take(4).copied().collect();
                self.state = State::Header;
                at.saturating_add(4).saturating_sub(kept)
            }
            None => {
                self.pending = all.split_off(all.len().saturating_sub(3));
                if self.sought > MAX_PREFIX {
                    self.state = State::Broken("no member in 16 MiB of something else");
                }
                input.len()
            }
        }
    }

    /// Takes what a local header needs; gives how many bytes that were.
    fn header(&mut self, input: &[u8], budget: &mut Budget, to: &mut dyn Members) -> usize {
        let mut used = 0;
        loop {
            let need = match self.pending.get(..4) {
                None => 4,
                Some(LOCAL) => match (number(&self.pending, 26, 2), number(&self.pending, 28, 2)) {
                    (Some(name), Some(extra)) => {
                        HEADER.saturating_add(usize::try_from(name.saturating_add(extra)).unwrap_or(0))
                    }
                    _ => HEADER,
                },
                Some(DIRECTORY | DIRECTORY64 | DIRECTORY_END) => {
                    self.state = State::Directory;
                    // All of it may have come with the last member's descriptor.
                    return used;
                }
                Some(_) => {
                    self.state = State::Gap;
                    return used;
                }
            };
            if self.pending.len() >= need && need >= HEADER {
                self.local(budget, to);
                return used;
            }
            let rest = input.get(used..).unwrap_or_default();
            let take = need.saturating_sub(self.pending.len()).min(rest.len());
            if take == 0 {
                return used;
            }
            self.pending.extend_from_slice(rest.get(..take).unwrap_or_default());
            used = used.saturating_add(take);
        }
    }

    fn local(&mut self, budget: &mut Budget, to: &mut dyn Members) {
        let header = std::mem::take(&mut self.pending);
        let field = |at, size| number(&header, at, size).unwrap_or(0);
        let (flags, method, mut size) = (field(6, 2), field(8, 2), field(18, 4));
        let name_end = HEADER.saturating_add(usize::try_from(field(26, 2)).unwrap_or(0));
        if size == u64::from(u32::MAX) {
            size = zip64(header.get(name_end..).unwrap_or_default()).unwrap_or(0);
        }
        self.members = self.members.saturating_add(1);
        match budget.members.checked_sub(1) {
            Some(left) => budget.members = left,
            None => {
                self.state = State::Broken(TOO_MANY);
                return;
            }
        }
        let name = String::from_utf8_lossy(header.get(HEADER..name_end).unwrap_or_default());
        let mut wanted = !name.ends_with('/') && to.begin(&name);
        if wanted && (flags & 1 != 0 || !matches!(method, 0 | 8)) {
            to.end(Some("encrypted, or compressed in a way that is not read"));
            wanted = false;
        }
        let mut body = Body {
            left: (flags & 8 == 0 || size > 0).then_some(size),
            seen: 0,
            inflate: (method == 8 && wanted).then(|| Box::new(Decompress::new(false))),
            wanted,
            whole: method != 8,
            tail: Vec::new(),
        };
        self.state = if body.left == Some(0) {
            body.finish(to, None);
            State::Header
        } else {
            State::Body(body)
        };
    }

    /// Counts the entries of the directory.
    fn directory(&mut self, input: &[u8]) -> usize {
        self.pending.extend_from_slice(input);
        self.count();
        input.len()
    }

    fn count(&mut self) {
        let mut at = 0;
        loop {
            let rest = self.pending.get(at..).unwrap_or_default();
            if rest.starts_with(DIRECTORY) {
                let lengths = [number(rest, 28, 2), number(rest, 30, 2), number(rest, 32, 2)];
                let Some(length) = lengths.into_iter().try_fold(46u64, |all, n| Some(all.saturating_add(n?))) else {
                    break;
                };
                if (rest.len() as u64) < length {
                    break;
                }
                at = at.saturating_add(usize::try_from(length).unwrap_or(rest.len()));
                self.listed = self.listed.saturating_add(1);
            } else if rest.starts_with(DIRECTORY_END) {
                self.ended = true;
                at = self.pending.len();
                break;
            } else if rest.starts_with(DIRECTORY64) && rest.len() >= 56 + 20 {
                at = at.saturating_add(56 + 20);
            } else if rest.len() < 76 && (rest.len() < 4 || rest.starts_with(DIRECTORY64)) {
                break;
            } else {
                match [DIRECTORY, DIRECTORY_END].iter().filter_map(|s| memmem::find(rest, s)).min() {
                    Some(skip) => at = at.saturating_add(skip),
                    None => {
                        at = self.pending.len().saturating_sub(3);
                        break;
                    }
                }
            }
        }
        self.pending.drain(..at.min(self.pending.len()));
    }

    /// After the last byte: why the archive was not read whole, if so.
    pub(crate) fn finish(mut self, to: &mut dyn Members) -> Option<String> {
        if let State::Body(body) = &mut self.state {
            body.finish(to, Some("it breaks off"));
        }
        if matches!(self.state, State::Header | State::Directory) && !self.pending.is_empty() {
            // What came with the last member's descriptor has not been counted yet.
            self.count();
        }
        match self.state {
            State::Broken(why) => Some(why.to_owned()),
            State::Prefix | State::Gap => Some("no member where one must be".to_owned()),
            _ if !self.ended => Some("it breaks off".to_owned()),
            _ if self.listed != self.members => {
                Some(format!("its directory lists {} members, but {} were met", self.listed, self.members))
            }
            _ => None,
        }
    }
}

enum Step {
    /// So much was taken, and the member goes on.
    More {
        used: usize,
    },
    /// The member has ended: how much was taken, and what of the next header came before that.
    Ended {
        used: usize,
        header: Vec<u8>,
    },
    Broken(&'static str),
}

/// Bytes that must be seen behind a descriptor's signature: the descriptor itself, and the next signature.
const LOOK_AHEAD: usize = 24 + 4;

impl Body {
    fn feed(&mut self, input: &[u8], budget: &mut Budget, to: &mut dyn Members) -> Step {
        let Some(left) = self.left else { return self.until_descriptor(input, budget, to) };
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        self.left = Some(left.saturating_sub(take as u64));
        if let Err(why) = self.give(input.get(..take).unwrap_or_default(), budget, to) {
            return self.broken(why, to);
        }
        if self.left == Some(0) {
            self.finish(to, (!self.whole).then_some("its compressed data breaks off"));
            return Step::Ended { used: take, header: Vec::new() };
        }
        Step::More { used: take }
    }

    /// Searches `PK\x07\x08`, a check sum, and the size of what came before.
    fn until_descriptor(&mut self, input: &[u8], budget: &mut Budget, to: &mut dyn Members) -> Step {
        let input = input.get(..PIECE).unwrap_or(input);
        let kept = self.tail.len();
        let mut all = std::mem::take(&mut self.tail);
        all.extend_from_slice(input);
        for at in memmem::find_iter(&all, DESCRIPTOR) {
            let before = self.seen.saturating_add(at as u64);
            let after = all.get(at..).unwrap_or_default();
            if after.len() < LOOK_AHEAD {
                break;
            }
            let length = if number(after, 8, 4) == Some(before & 0xffff_ffff) && next_is_header(after, 16) {
                16
            } else if number(after, 8, 8) == Some(before) && next_is_header(after, 24) {
                24
            } else {
                continue;
            };
            if let Err(why) = self.give(all.get(..at).unwrap_or_default(), budget, to) {
                return self.broken(why, to);
            }
            self.finish(to, (!self.whole).then_some("its compressed data breaks off"));
            let end = at.saturating_add(length);
            let header = all.get(end..kept).unwrap_or_default().to_vec();
            return Step::Ended { used: end.saturating_sub(kept), header };
        }
        self.tail = all.split_off(all.len().saturating_sub(LOOK_AHEAD - 1));
        self.seen = self.seen.saturating_add(all.len() as u64);
        match self.give(&all, budget, to) {
            Ok(()) => Step::More { used: input.len() },
            Err(why) => self.broken(why, to),
        }
    }

    fn broken(&mut self, why: &'static str, to: &mut dyn Members) -> Step {
        self.finish(to, Some(why));
        Step::Broken(why)
    }

    fn give(&mut self, mut input: &[u8], budget: &mut Budget, to: &mut dyn Members) -> Result<(), &'static str> {
        if !self.wanted {
            return Ok(());
        }
        let Some(inflate) = &mut self.inflate else {
            spend(budget, input.len())?;
            self.wanted = to.data(input, budget);
            return Ok(());
        };
        let mut out = vec![0; 32 << 10];
        while !self.whole && self.wanted {
            let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(input, &mut out, FlushDecompress::None);
            let used = usize::try_from(inflate.total_in().saturating_sub(before_in)).unwrap_or(usize::MAX);
            let made = usize::try_from(inflate.total_out().saturating_sub(before_out)).unwrap_or(usize::MAX);
            input = input.get(used..).unwrap_or_default();
            spend(budget, made)?;
            self.wanted = to.data(out.get(..made).unwrap_or_default(), budget);
            match status {
                Ok(Status::StreamEnd) => self.whole = true,
                Err(_) => {
                    to.end(Some("its compressed data is broken"));
                    self.wanted = false;
                }
                Ok(_) if used == 0 && made == 0 => break,
                Ok(_) => {}
            }
        }
        Ok(())
    }

    fn finish(&mut self, to: &mut dyn Members, problem: Option<&'static str>) {
        if std::mem::take(&mut self.wanted) {
            to.end(problem);
        }
    }
}

fn spend(budget: &mut Budget, bytes: usize) -> Result<(), &'static str> {
    match budget.inflated.checked_sub(bytes as u64) {
        Some(left) => {
            budget.inflated = left;
            Ok(())
        }
        None => {
            budget.inflated = 0;
            Err(TOO_MUCH)
        }
    }
}

fn next_is_header(after: &[u8], at: usize) -> bool {
    let next = after.get(at..).unwrap_or_default();
    [LOCAL, DIRECTORY, DIRECTORY64, DIRECTORY_END].iter().any(|s| next.starts_with(s))
}

/// The compressed size in a zip64 field (id 1: inflated size, compressed size).
fn zip64(mut extra: &[u8]) -> Option<u64> {
    loop {
        let (id, length) = (number(extra, 0, 2)?, usize::try_from(number(extra, 2, 2)?).ok()?);
        if id == 1 {
            return number(extra, 12, 8);
        }
        extra = extra.get(length.checked_add(4)?..)?;
    }
}

/// A little-endian number.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    Some(bytes.iter().rev().fold(0, |all, byte| (all << 8) | u64::from(*byte)))
}
