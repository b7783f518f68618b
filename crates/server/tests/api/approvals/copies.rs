//! What is approved on a copy of a database.

use serde_json::json;

use super::Desk;
use crate::{
    monitor::on_both_stages,
    support::played::{Stage, on_stage},
};

on_both_stages!(what_was_asked_before_a_copy_is_not_sent_by_it);

async fn what_was_asked_before_a_copy_is_not_sent_by_it(stage: &Stage) {
    let desk = Desk::open(stage).await;
    let (before, _) = desk.ask("ch_1", 600).await;
    desk.pass(1);
    assert!(desk.server.store.set_quiet(Some(desk.server.app.services.environment.now())).await.unwrap());
    let refused = desk.approve(&before).await;
    assert!(
        refused.refused(503, "SERVICE_UNAVAILABLE").message().contains("may have sent it already"),
        "{refused:?}"
    );
    assert_eq!((desk.approval(&before).await["status"].clone(), desk.sent()), (json!("pending"), 0));
    desk.pass(1);
    let (since, _) = desk.ask("ch_2", 600).await;
    desk.approve(&since).await.data();
    desk.deny(&before, "It was sent").await.data();
    assert_eq!(desk.sent(), 1);
}
