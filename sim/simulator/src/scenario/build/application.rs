//! What nodes do.

use super::super::{Application, GarageDoor, Ping, RoomSensor, schema};
use super::{Fault, Run, Text, alternatives, or};
use core::ops::Range;
use core::time::Duration;
use schema::{Kind, Number, Positive};
use toml::Spanned;

/// What each of so many nodes does.
pub(super) fn application(
    raw: schema::Application,
    count: u32,
    run: Run<'_>,
) -> Result<Application, Fault> {
    fn value<T>(place: Option<Spanned<Text<T>>>, default: T) -> T {
        or(place.map(Spanned::into_inner), default)
    }
    fn number<T: TryFrom<u64>, const MIN: u64, const MAX: u64>(
        place: Option<Spanned<Number<MIN, MAX>>>,
        default: T,
    ) -> T {
        place.map_or(default, |place| place.into_inner().get())
    }
    let positive = |place, default_s| value(place, Positive(Duration::from_secs(default_s))).0;
    only_keys_of_its_kind(&raw)?;
    Ok(match raw.kind {
        Text(Kind::GarageDoor) => {
            let travel = value(raw.travel, Duration::from_secs(12));
            let status = raw.status_every.map(|place| run.period(&place, count, travel));
            Application::GarageDoor(GarageDoor {
                travel,
                status_every: status.transpose()?.unwrap_or(Duration::from_secs(1)),
                reply_timeout: positive(raw.reply_timeout, 2),
                tries: number(raw.tries, 5),
            })
        }
        Text(Kind::RoomSensor) => Application::RoomSensor(RoomSensor {
            reports: number(raw.reports, 1),
            poll: raw.poll.is_some_and(Spanned::into_inner),
            reply_timeout: positive(raw.reply_timeout, 2),
            tries: number(raw.tries, 4),
        }),
        Text(Kind::Ping) => Application::Ping(Ping {
            count: number(raw.count, 1),
            interval: positive(raw.interval, 1),
            payload: number(raw.payload, 56),
            timeout: positive(raw.timeout, 2),
            tries: number(raw.tries, 1),
        }),
    })
}

/// A key of another kind says nothing here.
fn only_keys_of_its_kind(raw: &schema::Application) -> Result<(), Fault> {
    fn span<T>(place: Option<&Spanned<T>>) -> Option<Range<usize>> {
        place.map(Spanned::span)
    }
    let written = [
        ("travel", span(raw.travel.as_ref())),
        ("status_every", span(raw.status_every.as_ref())),
        ("reports", span(raw.reports.as_ref())),
        ("poll", span(raw.poll.as_ref())),
        ("reply_timeout", span(raw.reply_timeout.as_ref())),
        ("tries", span(raw.tries.as_ref())),
        ("count", span(raw.count.as_ref())),
        ("interval", span(raw.interval.as_ref())),
        ("payload", span(raw.payload.as_ref())),
        ("timeout", span(raw.timeout.as_ref())),
    ];
    let (kind, own) = own_keys(raw.kind.0);
    for (key, span) in written {
        if let Some(span) = span.filter(|_| !own.contains(&key)) {
            let own: Vec<String> = own.iter().map(|key| format!("`{key}`")).collect();
            let message = format!("not a key of a {kind}: expected {}", alternatives(&own));
            return Err(Fault { span, message });
        }
    }
    Ok(())
}

/// What a kind is called, and its keys in the order of their table.
const fn own_keys(kind: Kind) -> (&'static str, &'static [&'static str]) {
    match kind {
        Kind::GarageDoor => ("garage door", &["travel", "status_every", "reply_timeout", "tries"]),
        Kind::RoomSensor => ("room sensor", &["reports", "poll", "reply_timeout", "tries"]),
        Kind::Ping => ("ping", &["count", "interval", "payload", "timeout", "tries"]),
    }
}
