//! Which cases run against whom, and what comes of it.

use crate::verdict::{Finding, Verdict};
use crate::{Case, Implementation, Log, Profile, Registry, Requirement, Role, cases, run};

/// What of the matrix is wanted; everything unless it says so.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Implementations of this role.
    pub role: Option<Role>,
    /// This implementation.
    pub implementation: Option<String>,
    /// This profile.
    pub profile: Option<Profile>,
    /// This requirement, and the cases that judge it.
    pub requirement: Option<String>,
    /// This case.
    pub case: Option<String>,
}

impl Selection {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        let Self { role, implementation, profile, requirement, case } = self;
        role.is_none()
            && implementation.is_none()
            && profile.is_none()
            && requirement.is_none()
            && case.is_none()
    }

    fn wants_case(&self, case: &Case) -> bool {
        self.case.as_ref().is_none_or(|name| name == case.name)
            && self.requirement.as_ref().is_none_or(|id| case.judges.contains(&id.as_str()))
            && self.role.is_none_or(|role| role == case.role())
    }

    /// Whether it wants anything of this implementation.
    #[must_use]
    pub fn wants_implementation(&self, implementation: &dyn Implementation) -> bool {
        self.implementation.as_ref().is_none_or(|wanted| wanted == implementation.name())
            && self.role.is_none_or(|wanted| wanted == implementation.role())
    }

    /// Whether it wants this cell.
    #[must_use]
    pub fn wants(&self, cell: &Cell) -> bool {
        self.requirement.as_ref().is_none_or(|id| *id == cell.finding.requirement)
    }

    /// Whether it wants to know of this requirement.
    #[must_use]
    pub fn wants_requirement(&self, id: &str) -> bool {
        let judges =
            |name: &String| cases::all().any(|case| case.name == name && case.judges.contains(&id));
        self.requirement.as_ref().is_none_or(|wanted| wanted == id)
            && self.case.as_ref().is_none_or(judges)
    }
}

/// One case against one implementation in one profile.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// Who is judged.
    pub implementation: &'a dyn Implementation,
    /// By which demands.
    pub profile: Profile,
    /// With what.
    pub case: &'static Case,
}

impl<'a> Job<'a> {
    /// What the selection wants of these implementations, in the order of the matrix.
    #[must_use]
    pub fn plan(
        registry: &Registry,
        implementations: &[&'a dyn Implementation],
        selection: &Selection,
    ) -> Vec<Self> {
        let mut jobs = Vec::new();
        for implementation in implementations.iter().copied() {
            let role = implementation.role();
            if !selection.wants_implementation(implementation) {
                continue;
            }
            for profile in Profile::ALL {
                if selection.profile.is_some_and(|wanted| wanted != profile) {
                    continue;
                }
                let fits = |case: &&'static Case| {
                    case.role() == role
                        && selection.wants_case(case)
                        && !case.binding(registry, profile).is_empty()
                };
                let job = |case| Self { implementation, profile, case };
                jobs.extend(cases::all().filter(fits).map(job));
            }
        }
        jobs
    }

    /// Runs it.
    #[must_use]
    pub fn run(&self, registry: &Registry) -> Vec<Cell> {
        let Some(run) = run(self.case, self.implementation, (registry, self.profile)) else {
            return Vec::new();
        };
        let cell = |finding| Cell {
            implementation: self.implementation.name().to_owned(),
            role: self.implementation.role(),
            profile: self.profile,
            case: self.case.name,
            finding,
            log: run.log.clone(),
        };
        run.findings.into_iter().map(cell).collect()
    }
}

/// What one case says of one requirement for one implementation in one profile.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Who was judged.
    pub implementation: String,
    /// What it is.
    pub role: Role,
    /// By which demands.
    pub profile: Profile,
    /// With which case.
    pub case: &'static str,
    /// The verdict and its evidence.
    pub finding: Finding,
    /// What crossed.
    pub log: Log,
}

/// What is known of a requirement in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does not bind there.
    Unbound,
    /// It binds, and no case judges it.
    NoCase,
    /// It binds, and no case that judges it was among those that ran.
    NotRun,
    /// The worst that a case gives.
    Judged(Verdict),
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "-",
            Self::NoCase => "no case",
            Self::NotRun => "not run",
            Self::Judged(verdict) => verdict.name(),
        }
    }
}

/// All cells of a run.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// In the order of implementations, profiles and cases.
    pub cells: Vec<Cell>,
}

impl Matrix {
    /// The columns: implementation and profile, in order.
    #[must_use]
    pub fn columns(&self) -> Vec<(&str, Profile)> {
        let mut columns: Vec<(&str, Profile)> = Vec::new();
        for cell in &self.cells {
            let column = (cell.implementation.as_str(), cell.profile);
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    /// What all cases together say of a requirement in a column: the worst that one says.
    #[must_use]
    pub fn standing(&self, requirement: &Requirement, column: (&str, Profile)) -> Standing {
        let is_of = |cell: &&Cell| (cell.implementation.as_str(), cell.profile) == column;
        let judges = |cell: &&Cell| cell.finding.requirement == requirement.id;
        let here = self.cells.iter().filter(is_of);
        if let Some(worst) = here.clone().filter(judges).map(|cell| cell.finding.verdict).max() {
            return Standing::Judged(worst);
        }
        let Some(role) = here.map(|cell| cell.role).next() else { return Standing::NotRun };
        if !requirement.binds_in(role, column.1) {
            return Standing::Unbound;
        }
        let has = cases::judging(&requirement.id, role).any(|it| it.profiles.contains(&column.1));
        if has { Standing::NotRun } else { Standing::NoCase }
    }

    /// How many cells have that verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().filter(|cell| cell.finding.verdict == verdict).count()
    }
}
