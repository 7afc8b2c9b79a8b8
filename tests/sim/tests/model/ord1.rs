//! The model: client, server, network, and what the caller is told.

use std::collections::BTreeSet;

use stateright::{Model, Property};

/// Ticks that an epoch lasts at the most.
const CLOCK_MAX: u8 = 5;
/// `T_fresh`: how old a pin may be.
const FRESH: u8 = 1;
/// How far a pin may lie in the future.
const AHEAD: u8 = 1;
/// `T_keep`: more than the two together, so that no copy outlives the record of its call.
const KEEP: u8 = 3;
/// Both fragments of a call.
const WHOLE: u8 = 0b11;
/// Calls that the client makes at the most, one after the other.
pub(crate) const CALLS: usize = 2;
/// Times that a call may be bound, to an epoch and a pin.
const BINDINGS_MAX: u8 = 2;

/// A rule that is left out, to see that it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Epoch,
    Sequence,
    PinWindow,
    Repin,
    BlindRetry,
    Flight,
}

/// The model, perhaps without one of its rules.
#[derive(Debug, Clone)]
pub(crate) struct Ord1 {
    pub(crate) broken: Option<Broken>,
    pub(crate) calls: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    client: Client,
    server: Server,
    network: BTreeSet<Packet>,
    /// Executions of each call.
    executions: [u8; CALLS],
    /// What the caller was told of each.
    told: [Option<Told>; CALLS],
    /// Whether calls of one epoch were executed in order.
    is_in_order: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    /// The call that it makes.
    call: usize,
    /// The epoch and the pin that the call has.
    bound: Option<(u8, u8)>,
    bindings: u8,
    /// Fragments that were sent at least once, to any epoch.
    sent: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    epoch: u8,
    clock: u8,
    record: Option<Record>,
    /// When the client was last heard of.
    touched: u8,
    /// The last call that this epoch executed.
    last: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    seq: usize,
    step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// These fragments have come.
    Receiving(u8),
    Running,
    Replied,
    Evicted,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Told {
    Ok,
    NotExecuted,
    ResultLost,
    Unknown,
}

/// What travels; the number of a call is its place plus one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Packet {
    Req {
        epoch: u8,
        seq: usize,
        pin: u8,
        fragment: u8,
    },
    Resp {
        epoch: u8,
        seq: usize,
    },
    WrongEpoch {
        offending: u8,
        now: u8,
    },
    StalePin {
        epoch: u8,
        seq: usize,
        pin: u8,
    },
    /// With the pin of the packet that it answers, which stands for its number.
    Refused {
        epoch: u8,
        seq: usize,
        pin: u8,
    },
    ResultLost {
        epoch: u8,
        seq: usize,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// The client learns the epoch, and guesses the clock.
    Bind {
        epoch: u8,
        pin: u8,
    },
    Send {
        fragment: u8,
    },
    /// `T_dead` has passed.
    GiveUp,
    Deliver(Packet),
    /// A packet creates a record that says that there is no room.
    Refuse(Packet),
    Tick,
    Crash,
    Finish {
        evicted: bool,
    },
    Forget,
}

impl Model for Ord1 {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let server = Server {
            epoch: 0,
            clock: 0,
            record: None,
            touched: 0,
            last: 0,
        };
        let client = Client {
            call: 0,
            bound: None,
            bindings: 0,
            sent: 0,
        };
        vec![State {
            client,
            server,
            network: BTreeSet::new(),
            executions: [0; CALLS],
            told: [None; CALLS],
            is_in_order: true,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let State {
            client,
            server,
            network,
            ..
        } = state;
        if client.call < self.calls {
            if client.bound.is_none() && client.bindings < BINDINGS_MAX {
                let epoch = server.epoch;
                let pins = [server.clock, server.clock + AHEAD];
                actions.extend(pins.map(|pin| Action::Bind { epoch, pin }));
            }
            if client.bound.is_some() {
                actions.extend([0b01, 0b10].map(|fragment| Action::Send { fragment }));
            }
            actions.push(Action::GiveUp);
        }
        actions.extend(network.iter().copied().map(Action::Deliver));
        let last = server.record.as_ref().map_or(0, |record| record.seq);
        let is_new = |packet: &&Packet| matches!(packet, Packet::Req { seq, .. } if *seq > last);
        actions.extend(network.iter().filter(is_new).copied().map(Action::Refuse));
        if server.clock < CLOCK_MAX {
            actions.push(Action::Tick);
        }
        if server.epoch == 0 {
            actions.push(Action::Crash);
        }
        match server.record.as_ref().map(|record| &record.step) {
            Some(Step::Running) => {
                actions.extend([true, false].map(|evicted| Action::Finish { evicted }));
            }
            Some(_) if server.clock >= server.touched + KEEP => actions.push(Action::Forget),
            _ => {}
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Bind { epoch, pin } => {
                state.client.bound = Some((epoch, pin));
                state.client.bindings += 1;
            }
            Action::Send { fragment } => {
                let (epoch, pin) = state.client.bound?;
                let seq = state.client.call + 1;
                state.client.sent |= fragment;
                state.network.insert(Packet::Req {
                    epoch,
                    seq,
                    pin,
                    fragment,
                });
            }
            Action::GiveUp => {
                let told = state.client.unless_sent(Told::NotExecuted);
                state.tell(told);
            }
            Action::Deliver(packet @ Packet::Req { .. }) => self.request(&mut state, packet, true),
            Action::Refuse(packet) => self.request(&mut state, packet, false),
            Action::Deliver(packet) => self.answer(&mut state, packet),
            Action::Tick => state.server.clock += 1,
            Action::Crash => {
                let epoch = state.server.epoch + 1;
                state.server = Server {
                    epoch,
                    clock: 0,
                    record: None,
                    touched: 0,
                    last: 0,
                };
            }
            Action::Finish { evicted } => state.finish(evicted),
            Action::Forget => state.server.record = None,
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("A1 at most once", |_, state: &State| {
                state.executions.iter().all(|executions| *executions <= 1)
            }),
            Property::always("A2 answered: once", |_, state: &State| {
                state.agrees(Told::Ok, 1)
            }),
            Property::always("A3 not executed: never", |_, state: &State| {
                state.agrees(Told::NotExecuted, 0)
            }),
            Property::always("A4 result lost: once", |_, state: &State| {
                state.agrees(Told::ResultLost, 1)
            }),
            Property::always("A7 in order", |_, state: &State| state.is_in_order),
            Property::sometimes("a result is lost", |_, state: &State| {
                state.told.contains(&Some(Told::ResultLost))
            }),
            Property::sometimes("nobody knows", |_, state: &State| {
                state.told.contains(&Some(Told::Unknown))
            }),
            Property::sometimes("a call is refused", |_, state: &State| {
                state.told.contains(&Some(Told::NotExecuted))
            }),
        ]
    }
}

impl Client {
    /// What the caller is told: this, or that nobody knows once all was sent.
    fn unless_sent(&self, told: Told) -> Told {
        if self.sent == WHOLE {
            Told::Unknown
        } else {
            told
        }
    }
}

impl State {
    fn agrees(&self, told: Told, executions: u8) -> bool {
        let mut calls = self.told.iter().zip(self.executions);
        calls.all(|(said, counted)| *said != Some(told) || counted == executions)
    }

    /// The call ends, and the next begins.
    fn tell(&mut self, told: Told) {
        let call = self.client.call;
        if let Some(place) = self.told.get_mut(call) {
            *place = Some(told);
        }
        self.client = Client {
            call: call + 1,
            bound: None,
            bindings: 0,
            sent: 0,
        };
    }

    fn execute(&mut self, seq: usize) {
        if let Some(executions) = self.executions.get_mut(seq - 1) {
            *executions += 1;
        }
        self.is_in_order &= seq > self.server.last;
        self.server.last = seq;
    }

    fn finish(&mut self, evicted: bool) {
        let epoch = self.server.epoch;
        if let Some(Record { seq, step }) = &mut self.server.record {
            *step = if evicted {
                Step::Evicted
            } else {
                Step::Replied
            };
            let seq = *seq;
            self.network.insert(if evicted {
                Packet::ResultLost { epoch, seq }
            } else {
                Packet::Resp { epoch, seq }
            });
        }
    }
}

impl Ord1 {
    fn is_broken(&self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }

    /// The server takes a fragment of a call; it has room for the call, or not.
    fn request(&self, state: &mut State, packet: Packet, has_room: bool) {
        let Packet::Req {
            epoch,
            seq,
            pin,
            fragment,
        } = packet
        else {
            return;
        };
        let server = &mut state.server;
        let now = server.epoch;
        if epoch != now && !self.is_broken(Broken::Epoch) {
            state.network.insert(Packet::WrongEpoch {
                offending: epoch,
                now,
            });
            return;
        }
        server.touched = server.clock;
        let last = server.record.as_ref().map_or(0, |record| record.seq);
        let is_new = seq > last || (seq < last && self.is_broken(Broken::Sequence));
        if is_new {
            let is_fresh = pin + FRESH >= server.clock && pin <= server.clock + AHEAD;
            if !is_fresh && !self.is_broken(Broken::PinWindow) {
                state.network.insert(Packet::StalePin { epoch, seq, pin });
                return;
            }
            let step = if has_room {
                Step::Receiving(0)
            } else {
                Step::Refused
            };
            server.record = Some(Record { seq, step });
        }
        let Some(record) = server.record.as_mut().filter(|record| record.seq == seq) else {
            return;
        };
        match &mut record.step {
            Step::Receiving(come) => {
                *come |= fragment;
                if *come == WHOLE {
                    record.step = Step::Running;
                    state.execute(seq);
                }
            }
            Step::Refused => drop(state.network.insert(Packet::Refused { epoch, seq, pin })),
            // Their answers are in the network, from where nothing is lost for good.
            Step::Running | Step::Replied | Step::Evicted => {}
        }
    }

    /// The client takes what a server says of its call.
    fn answer(&self, state: &mut State, packet: Packet) {
        let client = &mut state.client;
        let Some((bound, bound_pin)) = client.bound else {
            return;
        };
        let (call, any_epoch) = (client.call + 1, self.is_broken(Broken::Epoch));
        let is_mine = |epoch, seq| (epoch == bound || any_epoch) && seq == call;
        match packet {
            Packet::Resp { epoch, seq } if is_mine(epoch, seq) => state.tell(Told::Ok),
            // The flight rule: what was refused before the call was bound anew says nothing of it now.
            Packet::Refused { epoch, seq, pin }
                if is_mine(epoch, seq) && (pin == bound_pin || self.is_broken(Broken::Flight)) =>
            {
                state.tell(Told::NotExecuted);
            }
            Packet::ResultLost { epoch, seq } if is_mine(epoch, seq) => {
                state.tell(Told::ResultLost);
            }
            Packet::WrongEpoch { offending, now } if offending == bound && now != bound => {
                let may_go_on = client.sent != WHOLE || self.is_broken(Broken::BlindRetry);
                state.go_on(may_go_on);
            }
            Packet::StalePin { epoch, seq, pin } if is_mine(epoch, seq) && pin == bound_pin => {
                let may_go_on = client.sent != WHOLE || self.is_broken(Broken::Repin);
                state.go_on(may_go_on);
            }
            _ => {}
        }
    }
}

impl State {
    /// The call is bound again, or nobody knows what became of it.
    fn go_on(&mut self, may_go_on: bool) {
        if may_go_on {
            self.client.bound = None;
        } else {
            self.tell(Told::Unknown);
        }
    }
}
