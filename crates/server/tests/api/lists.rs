//! Lists that are asked for at the same time, which the server reads together.

use integrations_core::ids::{Id, ProjectId};
use serde_json::{Value, json};

use crate::support::{Answer, Server, server::installation};

on_both!(
    lists_at_once_each_hold_their_own_rows,
    a_list_shows_what_was_acknowledged_before_it,
    one_damaged_project_spoils_no_other_list,
);

fn list_of(project: ProjectId) -> String {
    format!("/api/v1/projects/{project}/integrations")
}

/// Projects of the server's organization, each with two integrations that bear its number.
async fn numbered_projects(server: &Server, count: usize) -> Vec<ProjectId> {
    let mut projects = Vec::new();
    for number in 0..count {
        let project = server.other_project().await;
        let lines = ["slack", "shopify"].map(|provider| installation(provider).to_string()).join("\n");
        server.import(project, &lines).await;
        let name = "UPDATE integrations SET display_name = $1 WHERE project_id = $2";
        let values = [format!("Store {number}").into(), project.to_string().into()];
        assert_eq!(server.sql.execute(name, values).await, 2);
        projects.push(project);
    }
    projects
}

/// Asks for the lists of projects at the same time, each several times.
async fn lists_at_once(server: &Server, projects: &[ProjectId], times: usize) -> Vec<Answer> {
    let mut asking = Vec::new();
    for project in projects.iter().cycle().take(projects.len() * times) {
        asking.push(tokio::spawn(server.call("GET", &list_of(*project)).send()));
    }
    let mut answers = Vec::new();
    for one in asking {
        answers.push(one.await.unwrap());
    }
    answers
}

fn names(answer: &Answer) -> Value {
    let one = |integration: &Value| json!([integration["provider"], integration["display_name"]]);
    answer.data().as_array().unwrap().iter().map(one).collect()
}

async fn lists_at_once_each_hold_their_own_rows(server: &Server) {
    let mut projects = numbered_projects(server, 10).await;
    let (_, foreign, _) = server.other_organization().await;
    projects.extend([server.other_project().await, foreign, Id::from_bits(7)]);
    for _ in 0..3 {
        let answers = lists_at_once(server, &projects, 5).await;
        for (at, answer) in answers.iter().enumerate() {
            match at % projects.len() {
                number @ 0..10 => {
                    let name = format!("Store {number}");
                    assert_eq!(names(answer), json!([["shopify", name], ["slack", name]]));
                }
                10 => assert_eq!(answer.data(), &json!([])),
                11 => drop(answer.refused(403, "API_KEY_PROJECT_MISMATCH")),
                _ => drop(answer.refused(404, "PROJECT_NOT_FOUND")),
            }
        }
    }
}

async fn a_list_shows_what_was_acknowledged_before_it(server: &Server) {
    server.install("slack").await;
    let others = numbered_projects(server, 3).await;
    let busy: Vec<_> = others
        .iter()
        .chain([&server.project])
        .map(|project| {
            let calls: Vec<_> = (0..100).map(|_| server.call("GET", &list_of(*project))).collect();
            tokio::spawn(async move {
                for call in calls {
                    call.send().await;
                }
            })
        })
        .collect();
    for number in 0..40 {
        let name = format!("Name {number}");
        server.patch("slack", json!({"display_name": name})).await.data();
        for answer in lists_at_once(server, &[server.project], 4).await {
            assert_eq!(names(&answer), json!([["slack", name]]));
        }
    }
    for task in busy {
        task.await.unwrap();
    }
}

async fn one_damaged_project_spoils_no_other_list(server: &Server) {
    let projects = numbered_projects(server, 4).await;
    let damage = "UPDATE integrations SET settings = 'x' WHERE project_id = $1 AND provider = 'slack'";
    assert_eq!(server.sql.execute(damage, [projects[2].to_string().into()]).await, 1);
    for (at, answer) in lists_at_once(server, &projects, 6).await.iter().enumerate() {
        match at % projects.len() {
            2 => drop(answer.refused(500, "INTERNAL_ERROR")),
            number => assert_eq!(names(answer)[0][1], format!("Store {number}")),
        }
    }
}
