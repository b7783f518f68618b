//! Refreshes tokens (RFC 6749, section 6). Any number of replicas send a refresh token only once.
//!
//! Before a refresh token is sent, a mark is stored; right after the answer, the result is stored. A mark without a
//! result means that a replica stopped in between. The token is then not sent again if the provider would treat that as
//! theft (RFC 9700, section 4.14.2).

use std::time::Duration;

use integrations_core::{
    audit::{self, AuditAction},
    catalog::{OAuth, Provider, TokenRules},
    health::{self, NoAnswer, Verdict},
    oauth::{Grant, TokenProblem},
    schedule,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Monitor, subject::Subject};
use crate::{
    metrics::RefreshOutcome,
    provider::{
        authorization_server::AuthorizationServer,
        long_lived::LongLivedTokens,
        oauth_apps::OAuthApp,
        outbound::Answer,
        prober::{Checked, asked_to_wait},
        token_issuer::{Issued, NotIssued, TokenIssuer},
    },
    store::{Claim, LeaseWrite, NewAuditEvent, Renewed},
    vault::Purpose,
};

/// How long to retry storing new tokens while the database does not answer. Without them the integration must be
/// installed again.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The result of a refresh.
pub(super) enum Renewal {
    /// The subject has the new tokens, and they are stored.
    Done {
        /// When to refresh them next.
        refresh_at: Option<OffsetDateTime>,
    },
    /// There is no refresh token.
    Nothing,
    /// The refresh failed for now.
    Trouble(Checked),
    /// The provider took the refresh token, but its answer has no tokens that can be read. Because refresh tokens
    /// rotate, this one must not be sent again.
    Spent(Verdict),
    /// The refresh token will never work again.
    Dead(Verdict),
    /// The lease has passed to another owner, or the database does not answer.
    Lost,
}

/// Where the next token comes from.
enum Source<'p> {
    /// The OAuth app's authorization server, for this refresh token.
    App(Box<AuthorizationServer>, &'p OAuth, String),
    /// The OAuth app's provider, for an access token that is renewed by itself.
    LongLived(OAuthApp, &'p OAuth, String),
    /// What was typed into a form.
    Form(TokenIssuer<'p>),
}

impl Monitor {
    /// Refreshes a subject's tokens, and stores them. `has_ended`: the access token has expired or was refused.
    pub(super) async fn renew(&self, claim: &Claim, subject: &mut Subject, has_ended: bool) -> Renewal {
        let renewal = self.try_renew(claim, subject, has_ended).await;
        let outcome = match &renewal {
            Renewal::Done { .. } => RefreshOutcome::Refreshed,
            Renewal::Trouble(_) => RefreshOutcome::Unavailable,
            Renewal::Dead(_) => RefreshOutcome::Dead,
            Renewal::Lost | Renewal::Spent(_) => RefreshOutcome::Lost,
            Renewal::Nothing => return renewal,
        };
        self.metrics.refresh(claim.provider.key(), outcome);
        renewal
    }

    async fn try_renew(&self, claim: &Claim, subject: &mut Subject, has_ended: bool) -> Renewal {
        let provider = std::sync::Arc::clone(&subject.provider);
        if !subject.is_renewable() {
            return Renewal::Nothing;
        }
        let permit = self.permit_to_begin().await;
        let source = match self.source(claim, &provider, subject, has_ended).await {
            Ok(source) => source,
            Err(renewal) => return renewal,
        };
        // If the database's answer is lost, this is tried again: a mark that stays would look like a token that was
        // sent.
        let lease_end = || self.environment.now() + self.0.lease;
        let begun = self.retry_storing(self.0.lease, || self.store.begin_refresh(claim, lease_end())).await;
        if begun != Some(LeaseWrite::Stored) {
            return Renewal::Lost;
        }
        drop(permit);
        let renewed = match source {
            Source::App(server, oauth, refresh_token) => {
                let answer = server.refresh(&self.outbound, refresh_token).await;
                self.read_refreshed(oauth, subject, answer, has_ended)
            }
            Source::LongLived(app, oauth, access_token) => {
                let answer = match LongLivedTokens::of(&provider, &subject.connection, &app) {
                    Some(tokens) => tokens.renew(&self.outbound, &access_token).await,
                    None => Err(NoAnswer::Unreachable),
                };
                self.read_refreshed(oauth, subject, answer, has_ended)
            }
            Source::Form(issuer) => self.get_again(&provider, &issuer, has_ended).await,
        };
        match renewed {
            Ok(grant) => self.store_grant(claim, subject, grant).await,
            Err(renewal) => renewal,
        }
    }

    /// Where the next token comes from: the OAuth app's refresh token, the access token itself, or what was typed into
    /// a form.
    async fn source<'p>(
        &self,
        claim: &Claim,
        provider: &'p Provider,
        subject: &'p Subject,
        has_ended: bool,
    ) -> Result<Source<'p>, Renewal> {
        let Subject { connection, credential, .. } = subject;
        if let Some(issuer) = TokenIssuer::of(provider, connection, credential) {
            return Ok(Source::Form(issuer));
        }
        let token = match provider.long_lived() {
            Some(_) => subject.access_token(),
            None => subject.refresh_token(),
        };
        let (Some(oauth), Some(token)) = (provider.oauth(), token) else {
            return Err(Renewal::Nothing);
        };
        let app = match self.apps.client(&claim.tenant, provider, connection, credential).await {
            Ok(Some(app)) => app,
            Ok(None) => {
                let found = format!("No OAuth app for {} is set on this server any more", provider.name);
                return Err(trouble(health::stuck(found, "Set it again", has_ended)));
            }
            Err(_) => return Err(Renewal::Lost),
        };
        if provider.long_lived().is_some() {
            return Ok(Source::LongLived(app, oauth, token.to_owned()));
        }
        let server = AuthorizationServer::new(provider, oauth, (connection, credential), &app)
            .map_err(|_| trouble(not_made(provider, has_ended)))?;
        Ok(Source::App(Box::new(server), oauth, token.to_owned()))
    }

    /// Reads the answer to a refresh token of an OAuth app.
    fn read_refreshed(
        &self,
        oauth: &OAuth,
        subject: &Subject,
        answer: Result<Answer, NoAnswer>,
        has_ended: bool,
    ) -> Result<Grant, Renewal> {
        let (provider, now) = (&subject.provider, self.environment.now());
        let answer = answer.map_err(|reason| trouble(health::degraded(no_answer(provider, reason))))?;
        let grant = Grant::renew(oauth, &subject.credential, answer.status, &answer.body(), now);
        grant.map_err(|problem| {
            let is_spent = subject.is_sent_once() && problem.is_success_without_tokens();
            match answer.cut_off.filter(|_| is_spent) {
                _ if problem.is_dead(&oauth.tokens) || !is_spent => {
                    self.failed(provider, &oauth.tokens, &problem, &answer, has_ended)
                }
                Some(reason) => {
                    let found = no_answer(provider, reason);
                    Renewal::Spent(health::stuck(found, "Connect it again", has_ended))
                }
                None => Renewal::Spent(health::judge_refresh(provider, &oauth.tokens, &problem, has_ended)),
            }
        })
    }

    /// Gets a token with what was typed into a form, or with the refresh token that was issued for it. If the provider
    /// refuses that one, what was typed still counts.
    async fn get_again(
        &self,
        provider: &Provider,
        issuer: &TokenIssuer<'_>,
        has_ended: bool,
    ) -> Result<Grant, Renewal> {
        if let Some(refreshed) = issuer.refresh(&self.outbound, &self.environment).await {
            let status = refreshed.as_ref().ok().and_then(Issued::answer).map(|answer| answer.status);
            let is_refused = status.is_some_and(|status| matches!(status, 400..500) && status != 429);
            let read = self.read_issued(provider, issuer, refreshed, has_ended);
            if !is_refused && !matches!(read, Err(Renewal::Dead(_))) {
                return read;
            }
        }
        let issued = issuer.fetch(&self.outbound, &self.environment).await;
        self.read_issued(provider, issuer, issued, has_ended)
    }

    fn read_issued(
        &self,
        provider: &Provider,
        issuer: &TokenIssuer<'_>,
        issued: Result<Issued, NotIssued>,
        has_ended: bool,
    ) -> Result<Grant, Renewal> {
        let issued = issued.map_err(|error| match error {
            NotIssued::NoAnswer(reason) => trouble(health::degraded(no_answer(provider, reason))),
            NotIssued::Key(issue) => trouble(health::stuck(issue.message, "Connect it again", has_ended)),
            NotIssued::Call(_) => trouble(not_made(provider, has_ended)),
        })?;
        issuer.read(&issued, self.environment.now()).map_err(|problem| {
            match (provider.tokens(), issued.answer()) {
                (Some(rules), Some(answer)) => self.failed(provider, rules, &problem, answer, has_ended),
                _ => Renewal::Nothing,
            }
        })
    }

    /// What an answer without tokens means, if it does not end what asked for them.
    fn failed(
        &self,
        provider: &Provider,
        rules: &TokenRules,
        problem: &TokenProblem,
        answer: &Answer,
        has_ended: bool,
    ) -> Renewal {
        let judged = || health::judge_refresh(provider, rules, problem, has_ended);
        match (problem, answer.cut_off) {
            _ if problem.is_dead(rules) => Renewal::Dead(judged()),
            (_, Some(reason)) if problem.is_success_without_tokens() => {
                trouble(health::degraded(no_answer(provider, reason)))
            }
            (TokenProblem::Unavailable { .. }, _) => {
                let wait = asked_to_wait(provider, answer, self.environment.now());
                Renewal::Trouble(Checked { verdict: judged(), wait })
            }
            _ => trouble(judged()),
        }
    }

    async fn store_grant(&self, claim: &Claim, subject: &mut Subject, grant: Grant) -> Renewal {
        let now = self.environment.now();
        for blemish in &grant.blemishes {
            let (integration, provider) = (claim.integration, &claim.provider);
            tracing::warn!(%integration, %provider, %blemish, "new tokens are stored without a part of the answer");
        }
        let plain = serde_json::to_vec(&grant.credential).unwrap_or_default();
        let spread = self.environment.spread();
        let refresh_at =
            schedule::next_refresh(&subject.provider, &grant.credential, now, grant.expires_at, spread);
        let renewed = Renewed {
            sealed: self.vault.seal(&plain, Purpose::Credential(claim.into())),
            expires_at: grant.expires_at,
            granted_scopes: grant
                .granted_scopes
                .as_ref()
                .and_then(|scopes| serde_json::to_string(scopes).ok()),
            refresh_at,
            event: self.refreshed(claim, grant.expires_at, now),
        };
        let stored = self.retry_storing(PATIENCE, || self.store.renew(claim, renewed.clone())).await;
        match stored {
            Some(LeaseWrite::Stored) => {
                subject.credential = grant.credential;
                Renewal::Done { refresh_at }
            }
            Some(LeaseWrite::Superseded) => {
                self.hand_to_revocation(claim, &plain, grant.expires_at).await;
                Renewal::Lost
            }
            None => Renewal::Lost,
        }
    }

    /// Hands new tokens of an integration that was disconnected meanwhile to its revocation, if there is one: nobody
    /// else could revoke them.
    async fn hand_to_revocation(&self, claim: &Claim, plain: &[u8], expires_at: Option<OffsetDateTime>) {
        let handed = self.retry_storing(PATIENCE, || async {
            let Some(id) = self.store.revocation_renewed_by(claim.lease).await? else { return Ok(false) };
            let sealed = self.vault.seal(plain, Purpose::Revocation(id, claim.into()));
            self.store.hand_to_revocation(claim.lease, sealed, expires_at, self.environment.now()).await
        });
        if handed.await == Some(true) {
            tracing::info!(integration = %claim.integration, "new tokens go to the revocation of the old ones");
        }
    }

    fn refreshed(
        &self,
        claim: &Claim,
        expires_at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> NewAuditEvent {
        let written = |time: Option<OffsetDateTime>| time.and_then(|time| time.format(&Rfc3339).ok());
        let change = audit::change("credential.expires_at", written(claim.expires_at), written(expires_at));
        self.event(claim, AuditAction::IntegrationCredentialRefreshed, change.into_iter().collect(), now)
    }
}

fn no_answer(provider: &Provider, reason: NoAnswer) -> String {
    format!("{} {reason}", provider.name)
}

fn not_made(provider: &Provider, has_ended: bool) -> Verdict {
    let found = format!("The address of {}'s token endpoint cannot be made", provider.name);
    // What was typed or found out for a connection is with it, and not in the file.
    let is_own = provider.oauth().is_some_and(|oauth| oauth.own_client.is_some());
    health::stuck(found, if is_own { "Connect it again" } else { "Check the provider's file" }, has_ended)
}

fn trouble(verdict: Verdict) -> Renewal {
    Renewal::Trouble(Checked { verdict, wait: None })
}
