//! The provider that people sign in with, as a sign-in asks it.

use integrations_core::health::NoAnswer;
use time::Duration;
use url::Url;

use super::{super::config::Options, report::Report};
use crate::{
    dashboard::sign_in_redirect,
    environment::Environment,
    provider::{
        openid::{CLOCK_SKEW, Issuer, Look, OpenIdError, OpenIdProvider, OpenIdSettings, is_on_this_machine},
        outbound::Outbound,
    },
};

/// Checks the provider, if one is set.
/// `is_offline`: only if it is on this machine.
pub(super) async fn check(
    options: &Options,
    environment: Environment,
    is_offline: bool,
    report: &mut Report,
) {
    const CHECK: &str = "openid_discovery";

    let settings = match options.openid() {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            report.ok("openid", "RIQ_OIDC_ISSUER is not set: people sign in with API keys");
            return;
        }
        Err(error) => {
            report.failed("openid", format!("{error:#}"));
            return;
        }
    };
    let issuer = settings.issuer.clone();
    let is_here = Url::parse(issuer.as_str()).is_ok_and(|url| is_on_this_machine(&url));
    if is_offline && !is_here {
        report.ok("openid", "the provider that people sign in with was not asked: --offline");
        return;
    }
    let public_url = options.public_url(options.bind());
    let (provider, back) = match provider(options, settings, &public_url, environment) {
        Ok(made) => made,
        Err(error) => {
            report.failed(CHECK, format!("the provider cannot be asked: {error:#}"));
            return;
        }
    };
    let address = issuer.discovery();
    match provider.look().await {
        Ok(look) => {
            report.ok(
                CHECK,
                format!("{address:?} answers. The redirect URI to register there is {:?}", back.as_str()),
            );
            check_issuer(&issuer, &look, report);
            check_keys(&look, report);
            check_algorithms(&look, report);
            tell_endpoints(&look, &public_url, report);
            check_clock(&look, report);
        }
        Err(error) => {
            let todo = what_to_do(&error);
            report.failed(CHECK, format!("{error} ({address:?}). Nobody can sign in with it: {todo}"));
        }
    }
}

/// The provider as `serve` asks it, and where it sends people back to.
fn provider(
    options: &Options,
    settings: OpenIdSettings,
    public_url: &Url,
    environment: Environment,
) -> anyhow::Result<(OpenIdProvider, Url)> {
    let back = sign_in_redirect(public_url)?;
    let outbound = Outbound::new(options.outbound()?)?;
    Ok((OpenIdProvider::new(settings, back.clone(), outbound, environment)?, back))
}

/// What to do where there is no discovery document.
const fn what_to_do(error: &OpenIdError) -> &'static str {
    match error {
        OpenIdError::Unreachable { why: NoAnswer::Tls, .. } => {
            "if an authority of your own made its certificate, name the authority's file in RIQ_OUTBOUND_CA_FILE"
        }
        OpenIdError::Unreachable { .. } => {
            "check the host in RIQ_OIDC_ISSUER, the DNS of this machine, and that no firewall is between"
        }
        OpenIdError::Refused { .. } => {
            "check the path in RIQ_OIDC_ISSUER, and open that address in a browser: it must show a JSON document"
        }
        _ => {
            "open that address in a browser: it must show the discovery document of an OpenID Connect provider"
        }
    }
}

/// Both names are quoted, so that a slash or a blank at the end is seen.
fn check_issuer(issuer: &Issuer, look: &Look, report: &mut Report) {
    const CHECK: &str = "openid_issuer";

    let setting = issuer.as_str();
    match (&look.issuer, look.advice) {
        (Ok(found), None) => report.ok(
            CHECK,
            format!("RIQ_OIDC_ISSUER is {setting:?}, and the provider calls itself {found:?}: they are equal"),
        ),
        (Ok(found), Some(advice)) => report.failed(
            CHECK,
            format!(
                "RIQ_OIDC_ISSUER is {setting:?}, and the provider calls itself {found:?}. They must be equal, byte \
                 for byte, so nobody can sign in with it: {advice}"
            ),
        ),
        (Err(error), _) => report.failed(
            CHECK,
            format!("RIQ_OIDC_ISSUER is {setting:?}, and {error}. {}", what_to_do(error)),
        ),
    }
}

fn check_keys(look: &Look, report: &mut Report) {
    const CHECK: &str = "openid_keys";

    match &look.keys {
        Ok(0) => report.failed(
            CHECK,
            "the provider publishes no key that this server knows, so no sign-in can be verified. Give it a key for \
             RS256, ES256 or EdDSA",
        ),
        Ok(keys) => report.ok(CHECK, format!("its addresses can be used, and its {keys} keys can be read")),
        Err(error) => report.failed(
            CHECK,
            format!("{error}. Nobody can sign in with it: put that right at the provider, or see `openid_discovery`"),
        ),
    }
}

fn check_algorithms(look: &Look, report: &mut Report) {
    const CHECK: &str = "openid_algorithms";

    let accepted = look.accepted.join(", ");
    match &look.algorithms {
        None => report.warning(
            CHECK,
            "the provider does not say how it signs ID tokens (id_token_signing_alg_values_supported). This server \
             accepts RS256, ES256, EdDSA and others that need the provider's own key",
        ),
        Some(offered) if look.accepted.is_empty() => report.failed(
            CHECK,
            format!(
                "the provider signs ID tokens with {} alone, and this server accepts none of them. Let it sign with \
                 RS256, ES256 or EdDSA",
                offered.join(", ")
            ),
        ),
        Some(offered) if offered.len() == look.accepted.len() => {
            report.ok(CHECK, format!("the provider signs ID tokens with {accepted}"));
        }
        Some(offered) => report.ok(
            CHECK,
            format!(
                "the provider can sign ID tokens with {}. Let it use one of these for this client: {accepted}",
                offered.join(", ")
            ),
        ),
    }
}

fn tell_endpoints(look: &Look, public_url: &Url, report: &mut Report) {
    let offers = [
        ("userinfo", look.has_userinfo),
        ("back-channel logout", look.has_back_channel_logout),
        ("end_session", look.has_end_session),
    ];
    let listed = |offered: bool| {
        let names: Vec<&str> =
            offers.iter().filter(|(_, has)| *has == offered).map(|(name, _)| *name).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    let logout = if look.has_back_channel_logout {
        let address = format!("{}/oauth/back-channel-logout", public_url.as_str().trim_end_matches('/'));
        format!("Who signs out there is signed out here too, if {address:?} is registered")
    } else {
        "Who signs out there stays signed in here until the session ends".to_owned()
    };
    report.ok(
        "openid_endpoints",
        format!("the provider offers {}, and does not offer {}. {logout}", listed(true), listed(false)),
    );
}

fn check_clock(look: &Look, report: &mut Report) {
    const CHECK: &str = "clock";

    let Some(ahead) = look.clock_ahead else {
        report.ok(CHECK, "it cannot be compared, because the provider's answer has no date");
        return;
    };
    let seconds = ahead.whole_seconds().unsigned_abs();
    if ahead.abs() <= CLOCK_SKEW {
        report.ok(CHECK, format!("it differs by {seconds} s from the provider's"));
        return;
    }
    let side = if ahead > Duration::ZERO { "behind" } else { "ahead of" };
    report.warning(
        CHECK,
        format!(
            "it is {seconds} s {side} the provider's, so sign-ins may be refused as too old or not yet valid. Let a \
             time service set the clocks of both"
        ),
    );
}
