//! The pages of a device login.

use integrations_core::{
    device_login::{DeviceLoginStatus, grantable},
    ids::DeviceLoginId,
    issue::Issue,
    rights::Rights,
};
use maud::Markup;
use time::macros::datetime;

use super::{frame, records};
use crate::{
    dashboard::view::device::{self, Choice, Page},
    edge::form::Form,
    store::DeviceLogin,
};

pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let login = DeviceLogin {
        id: DeviceLoginId::from_bits(7),
        client_name: "riq on a laptop".into(),
        address: "2001:db8::17".into(),
        status: DeviceLoginStatus::Claimed,
        claim: None,
        grant: None,
        created_at: datetime!(2026-05-16 08:12:00 UTC),
        expires_at: datetime!(2026-05-16 08:27:00 UTC),
    };
    let (projects, scopes) = (records(), grantable(&Rights::everything()));
    let page = Page {
        code: "WDJB-MJHT",
        login: &login,
        organization: "Acme",
        projects: &projects,
        may_grant_all: true,
        scopes: &scopes,
    };
    let typed = Form::from([("project", ""), ("scope.write", "on"), ("life", "30d")]);
    let issues = [Issue::new("project", "Choose a project"), Issue::new("scopes", "Choose what it may do")];
    let refused = Choice { typed: Some(&typed), issues: &issues };
    let unknown = Some("There is no open login with this code. Compare it with your terminal.");
    vec![
        ("device", device::enter(&frame(), "", None)),
        ("device-unknown", device::enter(&frame(), "WDJB-MJHT", unknown)),
        ("device-decide", device::decide(&frame(), &page, &Choice::default())),
        ("device-refused", device::decide(&frame(), &page, &refused)),
        ("device-approved", device::approved(&frame(), &login.client_name)),
        ("device-denied", device::denied(&frame(), &login.client_name)),
    ]
}
