//! What the gateway does on its own at set times: requests to its SAs, Deletes, crashes.

use crate::scenario::{Gateway as Policy, Request, RequestKind};
use core::time::Duration;
use ike_core::Instant;
use ike_responder::SaId;
use std::collections::{BTreeMap, BTreeSet};

/// Something the gateway is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// It loses everything.
    Crash,
    /// It asks an SA something, by the number of the request in the scenario.
    Ask { sa: SaId, request: usize },
    /// It deletes an SA.
    Delete { sa: SaId },
}

/// The tasks by their time.
pub(super) struct Agenda {
    requests: Vec<Request>,
    delete_after: Option<Duration>,
    due: BTreeSet<(Instant, Task)>,
    by_sa: BTreeMap<SaId, Vec<(Instant, Task)>>,
}

impl Agenda {
    pub(super) fn new(policy: &Policy) -> Self {
        let crashes = policy.crashes.iter().map(|at| (Instant::default() + *at, Task::Crash));
        Self {
            requests: policy.requests.clone(),
            delete_after: policy.delete_after,
            due: crashes.collect(),
            by_sa: BTreeMap::new(),
        }
    }

    /// What kind of request it is, and when it is asked again.
    pub(super) fn request(&self, number: usize) -> Request {
        self.requests[number]
    }

    fn add(&mut self, at: Instant, sa: SaId, task: Task) {
        self.due.insert((at, task));
        self.by_sa.entry(sa).or_default().push((at, task));
    }

    /// An SA was established.
    pub(super) fn established(&mut self, now: Instant, sa: SaId) {
        if let Some(after) = self.delete_after {
            self.add(now + after, sa, Task::Delete { sa });
        }
        for number in 0..self.requests.len() {
            let task = match self.requests[number].kind {
                RequestKind::Delete => Task::Delete { sa },
                _ => Task::Ask { sa, request: number },
            };
            self.add(now + self.requests[number].after, sa, task);
        }
    }

    /// A request was asked: the next one of its kind, if there is one.
    pub(super) fn asked(&mut self, now: Instant, sa: SaId, number: usize) {
        if let Some(every) = self.requests[number].every {
            self.add(now + every, sa, Task::Ask { sa, request: number });
        }
    }

    /// An SA has taken the place of another one: what was to be done to that is done to it.
    pub(super) fn rekeyed(&mut self, old: SaId, new: SaId) {
        for entry in self.by_sa.remove(&old).unwrap_or_default() {
            self.due.remove(&entry);
            let task = match entry.1 {
                Task::Ask { request, .. } => Task::Ask { sa: new, request },
                Task::Delete { .. } => Task::Delete { sa: new },
                Task::Crash => continue,
            };
            self.add(entry.0, new, task);
        }
    }

    /// An SA is gone.
    pub(super) fn closed(&mut self, sa: SaId) {
        for entry in self.by_sa.remove(&sa).unwrap_or_default() {
            self.due.remove(&entry);
        }
    }

    /// The next task whose time has come.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Task> {
        let (at, task) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.due.pop_first();
        if let Task::Ask { sa, .. } | Task::Delete { sa } = task
            && let Some(entries) = self.by_sa.get_mut(&sa)
        {
            entries.retain(|entry| *entry != (at, task));
        }
        Some(task)
    }

    /// When the next task is due.
    pub(super) fn next_time(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }
}
