//! The operator's commands on people and their roles, and who else may give a role.

use integrations_core::{audit::Actor, ids::UserId, role::Role};
use riq_server::{
    environment::Environment,
    store::{Forbidden, OwnedError, PersonRef},
};
use serde_json::{Value, json};

use crate::support::{
    Server, TestDatabase,
    process::{Finished, run},
};

on_both_databases!(the_operator_gives_and_takes_roles, what_is_wrong_with_a_person_is_said);
on_both!(nobody_gives_or_takes_a_role_beyond_their_own);

const ISSUER: &str = "https://login.example.com/acme";

async fn admin(database: &TestDatabase, arguments: &[&str]) -> Finished {
    run(&[&["admin"], arguments].concat(), &[("DATABASE_URL", &database.url)]).await
}

/// Runs a command with `--json` and returns its result.
async fn answer(database: &TestDatabase, arguments: &[&str]) -> Value {
    admin(database, &[arguments, &["--json"]].concat()).await.json()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

async fn the_operator_gives_and_takes_roles(database: &TestDatabase) {
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    let acme = answer(database, &["org", "create", "--name", "Acme"]).await;
    let org = id(&acme);
    assert_eq!(answer(database, &["user", "list"]).await, json!([]));
    // Before the first sign-in.
    let subject = ["--issuer", ISSUER, "--subject", "s1"];
    let set = [&["user", "set-role"], &subject[..], &["--org", org, "--role", "admin"]].concat();
    let first = answer(database, &set).await;
    let user = id(&first);
    assert_eq!(first, json!({"id": user, "organization_id": org, "role": "admin", "before": null}));
    let again = answer(database, &["user", "set-role", user, "--org", org, "--role", "viewer"]).await;
    assert_eq!((id(&again), &again["before"]), (user, &json!("admin")));
    let listed = answer(database, &["user", "list", "--org", org]).await;
    assert_eq!((&listed[0]["issuer"], &listed[0]["subject"]), (&json!(ISSUER), &json!("s1")));
    let roles = json!([{"organization_id": org, "role": "viewer", "source": "operator"}]);
    assert_eq!((&listed[0]["roles"], &listed[0]["signed_in_at"]), (&roles, &Value::Null));
    let table = admin(database, &["user", "list"]).await;
    assert!(table.stdout_of_success().contains(&format!("{org}:viewer (operator)")), "{table:?}");

    let remove = ["user", "remove-role", user, "--org", org];
    admin(database, &remove).await.failed_with("this needs --yes");
    let removed = answer(database, &[&remove[..], &["--yes"]].concat()).await;
    assert_eq!((&removed["role"], &removed["before"]), (&Value::Null, &json!("viewer")));
    assert_eq!(answer(database, &["user", "list", "--org", org]).await, json!([]));

    answer(database, &set).await;
    admin(database, &["user", "revoke", user]).await.failed_with("this needs --yes");
    for revoked in [true, false] {
        let answer = answer(database, &["user", "revoke", user, "--yes"]).await;
        assert_eq!(answer, json!({"id": user, "revoked": revoked}));
    }
    admin(database, &set).await.failed_with("this person is revoked");
    let rows = database.open().await.rows("SELECT * FROM audit_events ORDER BY id", []).await;
    let actions: Vec<&str> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "organization.created",
            "user.role_set",
            "user.role_set",
            "user.role_removed",
            "user.role_set",
            "user.revoked"
        ]
    );
    let changes: Value = serde_json::from_str(rows[2]["changes"].as_str().unwrap()).unwrap();
    assert_eq!(changes, json!([{"path": format!("{user}.role"), "from": "admin", "to": "viewer"}]));
}

async fn what_is_wrong_with_a_person_is_said(database: &TestDatabase) {
    assert!(run(&["migrate"], &[("DATABASE_URL", &database.url)]).await.success);
    let acme = answer(database, &["org", "create", "--name", "Acme"]).await;
    let (org, nobody) = (id(&acme), "usr_00000000000000000000000000");
    let no_org = "org_00000000000000000000000000";
    for (arguments, reason) in [
        (&["user", "set-role", nobody, "--org", org, "--role", "admin"][..], "there is no such person"),
        (&["user", "set-role", nobody, "--org", no_org, "--role", "admin"], "there is no organization org_"),
        (&["user", "set-role", nobody, "--org", org, "--role", "owner"], "viewer"),
        (&["user", "set-role", "--org", org, "--role", "admin"], "USER_ID"),
        (&["user", "set-role", "--subject", "s", "--org", org, "--role", "admin"], "--issuer"),
        (
            &[
                "user",
                "set-role",
                "--issuer",
                "http://x.example",
                "--subject",
                "s",
                "--org",
                org,
                "--role",
                "admin",
            ],
            "--issuer is not valid",
        ),
        (&["user", "remove-role", nobody, "--org", org, "--yes"], "there is no such person"),
        (&["user", "revoke", nobody, "--yes"], "there is no such person"),
    ] {
        let failed = admin(database, arguments).await;
        failed.failed_with(reason);
        assert_eq!(failed.stdout, "", "{arguments:?}");
    }
    assert_eq!(answer(database, &["user", "list"]).await, json!([]));
}

/// The rule is in the store, so that every way to set a role has it.
async fn nobody_gives_or_takes_a_role_beyond_their_own(server: &Server) {
    let set = async |actor: Actor, subject: &str, role: Option<Role>| {
        let who = PersonRef::Subject { issuer: ISSUER.into(), subject: subject.into() };
        server.store.set_role(&who, Environment::system().id(), role, server.role_event(actor)).await
    };
    let mut people: Vec<(Role, UserId)> = Vec::new();
    for role in Role::ALL {
        people.push((role, set(Actor::Operator, role.as_str(), Some(role)).await.unwrap().user));
    }
    for (own, user) in people {
        for before in
            [None, Some(Role::Viewer), Some(Role::Operator), Some(Role::Approver), Some(Role::Admin)]
        {
            for after in
                [None, Some(Role::Viewer), Some(Role::Operator), Some(Role::Approver), Some(Role::Admin)]
            {
                if before.is_some() || after.is_some() {
                    set(Actor::Operator, "somebody", Some(before.unwrap_or(Role::Viewer))).await.unwrap();
                    if before.is_none() {
                        set(Actor::Operator, "somebody", None).await.unwrap();
                    }
                    let highest = before.max(after);
                    let may = match own {
                        Role::Viewer | Role::Operator => false,
                        // They say who may approve, and nothing else.
                        Role::Approver => highest == Some(Role::Approver),
                        Role::Admin => true,
                    };
                    // Taking away what is not there names nobody's role.
                    let done = set(Actor::User(user), "somebody", after).await;
                    assert_eq!(done.is_ok(), may, "{own} {before:?} {after:?}: {done:?}");
                    if let Err(error) = done {
                        assert!(
                            matches!(
                                error,
                                OwnedError::Forbidden(Forbidden::Scope(_) | Forbidden::Excess(_))
                            ),
                            "{error:?}"
                        );
                    }
                }
            }
        }
    }
}
