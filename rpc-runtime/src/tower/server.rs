//! Layers around a service.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use tower_layer::Layer;
use tower_service::Service;

use super::BoxError;
use crate::{Answer, Call, Refusal, Reply, ReplyResult, ServiceError, VersionServer, net, observe};

/// A version of a program as a service, for layers around it.
#[derive(Debug, Clone)]
pub struct VersionService(VersionServer);

impl Service<Call> for VersionService {
    type Response = Reply;
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = ReplyResult> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        self.0.answer(call).into_reply(net::blocking_reply)
    }
}

impl VersionServer {
    /// Puts a layer around all procedures of the version, but procedure 0 where the runtime answers
    /// it. Layers that were put there before are inside.
    ///
    /// What comes of the errors of layers is told by [`tower`](crate::tower). A service that blocks
    /// runs, within the layers, on a thread that tokio has for such; the workers of the server are
    /// not limited by it, nor it by them.
    #[must_use]
    pub fn layer<L>(self, layer: &L) -> Self
    where
        L: Layer<VersionService>,
        L::Service: Service<Call, Response = Reply> + Clone + Send + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
        <L::Service as Service<Call>>::Future: Send,
    {
        // Services of layers need not be `Sync`; each call has a clone of its own.
        let service = Mutex::new(layer.layer(VersionService(self.clone())));
        self.answered_by(move |call| {
            let service = service.lock().unwrap_or_else(PoisonError::into_inner);
            let mut service = service.clone();
            Answer::future(async move {
                let reply = async {
                    poll_fn(|cx| service.poll_ready(cx)).await?;
                    service.call(call).await
                };
                reply.await.map_err(|error| refusal(error.into()))
            })
        })
    }
}

/// What the caller is told of an error that comes out of layers.
fn refusal(error: BoxError) -> Refusal {
    let error = match error.downcast::<Refusal>() {
        Ok(refusal) => return *refusal,
        Err(error) => error,
    };
    let refusal = error
        .downcast::<ServiceError>()
        .map(|error| (*error).into());
    refusal.unwrap_or_else(|error| {
        observe::layer_refused(&*error);
        Refusal::SystemErr
    })
}
