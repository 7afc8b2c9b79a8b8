//! F10: every state of a small model of ORD/1.
//!
//! The model has the rules of the specification, not the code: one client with one or two calls of two
//! fragments in one activity, a server that may crash once, a clock of few ticks, and a network that
//! loses, doubles and reorders without end, since nothing that was sent ever leaves it.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    reason = "the number of states is for people to read"
)]

mod ord1;

use ord1::{Broken, CALLS, Ord1};
use stateright::{Checker, Model};

/// States that are looked at, at the most, so that a test takes its half minute.
const STATES_MAX: usize = 4_000_000;

/// Looks at the states of a model, of all of them if they are not too many.
fn check(model: Ord1) -> impl Checker<Ord1> {
    let (calls, broken) = (model.calls, model.broken);
    let builder = model.checker().threads(2);
    let checker = builder.target_state_count(STATES_MAX).spawn_bfs().join();
    let is_complete = broken.is_none() && checker.state_count() < STATES_MAX;
    let (seen, unique) = (checker.state_count(), checker.unique_state_count());
    println!(
        "{calls} calls, without {broken:?}: {seen} states, {unique} of them different, depth {}; \
         complete: {is_complete}",
        checker.max_depth()
    );
    checker
}

#[test]
fn f10_no_counterexample() {
    let properties = [
        "A1 at most once",
        "A2 answered: once",
        "A3 not executed: never",
        "A4 result lost: once",
        "A7 in order",
    ];
    let reached = ["a result is lost", "nobody knows", "a call is refused"];
    for calls in [1, CALLS] {
        let broken = None;
        let checker = check(Ord1 { broken, calls });
        for property in properties {
            checker.assert_no_discovery(property);
        }
        for property in reached {
            checker.assert_any_discovery(property);
        }
    }
}

#[test]
fn every_rule_is_needed() {
    let rules = [
        (Broken::Epoch, "A1 at most once", 1),
        (Broken::Sequence, "A7 in order", 2),
        (Broken::PinWindow, "A1 at most once", 1),
        (Broken::Repin, "A1 at most once", 1),
        (Broken::BlindRetry, "A1 at most once", 1),
        (Broken::Flight, "A3 not executed: never", 1),
    ];
    for (rule, property, calls) in rules {
        let broken = Some(rule);
        let checker = check(Ord1 { broken, calls });
        let path = checker.discovery(property);
        let steps = path.map(|path| path.into_actions().len());
        println!("without {rule:?}: {property} fails after {steps:?} steps");
        assert!(steps.is_some(), "without {rule:?} nothing is wrong");
    }
}
