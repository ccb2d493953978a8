//! All cells of one gateway, several at a time: they mostly wait for the clock.

use super::cases::Case;
use super::cell::{Cell, Ran};
use super::expected::Expected;
use super::{device, plugged, reference};
use crate::Stop;
use crate::gateways::{Image, Plug, Role};
use anyhow::{Context, Result, bail};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Who answers in a column.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// The reference responder, in virtual time.
    Reference,
    /// An implementation in a container.
    Plugged(&'static Plug),
    /// The reference responder again; an implementation in a container connects to it.
    Device(&'static Plug),
}

impl Column {
    /// What a command line calls it, beside `--gateway` or `--device`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reference => reference::NAME,
            Self::Plugged(plug) | Self::Device(plug) => plug.name,
        }
    }

    /// Its name in tables, and that of its folder.
    #[must_use]
    pub fn title(&self) -> String {
        let suffix = if self.is_device() { device::SUFFIX } else { "" };
        format!("{}{suffix}", self.name())
    }

    /// Whether the device is in the container.
    #[must_use]
    pub const fn is_device(&self) -> bool {
        matches!(self, Self::Device(_))
    }

    /// What is expected of it.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn expected(&self) -> Result<Expected> {
        let folder = runner::workspace().join("harness/gateways").join(self.name());
        let file = if self.is_device() { "expected-device.toml" } else { "expected.toml" };
        Expected::read(&folder.join(file))
    }

    /// Those whose device is in a container.
    #[must_use]
    pub fn devices() -> Vec<Self> {
        let plugs = crate::gateways::GATEWAYS.iter();
        plugs.filter(|plug| plug.roles.contains(&Role::Initiator)).map(Self::Device).collect()
    }

    /// Those whose gateway it is about: the reference first.
    #[must_use]
    pub fn gateways() -> Vec<Self> {
        let plugged = crate::gateways::GATEWAYS.iter().map(Self::Plugged);
        [Self::Reference].into_iter().chain(plugged).collect()
    }

    /// Makes sure that it can run.
    ///
    /// # Errors
    /// Docker is not there, or the image cannot be built.
    pub fn prepare(&self) -> Result<()> {
        match self {
            Self::Reference => Ok(()),
            Self::Plugged(plug) | Self::Device(plug) => Ok(Image::of(plug)?.build()?),
        }
    }

    /// Runs the cases, `jobs` at a time, and writes their files below `out`. `done` is told of each.
    ///
    /// # Errors
    /// A case is wrong, Docker goes away, a file cannot be written, or somebody ended it.
    pub fn run(
        &self,
        cases: &[&Case],
        jobs: usize,
        out: &Path,
        done: &(dyn Fn(&Cell) + Sync),
    ) -> Result<Vec<Cell>> {
        let queue: Mutex<VecDeque<usize>> = Mutex::new((0..cases.len()).collect());
        let cells: Mutex<Vec<(usize, Cell)>> = Mutex::default();
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let work = || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut stop = Stop::on_signal()?;
                while let Some(index) = next() {
                    let cell = self.cell(cases[index], out, &mut stop).await?;
                    done(&cell);
                    cells.lock().unwrap_or_else(PoisonError::into_inner).push((index, cell));
                }
                Ok(())
            })
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..jobs.clamp(1, cases.len().max(1))).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(done) => done,
                Err(_) => bail!("a thread broke down"),
            })
        })?;
        let mut cells = cells.into_inner().unwrap_or_else(PoisonError::into_inner);
        cells.sort_by_key(|(index, _)| *index);
        Ok(cells.into_iter().map(|(_, cell)| cell).collect())
    }

    async fn cell(&self, case: &Case, out: &Path, stop: &mut Stop) -> Result<Cell> {
        let start = Instant::now();
        let ran: Ran = match self {
            Self::Reference => reference::run(case)?,
            Self::Plugged(plug) => plugged::run(case, plug, stop)
                .await
                .with_context(|| format!("{}: {}", plug.name, case.name))?,
            Self::Device(plug) => device::run(case, plug, stop)
                .await
                .with_context(|| format!("{}: {}", self.title(), case.name))?,
        };
        let mut cell = Cell::of(case, &self.title(), ran, out)?;
        if !matches!(self, Self::Reference) {
            cell.took_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        }
        Ok(cell)
    }
}
