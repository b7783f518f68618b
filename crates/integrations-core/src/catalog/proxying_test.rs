//! Errors in the `[proxy]` of provider files, and their lines.

use super::refusals_test::{API_KEY, load, refused};

#[test]
fn what_callers_may_not_send_is_written_in_one_form() {
    let with = |line: &str| format!("[proxy]\n{line}\n\n[probe]\nmethod");
    let wrong = |line: &str, message: &str| refused(API_KEY, "[probe]\nmethod", &with(line), message);
    for path in [
        "oauth",
        "",
        "/",
        "//",
        "/a//b",
        "/a/",
        "/./a",
        "/a/..",
        "/a?b",
        "/a#b",
        "/a b",
        "/a/*",
        "/**/a",
        "/a/***",
        "/a/**/**",
        "https://acme.example/a",
    ] {
        wrong(&format!("never = [{{ path = \"{path}\" }}] #!"), "a path begins with `/`");
        wrong(&format!("wider_paths = [\"{path}\"] #!"), "a path begins with `/`");
    }
    for path in ["/a/{b", "/a/b}", "/a/{}", "/a/{B}", "/{a/b}"] {
        refused_in_proxy(&format!("never = [{{ path = \"{path}\" }}]"));
        refused_in_proxy(&format!("wider_paths = [\"{path}\"]"));
    }
    for field in ["", "a b", "1a", "a-b", "a.b", "a(b)", "*", "ä"] {
        wrong(&format!("never_fields = [\"{field}\"] #!"), "the name of a GraphQL field");
        wrong(&format!("wider_parameters = [\"{field}\"] #!"), "the name of a parameter, without brackets");
    }
    wrong("wider_parameters = [\"expand[]\"] #!", "without brackets");
    for (line, message) in [
        ("nevr = [] #!", "unknown field `nevr`"),
        ("never = \"/oauth\" #!", "expected a sequence"),
        ("never = [\"/oauth\"] #!", "expected struct NeverTable"),
        ("never = [{ method = \"GET\" }] #!", "missing field `path`"),
        ("never = [{ path = 5 }] #!", "expected a string"),
        ("never = [{ path = \"/a\", method = \"OPTIONS\" }] #!", "unknown variant `OPTIONS`"),
        ("never = [{ path = \"/a\", method = \"get\" }] #!", "unknown variant `get`"),
        ("never = [{ path = \"/a\", operation = \"b\" }] #!", "unknown field `operation`"),
        ("never_fields = \"a\" #!", "expected a sequence"),
        ("never_fields = [1] #!", "expected a string"),
        ("wider_paths = \"/a\" #!", "expected a sequence"),
        ("wider_parameters = [true] #!", "expected a string"),
        ("writes_by_get = \"yes\" #!", "expected a boolean"),
        ("repeats_failures = 1 #!", "expected a boolean"),
    ] {
        wrong(line, message);
    }
    // Every one is told, each in its line.
    let several = with("never_fields = [\n  \"a\",\n  \"b c\",\n]\nwider_paths = [\"a\"]");
    let errors = load(&API_KEY.replace("[probe]\nmethod", &several)).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [24, 26], "{errors:?}");
    let right = with(
        "never = [{ path = \"/a/{b}/**\", method = \"GET\" }]\nnever_fields = [\"_a1\"]\nwider_paths = [\"/a/**\"]\n\
         wider_parameters = [\"a_b\"]\nwrites_by_get = true\nrepeats_failures = true",
    );
    assert!(load(&API_KEY.replace("[probe]\nmethod", &right)).is_ok());
}

/// Expects one error in a line of `[proxy]`, about the braces of a path.
#[track_caller]
fn refused_in_proxy(line: &str) {
    let text = API_KEY.replace("[probe]\nmethod", &format!("[proxy]\n{line}\n\n[probe]\nmethod"));
    let errors = load(&text).err().unwrap_or_else(|| panic!("{line} was taken"));
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [22], "{line}: {errors:?}");
}
