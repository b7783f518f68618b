//! What the requests of a command are about: a project, or a whole organization.

use std::fmt;

use integrations_core::ids::{OrganizationId, ProjectId};

/// What a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A project.
    Project,
    /// An organization.
    Organization,
    /// An organization, or the project that `--project` names.
    ProjectIfNamed,
}

/// A project or an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A project.
    Project(ProjectId),
    /// An organization.
    Organization(OrganizationId),
}

impl Place {
    /// The segments with which the API's paths about it begin.
    pub(crate) fn segments(self) -> [String; 2] {
        match self {
            Self::Project(id) => ["projects".to_owned(), id.to_string()],
            Self::Organization(id) => ["orgs".to_owned(), id.to_string()],
        }
    }

    /// The option that names it, with its value.
    pub(crate) fn option(self) -> String {
        match self {
            Self::Project(id) => format!("--project {id}"),
            Self::Organization(id) => format!("--org {id}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(id) => write!(f, "project {id}"),
            Self::Organization(id) => write!(f, "organization {id}"),
        }
    }
}
