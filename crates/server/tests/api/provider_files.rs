//! The command that checks provider files.

use std::fs;

use crate::support::process::run;

/// The example of docs/reference/provider-file.md.
fn example() -> String {
    let page = include_str!("../../../../docs/reference/provider-file.md");
    let start = page.find("```toml\n# acme.toml").unwrap() + "```toml\n".len();
    page[start..].split_once("\n```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_requests_of_the_examples_are_printed() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("acme.toml"), example()).unwrap();
    let checked = run(&["providers", "check", directory.path().to_str().unwrap()], &[]).await;
    let expected = "acme\n  \
                    find_tickets: the first page\n    \
                    GET /tickets?q=email%3A%22jo%40shop.example%22\n  \
                    close_ticket: with an answer\n    \
                    POST /tickets/t1/close\n    \
                    {\"answer\":{\"html\":\"<p>Bye &amp; thanks</p>\"},\"reference\":\"run_1\"}\n";
    assert_eq!(checked.stdout_of_success(), expected);
}

#[tokio::test]
async fn everything_wrong_is_printed_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let wrong =
        example().replace("status = 202", "status = 422").replace("\"/tickets/t1/close\"", "\"/tickets/t1\"");
    fs::write(directory.path().join("acme.toml"), &wrong).unwrap();
    fs::write(directory.path().join("old.toml"), wrong.replace("format = 2\n", "")).unwrap();
    let checked = run(&["providers", "check", directory.path().to_str().unwrap()], &[]).await;
    assert_eq!(checked.stdout, "");
    let line = |part: &str| wrong.lines().position(|line| line.contains(part)).unwrap() + 1;
    let (request, answer) = (line("path = \"/tickets/t1\","), line("status = 422"));
    checked
        .failed_with(&format!("acme.toml:{request}:"))
        .failed_with("expected \"/tickets/t1\", got \"/tickets/t1/close\"")
        .failed_with(&format!("acme.toml:{answer}:"))
        .failed_with("expected accepted, got failed")
        .failed_with("old.toml:1:1: this file has format 1");
    let missing = directory.path().join("none");
    let checked = run(&["providers", "check", missing.to_str().unwrap()], &[]).await;
    checked.failed_with("cannot read the provider files in");
}
