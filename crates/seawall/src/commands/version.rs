//! `seawall version compare`.

use std::cmp::Ordering;
use std::io::{self, BufRead, BufWriter, Read, Write};

use anyhow::{Context, Result, bail};
use seawall_advisory::{Scheme, compare};

use crate::Exit;
use crate::cli::VersionCommand;

/// A longer line is refused; versions are bounded far below it.
const MAX_LINE: u64 = 64 << 10;

pub(crate) fn run(command: VersionCommand) -> Result<Exit> {
    let VersionCommand::Compare { scheme, a, b } = command;
    match (scheme.as_str(), a, b) {
        ("-", None, None) => lines(&mut io::stdin().lock()),
        (scheme, Some(a), Some(b)) => {
            let sign = sign(one(scheme, &a, &b)?);
            super::outputs::stdout(format!("{sign}\n").as_bytes())?;
            Ok(Exit::Allow)
        }
        _ => bail!("two versions are needed\nhint: seawall version compare SCHEME A B, or `-` to read lines"),
    }
}

fn lines(input: &mut dyn BufRead) -> Result<Exit> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut exit = Exit::Allow;
    for number in 1.. {
        let mut line = String::new();
        let read = input.take(MAX_LINE).read_line(&mut line).with_context(|| format!("line {number}"))?;
        if read == 0 {
            break;
        }
        if read as u64 == MAX_LINE {
            bail!("line {number} is longer than {MAX_LINE} bytes");
        }
        let mut parts = line.trim_end_matches(['\n', '\r']).split('\t');
        let answer = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(scheme), Some(a), Some(b), None) => one(scheme, a, b),
            _ => Err(anyhow::anyhow!("it is not SCHEME<TAB>A<TAB>B")),
        };
        match answer {
            Ok(order) => writeln!(out, "{}", sign(order))?,
            // A line that cannot be answered keeps its place, so that answers stay beside their questions.
            Err(error) => {
                writeln!(out, "? line {number}: {error}")?;
                exit = Exit::Error;
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

fn one(scheme: &str, a: &str, b: &str) -> Result<Ordering> {
    let scheme: Scheme = scheme.parse()?;
    Ok(compare(scheme, a, b)?)
}

fn sign(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
}
