//! The organization's projects.

use integrations_core::ids::{OrganizationId, ProjectId};
use maud::{Markup, html};

use super::{frame::Frame, layout, parts::moment};
use crate::store::ProjectRecord;

/// Renders the projects. `projects` contains only those that are not revoked.
pub(crate) fn page(
    frame: &Frame<'_>,
    id: OrganizationId,
    organization: &str,
    projects: &[ProjectRecord],
) -> Markup {
    let create = frame.operator.admin(&format!("project create --org {id} --name NAME"));
    let content = html! {
        div.head { div { p.eyebrow { (organization) } h1 { "Projects" } } }
        @if projects.is_empty() {
            div.card.empty {
                h2 { "No project yet" }
                p { "The operator of this server creates one with " code { (create) } "." }
            }
        } @else {
            ul.rows.card {
                @for project in projects { (row(frame, project)) }
            }
        }
    };
    layout::page(frame, "Projects", &html! {}, &content)
}

fn row(frame: &Frame<'_>, project: &ProjectRecord) -> Markup {
    // This cannot fail, because only ids are stored.
    let Ok(id) = project.id.parse::<ProjectId>() else { return html! {} };
    html! {
        li.row {
            div.row-main {
                h2.row-title { a.stretched href=(frame.addresses.project(id)) { (project.name) } }
                p.row-note { code { (project.id) } }
            }
            div.row-side { span.soft { "Since " (moment(project.created_at)) } }
        }
    }
}
