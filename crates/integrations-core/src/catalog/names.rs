//! The closed vocabularies that the catalog uses on the wire and in provider files.

use crate::words::words;

words! {
    /// What a provider is for.
    pub enum Category {
        /// Chat and channels.
        Communication = "communication",
        /// Shops and orders.
        Commerce = "commerce",
        /// Charges, refunds, subscriptions.
        Payments = "payments",
        /// Issues and tasks of a team's own work.
        ProjectManagement = "project_management",
        /// Source code and tools for developers.
        Developer = "developer",
        /// Documents and wikis.
        Knowledge = "knowledge",
        /// Calendars and bookings.
        Scheduling = "scheduling",
        /// Contacts, companies, deals.
        Crm = "crm",
        /// Help desks.
        Support = "support",
        /// Sending and receiving e-mail.
        Email = "email",
        /// Invoices, bills, books.
        Accounting = "accounting",
        /// Labels, rates, tracking.
        Shipping = "shipping",
        /// Reviews of products and businesses.
        Reviews = "reviews",
        /// Campaigns, lists, profiles of customers.
        Marketing = "marketing",
        /// Calls and text messages.
        Telephony = "telephony",
        /// Figures, events, reports.
        Analytics = "analytics",
        /// Files and tables.
        Storage = "storage",
        /// Pages and posts of social networks.
        Social = "social",
        /// Users, groups, sign-in.
        Identity = "identity",
        /// Models and agents.
        Ai = "ai",
        /// Employees, time off, hiring.
        Hr = "hr",
        /// Whatever fits nowhere else.
        Other = "other",
    }
}

words! {
    /// How a person connects an integration.
    pub enum SetupType {
        /// The authorization code grant in a browser (RFC 6749, section 4.1).
        OAuth = "oauth",
        /// A key, or several fields, typed into a form.
        ApiKey = "api_key",
        /// A secret URL, pasted into a form.
        WebhookUrl = "webhook_url",
    }
}

words! {
    /// A kind of logging in, by which a way of a provider is named. More may be added.
    pub open enum AuthKind {
        /// The authorization code grant in a browser (RFC 6749, section 4.1).
        OAuth = "oauth",
        /// A key, or several fields, typed into a form.
        ApiKey = "api_key",
        /// A client's id and secret, typed into a form, for which the provider issues access tokens (RFC 6749, section
        /// 4.4).
        ClientCredentials = "client_credentials",
        /// What is typed into a form is exchanged for access tokens, in the provider's own way.
        TokenExchange = "token_exchange",
        /// A key, typed into a form, with which assertions are signed (RFC 7523).
        Jwt = "jwt",
        /// Keys of AWS, typed into a form, with which each request is signed (Signature Version 4).
        AwsSigV4 = "aws_sigv4",
        /// A secret URL, pasted into a form.
        WebhookUrl = "webhook_url",
        /// The authorization code grant at a server that is found out from the resource, as the Model Context Protocol
        /// has it (RFC 9728).
        Mcp = "mcp",
    }
}

impl AuthKind {
    /// How a person connects an integration this way.
    pub const fn setup_type(self) -> SetupType {
        match self {
            Self::OAuth | Self::Mcp => SetupType::OAuth,
            Self::ApiKey | Self::ClientCredentials | Self::TokenExchange | Self::Jwt | Self::AwsSigV4 => {
                SetupType::ApiKey
            }
            Self::WebhookUrl => SetupType::WebhookUrl,
        }
    }
}

words! {
    /// The method of a request to a provider (RFC 9110, section 9.3).
    pub enum Method {
        /// GET
        Get = "GET",
        /// HEAD
        Head = "HEAD",
        /// POST
        Post = "POST",
        /// PUT
        Put = "PUT",
        /// PATCH
        Patch = "PATCH",
        /// DELETE
        Delete = "DELETE",
    }
}

words! {
    /// What an action does to the data at the provider.
    pub enum ActionKind {
        /// Changes nothing.
        ReadOnly = "read_only",
        /// Adds or changes data, in a way that can be undone.
        Write = "write",
        /// Moves money, deletes data, or cannot be undone.
        Destructive = "destructive",
    }
}

words! {
    /// Proof Key for Code Exchange (RFC 7636).
    pub enum Pkce {
        /// No challenge is sent, because the provider does not document PKCE.
        None = "none",
        /// `code_challenge_method=S256`.
        S256 = "s256",
    }
}

words! {
    /// How the client authenticates at the token endpoint (RFC 6749, section 2.3.1).
    pub enum ClientAuth {
        /// `Authorization: Basic` with id and secret, each form-encoded first.
        Basic = "basic",
        /// `client_id` and `client_secret` in the body.
        Body = "body",
        /// Not at all: a public client sends its `client_id` alone (RFC 6749, section 2.1).
        None = "none",
    }
}

words! {
    /// A token of an OAuth credential.
    pub enum TokenKind {
        /// The access token.
        AccessToken = "access_token",
        /// The refresh token, if there is one.
        RefreshToken = "refresh_token",
    }
}

/// What a refresh does to the refresh token that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Nothing: it works on.
    None,
    /// It ends, and a second use may be treated as theft (RFC 9700, section 4.14.2).
    Strict,
    /// It ends when the new one is used. So a refresh whose answer was lost may be sent again.
    RetrySafe,
}

impl Rotation {
    /// Whether the refresh token that was used has certainly ended, so that it must not be sent again.
    pub const fn is_strict(self) -> bool {
        match self {
            Self::None | Self::RetrySafe => false,
            Self::Strict => true,
        }
    }
}

words! {
    /// What the lifetime of a token is counted in.
    pub enum ExpiryUnit {
        /// Seconds, as in RFC 6749, section 5.1.
        Seconds = "seconds",
        /// Milliseconds.
        Milliseconds = "milliseconds",
        /// Minutes.
        Minutes = "minutes",
    }
}

impl ExpiryUnit {
    /// How many seconds it is.
    pub const fn in_seconds(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Milliseconds => 0.001,
            Self::Minutes => 60.0,
        }
    }
}

words! {
    /// How an assertion is signed (RFC 7518, section 3.1).
    pub enum SigningAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// RSASSA-PSS with SHA-256, and a salt as long as the hash.
        Ps256 = "PS256",
        /// ECDSA with P-256 and SHA-256.
        Es256 = "ES256",
    }
}

words! {
    /// How the body of a token request is written.
    pub enum BodyFormat {
        /// `application/x-www-form-urlencoded`, as RFC 6749 says.
        Form = "form",
        /// A flat JSON object.
        Json = "json",
    }
}

words! {
    /// A check of the redirect back from the provider, in addition to `state`.
    pub enum CallbackCheck {
        /// `hmac` holds the hex HMAC-SHA256, under the client secret, of the other query parameters sorted by
        /// name and joined as `name=value` with `&`; and `shop` names the shop that the person entered.
        ShopifyHmac = "shopify_hmac",
    }
}

words! {
    /// A parameter of the authorize URL that RFC 6749, section 4.1.1, has, and some providers do not.
    pub enum AuthorizeParam {
        /// `response_type=code`.
        ResponseType = "response_type",
        /// The app's client id.
        ClientId = "client_id",
        /// The address that the browser is sent back to.
        RedirectUri = "redirect_uri",
    }
}

words! {
    /// What the body of a probe's answer is, if the provider accepts the credential.
    pub enum AnswerShape {
        /// A JSON object.
        Object = "object",
        /// A JSON array.
        Array = "array",
        /// Nothing that proves anything: the body is not looked at.
        None = "none",
    }
}

words! {
    /// What a rate limit header's number counts.
    pub enum ResetUnit {
        /// Seconds from now.
        Seconds = "seconds",
        /// Seconds since 1970-01-01T00:00:00Z.
        UnixSeconds = "unix_seconds",
        /// Milliseconds since 1970-01-01T00:00:00Z.
        UnixMilliseconds = "unix_milliseconds",
    }
}

words! {
    /// Which request's answer says which account at the provider an integration is connected to.
    pub enum AccountSource {
        /// The request to the token endpoint.
        Token = "token",
        /// The health probe.
        Probe = "probe",
        /// A request made only for this, described in `account.profile`.
        Profile = "profile",
    }
}

words! {
    /// Whose address it is, that a provider sends its events to.
    pub enum AddressOf {
        /// Each integration's.
        Integration = "integration",
        /// The OAuth app's: the events of every account come to it.
        App = "app",
    }
}

words! {
    /// Where the secret comes from, with which the events of a provider are verified.
    pub enum SecretSource {
        /// A person copies it from the provider, or makes it up and enters it at both ends.
        Person = "person",
        /// It is the client secret of the OAuth app.
        ClientSecret = "client_secret",
        /// The provider's first request to the address holds it.
        FirstRequest = "first_request",
    }
}

words! {
    /// How bytes are written as text.
    pub enum Encoding {
        /// The text's own bytes, in UTF-8.
        Text = "text",
        /// Hexadecimal digits.
        Hex = "hex",
        /// Standard base64, with padding (RFC 4648, section 4).
        Base64 = "base64",
    }
}

words! {
    /// How it is shown that an event comes from its provider.
    pub enum SignatureScheme {
        /// HMAC-SHA256 (RFC 2104) over the raw body, and over what else the file names.
        HmacSha256 = "hmac_sha256",
        /// An Ed25519 signature (RFC 8032). The secret is the provider's public key.
        Ed25519 = "ed25519",
        /// HMAC-SHA256 over a time and a token in the body. The rest of the body is not signed.
        HmacFields = "hmac_fields",
        /// `Authorization: Basic` (RFC 7617) with credentials that a person entered at the provider. It signs nothing.
        Basic = "basic",
        /// The secret itself, in a header or in the body. Nothing is signed.
        Token = "token",
    }
}

words! {
    /// How signatures stand in a header.
    pub enum SignatureForm {
        /// One signature, behind a prefix if there is one: `sha256=…`.
        Whole = "whole",
        /// Named values with commas between them, as Stripe sends them: `t=…,v1=…,v1=…,v0=…`.
        Pairs = "pairs",
        /// Versions and signatures with spaces between them, as Standard Webhooks says: `v1,… v1,…`.
        Versions = "versions",
    }
}

words! {
    /// What the time of an event is written in.
    pub enum TimeUnit {
        /// Seconds since 1970-01-01T00:00:00Z.
        UnixSeconds = "unix_seconds",
        /// Milliseconds since 1970-01-01T00:00:00Z.
        UnixMilliseconds = "unix_milliseconds",
        /// A date and time (RFC 3339).
        Rfc3339 = "rfc3339",
    }
}

words! {
    /// A request of a provider that is no event, and that has an answer of its own.
    pub enum Handshake {
        /// `{"type": "url_verification", "challenge": …}`, which is answered with the challenge. Old ones are unsigned.
        SlackChallenge = "slack_challenge",
        /// `{"event": "endpoint.url_validation", "payload": {"plainToken": …}}`, which is answered with the token and
        /// its HMAC.
        ZoomPlainToken = "zoom_plain_token",
        /// A ping of webhook events (`type` 0), which is answered with 204, or of interactions (`type` 1 without an
        /// event), which is answered with `{"type": 1}`.
        DiscordPing = "discord_ping",
        /// A request without a body, with the right credentials: the provider tries the address.
        EmptyTest = "empty_test",
    }
}
