//! Tests of what a verifier finds.

use time::macros::datetime;

use super::{Finding, FindingKind, Head, Line, Link, PRUNED_TO, Recorded, Verifier};

const ORGANIZATION: &str = "org_1";

fn event(number: u64) -> Recorded {
    Recorded {
        id: format!("aud_{number}"),
        organization: ORGANIZATION.into(),
        // Later numbers have earlier times: only the number counts.
        at: datetime!(2026-03-01 10:00 UTC) - time::Duration::seconds(i64::try_from(number).unwrap()),
        action: "project.created".into(),
        actor_kind: "operator".into(),
        actor_id: None,
        project: None,
        integration: None,
        provider: None,
        request_id: None,
        changes: "[]".into(),
    }
}

/// Appends an event.
fn append(links: &mut Vec<Link>, head: &mut Head, recorded: Recorded) {
    let line = Line::of(&recorded, Some(*head)).write().unwrap();
    *head = head.followed_by(&line);
    let event = recorded.id.clone();
    links.push(Link {
        number: head.number,
        event,
        line,
        hash: head.hash.to_string(),
        recorded: Some(recorded),
    });
}

fn chain(length: u64) -> (Vec<Link>, Head) {
    let (mut links, mut head) = (Vec::new(), Head::NONE);
    (1..=length).for_each(|number| append(&mut links, &mut head, event(number)));
    (links, head)
}

fn findings(links: &[Link], begins_after: Head, head: Head, expected: Option<Head>) -> Vec<Finding> {
    let mut verifier = Verifier::new(ORGANIZATION.into(), begins_after, expected);
    let mut findings: Vec<Finding> = links.iter().flat_map(|link| verifier.follow(link)).collect();
    findings.extend(verifier.end(head));
    findings
}

/// The kinds and numbers of what is found.
fn found(links: &[Link], head: Head, expected: Option<Head>) -> Vec<(FindingKind, u64)> {
    let findings = findings(links, Head::NONE, head, expected);
    findings.into_iter().map(|finding| (finding.kind, finding.number.unwrap())).collect()
}

/// Seals a link's line anew after a change.
fn reseal(link: &mut Link, change: impl Fn(&str) -> String) {
    link.line = change(&link.line);
    link.hash = super::LineHash::of(&link.line).to_string();
}

#[test]
fn a_whole_chain_has_no_finding_whatever_its_times_are() {
    let (links, head) = chain(5);
    assert_eq!(found(&links, head, None), []);
    let third = Head { number: 3, hash: links[2].hash.parse().unwrap() };
    for expected in [head, third] {
        assert_eq!(found(&links, head, Some(expected)), []);
    }
    assert_eq!(found(&[], Head::NONE, None), []);
}

#[test]
fn a_changed_event_is_found() {
    let (mut links, head) = chain(5);
    links[2].recorded.as_mut().unwrap().changes = "[1]".into();
    let found_ones = findings(&links, Head::NONE, head, None);
    assert_eq!(
        found_ones[0].to_string(),
        "changed: number 3: event aud_3 was changed in the log (changes); its line still says what was recorded"
    );
    assert_eq!(found_ones.len(), 1);
}

#[test]
fn a_changed_line_is_found_with_and_without_its_hash() {
    let forge = |line: &str| line.replace("project.created", "project.revoked");
    let (mut links, head) = chain(5);
    links[2].line = forge(&links[2].line);
    assert_eq!(found(&links, head, None), [(FindingKind::Changed, 3)]);
    let (mut links, head) = chain(5);
    links[2].hash = links[1].hash.clone();
    assert_eq!(found(&links, head, None), [(FindingKind::Changed, 3)]);
    // The event is changed too, so that only the next line tells.
    let (mut links, head) = chain(5);
    reseal(&mut links[2], forge);
    links[2].recorded.as_mut().unwrap().action = "project.revoked".into();
    assert_eq!(found(&links, head, None), [(FindingKind::Changed, 3)]);
    // The last line, where only the head tells.
    let (mut links, head) = chain(5);
    reseal(&mut links[4], forge);
    links[4].recorded.as_mut().unwrap().action = "project.revoked".into();
    assert_eq!(found(&links, head, None), [(FindingKind::Changed, 5)]);
    let (mut links, head) = chain(2);
    links[0].line = "{".into();
    assert_eq!(found(&links, head, None), [(FindingKind::Changed, 1)]);
}

#[test]
fn what_is_missing_is_found() {
    let (mut links, head) = chain(6);
    links[1].recorded = None;
    links.drain(3..5);
    let found_ones = findings(&links, Head::NONE, head, None);
    let messages: Vec<&str> = found_ones.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "number 2: event aud_2 is not in the log any more; its line is still here",
            "removed from the chain: numbers 4 to 5"
        ]
    );
}

#[test]
fn a_cut_tail_is_found_by_the_stored_head_and_by_the_one_that_was_kept() {
    let (mut links, head) = chain(10);
    links.truncate(5);
    assert_eq!(found(&links, head, None), [(FindingKind::CutTail, 6)]);
    // The stored head was set back too.
    let set_back = Head { number: 5, hash: links[4].hash.parse().unwrap() };
    assert_eq!(found(&links, set_back, None), []);
    let found_ones = findings(&links, Head::NONE, set_back, Some(head));
    assert_eq!(found_ones[0].message, "the end of the chain was cut off: numbers 6 to 10");
}

#[test]
fn a_line_that_was_moved_into_a_gap_is_found() {
    let (mut links, head) = chain(6);
    links.remove(2);
    links[2].number = 3;
    assert_eq!(found(&links, head, None), [(FindingKind::Renumbered, 3), (FindingKind::Missing, 4)]);
    // Its line says the new number, and has the right hash.
    reseal(&mut links[2], |line| line.replace("\"number\":4", "\"number\":3"));
    assert_eq!(found(&links, head, None)[0], (FindingKind::Changed, 2));
    let (mut links, head) = chain(3);
    links[1].event = "aud_9".into();
    assert_eq!(found(&links, head, None)[0], (FindingKind::Renumbered, 2));
}

#[test]
fn two_writers_who_do_not_know_of_each_other_make_a_fork() {
    let (mut links, mut head) = chain(3);
    let mut other = Head { number: 3, hash: links[1].hash.parse().unwrap() };
    append(&mut links, &mut other, event(4));
    head = head.followed_by(&links[3].line);
    assert_eq!(found(&links, head, None), [(FindingKind::Fork, 4)]);
    // Somebody wrote the whole chain anew.
    let (mut links, _) = chain(2);
    let kept = chain(4).1;
    let mut head = Head { number: 2, hash: links[1].hash.parse().unwrap() };
    append(&mut links, &mut head, event(8));
    append(&mut links, &mut head, event(9));
    assert_eq!(found(&links, head, None), []);
    assert_eq!(found(&links, head, Some(kept)), [(FindingKind::Fork, 4)]);
}

#[test]
fn a_line_behind_the_stored_head_is_found() {
    let (mut links, head) = chain(3);
    let mut beyond = head;
    append(&mut links, &mut beyond, event(4));
    assert_eq!(found(&links, head, None), [(FindingKind::Inserted, 4)]);
}

#[test]
fn a_beginning_may_be_missing_only_if_its_removal_is_recorded() {
    let (mut links, mut head) = chain(4);
    let removed = Head { number: 2, hash: links[1].hash.parse().unwrap() };
    let kinds = |links: &[Link], head| -> Vec<FindingKind> {
        findings(&links[2..], removed, head, Some(removed)).iter().map(|finding| finding.kind).collect()
    };
    assert_eq!(kinds(&links, head), [FindingKind::CutBeginning]);
    let changes = format!(r#"[{{"path":"{PRUNED_TO}","from":null,"to":"{removed}"}}]"#);
    append(&mut links, &mut head, Recorded { action: "audit.pruned".into(), changes, ..event(5) });
    assert_eq!(kinds(&links, head), []);
    // The stored beginning was changed.
    let other = Head { number: 2, hash: links[0].hash.parse().unwrap() };
    let found_ones: Vec<FindingKind> =
        findings(&links[2..], other, head, None).iter().map(|finding| finding.kind).collect();
    assert_eq!(found_ones, [FindingKind::Changed, FindingKind::CutBeginning]);
}
