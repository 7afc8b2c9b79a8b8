//! A subscriber that keeps what it is told.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

/// Fields of a span or an event, by their names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(pub(crate) BTreeMap<&'static str, String>);

impl Fields {
    /// The value of a field; nothing where it has none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

/// A span.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) fields: Fields,
    /// The messages of the events in it.
    pub(crate) events: Vec<String>,
    pub(crate) is_closed: bool,
}

/// Ends the hearing where it is dropped.
pub(crate) struct Guard {
    _subscriber: DefaultGuard,
    _alone: MutexGuard<'static, ()>,
}

/// Waits until no other test runs. Whether a subscriber wants a span is found out by whichever
/// thread comes to it first, and that must not be one that has none.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All that was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    spans: Vec<Seen>,
    places: BTreeMap<u64, usize>,
    outside: Vec<(String, Fields)>,
}

impl Trace {
    /// Hears of all that happens on this thread while the guard lives.
    pub(crate) fn begin() -> (Self, Guard) {
        let alone = alone();
        let trace = Self::default();
        let subscriber = tracing_subscriber::registry().with(Keeper(trace.clone()));
        let guard = Guard {
            _subscriber: tracing::subscriber::set_default(subscriber),
            _alone: alone,
        };
        (trace, guard)
    }

    /// The spans of calls of this kind, `client` or `server`.
    pub(crate) fn calls(&self, kind: &str) -> Vec<Seen> {
        let state = self.0.lock().unwrap();
        let spans = state.spans.iter();
        spans
            .filter(|span| span.fields.get("otel.kind") == kind)
            .cloned()
            .collect()
    }

    /// The fields of the events with this message that are in no span.
    pub(crate) fn outside(&self, message: &str) -> Vec<Fields> {
        let state = self.0.lock().unwrap();
        let events = state.outside.iter();
        events
            .filter(|(text, _)| text == message)
            .map(|(_, fields)| fields.clone())
            .collect()
    }
}

/// The part of the subscriber that keeps.
struct Keeper(Trace);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Keeper {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut seen = Seen {
            target: attributes.metadata().target().to_owned(),
            ..Seen::default()
        };
        attributes.record(&mut seen.fields);
        let mut state = self.0.0.lock().unwrap();
        let place = state.spans.len();
        state.spans.push(seen);
        state.places.insert(id.into_u64(), place);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut state = self.0.0.lock().unwrap();
        let place = state.places[&id.into_u64()];
        values.record(&mut state.spans[place].fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.get("message").to_owned();
        let mut state = self.0.0.lock().unwrap();
        match context.event_span(event) {
            Some(span) => {
                let place = state.places[&span.id().into_u64()];
                state.spans[place].events.push(message);
            }
            None => state.outside.push((message, fields)),
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let mut state = self.0.0.lock().unwrap();
        let place = state.places.remove(&id.into_u64()).unwrap();
        state.spans[place].is_closed = true;
    }
}
