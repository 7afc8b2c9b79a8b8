//! The end of a server, in order.

use std::time::Duration;

use tokio::{task::JoinSet, time::timeout};

use super::Server;
use crate::net::server_connection::Phase;

/// How long it then waits for those that have learnt that they are cancelled.
pub(super) const CANCELLED_LIMIT: Duration = Duration::from_secs(1);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Whether all that was received ended within the limit; otherwise some calls were given up.
    pub all_answered: bool,
    /// Calls that were answered, by a result or an error, since the server began to shut down.
    pub answered: u64,
    /// Calls that were turned away since then, before any service saw them: their deadline had passed,
    /// or there was no room. Those that came too late to be received are not among them.
    pub refused: u64,
    /// Calls that were received and have no answer: the time was over, or their peer was gone.
    pub aborted: u64,
    /// Connections, and UDP sockets, that were ended in order.
    pub connections_closed: u64,
    /// Those that broke, or whose peer did not end them within a second, or not within the limit.
    pub connections_cut: u64,
}

impl Server {
    /// Serves until this future ends, a signal for instance, and then
    /// [shuts down](Self::shutdown).
    ///
    /// ```
    /// # use rpc_runtime::Server;
    /// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Server::builder().tcp("0.0.0.0:4000").start().await?;
    /// let report = server.run_until(tokio::signal::ctrl_c()).await;
    /// println!("{} calls were answered, {} given up", report.answered, report.aborted);
    /// # Ok(()) }
    /// ```
    pub async fn run_until(self, signal: impl Future) -> ShutdownReport {
        signal.await;
        self.shutdown().await
    }

    /// Ends the server in order: accepts and reads no more, answers the calls that were received,
    /// sends the answers, and ends the connections. When this returns, none of its tasks is left, and
    /// none of its threads but those that a service does not return from.
    ///
    /// Calls that come meanwhile are not executed. Over reliable datagrams they are refused, and their
    /// callers know it; a stream is ended once its calls are answered, and its client knows it of the
    /// calls that it has not sent.
    ///
    /// Calls that are not answered within the limit (30 seconds,
    /// [`ServerBuilder::shutdown_limit`](crate::ServerBuilder::shutdown_limit)) are cancelled, which their services learn from
    /// [`Context::cancelled`](crate::Context::cancelled), and have one second more to end; then they
    /// are given up.
    pub async fn shutdown(mut self) -> ShutdownReport {
        self.totals.drain();
        self.phase.send_replace(Phase::Draining);
        let ended = timeout(self.shutdown_limit, all_ended(&mut self.listeners)).await;
        let all_answered = ended.is_ok();
        if !all_answered {
            self.phase.send_replace(Phase::Cancelling);
            let _ = timeout(CANCELLED_LIMIT, all_ended(&mut self.listeners)).await;
        }
        self.listeners.abort_all();
        self.workers.close();
        self.shards.end();
        let all_gone = async {
            // What was given up is dropped where it runs.
            all_ended(&mut self.listeners).await;
            let _ = self.is_there.recv().await;
            self.shards.ended().await;
            while self.workers.status().threads > 0 {
                self.worker_ended.notified().await;
            }
        };
        if timeout(CANCELLED_LIMIT, all_gone).await.is_ok() {
            self.workers.join();
            self.shards.join();
        }
        self.totals.report(all_answered)
    }
}

/// Waits until all tasks have ended.
async fn all_ended(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}
