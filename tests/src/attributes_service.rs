//! The service of `idl/attributes.idl`; `c/attributes_server.c` does the same.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

use bytes::Bytes;
use rpc_runtime::{Context, ServiceResult};

use crate::attributes_stubs::{
    Refused, State,
    attributes::v1::{DivideError, DivideResult, ReadResult, Service, SwapResult},
};

/// The service; clones share the notes.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    notes: Arc<AtomicI32>,
}

impl Service for Attributes {
    async fn divide(
        &self,
        _: &Context,
        a: i32,
        b: i32,
    ) -> ServiceResult<Result<DivideResult, DivideError>> {
        Ok(match (a.checked_div(b), a.checked_rem(b)) {
            (Some(result), Some(rest)) => Ok(DivideResult { result, rest }),
            _ if a == 0 => Err(DivideError::State(State::Busy)),
            _ => Err(DivideError::Refused(Refused {
                why: format!("{a} by {b}"),
                code: b,
            })),
        })
    }

    async fn swap(&self, _: &Context, a: i32, b: i32) -> ServiceResult<SwapResult> {
        Ok(SwapResult { a: b, b: a })
    }

    async fn scalar(&self, _: &Context, a: Vec<i32>, b: Vec<i32>) -> ServiceResult<i64> {
        Ok(a.iter().zip(&b).map(|(a, b)| i64::from(a * b)).sum())
    }

    async fn read(&self, _: &Context, start: i32, n: u32) -> ServiceResult<ReadResult> {
        let len = if start < 0 { n + 1 } else { n };
        let data: Bytes = (0..len).map(|at| (at % 251).to_le_bytes()[0]).collect();
        Ok(ReadResult {
            result: start,
            data,
        })
    }

    async fn greet(&self, _: &Context, name: String, times: Option<i32>) -> ServiceResult<String> {
        let times = usize::try_from(times.unwrap_or(1)).unwrap_or_default();
        Ok(format!("{}{name}", "hello, ".repeat(times)))
    }

    async fn percent(&self, _: &Context, value: i32) -> ServiceResult<i32> {
        Ok(if value == 99 { 101 } else { value })
    }

    async fn note(&self, _: &Context, value: i32) -> ServiceResult<()> {
        self.notes.fetch_add(value, Ordering::Relaxed);
        Ok(())
    }

    async fn noted(&self, _: &Context) -> ServiceResult<i32> {
        Ok(self.notes.load(Ordering::Relaxed))
    }

    async fn sleep(&self, _: &Context) -> ServiceResult<()> {
        pending().await
    }
}
