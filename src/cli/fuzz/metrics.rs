//! Metrics for Prometheus, on a loopback address when asked: a thread of their own answers, from a copy of the run's state that the watcher leaves.

use super::stats::resident_kib;
use crate::cli::error::Failure;
use ptefuzz::engine::{JobProgress, Progress};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The state that is served.
#[derive(Clone, Default)]
struct State {
    progress: Progress,
    jobs: Vec<JobProgress>,
}

/// A running server; it ends with the process.
pub struct Metrics {
    state: Arc<Mutex<State>>,
    next: Duration,
}

/// How long a client may take to ask or to listen.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two copies of the state.
const EVERY: Duration = Duration::from_millis(500);

/// What `--metrics` takes.
///
/// # Errors
///
/// What is no address, or one that other machines could reach.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        _ => Err("expected a loopback address and a port such as 127.0.0.1:9100 or [::1]:0".to_string()),
    }
}

impl Metrics {
    /// Serves at this address; port 0 is any that is free. Says on standard error where.
    ///
    /// # Errors
    ///
    /// An address that cannot be had.
    pub fn serve(address: SocketAddr, labels: &[(&str, &str)]) -> Result<Metrics, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("--metrics {address}: cannot listen: {error}"));
        let listener = TcpListener::bind(address).map_err(failed)?;
        eprintln!("metrics at http://{}/metrics", listener.local_addr().map_err(failed)?);
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let (state, labels) = (Arc::new(Mutex::new(State::default())), labels.join(","));
        let served = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let now = served.lock().unwrap_or_else(PoisonError::into_inner).clone();
                // A client that goes away is its own business.
                let _ = answer(client, &now, &labels);
            }
        });
        Ok(Metrics { state, next: Duration::ZERO })
    }

    /// Leaves the state of the run for whoever asks.
    pub fn update(&mut self, progress: &Progress, jobs: &[JobProgress]) {
        if progress.elapsed >= self.next {
            self.next = progress.elapsed + EVERY;
            let state = State { progress: *progress, jobs: jobs.to_vec() };
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        }
    }
}

fn answer(mut client: TcpStream, state: &State, labels: &str) -> std::io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let mut request = [0; 4096];
    let mut length = 0;
    while length < request.len() && !request[..length].windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut request[length..])? {
            0 => break,
            n => length += n,
        }
    }
    let line = String::from_utf8_lossy(&request[..length]);
    let mut words = line.split_whitespace();
    let (status, body) = match (words.next(), words.next()) {
        (Some("GET"), Some("/metrics" | "/")) => ("200 OK", text(state, labels)),
        (Some("GET"), Some(_)) => ("404 Not Found", "found another path, expected /metrics\n".to_string()),
        _ => ("405 Method Not Allowed", "expected GET /metrics\n".to_string()),
    };
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The text format of Prometheus, version 0.0.4.
fn text(state: &State, labels: &str) -> String {
    let State { progress, jobs } = state;
    let mut text = String::new();
    let mut put = |name: &str, kind: &str, help: &str, value: f64| {
        let _ = writeln!(
            text,
            "# HELP ptefuzz_{name} {help}\n# TYPE ptefuzz_{name} {kind}\nptefuzz_{name}{{{labels}}} {value}"
        );
    };
    put("uptime_seconds", "gauge", "Seconds since the run began.", progress.elapsed.as_secs_f64());
    put("programs_total", "counter", "Programs run.", progress.programs as f64);
    put("operations_total", "counter", "Operations in them.", progress.operations as f64);
    put("site_calls_total", "counter", "Site calls checked.", progress.site_calls as f64);
    put("noop_site_calls_total", "counter", "Site calls that changed and reported nothing.", progress.noops as f64);
    put("covered_cells", "gauge", "Coverage cells reached.", progress.covered as f64);
    put("corpus_programs", "gauge", "Programs kept because they reached a cell first.", progress.corpus as f64);
    put("divergences_total", "counter", "Divergences seen.", progress.divergences as f64);
    put("signatures", "gauge", "Different signatures among them.", progress.signatures as f64);
    let idle = progress.elapsed.saturating_sub(progress.last_new).as_secs_f64();
    put("seconds_since_new_cell", "gauge", "Seconds since a cell was reached first.", idle);
    put("resident_memory_bytes", "gauge", "Resident memory of the process.", resident_kib() as f64 * 1024.0);
    let _ = writeln!(
        text,
        "# HELP ptefuzz_job_site_calls_total Site calls checked by a job.\n# TYPE ptefuzz_job_site_calls_total counter"
    );
    for (number, job) in jobs.iter().enumerate() {
        let _ = writeln!(text, "ptefuzz_job_site_calls_total{{{labels},job=\"{number}\"}} {}", job.site_calls);
    }
    text
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_this_machine_is_taken() {
        for address in ["127.0.0.1:9100", "[::1]:0", "127.8.9.1:80"] {
            assert!(parse_address(address).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:9100", "[::]:9100", "192.168.1.2:80", "localhost:80", "127.0.0.1", "9100", ""] {
            assert!(parse_address(address).is_err(), "{address}");
        }
    }

    #[test]
    fn every_metric_is_announced_once_with_help_and_type() {
        let state = State { progress: Progress::default(), jobs: vec![JobProgress::default(); 3] };
        let text = text(&state, "target=\"sequence\",subject=\"a\\\"b\"");
        let mut announced = Vec::new();
        for line in text.lines() {
            match line.strip_prefix("# TYPE ") {
                Some(rest) => announced.push(rest.split_whitespace().next().expect("a name").to_string()),
                None if line.starts_with("# HELP ") => {}
                None => {
                    let (name, rest) = line.split_once('{').expect("labels");
                    assert_eq!(announced.last().map(String::as_str), Some(name), "{line}");
                    let value = rest.rsplit_once("} ").expect("a value").1;
                    assert!(value.parse::<f64>().is_ok(), "{line}");
                    assert!(!name.ends_with("_total") || text.contains(&format!("# TYPE {name} counter")), "{line}");
                }
            }
        }
        let count = announced.len();
        announced.sort();
        announced.dedup();
        assert_eq!((count, announced.len()), (12, 12));
        assert_eq!(text.matches("job=").count(), 3);
    }
}
