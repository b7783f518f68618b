//! Files whose requests are signed for AWS: what is read, and what is refused.

use super::ways_test::{self, read, refused};
use super::*;

const WAY: &str = r#"
[[auth]]
kind = "aws_sigv4"
[[auth.fields]]
key = "access_key_id"
label = "Id"
help = "The id."
pattern = '^[A-Z0-9]+$'
mismatch = "Expected an id"
secret = false
[[auth.fields]]
key = "region"
label = "Region"
help = "The region."
pattern = '^[a-z]{2}-[a-z]+-[0-9]$'
mismatch = "Expected a region"
example = "eu-west-1"
secret = false
[[auth.fields]]
key = "secret_access_key"
label = "Key"
help = "The key."
[[auth.fields]]
key = "session_token"
label = "Token"
help = "The token."
optional = true
[auth.request]
headers = { X-Acme = "1" }
[auth.request.aws_sigv4]
service = "things"
region = "{region}"
"#;

#[test]
fn requests_are_signed_for_the_service_and_region_of_the_file() {
    let catalog = read(&ways_test::file(WAY)).unwrap();
    let acme = catalog.get("acme").unwrap();
    assert_eq!((acme.auth, acme.setup_type()), (AuthKind::AwsSigV4, SetupType::ApiKey));
    assert!(acme.signs());
    for signature in [&acme.auth_request.signature, &acme.probe.request().unwrap().call.signature] {
        let signature = signature.as_ref().unwrap();
        assert_eq!((signature.service.as_str(), signature.region.as_str()), ("things", "{region}"));
    }
    let probe = "method = \"GET\"\n";
    let other = ways_test::file(WAY).replace(probe, &format!("{probe}aws_service = \"other\"\n"));
    let catalog = read(&other).unwrap();
    let acme = catalog.get("acme").unwrap();
    assert_eq!(acme.probe.request().unwrap().call.signature.as_ref().unwrap().service.as_str(), "other");
    assert_eq!(acme.auth_request.signature.as_ref().unwrap().service.as_str(), "things");
}

#[test]
fn what_cannot_be_signed_is_refused() {
    refused(
        &ways_test::file(WAY),
        &[
            (
                "[auth.request.aws_sigv4]\nservice = \"things\"\nregion = \"{region}\"\n",
                "",
                "needs [auth.request.aws_sigv4]",
            ),
            ("kind = \"aws_sigv4\"", "kind = \"token_exchange\"", "belongs to `kind = \"aws_sigv4\"`"),
            ("service = \"things\"", "service = \"s3\"", "signed in another way"),
            ("service = \"things\"", "service = \"a/b\"", "a name of AWS"),
            ("region = \"{region}\"", "region = \"\"", "a name of AWS"),
            ("region = \"{region}\"", "region = \"{secret_access_key}\"", "is secret, or not known"),
            ("region = \"{region}\"", "region = \"{nobody}\"", "is unknown"),
            ("'^[a-z]{2}-[a-z]+-[0-9]$'", "'^[a-z0-9/-]+$'", "would lead to another host"),
            ("example = \"eu-west-1\"\n", "example = \"eu-west-1\"\noptional = true\n", "may be missing"),
            ("\"access_key_id\"", "\"key_id\"", "needs the field `access_key_id`"),
            ("\"secret_access_key\"", "\"secret_key\"", "needs the field `secret_access_key`"),
            (
                "help = \"The token.\"\noptional = true",
                "help = \"The token.\"\nsecret = false",
                "must be secret",
            ),
            ("X-Acme = \"1\"", "Authorization = \"{secret_access_key}\"", "is set by the signature"),
            ("X-Acme = \"1\"", "X-Amz-Date = \"1\"", "is set by the signature"),
            (
                "headers = {",
                "basic_auth = { username = \"a\" }\nheaders = {",
                "cannot stand beside a signature",
            ),
        ],
    );
}
