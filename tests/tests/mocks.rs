//! Code that calls through the trait of a client: in memory, and with a mock.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::{
    future::ready,
    sync::{Arc, Mutex},
};

use calc::v1::{Calls, Client, Server, Service, procedures};
use rpc_runtime::{
    AcceptStat, BoxedCall, CallError, CallErrorKind, CallResult, Context, ServiceResult, all,
    testing,
};

rpc_runtime::include_stubs!("calc");

/// What a user would test: it holds its client without knowing what that is.
struct Averages(Arc<dyn Calls>);

impl Averages {
    /// Twice the sum of each pair of neighbours; both calls of a pair are under way together.
    async fn doubled_sums(&self, numbers: &[i32]) -> CallResult<Vec<i32>> {
        let pairs = numbers.iter().zip(numbers.iter().skip(1));
        let sums = all(pairs.map(|(one, next)| self.0.func2(*one, *next))).await;
        let sums: Vec<i32> = sums.into_iter().collect::<Result<_, _>>()?;
        let doubled = all(sums.into_iter().map(|sum| self.0.func1(sum))).await;
        doubled.into_iter().collect()
    }
}

struct Calc;

impl Service for Calc {
    async fn func1(&self, _: &Context, arg1: i32) -> ServiceResult<i32> {
        Ok(arg1 * 2)
    }

    async fn func2(&self, _: &Context, arg1: i32, arg2: i32) -> ServiceResult<i32> {
        Ok(arg1 + arg2)
    }
}

#[tokio::test]
async fn client_is_its_trait() {
    let (client, _server) = testing::pair(Server::new(Calc)).await;
    let averages = Averages(Arc::new(Client::new(client)));
    assert_eq!(averages.doubled_sums(&[1, 2, 3]).await.unwrap(), [6, 10]);
}

/// Notes what is called, and refuses a sum of zero.
#[derive(Default)]
struct Mock {
    called: Mutex<Vec<(i32, i32)>>,
}

impl Calls for Mock {
    fn func1(&self, arg1: i32) -> BoxedCall<i32> {
        Box::pin(ready(Ok(arg1 * 2)))
    }

    fn func2(&self, arg1: i32, arg2: i32) -> BoxedCall<i32> {
        self.called.lock().unwrap().push((arg1, arg2));
        let refusal = CallErrorKind::Accepted(AcceptStat::SystemErr);
        Box::pin(ready(match arg1 + arg2 {
            0 => Err(CallError::new(refusal, procedures::FUNC2, 1)),
            sum => Ok(sum),
        }))
    }
}

#[tokio::test]
async fn mock_stands_for_a_client() {
    let mock = Arc::new(Mock::default());
    let averages = Averages(Arc::clone(&mock) as Arc<dyn Calls>);
    assert_eq!(averages.doubled_sums(&[1, 2, 3]).await.unwrap(), [6, 10]);
    assert_eq!(*mock.called.lock().unwrap(), [(1, 2), (2, 3)]);
    let error = averages.doubled_sums(&[1, -1]).await.unwrap_err();
    assert_eq!(error.procedure(), procedures::FUNC2);
}
