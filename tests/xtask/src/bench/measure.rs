//! One run of a server and a client.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use super::{case::Case, peers::Runnable};

/// On which processors server and client run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pin {
    /// Both on one: what the software of both ends costs.
    Same,
    /// Each on one of its own: that, and waking up the other.
    Split,
    /// Wherever the operating system likes.
    None,
}

impl Pin {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "same" => Some(Self::Same),
            "split" => Some(Self::Split),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// Processors for server and client.
    fn processors(self) -> (Option<usize>, Option<usize>) {
        let (first, last) = allowed_processors();
        match self {
            Self::Same => (Some(last), Some(last)),
            Self::Split => (Some(first), Some(last)),
            Self::None => (None, None),
        }
    }
}

/// The first and the last processor that this process may run on.
fn allowed_processors() -> (usize, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let list = line.unwrap_or_default();
    let mut numbers = list
        .split([',', '-'])
        .filter_map(|number| number.trim().parse().ok());
    let first = numbers.next().unwrap_or(0);
    (first, numbers.next_back().unwrap_or(first))
}

/// What one run gave.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) round: usize,
    pub(super) case: Case,
    pub(super) peer: &'static str,
    pub(super) calls: f64,
    pub(super) calls_per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    /// Processor time of a call at each end.
    pub(super) client_us: f64,
    pub(super) server_us: f64,
}

impl Sample {
    /// Processor time of a call at both ends.
    pub(super) fn cpu_us(&self) -> f64 {
        self.client_us + self.server_us
    }
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    address: String,
}

impl Running {
    /// Starts a server, behind these words (of a tracer) if there are any.
    pub(super) fn start(runnable: &Runnable, pin: Pin, tracer: &[&str]) -> Result<Self, String> {
        let mut command = command(runnable, pin.processors().0, tracer);
        command.arg("server").stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(text)?;
        let line = first_line(&mut child)?;
        let address = line.trim().strip_prefix("LISTEN ").unwrap_or_default();
        let address = address.to_owned();
        let running = Self { child, address };
        if running.address.is_empty() {
            return Err("the server does not listen".to_owned());
        }
        Ok(running)
    }

    /// The processor time of all its threads so far, in nanoseconds.
    fn cpu_ns(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let mut total = 0.0;
        for task in tasks.into_iter().flatten().flatten() {
            let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let used = stat.split(' ').next().and_then(|used| used.parse().ok());
            total += used.unwrap_or(0.0);
        }
        total
    }

    /// The memory that it has, in KiB.
    pub(super) fn memory_kib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().split(' ').next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0.0)
    }

    /// A client of this server, behind these words (of a tracer) if there are any.
    pub(super) fn client(
        &self,
        runnable: &Runnable,
        case: &Case,
        seconds: f64,
        pin: Pin,
        tracer: &[&str],
    ) -> Command {
        let mut command = command(runnable, pin.processors().1, tracer);
        command.args(["client", &self.address, &case.operation]);
        command.arg(case.size.to_string()).arg(&case.mode);
        command.arg(case.width.to_string()).arg(seconds.to_string());
        command
    }

    /// Runs a client to its end.
    pub(super) fn call(
        &self,
        runnable: &Runnable,
        case: &Case,
        seconds: f64,
        pin: Pin,
        tracer: &[&str],
    ) -> Result<Sample, String> {
        let before = self.cpu_ns();
        let output = self.client(runnable, case, seconds, pin, tracer).output();
        let output = output.map_err(text)?;
        let used = self.cpu_ns() - before;
        let said = String::from_utf8_lossy(&output.stdout);
        let line = said.lines().find(|line| line.starts_with('{'));
        let line = line.ok_or_else(|| {
            let fault = String::from_utf8_lossy(&output.stderr);
            format!("no result: {}", fault.lines().last().unwrap_or_default())
        })?;
        let number = |name| number(line, name).ok_or_else(|| format!("no `{name}` in {line}"));
        let calls = number("total_calls")?.max(1.0);
        Ok(Sample {
            round: 0,
            case: case.clone(),
            peer: runnable.peer.name,
            calls,
            calls_per_second: number("calls_per_s")?,
            p50_us: number("p50_ns")? / 1e3,
            p99_us: number("p99_ns")? / 1e3,
            client_us: number("cpu_ns")? / calls / 1e3,
            server_us: used / calls / 1e3,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if self.address.starts_with('/') {
            let _ = fs::remove_file(&self.address);
        }
    }
}

/// Measures one case with one peer.
pub(super) fn measure(
    runnable: &Runnable,
    case: &Case,
    seconds: f64,
    pin: Pin,
) -> Result<Sample, String> {
    let server = Running::start(runnable, pin, &[])?;
    server.call(runnable, case, seconds, pin, &[])
}

fn command(runnable: &Runnable, processor: Option<usize>, tracer: &[&str]) -> Command {
    let mut words: Vec<String> = tracer.iter().map(|word| (*word).to_owned()).collect();
    if let Some(processor) = processor {
        words.extend(["taskset", "-c"].map(str::to_owned));
        words.push(processor.to_string());
    }
    words.extend(runnable.words().map(str::to_owned));
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// The first line that a program prints.
pub(super) fn first_line(child: &mut Child) -> Result<String, String> {
    let mut line = String::new();
    let output = child.stdout.take().ok_or("its output is elsewhere")?;
    BufReader::new(output).read_line(&mut line).map_err(text)?;
    Ok(line)
}

/// A number in a line of JSON without nesting.
fn number(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
    let end = rest.find([',', '}'])?;
    rest.get(..end)?.trim().parse().ok()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` wants")]
fn text(error: std::io::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_line() {
        let line = r#"{"op":"null","calls":12,"total_calls":34,"secs":0.5}"#;
        assert_eq!(number(line, "calls"), Some(12.0));
        assert_eq!(number(line, "total_calls"), Some(34.0));
        assert_eq!(number(line, "secs"), Some(0.5));
        assert_eq!(number(line, "op"), None);
        assert_eq!(number(line, "p50_ns"), None);
    }
}
