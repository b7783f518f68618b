//! Makes clients from the specification, compiles them, and lets each go through the flow.
#![expect(clippy::print_stderr, reason = "a command line's output")]

use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;

use super::equipment::{copy, folder, npm, specification, turned_down};
use super::server::{Installed, UnderTest};
use super::{page, python};
use crate::{npm, workspace};

/// Runs every client.
///
/// # Errors
/// When a client cannot be made or compiled, or does not get what it expects.
pub(super) fn run() -> Result<()> {
    let server = UnderTest::start(None)?;
    typescript(&server)?;
    python(&server)?;
    rust(&server)
}

/// Runs a client's program on a project in which Slack is installed.
fn go(server: &UnderTest, name: &str, command: &mut Command) -> Result<()> {
    let project = server.project(&[Installed::Slack])?;
    process::run(command.envs(server.environment(&project)))
        .with_context(|| format!("the client by {name}"))?;
    eprintln!("{name}: the client compiles and goes through the flow");
    Ok(())
}

fn typescript(server: &UnderTest) -> Result<()> {
    const GENERATORS: [&str; 2] = ["openapi-typescript", "@hey-api/openapi-ts"];

    let modules = npm::install(&npm()?, &folder("typescript"))?;
    let (_directory, work) = copy("typescript")?;
    std::os::unix::fs::symlink(&modules, work.join("node_modules"))?;
    let call = |program: &str, arguments: &[&str]| {
        process::output(Command::new(modules.join(".bin").join(program)).current_dir(&work).args(arguments))
    };
    let specification = specification();
    let specification = specification.to_str().context("a path that is not UTF-8")?;
    call("openapi-typescript", &[specification, "--output", "schema.d.ts"])?;
    call("openapi-ts", &["--file", "openapi-ts.config.mjs", "--input", specification])?;
    let programs = GENERATORS.map(|name| name.rsplit('/').next().unwrap_or(name));
    for (name, program) in GENERATORS.iter().zip(programs) {
        let example = page::program(&format!("TypeScript: {name}"), server.origin())?;
        std::fs::write(work.join(format!("{program}-example.ts")), example)?;
    }
    call("tsc", &["--project", "."])?;
    for program in programs.iter().flat_map(|name| [(*name).to_owned(), format!("{name}-example")]) {
        go(server, &program, Command::new("node").current_dir(&work).arg(format!("built/{program}.js")))?;
    }
    Ok(())
}

fn python(server: &UnderTest) -> Result<()> {
    let programs = python::install(&folder("python"))?;
    let (_directory, work) = copy("python")?;
    let generate = |command: &mut Command| {
        let command = command.current_dir(&work).args(["generate", "--meta", "none", "--output-path"]);
        process::output(command.arg("integrations_api_client").arg("--path").arg(specification()))
    };
    // It calls ruff, which stands beside it.
    let path = std::env::var("PATH").unwrap_or_default();
    generate(
        Command::new(programs.join("openapi-python-client"))
            .env("PATH", format!("{}:{path}", programs.display())),
    )?;
    let example = page::program("Python: openapi-python-client", server.origin())?;
    std::fs::write(work.join("example.py"), example)?;
    for program in ["flow.py", "example.py"] {
        let strictly = ["--strict", "--follow-imports", "silent", program];
        process::output(Command::new(programs.join("mypy")).current_dir(&work).args(strictly))?;
        let name = format!("openapi-python-client, {program}");
        go(server, &name, Command::new(programs.join("python")).current_dir(&work).arg(program))?;
    }
    Ok(())
}

/// The copy has always the same place, so that cargo compiles the dependencies once.
fn rust(server: &UnderTest) -> Result<()> {
    let (from, work) = (folder("rust"), workspace::target_directory().join("conformance/rust"));
    std::fs::create_dir_all(work.join("src/bin"))?;
    for file in ["Cargo.toml", "Cargo.lock", "src/lib.rs", "src/bin/flow.rs"] {
        std::fs::copy(from.join(file), work.join(file))?;
    }
    std::fs::copy(turned_down()?, work.join("openapi-3.0.json"))?;
    std::fs::write(work.join("src/bin/example.rs"), page::program("Rust: progenitor", server.origin())?)?;
    let cargo = |arguments: &[&str]| {
        let mut command = workspace::cargo();
        command.current_dir(&work).args(arguments).args(["--quiet", "--locked"]);
        command
    };
    process::run(&mut cargo(&["build"]))?;
    for program in ["flow", "example"] {
        go(server, &format!("progenitor, {program}"), &mut cargo(&["run", "--bin", program]))?;
    }
    Ok(())
}
