//! A client for programs without a runtime: calls that wait for their results, over plain sockets.
//!
//! Nothing runs beside the callers, no runtime and no thread. They take turns at the connection.
//!
//! ```text
//! let client = blocking::Client::connect("tcp://server:4000")?;
//! let calc = calc::v1::Client::new(client.clone());
//! println!("{}", calc.func1(21)?);
//!
//! let starting = calc::v1::Client::new(client.starting());    // both are sent before either is answered
//! let (one, two) = (starting.func1(1), starting.func1(2));
//! println!("{} {}", one.wait()?, two.wait()?);
//! ```

mod client;
mod clock;
mod connect;
mod in_flight;
mod link;
mod shared;
mod socket;
mod started;
mod state;

pub use client::{Client, ClientBuilder};
pub use started::{Started, Starting, wait_all, wait_first};
