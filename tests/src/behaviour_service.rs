//! The service of `idl/behaviour.idl`: it answers when the test says so, refuses and panics.

use std::sync::Arc;

use bytes::Bytes;
use rpc_runtime::{AuthStat, Context, ServiceError};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};

use crate::behaviour::v1::{BlockingService, Service};

/// Holds the calls of `wait` until the test lets them go on.
#[derive(Debug)]
pub struct Gate {
    begun: Semaphore,
    /// Calls with this value or a higher one may go on.
    open_from: watch::Sender<u32>,
}

impl Gate {
    /// Waits until so many calls have begun that were not waited for yet.
    pub async fn wait_for(&self, calls: u32) {
        self.begun.acquire_many(calls).await.unwrap().forget();
    }

    /// Lets calls with this value or a higher one go on, also those that are still to come: over
    /// UDP a call may come twice.
    pub fn open_from(&self, value: u32) {
        self.open_from.send_replace(value);
    }

    async fn pass(&self, value: u32) {
        self.begun.add_permits(1);
        let mut open_from = self.open_from.subscribe();
        open_from.wait_for(|from| *from <= value).await.unwrap();
    }
}

/// The service; clones share a gate.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// What holds the calls of `wait`.
    pub gate: Arc<Gate>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            gate: Arc::new(Gate {
                begun: Semaphore::new(0),
                open_from: watch::Sender::new(u32::MAX),
            }),
        }
    }
}

impl Service for Behaviour {
    async fn add(&self, _: &Context, a: i32, b: i32) -> Result<i32, ServiceError> {
        Ok(a.wrapping_add(b))
    }

    async fn wait(&self, _: &Context, value: u32) -> Result<i32, ServiceError> {
        self.gate.pass(value).await;
        Ok(value.cast_signed())
    }

    async fn panic(&self, _: &Context, later: bool) -> Result<(), ServiceError> {
        if later {
            tokio::task::yield_now().await;
        }
        panic!("as the test asked for");
    }

    async fn fail(&self, _: &Context) -> Result<(), ServiceError> {
        Err(ServiceError::system())
    }

    async fn forbid(&self, _: &Context) -> Result<(), ServiceError> {
        Err(ServiceError::auth(AuthStat::TooWeak))
    }

    async fn bytes(&self, _: &Context, len: u32) -> Result<Bytes, ServiceError> {
        Ok(vec![7; len as usize].into())
    }
}

/// The same behaviour on threads; `Handle::block_on` may wait there, as a service may.
impl BlockingService for Behaviour {
    fn add(&self, context: &Context, a: i32, b: i32) -> Result<i32, ServiceError> {
        Handle::current().block_on(Service::add(self, context, a, b))
    }

    fn wait(&self, context: &Context, value: u32) -> Result<i32, ServiceError> {
        Handle::current().block_on(Service::wait(self, context, value))
    }

    fn panic(&self, context: &Context, later: bool) -> Result<(), ServiceError> {
        Handle::current().block_on(Service::panic(self, context, later))
    }

    fn fail(&self, context: &Context) -> Result<(), ServiceError> {
        Handle::current().block_on(Service::fail(self, context))
    }

    fn forbid(&self, context: &Context) -> Result<(), ServiceError> {
        Handle::current().block_on(Service::forbid(self, context))
    }

    fn bytes(&self, context: &Context, len: u32) -> Result<Bytes, ServiceError> {
        Handle::current().block_on(Service::bytes(self, context, len))
    }
}
