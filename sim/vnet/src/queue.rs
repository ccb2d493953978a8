//! The next-event queue: events in the order of (time, sequence number).
//!
//! A retransmission timer is set for every request and cancelled by nearly every response, so cancelling is the
//! cheap operation here: it drops the event at once and leaves only its 24-octet key behind. Keys of cancelled
//! events are swept out when they are an eighth of the live ones, so the memory is bounded by the live events and each
//! cancellation costs a constant on average.

mod heap;
mod keys;
#[cfg(test)]
mod tests;

use crate::time::Instant;
use core::cmp::Ordering;
use keys::Keys;

/// Cancelled keys that are tolerated whatever the number of live events: sweeping a few keys is not worth it.
const SLACK: usize = 64;

/// One cancelled key is tolerated for so many live events; and so is room that is not used.
const SHARE: usize = 8;

/// Names one scheduled event, so that it can be cancelled. Valid for the queue that issued it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    sequence: u64,
    slot: u32,
}

/// Ordered by time, then by the order of scheduling. The sequence number is unique, so `slot` never decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    at: Instant,
    sequence: u64,
    slot: u32,
}

impl Key {
    /// Both in one number: which of two keys is smaller nobody can predict, and so it is compared without a branch.
    fn order(&self) -> u128 {
        u128::from(self.at.micros()) << 64 | u128::from(self.sequence)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

#[derive(Debug, Clone)]
enum Slot<E> {
    Vacant { next: Option<u32> },
    Held { sequence: u64, event: E },
}

/// A queue of future events.
///
/// Equal times pop in the order in which they were scheduled. Nothing ticks: the caller jumps to the time of each
/// event.
#[derive(Debug, Clone)]
pub struct Queue<E> {
    keys: Keys<Key>,
    slots: Vec<Slot<E>>,
    vacant: Option<u32>,
    live: usize,
    next_sequence: u64,
    now: Instant,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Queue<E> {
    /// An empty queue at [`Instant::ZERO`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            keys: Keys::new(),
            slots: Vec::new(),
            vacant: None,
            live: 0,
            next_sequence: 0,
            now: Instant::ZERO,
        }
    }

    /// Makes room for so many more events, and for no more: a fleet's are one for each node.
    pub fn reserve(&mut self, events: usize) {
        self.keys.reserve(events);
        self.slots.reserve_exact(events);
    }

    /// Puts the events that are there now in their order: worth it where they are many and more come later.
    pub fn arrange(&mut self) {
        self.keys.arrange();
    }

    /// Schedules `event` for `at`.
    ///
    /// A time before [`now`](Self::now) is a mistake of the caller: it panics in a debug build and is moved to `now`
    /// otherwise, because time never runs backwards.
    ///
    /// # Panics
    /// When more than 2^32 - 1 events are pending.
    pub fn schedule(&mut self, at: Instant, event: E) -> Ticket {
        debug_assert!(at >= self.now, "scheduled at {at}, but it is already {}", self.now);
        let at = at.max(self.now);
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let slot = self.hold(sequence, event);
        self.keys.push(Key { at, sequence, slot });
        self.live += 1;
        Ticket { sequence, slot }
    }

    /// Cancels an event; false when it has already popped or been cancelled.
    pub fn cancel(&mut self, ticket: Ticket) -> bool {
        let cancelled = self.release(ticket.slot, ticket.sequence).is_some();
        if cancelled {
            self.settle();
        }
        cancelled
    }

    /// The next event and its time, which becomes [`now`](Self::now).
    pub fn pop(&mut self) -> Option<(Instant, E)> {
        let key = self.keys.pop()?;
        let event = self.release(key.slot, key.sequence);
        debug_assert!(event.is_some(), "the first key always belongs to a live event");
        self.settle();
        self.now = key.at;
        Some((key.at, event?))
    }

    /// When the next event is due.
    #[must_use]
    pub fn next_time(&self) -> Option<Instant> {
        self.keys.peek().map(|key| key.at)
    }

    /// The time of the event popped last.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// All events that are scheduled and not cancelled, in no order that means anything.
    pub fn events(&self) -> impl Iterator<Item = &E> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Held { event, .. } => Some(event),
            Slot::Vacant { .. } => None,
        })
    }

    /// The next events of which `choose` makes something, at most so many, in their order.
    pub fn soonest<T>(
        &self,
        most: usize,
        mut choose: impl FnMut(Instant, &E) -> Option<T>,
    ) -> Vec<T> {
        let mut chosen = |key: &Key| match &self.slots[key.slot as usize] {
            Slot::Held { sequence, event } if *sequence == key.sequence => {
                Some((*key, choose(key.at, event)?))
            }
            _ => None,
        };
        let mut soonest: Vec<_> = self.keys.heaped().filter_map(&mut chosen).collect();
        soonest.extend(self.keys.in_order().filter_map(&mut chosen).take(most));
        soonest.sort_unstable_by_key(|(key, _)| *key);
        soonest.truncate(most);
        soonest.into_iter().map(|(_, made)| made).collect()
    }

    /// Events that are scheduled and not cancelled.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Whether nothing is scheduled.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    fn hold(&mut self, sequence: u64, event: E) -> u32 {
        let held = Slot::Held { sequence, event };
        if let Some(slot) = self.vacant
            && let Slot::Vacant { next } = self.slots[slot as usize]
        {
            self.vacant = next;
            self.slots[slot as usize] = held;
            slot
        } else {
            let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 pending events");
            grow(&mut self.slots);
            self.slots.push(held);
            slot
        }
    }

    /// Takes the event out of its slot, if it is still there.
    fn release(&mut self, slot: u32, sequence: u64) -> Option<E> {
        let place = self.slots.get_mut(slot as usize)?;
        if !matches!(place, Slot::Held { sequence: held, .. } if *held == sequence) {
            return None;
        }
        let Slot::Held { event, .. } =
            core::mem::replace(place, Slot::Vacant { next: self.vacant })
        else {
            return None;
        };
        self.vacant = Some(slot);
        self.live -= 1;
        Some(event)
    }

    /// Restores what `next_time` and the memory bound rest on: the first key is live, and cancelled keys do not
    /// reach a share of the live ones and the slack.
    fn settle(&mut self) {
        if self.keys.len() > self.live + spare(self.live) {
            let slots = &self.slots;
            self.keys.retain(|key| is_live(slots, key));
        }
        while self.keys.peek().is_some_and(|key| !is_live(&self.slots, &key)) {
            self.keys.pop();
        }
    }
}

/// Makes room for a share more, not for twice as many as a vector would by itself: a million nodes wait in the queue.
fn grow<T>(full: &mut Vec<T>) {
    if full.len() == full.capacity() {
        full.reserve_exact(spare(full.len()));
    }
}

/// The room that is kept beside so many.
const fn spare(len: usize) -> usize {
    len / SHARE + SLACK
}

fn is_live<E>(slots: &[Slot<E>], key: &Key) -> bool {
    matches!(&slots[key.slot as usize], Slot::Held { sequence, .. } if *sequence == key.sequence)
}
