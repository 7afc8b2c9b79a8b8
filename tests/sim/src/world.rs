//! What a simulation needs of a protocol: a client's end, and a server's.

use std::{fmt::Debug, net::SocketAddr, time::Instant};

use bytes::Bytes;

/// A protocol, and how its ends are set up.
pub trait World {
    /// A client process.
    type Client: Client;
    /// A server process.
    type Server: Server;

    /// A client that starts; the number is different for each.
    fn client(&self, number: u64, now: Instant) -> Self::Client;

    /// A server that starts; the number is different for each.
    fn server(&self, number: u64, now: Instant) -> Self::Server;

    /// Whether damaged datagrams reach the ends: those of plain UDP do not pass its checksum.
    fn hears_damaged(&self) -> bool;
}

/// A client process of a protocol.
pub trait Client {
    /// Starts a call of this number, unless there is no room for another.
    fn start(&mut self, now: Instant, number: u64, arguments: Bytes) -> bool;
    /// Takes a datagram.
    fn receive(&mut self, now: Instant, datagram: Bytes);
    /// Does what is due.
    fn expire(&mut self, now: Instant);
    /// When something is due.
    fn next_timeout(&self) -> Option<Instant>;
    /// A datagram to send.
    fn next_transmit(&mut self, now: Instant) -> Option<Bytes>;
    /// A call that has ended.
    fn next_end(&mut self) -> Option<(u64, Ended)>;
    /// Questions whether a call is still worked on that were asked so far.
    fn pings(&self) -> u64;
}

/// How a call ended, as its caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With a result.
    Ok(Bytes),
    /// It was not executed, for this reason.
    NotExecuted(&'static str),
    /// It was executed.
    ResultLost(&'static str),
    /// Nobody knows.
    Unknown(&'static str),
}

/// A server process of a protocol.
pub trait Server {
    /// What names a call that a service works on.
    type Ticket: Debug + Copy;

    /// Takes a datagram.
    fn receive(&mut self, now: Instant, source: SocketAddr, datagram: Bytes);
    /// A call for the service.
    fn next_call(&mut self, now: Instant) -> Option<Execution<Self::Ticket>>;
    /// The result of a call.
    fn reply(&mut self, now: Instant, ticket: Self::Ticket, result: Bytes);
    /// Takes no more calls.
    fn drain(&mut self, now: Instant);
    /// Whether a server that drains has nothing left to do.
    fn is_drained(&self, now: Instant) -> bool;
    /// Does what is due.
    fn expire(&mut self, now: Instant);
    /// When something is due.
    fn next_timeout(&self) -> Option<Instant>;
    /// A datagram to send.
    fn next_transmit(&mut self, now: Instant) -> Option<(SocketAddr, Bytes)>;
    /// What is wrong inside, such as a budget that is exceeded.
    fn fault(&mut self) -> Option<String>;
}

/// A call that a service executes.
#[derive(Debug)]
pub struct Execution<T> {
    /// What names it.
    pub ticket: T,
    /// Its arguments.
    pub arguments: Bytes,
    /// Its place in the order of calls, where the protocol has one.
    pub order: Option<Order>,
}

/// A place in the order of calls: each channel has one call at a time, with rising numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The channel: client and activity.
    pub channel: (u64, u32),
    /// The number of the call.
    pub number: u32,
}
