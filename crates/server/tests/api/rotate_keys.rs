//! `admin rotate-keys`: all secrets are sealed again while the server runs, and stopping it half-way loses nothing.

use riq_server::store::Sealed;
use serde_json::{Value, json};

use crate::support::{
    Server,
    process::{Finished, run},
    server::{ENCRYPTION_KEYS, installation},
};

on_both!(
    everything_is_sealed_again,
    a_change_does_not_overwrite_what_is_sealed_again,
    what_cannot_be_opened_is_named_and_the_rest_goes_on,
);

const NEW: &str = "new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

async fn rotate(server: &Server, keys: &str) -> Finished {
    let environment = [("DATABASE_URL", server.database.url.as_str()), ("RIQ_ENCRYPTION_KEYS", keys)];
    run(&["admin", "rotate-keys", "--json"], &environment).await
}

/// Every sealed secret, with its column.
async fn sealed(server: &Server) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (table, column) in [
        ("credentials", "sealed"),
        ("integrations", "sealed_settings"),
        ("oauth_apps", "sealed_secret"),
        ("pending_installs", "sealed"),
        ("idempotency_keys", "sealed_answer"),
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {column} IS NOT NULL");
        for offset in 0..server.sql.count(&sql, []).await {
            let sql =
                format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 1 OFFSET {offset}");
            found.push(server.sql.bytes(&sql, []).await.unwrap());
        }
    }
    found
}

fn is_sealed_under(sealed: &[u8], id: &str) -> bool {
    sealed[2..].starts_with(id.as_bytes()) && usize::from(sealed[1]) == id.len()
}

async fn furnish(server: &Server) {
    for provider in ["slack", "shopify", "postmark"] {
        server.install(provider).await;
    }
    let secret = json!({"settings": {"signing_secret": "SECRET-signing"}});
    server.patch("slack", secret).await.data();
    let asked = server.call("POST", &server.at("/slack/install-url")).header("idempotency-key", "furnish");
    asked.send().await.data();
}

async fn everything_is_sealed_again(server: &Server) {
    furnish(server).await;
    let before = sealed(server).await;
    assert_eq!(before.len(), 5);
    let both = format!("{NEW},{ENCRYPTION_KEYS}");
    let rotated = rotate(server, &both).await;
    assert!(rotated.stderr.contains("credentials: 3 of 3"), "{rotated:?}");
    assert_eq!(rotated.json(), json!({"rotated": 5, "failed": []}));
    let after = sealed(server).await;
    assert!(after.iter().all(|sealed| is_sealed_under(sealed, "new")));
    assert_eq!(rotate(server, &both).await.json(), json!({"rotated": 0, "failed": []}));

    // The old key is no longer needed, and the secrets are unchanged.
    for provider in ["slack", "shopify", "postmark"] {
        let opened = server.open_secret(Sealed::Credentials, provider, NEW).await;
        assert_eq!(opened, Some(installation(provider)["credential"].clone()), "{provider}");
    }
    let settings = server.open_secret(Sealed::Settings, "slack", NEW).await;
    assert_eq!(settings, Some(json!({"signing_secret": "SECRET-signing"})));
}

/// A change reads the secret settings before they are sealed again and is stored afterwards.
async fn a_change_does_not_overwrite_what_is_sealed_again(server: &Server) {
    furnish(server).await;
    let tenant = riq_server::store::Tenant { organization: server.organization, project: server.project };
    let loaded = server.store.load(&tenant, "slack").await.unwrap().unwrap();
    rotate(server, &format!("{NEW},{ENCRYPTION_KEYS}")).await.json();
    let decision = riq_server::store::Decision {
        integration: integrations_core::integration::Integration {
            version: loaded.integration.version + 1,
            display_name: Some("Renamed meanwhile".into()),
            ..loaded.integration.clone()
        },
        sealed_settings: None,
        destroys_credential: false,
        revocation: None,
        event: server.event(loaded.integration.id, "slack"),
    };
    let stored =
        server.store.revise(&tenant, "slack", |_| Ok::<_, ()>(Some(decision.clone()))).await.unwrap();
    assert_eq!(stored.integration.display_name.as_deref(), Some("Renamed meanwhile"));
    assert!(sealed(server).await.iter().all(|sealed| is_sealed_under(sealed, "new")));
}

async fn what_cannot_be_opened_is_named_and_the_rest_goes_on(server: &Server) {
    furnish(server).await;
    let sql = "SELECT id FROM integrations WHERE provider = 'shopify'";
    let id = server.sql.rows(sql, []).await[0]["id"].as_str().unwrap().to_owned();
    // This stands for a secret that was copied from another integration.
    let copy = "UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE integration_id <> $1 \
                ORDER BY integration_id LIMIT 1) WHERE integration_id = $1";
    server.sql.execute(copy, [id.clone().into()]).await;
    let rotated = rotate(server, &format!("{NEW},{ENCRYPTION_KEYS}")).await;
    rotated.failed_with("1 secrets could not be opened");
    let answer: Value = serde_json::from_str(&rotated.stdout).unwrap();
    assert_eq!((&answer["rotated"], &answer["failed"][0]["id"]), (&json!(4), &json!(id)));
    let unknown = rotate(server, NEW).await;
    unknown.failed_with("could not be opened");
    assert!(unknown.stdout.contains("sealed with the encryption key \\\"test\\\""), "{unknown:?}");
}
