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
async fn a_new_file_loads_and_nothing_is_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let given = |auth: &[&'static str]| {
        let of_all = [
            "--directory",
            path,
            "--name",
            "Acme \"Desk\"",
            "--description",
            "Answer tickets.",
            "--category",
            "support",
            "--documentation-url",
            "https://acme.example/docs",
            "--api-base-url",
            "https://api.acme.example",
            "--probe-url",
            "https://api.acme.example/me",
        ];
        [of_all.as_slice(), auth].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let new = async |key: &str, arguments: Vec<String>| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run(&[["providers", "new", key].as_slice(), arguments.as_slice()].concat(), &[]).await
    };
    new("acme", given(&["--auth", "api_key"])).await.stdout_of_success();
    let oauth = [
        "--auth",
        "oauth",
        "--authorize-url",
        "https://acme.example/a",
        "--token-url",
        "https://acme.example/t",
    ];
    new("other", given(&oauth)).await.stdout_of_success();
    let checked = run(&["providers", "check", path], &[]).await;
    assert_eq!(checked.stdout_of_success(), "acme\nother\n");
    new("acme", given(&["--auth", "api_key"])).await.failed_with("acme.toml is there already");
    new("third", given(&[])).await.failed_with("--auth is missing, and there is nobody to ask");
    let wrong = new(
        "fourth",
        given(&["--auth", "oauth", "--authorize-url", "http://acme.example", "--token-url", "x"]),
    );
    wrong.await.failed_with("the file would not load, so it is not written").failed_with("fourth.toml:");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_wrong_logo_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let with_logo = example().replacen("category", "logo = \"acme.svg\"\ncategory", 1);
    fs::write(directory.path().join("acme.toml"), with_logo).unwrap();
    let check = async || run(&["providers", "check", directory.path().to_str().unwrap()], &[]).await;
    check().await.failed_with("acme.toml: acme.svg: the file of a logo cannot be read");
    fs::write(directory.path().join("acme.svg"), "<svg><script/></svg>").unwrap();
    check()
        .await
        .failed_with("acme.toml: acme.svg: the file of a logo does more than draw: <script> is not allowed");
    fs::write(directory.path().join("acme.svg"), "<svg/>").unwrap();
    check().await.stdout_of_success();
}

#[tokio::test]
async fn the_schema_of_the_files_is_printed() {
    let printed = run(&["providers", "schema"], &[]).await;
    let kept = include_str!("../../../../docs/reference/provider-file.schema.json");
    assert_eq!(printed.stdout_of_success().trim(), kept.trim());
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
