//! The pages of installations, neutral and with a brand.

use std::sync::{Arc, LazyLock};

use integrations_core::{
    branding::Branding,
    in_app_browser::RealBrowser,
    oauth::ChoiceItem,
    picture::{Logo, Picture},
};
use maud::Markup;
use serde_json::{Map, json};

use super::{account, frame, no_app, provider_page, visitor};
use crate::{
    dashboard::{
        brand_style,
        view::{
            choose::{self, Choosing},
            failure::Words,
            frame::{Face, Frame},
            install::{self, InApp},
            provider_page::ProviderPage,
        },
    },
    edge::brand::{Brands, Look},
    services::install::Return,
};

static LOOK: LazyLock<Look> = LazyLock::new(|| {
    let own = json!({"name": "Parcel Pro", "accent": "#0a7755", "support": "help@parcel.example"});
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 120 32'><text y='24'>Parcel</text></svg>";
    let light = Picture::new("parcel.svg", svg.as_bytes().to_vec()).unwrap();
    let logo = Some(Arc::new(Logo { light, dark: None }));
    Brands { own: Branding::read(&own).unwrap(), logo, ..Brands::default() }.look(None)
});

fn customer() -> Frame<'static> {
    Frame { face: Face::Customer(&Look::NEUTRAL), ..visitor() }
}

fn branded() -> Frame<'static> {
    Frame { face: Face::Customer(&LOOK), ..visitor() }
}

fn back(status: &str) -> Return {
    Return {
        address: format!("https://app.example/settings?tab=1&provider=slack&status={status}"),
        host: "app.example".into(),
        origin: "https://app.example".into(),
        message: json!({"type": "integrations:install", "provider": "slack", "status": status}).to_string(),
    }
}

/// What the pages with a brand load, each by its name.
pub(super) fn files() -> Vec<(String, Vec<u8>)> {
    let (accent, logo) = (LOOK.accent.unwrap(), LOOK.logo.as_ref().unwrap());
    let style = (brand_style::name(accent), brand_style::content(accent).into_bytes());
    vec![style, (logo.light.name.clone(), logo.light.bytes.clone())]
}

/// Two of the same name, of which one is proposed.
fn choosing(is_refused: bool) -> Choosing<'static> {
    static ITEMS: LazyLock<Vec<ChoiceItem>> = LazyLock::new(|| {
        let item = |label: &str, detail: &str, is_preferred| ChoiceItem {
            label: label.into(),
            detail: Some(detail.into()),
            is_preferred,
            kept: Map::new(),
        };
        vec![
            item("Acme Desk", "https://acme.desk.example", false),
            item("Acme Desk", "https://acme-testing.desk.example", true),
        ]
    });
    Choosing { pending: "pin_01jc3q5v6w7x8y9zabcdefghjk", items: &ITEMS, is_refused }
}

/// Every page, by a name for its file.
pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let shop = provider_page("shopify", None, &[]);
    let linear = ProviderPage { offer: no_app("linear"), ..provider_page("linear", None, &[]) };
    let other = install::OtherAccount {
        pending: "pin_01jc3q5v6w7x8y9zabcdefghjk",
        before: "Acme Workspace",
        after: Some("Acme Testing"),
    };
    let words = Words {
        title: "Access was not granted",
        explanation: "Slack says that the request was declined. Nothing was connected.",
        advice: "If that was a mistake, connect again and choose to allow it.",
        way_on: None,
        request_id: "req_01jc3q5v6w7x8y9zabcdefghjk",
    };
    let in_app = InApp {
        address: "https://integrations.example.com/dashboard/projects/prj_1/integrations/slack?session=x"
            .into(),
        browser: RealBrowser::Android,
    };
    let slack = provider_page("slack", None, &[]);
    let eu = provider_page("shopify~eu", None, &[]);
    let postmark = provider_page("postmark", None, &[]);
    let (denied, connected) = (back("denied"), back("connected"));
    let consent = "https://slack.com/oauth/v2/authorize?x=1";
    vec![
        ("install-shopify", install::page(&customer(), &shop, None, None)),
        ("install-shopify-alias", install::page(&branded(), &eu, Some(&denied), None)),
        ("install-postmark", install::page(&branded(), &postmark, Some(&denied), None)),
        ("install-in-app", install::page(&customer(), &slack, Some(&denied), Some(&in_app))),
        ("install-not-configured", install::page(&customer(), &linear, None, None)),
        ("install-finished", install::finished(&customer(), account("slack"), None, false)),
        ("install-returning", install::finished(&branded(), account("slack"), Some(&connected), true)),
        ("install-came-back", install::finished(&branded(), account("slack"), Some(&connected), false)),
        ("install-denied", install::failed(&branded(), &words, &denied, true)),
        ("install-leaving", install::leaving(&branded(), account("slack"), consent)),
        ("install-other-account", install::confirm(&frame(), account("slack~eu"), &other)),
        ("install-choose", choose::page(&branded(), account("slack"), &choosing(false))),
        ("install-choose-refused", choose::page(&frame(), account("slack~eu"), &choosing(true))),
        ("install-other-account-customer", install::confirm(&branded(), account("slack"), &other)),
    ]
}
