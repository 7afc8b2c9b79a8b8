//! What the two processes take, second by second.

use std::{fmt, fs, io, process};

/// Seconds that a run must have for a judgement: before, memory that is taken once and kept cannot be
/// told from memory that leaks.
const JUDGED_MIN: usize = 120;

/// KiB by which memory may differ all the same: what a page of an allocator's arena more or less takes.
const SLACK_KIB: u64 = 4096;

/// Descriptors by which their number may differ: of connections that come and go.
const SLACK_DESCRIPTORS: u64 = 32;

/// One process, second by second.
#[derive(Debug)]
struct Process {
    name: &'static str,
    id: u32,
    memory_kib: Vec<u64>,
    descriptors: Vec<u64>,
}

/// Both processes.
#[derive(Debug)]
pub(crate) struct History([Process; 2]);

impl History {
    pub(crate) fn new(server: u32) -> Self {
        Self([
            Process::new("server", server),
            Process::new("clients", process::id()),
        ])
    }

    /// Measures both processes.
    pub(crate) fn measure(&mut self) -> io::Result<()> {
        self.0.iter_mut().try_for_each(Process::measure)
    }

    /// Whether both are as they were in the middle of the run.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        self.0.iter().try_for_each(Process::verdict)
    }
}

impl Process {
    fn new(name: &'static str, id: u32) -> Self {
        Self {
            name,
            id,
            memory_kib: Vec::new(),
            descriptors: Vec::new(),
        }
    }

    fn measure(&mut self) -> io::Result<()> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        self.memory_kib.push(kib.ok_or(io::ErrorKind::InvalidData)?);
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.id))?.count();
        self.descriptors.push(descriptors as u64);
        Ok(())
    }

    fn verdict(&self) -> Result<(), String> {
        if self.memory_kib.len() < JUDGED_MIN {
            return Ok(());
        }
        let (before, after) = thirds(&self.memory_kib);
        if after > before + before / 10 + SLACK_KIB {
            return Err(format!(
                "the {} grows: {before} KiB, then {after} KiB",
                self.name
            ));
        }
        let (before, after) = thirds(&self.descriptors);
        if after > before + SLACK_DESCRIPTORS {
            return Err(format!(
                "the {} had {before} descriptors, then {after}",
                self.name
            ));
        }
        Ok(())
    }
}

/// The medians of the second and the last third.
fn thirds(values: &[u64]) -> (u64, u64) {
    let third = (values.len() / 3).max(1);
    let mut thirds = values.chunks(third).skip(1).map(median);
    let second = thirds.next().unwrap_or_default();
    (second, thirds.next().unwrap_or(second))
}

fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for process in &self.0 {
            let (memory, descriptors) = (thirds(&process.memory_kib), thirds(&process.descriptors));
            writeln!(
                f,
                "{:<8} {} KiB, then {} KiB; {} descriptors, then {} (medians of the second and last third)",
                process.name, memory.0, memory.1, descriptors.0, descriptors.1
            )?;
        }
        Ok(())
    }
}
