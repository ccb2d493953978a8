//! What a container is asked while a case runs, and what it answers: looks at its SAs, and commands.

use super::cases::Case;
use super::sas::SaList;
use crate::gateways::Running;
use anyhow::{Context, Result};
use ike_core::Instant;
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::task::{JoinHandle, spawn_local};

/// The list of SAs in an answer.
///
/// # Errors
/// It is something else.
pub(super) fn list(answer: &str) -> Result<SaList> {
    serde_json::from_str(answer).with_context(|| format!("its list of SAs: {answer}"))
}

/// Something to be asked of the gateway at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Task {
    /// Its list of SAs, for the look of that number.
    Look(usize),
    /// A command of the contract.
    Command(String),
    /// One that must fail.
    Vain(String),
}

type Answer = JoinHandle<Result<String>>;

/// What is to be asked, and what was.
pub(super) struct Agenda {
    due: BTreeMap<Instant, Vec<Task>>,
    asked: Vec<(Task, Answer)>,
    looks: usize,
}

/// What the gateway answered.
pub(super) enum Told {
    Lists { looks: Vec<SaList>, trouble: Vec<String> },
    Unsupported(String),
}

impl Agenda {
    pub(super) fn new(case: &Case) -> Self {
        let mut due: BTreeMap<Instant, Vec<Task>> = BTreeMap::new();
        for (index, look) in case.looks.iter().enumerate() {
            due.entry(Instant::default() + look.at).or_default().push(Task::Look(index));
        }
        for step in &case.steps {
            let command = step.command.clone();
            let task = if step.fails { Task::Vain(command) } else { Task::Command(command) };
            due.entry(Instant::default() + step.at).or_default().push(task);
        }
        Self { due, asked: Vec::new(), looks: case.looks.len() }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.due.keys().next().copied()
    }

    /// Asks what is due, and does not wait for the answers: the world goes on meanwhile.
    pub(super) fn perform(&mut self, now: Instant, running: &Rc<Running>) {
        while let Some((at, tasks)) = self.due.pop_first() {
            if at > now {
                self.due.insert(at, tasks);
                return;
            }
            for task in tasks {
                let command = match &task {
                    Task::Look(_) => "sas".to_owned(),
                    Task::Command(command) | Task::Vain(command) => command.clone(),
                };
                let running = Rc::clone(running);
                let answer = spawn_local(async move { running.control(&command).await });
                self.asked.push((task, answer));
            }
        }
    }

    /// A command that is due now.
    pub(super) fn command(&mut self, now: Instant, command: String) {
        self.due.entry(now).or_default().push(Task::Command(command));
    }

    pub(super) async fn answers(self) -> Told {
        let (mut looks, mut trouble) = (vec![None; self.looks], Vec::new());
        for (task, answer) in self.asked {
            let answer = answer.await.map_err(anyhow::Error::from).and_then(|answer| answer);
            match (task, answer) {
                (Task::Look(index), Ok(answer)) => match list(&answer) {
                    Ok(list) => looks[index] = Some(list),
                    Err(error) => trouble.push(format!("{error:#}")),
                },
                (Task::Command(command), Ok(answer)) => {
                    if let Some(reason) = answer.strip_prefix("unsupported: ") {
                        return Told::Unsupported(reason.to_owned());
                    }
                    if answer != "ok" {
                        trouble.push(format!("{command}: the answer was {answer:?}"));
                    }
                }
                (Task::Vain(command), Ok(answer)) => {
                    if !answer.starts_with("failed: ") {
                        trouble.push(format!(
                            "{command}: the answer was {answer:?}, not that it failed"
                        ));
                    }
                }
                (_, Err(error)) => trouble.push(format!("{error:#}")),
            }
        }
        Told::Lists { looks: looks.into_iter().flatten().collect(), trouble }
    }
}
