//! Functions and files stay short enough to be read at once.

use anyhow::Result;

use super::Violation;
use super::repository::Repository;

const FUNCTION_LINES: usize = 80;
const FILE_LINES: usize = 600;

/// What may be longer.
struct Exception {
    file: &'static str,
    /// A function's name; none where the file is meant.
    function: Option<&'static str>,
    /// Why it is better long.
    #[expect(dead_code, reason = "read by people")]
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[];

/// Functions have at most 80 lines (tests excepted), files at most 600.
pub(super) fn functions_and_files_are_short(repository: &Repository) -> Result<Vec<Violation>> {
    Ok(check(repository, EXCEPTIONS))
}

fn check(repository: &Repository, exceptions: &[Exception]) -> Vec<Violation> {
    let mut used = vec![false; exceptions.len()];
    let mut is_excepted = |file: &str, function: Option<&str>| {
        let at =
            exceptions.iter().position(|exception| exception.file == file && exception.function == function);
        at.inspect(|at| used[*at] = true).is_some()
    };
    let mut violations = Vec::new();
    for source in repository.sources() {
        if source.line_count > FILE_LINES && !is_excepted(&source.path, None) {
            let message =
                format!("{} lines, more than {FILE_LINES}: split it by what it holds", source.line_count);
            violations.push(Violation::new(&source.path, 0, message));
        }
        for function in source.functions.iter().filter(|function| function.lines > FUNCTION_LINES) {
            if !is_excepted(&source.path, Some(&function.name)) {
                let message = format!(
                    "fn {} has {} lines, more than {FUNCTION_LINES}: give its steps names of their own",
                    function.name, function.lines
                );
                violations.push(Violation::new(&source.path, function.line, message));
            }
        }
    }
    for (exception, used) in exceptions.iter().zip(used) {
        if !used {
            let message =
                "is listed in xtask/src/tidy/size.rs but needs no exception any more: take the line away";
            violations.push(Violation::new(exception.file, 0, message));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_of_81_lines_is_found_and_one_of_80_is_not() {
        assert_eq!(check(&Repository::sample(&[("a.rs", &function_of(80))]), &[]), []);
        let violations = check(&Repository::sample(&[("a.rs", &function_of(81))]), &[]);
        assert_eq!(violations.len(), 1);
        assert!(violations[0].message.contains("fn long has 81 lines"), "{violations:?}");
    }

    #[test]
    fn a_file_of_601_lines_is_found() {
        assert_eq!(check(&Repository::sample(&[("a.rs", &"\n".repeat(600))]), &[]), []);
        assert_eq!(check(&Repository::sample(&[("a.rs", &"\n".repeat(601))]), &[]).len(), 1);
    }

    #[test]
    fn an_exception_holds_while_it_is_needed() {
        let exceptions = [Exception { file: "a.rs", function: Some("long"), reason: "a table" }];
        assert_eq!(check(&Repository::sample(&[("a.rs", &function_of(81))]), &exceptions), []);
        assert_eq!(check(&Repository::sample(&[("a.rs", &function_of(80))]), &exceptions).len(), 1);
    }
}
