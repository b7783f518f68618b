SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.action_reservations (
    run_id text NOT NULL,
    integration_id text NOT NULL,
    action text NOT NULL,
    total text NOT NULL,
    subject text NOT NULL,
    currency text,
    amount bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.action_runs (
    id text NOT NULL,
    organization_id text NOT NULL,
    project_id text NOT NULL,
    integration_id text NOT NULL,
    provider text NOT NULL,
    action text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    definition bytea NOT NULL,
    principal text NOT NULL,
    input text NOT NULL,
    evidence text NOT NULL,
    input_hash bytea NOT NULL,
    request bytea,
    provider_status integer,
    denied_by text,
    created_at timestamp with time zone NOT NULL,
    approval_expires_at timestamp with time zone,
    sent_at timestamp with time zone,
    sending_until timestamp with time zone,
    finished_at timestamp with time zone,
    account_id text,
    request_id text,
    context text,
    result text,
    error_code text,
    error_message text,
    reasons text,
    approval_id text,
    attempt text,
    look_after integer,
    look_at timestamp with time zone,
    look_absences integer DEFAULT 0 NOT NULL,
    CONSTRAINT action_runs_check CHECK (((status = 'sending'::text) = (sending_until IS NOT NULL))),
    CONSTRAINT action_runs_check1 CHECK (((status = 'denied'::text) = (denied_by IS NOT NULL))),
    CONSTRAINT action_runs_check2 CHECK (((status = ANY (ARRAY['requested'::text, 'pending_approval'::text, 'sending'::text])) = (finished_at IS NULL))),
    CONSTRAINT action_runs_denied_by_check CHECK ((denied_by = ANY (ARRAY['permission'::text, 'guard'::text, 'person'::text]))),
    CONSTRAINT action_runs_kind_check CHECK ((kind = ANY (ARRAY['read_only'::text, 'write'::text, 'destructive'::text]))),
    CONSTRAINT action_runs_status_check CHECK ((status = ANY (ARRAY['requested'::text, 'pending_approval'::text, 'sending'::text, 'succeeded'::text, 'accepted'::text, 'failed'::text, 'unknown'::text, 'denied'::text, 'expired'::text])))
);
CREATE TABLE public.api_keys (
    id text NOT NULL,
    organization_id text NOT NULL,
    name text NOT NULL,
    hint text NOT NULL,
    hash bytea NOT NULL,
    scopes text NOT NULL,
    tier text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    tier_changed_at timestamp with time zone,
    last_used_at timestamp with time zone,
    projects text,
    made_by text,
    replaces text,
    user_id text,
    CONSTRAINT api_keys_tier_check CHECK ((tier = ANY (ARRAY['starter'::text, 'pro'::text, 'scale'::text, 'enterprise'::text])))
);
CREATE TABLE public.approvals (
    id text NOT NULL,
    run_id text NOT NULL,
    organization_id text NOT NULL,
    project_id text NOT NULL,
    provider text NOT NULL,
    status text NOT NULL,
    principal text NOT NULL,
    deciders text NOT NULL,
    connected_at timestamp with time zone,
    evidence text NOT NULL,
    reasons text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    decided_by text,
    decided_at timestamp with time zone,
    note text,
    CONSTRAINT approvals_check CHECK (((status = 'pending'::text) = (decided_at IS NULL))),
    CONSTRAINT approvals_check1 CHECK (((status = ANY (ARRAY['approved'::text, 'denied'::text])) = (decided_by IS NOT NULL))),
    CONSTRAINT approvals_deciders_check CHECK ((deciders = ANY (ARRAY['people'::text, 'people_and_keys'::text]))),
    CONSTRAINT approvals_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'denied'::text, 'expired'::text])))
);
CREATE TABLE public.audit_chain (
    organization_id text NOT NULL,
    number bigint NOT NULL,
    event_id text NOT NULL,
    line text NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.audit_chain_heads (
    organization_id text NOT NULL,
    number bigint NOT NULL,
    hash text NOT NULL,
    begins_after_number bigint NOT NULL,
    begins_after_hash text NOT NULL,
    covers_from timestamp with time zone NOT NULL,
    streamed bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.audit_events (
    id text NOT NULL,
    organization_id text NOT NULL,
    project_id text,
    integration_id text,
    provider text,
    action text NOT NULL,
    actor_kind text NOT NULL,
    actor_key_id text,
    request_id text,
    changes text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    actor text GENERATED ALWAYS AS (COALESCE(actor_key_id, actor_kind)) STORED,
    CONSTRAINT audit_events_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['api_key'::text, 'user'::text, 'operator'::text, 'system'::text]))),
    CONSTRAINT audit_events_check CHECK (((actor_kind = ANY (ARRAY['api_key'::text, 'user'::text])) = (actor_key_id IS NOT NULL)))
);
CREATE TABLE public.audit_pending (
    organization_id text NOT NULL,
    event_id text NOT NULL
);
CREATE TABLE public.audit_stream (
    id text NOT NULL,
    owner text,
    until timestamp with time zone
);
CREATE TABLE public.credentials (
    integration_id text NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamp with time zone,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    dead_at timestamp with time zone,
    renewable boolean DEFAULT false NOT NULL,
    granted_scopes text
);
CREATE TABLE public.dashboard_sessions (
    id text NOT NULL,
    token_hash bytea NOT NULL,
    organization_id text NOT NULL,
    api_key_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    provider_session text,
    authenticated_at timestamp with time zone
);
CREATE TABLE public.device_logins (
    id text NOT NULL,
    device_hash bytea NOT NULL,
    user_code_hash bytea NOT NULL,
    client_name text NOT NULL,
    address text NOT NULL,
    status text NOT NULL,
    life_seconds bigint,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    session_id text,
    principal text,
    organization_id text,
    scopes text,
    projects text,
    CONSTRAINT device_logins_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'claimed'::text, 'approved'::text, 'denied'::text, 'consumed'::text])))
);
CREATE TABLE public.encryption_keys (
    id text NOT NULL,
    canary bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.event_once (
    source_id text NOT NULL,
    key text NOT NULL,
    bound_to text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.event_refusals (
    source_id text NOT NULL,
    reason text NOT NULL,
    kind text NOT NULL,
    count bigint NOT NULL,
    last_at timestamp with time zone NOT NULL
);
CREATE TABLE public.event_secrets (
    id text NOT NULL,
    source_id text NOT NULL,
    sealed bytea NOT NULL,
    to_be_shown boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retires_at timestamp with time zone
);
CREATE TABLE public.event_sources (
    id text NOT NULL,
    provider text NOT NULL,
    integration_id text,
    app_owner text,
    path_hash bytea,
    sealed_path bytea,
    awaited_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT event_sources_check CHECK (((integration_id IS NULL) <> (app_owner IS NULL))),
    CONSTRAINT event_sources_check1 CHECK (((path_hash IS NULL) = (sealed_path IS NULL)))
);
CREATE TABLE public.health_changes (
    integration_id text NOT NULL,
    version bigint NOT NULL,
    health text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT health_changes_health_check CHECK ((health = ANY (ARRAY['healthy'::text, 'degraded'::text, 'unhealthy'::text, 'unknown'::text])))
);
CREATE TABLE public.idempotency_keys (
    id text NOT NULL,
    fingerprint bytea NOT NULL,
    sealed_answer bytea,
    lease text,
    leased_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_check CHECK (((sealed_answer IS NULL) = (lease IS NOT NULL))),
    CONSTRAINT idempotency_keys_check1 CHECK (((lease IS NULL) = (leased_until IS NULL)))
);
CREATE TABLE public.install_links (
    id text NOT NULL,
    token_hash bytea NOT NULL,
    organization_id text NOT NULL,
    project_id text NOT NULL,
    provider text NOT NULL,
    api_key_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    used_by_browser bytea,
    return_url text,
    return_state text,
    expected_account text,
    ended_at timestamp with time zone,
    auth text
);
CREATE TABLE public.integrations (
    id text NOT NULL,
    project_id text NOT NULL,
    provider text NOT NULL,
    setup_type text NOT NULL,
    status text NOT NULL,
    status_before_error text,
    health_status text NOT NULL,
    display_name text,
    sidebar_enabled boolean NOT NULL,
    last_synced_at timestamp with time zone,
    error_message text,
    settings text NOT NULL,
    sealed_settings bytea,
    action_permissions text NOT NULL,
    connection text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    account_id text,
    account_name text,
    revocation_id text,
    auth text,
    CONSTRAINT integrations_check CHECK (((status = 'error'::text) = (status_before_error IS NOT NULL))),
    CONSTRAINT integrations_health_status_check CHECK ((health_status = ANY (ARRAY['healthy'::text, 'degraded'::text, 'unhealthy'::text, 'unknown'::text]))),
    CONSTRAINT integrations_setup_type_check CHECK ((setup_type = ANY (ARRAY['oauth'::text, 'api_key'::text, 'webhook_url'::text]))),
    CONSTRAINT integrations_status_before_error_check CHECK ((status_before_error = ANY (ARRAY['active'::text, 'paused'::text]))),
    CONSTRAINT integrations_status_check CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'error'::text, 'disconnected'::text])))
);
CREATE TABLE public.logout_tokens (
    id_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.monitors (
    integration_id text NOT NULL,
    provider text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    probe_at timestamp with time zone NOT NULL,
    refresh_at timestamp with time zone,
    not_before timestamp with time zone,
    failures integer NOT NULL,
    lease_owner text,
    lease_count integer NOT NULL,
    refresh_begun_by text,
    token_not_before timestamp with time zone
)
WITH (autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_threshold='1000');
CREATE TABLE public.oauth_apps (
    id text NOT NULL,
    provider text NOT NULL,
    owner text NOT NULL,
    client_id text NOT NULL,
    sealed_secret bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    scopes text
);
CREATE TABLE public.organizations (
    id text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);
CREATE TABLE public.pending_installs (
    id text NOT NULL,
    status text NOT NULL,
    secret_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    organization_id text NOT NULL,
    project_id text NOT NULL,
    provider text NOT NULL,
    api_key_id text NOT NULL,
    link_id text,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT pending_installs_status_check CHECK ((status = ANY (ARRAY['started'::text, 'redeemed'::text, 'unconfirmed'::text, 'finished'::text])))
);
CREATE TABLE public.projects (
    id text NOT NULL,
    organization_id text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    slug text,
    domain text,
    erased_at timestamp with time zone,
    approvals_decided_by text,
    approvals_expire_after integer,
    return_origins text,
    branding text,
    CONSTRAINT projects_approvals_decided_by_check CHECK ((approvals_decided_by = ANY (ARRAY['people'::text, 'people_and_keys'::text])))
);
CREATE TABLE public.provider_events (
    id text NOT NULL,
    project_id text NOT NULL,
    integration_id text NOT NULL,
    source_id text NOT NULL,
    provider_event_id text,
    kind text,
    account text,
    occurred_at timestamp with time zone,
    attempt bigint,
    is_repeat boolean NOT NULL,
    headers text NOT NULL,
    is_body_signed boolean NOT NULL,
    sealed bytea NOT NULL,
    body_sha256 text NOT NULL,
    body_size bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    dedupe text,
    claimed_until timestamp with time zone NOT NULL
);
CREATE TABLE public.revocations (
    id text NOT NULL,
    organization_id text NOT NULL,
    project_id text NOT NULL,
    integration_id text NOT NULL,
    provider text NOT NULL,
    connection text NOT NULL,
    account_id text,
    client_id text,
    status text NOT NULL,
    reaches text,
    sealed bytea NOT NULL,
    expires_at timestamp with time zone,
    connected_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    renewed_by text,
    due_at timestamp with time zone,
    tried_since timestamp with time zone NOT NULL,
    until timestamp with time zone,
    message text,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    auth text,
    CONSTRAINT revocations_check CHECK (((status = 'pending'::text) = (ended_at IS NULL))),
    CONSTRAINT revocations_check1 CHECK (((status = 'pending'::text) = (due_at IS NOT NULL))),
    CONSTRAINT revocations_check2 CHECK (((status = 'pending'::text) OR (length(sealed) = 0))),
    CONSTRAINT revocations_reaches_check CHECK ((reaches = ANY (ARRAY['token'::text, 'grant'::text]))),
    CONSTRAINT revocations_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'revoked'::text, 'unsupported'::text, 'failed'::text])))
);
CREATE TABLE public.seaql_migrations (
    version character varying NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE public.sign_ins (
    state_hash bytea NOT NULL,
    page text NOT NULL,
    is_fresh boolean NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.user_roles (
    user_id text NOT NULL,
    organization_id text NOT NULL,
    source text NOT NULL,
    role text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT user_roles_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'approver'::text, 'admin'::text]))),
    CONSTRAINT user_roles_source_check CHECK ((source = ANY (ARRAY['claim'::text, 'operator'::text])))
);
CREATE TABLE public.users (
    id text NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    name text,
    email text,
    created_at timestamp with time zone NOT NULL,
    signed_in_at timestamp with time zone,
    revoked_at timestamp with time zone
);
CREATE TABLE public.webhook_attempts (
    delivery_id text NOT NULL,
    number integer NOT NULL,
    at timestamp with time zone NOT NULL,
    status_code integer,
    error text,
    duration_ms bigint NOT NULL,
    answer text NOT NULL
);
CREATE TABLE public.webhook_deliveries (
    id text NOT NULL,
    webhook_id text NOT NULL,
    event_id text NOT NULL,
    stream text NOT NULL,
    number bigint NOT NULL,
    status text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    redelivered_after integer,
    status_code integer,
    error text,
    duration_ms bigint,
    next_attempt_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text, 'dropped'::text])))
);
CREATE SEQUENCE public.webhook_event_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.webhook_events (
    id text NOT NULL,
    project_id text NOT NULL,
    integration_id text,
    kind text NOT NULL,
    number bigint NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    provider_event_id text
);
CREATE TABLE public.webhook_secrets (
    id text NOT NULL,
    webhook_id text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retires_at timestamp with time zone
);
CREATE TABLE public.webhook_streams (
    webhook_id text NOT NULL,
    stream text NOT NULL,
    due_at timestamp with time zone,
    lease_owner text
);
CREATE TABLE public.webhooks (
    id text NOT NULL,
    project_id text NOT NULL,
    url text NOT NULL,
    events text NOT NULL,
    status text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    last_triggered_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT webhooks_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
);
INSERT INTO public.api_keys VALUES ('key_06c52gxc8bv60jfee3mggk9hqs', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'All', 'riq_rRep', '\x55003891d5030f922b2309265e0bec54d571d9ae3ab073cb39e34a4ff3131dc1', 'admin', 'starter', '2026-11-27 17:04:47.385642+00', NULL, NULL, NULL, '2026-11-27 17:04:48.62835+00', NULL, NULL, NULL, NULL);
INSERT INTO public.audit_chain VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 1, 'aud_06c52gxbk9w0zd5z2fadn5mtw8', '{"format":1,"organization":"org_06c52gxbk9qkxk8rgm7sgt76zn","number":1,"previous":"0000000000000000000000000000000000000000000000000000000000000000","id":"aud_06c52gxbk9w0zd5z2fadn5mtw8","at":"2026-11-27T17:04:47.213024Z","action":"organization.created","actor_kind":"operator","actor_id":null,"project":null,"integration":null,"provider":null,"request_id":null,"changes":[{"path":"name","from":null,"to":"Acme"}]}', 'a55dbe8c31e581ac22e5c77dff1d79ed7e2b033a4ce179311e137251c7ce28ed');
INSERT INTO public.audit_chain VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 2, 'aud_06c52gxbvazpbz1ey00tkky2np', '{"format":1,"organization":"org_06c52gxbk9qkxk8rgm7sgt76zn","number":2,"previous":"a55dbe8c31e581ac22e5c77dff1d79ed7e2b033a4ce179311e137251c7ce28ed","id":"aud_06c52gxbvazpbz1ey00tkky2np","at":"2026-11-27T17:04:47.278845Z","action":"project.created","actor_kind":"operator","actor_id":null,"project":"prj_06c52gxbvas5ngzd3vkzv4b64b","integration":null,"provider":null,"request_id":null,"changes":[{"path":"name","from":null,"to":"Support"},{"path":"slug","from":null,"to":"support"}]}', '0c5b04e3a2c70cca25b9b2e4a24a52260147bb58ed3c438eced327caa93bc7d1');
INSERT INTO public.audit_chain VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 3, 'aud_06c52gxc8c5bv0b2hzp7cd69zt', '{"format":1,"organization":"org_06c52gxbk9qkxk8rgm7sgt76zn","number":3,"previous":"0c5b04e3a2c70cca25b9b2e4a24a52260147bb58ed3c438eced327caa93bc7d1","id":"aud_06c52gxc8c5bv0b2hzp7cd69zt","at":"2026-11-27T17:04:47.385642Z","action":"api_key.created","actor_kind":"operator","actor_id":null,"project":null,"integration":null,"provider":null,"request_id":null,"changes":[{"path":"id","from":null,"to":"key_06c52gxc8bv60jfee3mggk9hqs"},{"path":"name","from":null,"to":"All"},{"path":"scopes","from":null,"to":["admin"]},{"path":"tier","from":null,"to":"starter"}]}', '0f151ede243986046d46ba15f115b49ea883cbb3abda906df515a4ea10c5152f');
INSERT INTO public.audit_chain VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 4, 'aud_06c52gxdh3pbkhvcze5g48dm33', '{"format":1,"organization":"org_06c52gxbk9qkxk8rgm7sgt76zn","number":4,"previous":"0f151ede243986046d46ba15f115b49ea883cbb3abda906df515a4ea10c5152f","id":"aud_06c52gxdh3pbkhvcze5g48dm33","at":"2026-11-27T17:04:47.719294Z","action":"integration.installed","actor_kind":"operator","actor_id":null,"project":"prj_06c52gxbvas5ngzd3vkzv4b64b","integration":"int_06c52gxdh3fvjfxesstgmbbbck","provider":"slack","request_id":null,"changes":[{"path":"status","from":null,"to":"active"},{"path":"action_permissions.add_reaction","from":null,"to":false},{"path":"action_permissions.delete_message","from":null,"to":false},{"path":"action_permissions.find_user","from":null,"to":true},{"path":"action_permissions.list_channels","from":null,"to":true},{"path":"action_permissions.post_message","from":null,"to":false},{"path":"action_permissions.read_thread","from":null,"to":true}]}', '733a02a87d2c2cac38975a299e6eb927f271adda88a8239f54063615e9a420cb');
INSERT INTO public.audit_chain VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 5, 'aud_06c52gxdhfqb7akmbhxexshxz7', '{"format":1,"organization":"org_06c52gxbk9qkxk8rgm7sgt76zn","number":5,"previous":"733a02a87d2c2cac38975a299e6eb927f271adda88a8239f54063615e9a420cb","id":"aud_06c52gxdhfqb7akmbhxexshxz7","at":"2026-11-27T17:04:47.722411Z","action":"integration.installed","actor_kind":"operator","actor_id":null,"project":"prj_06c52gxbvas5ngzd3vkzv4b64b","integration":"int_06c52gxdhfnczj2s1cehef46yh","provider":"shopify~eu","request_id":null,"changes":[{"path":"status","from":null,"to":"active"},{"path":"display_name","from":null,"to":"Europe"},{"path":"action_permissions.add_order_note","from":null,"to":false},{"path":"action_permissions.cancel_order","from":null,"to":false},{"path":"action_permissions.issue_refund","from":null,"to":false},{"path":"action_permissions.lookup_customer","from":null,"to":true},{"path":"action_permissions.lookup_order","from":null,"to":true},{"path":"action_permissions.lookup_product","from":null,"to":true},{"path":"action_permissions.update_shipping_address","from":null,"to":false}]}', 'da89c03e41b9b7060561d5d47597d0002cfb534d5c6ed93a4ff18a7fd789d189');
INSERT INTO public.audit_chain VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 6, 'aud_06c52gxdhhn6ytcwjp18csveev', '{"format":1,"organization":"org_06c52gxbk9qkxk8rgm7sgt76zn","number":6,"previous":"da89c03e41b9b7060561d5d47597d0002cfb534d5c6ed93a4ff18a7fd789d189","id":"aud_06c52gxdhhn6ytcwjp18csveev","at":"2026-11-27T17:04:47.722912Z","action":"integration.installed","actor_kind":"operator","actor_id":null,"project":"prj_06c52gxbvas5ngzd3vkzv4b64b","integration":"int_06c52gxdhhm27dv56xm45b6ptt","provider":"postmark","request_id":null,"changes":[{"path":"status","from":null,"to":"active"},{"path":"action_permissions.list_bounces","from":null,"to":true},{"path":"action_permissions.reactivate_address","from":null,"to":false},{"path":"action_permissions.read_message","from":null,"to":true},{"path":"action_permissions.search_messages","from":null,"to":true},{"path":"action_permissions.send_email","from":null,"to":false},{"path":"action_permissions.send_template_email","from":null,"to":false},{"path":"action_permissions.suppress_address","from":null,"to":false}]}', '2aaaed71da8916b2f916ba62e4c33fdea59543ff6445b4d66dc3a41f8470dc43');
INSERT INTO public.audit_chain VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 7, 'aud_06c52gxdhkd37431bbdsbdfktq', '{"format":1,"organization":"org_06c52gxbk9qkxk8rgm7sgt76zn","number":7,"previous":"2aaaed71da8916b2f916ba62e4c33fdea59543ff6445b4d66dc3a41f8470dc43","id":"aud_06c52gxdhkd37431bbdsbdfktq","at":"2026-11-27T17:04:47.723359Z","action":"integration.installed","actor_kind":"operator","actor_id":null,"project":"prj_06c52gxbvas5ngzd3vkzv4b64b","integration":"int_06c52gxdhkbyq20cr2aksk6yd4","provider":"stripe","request_id":null,"changes":[{"path":"status","from":null,"to":"active"},{"path":"action_permissions.cancel_subscription","from":null,"to":false},{"path":"action_permissions.issue_refund","from":null,"to":false},{"path":"action_permissions.lookup_customer","from":null,"to":true},{"path":"action_permissions.lookup_payment","from":null,"to":true},{"path":"action_permissions.lookup_subscription","from":null,"to":true},{"path":"action_permissions.update_customer","from":null,"to":false}]}', 'e96555f89bf889231c6f0f43350bbdc253577c62f4ce890a6cdd0377ca12d79b');
INSERT INTO public.audit_chain_heads VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 7, 'e96555f89bf889231c6f0f43350bbdc253577c62f4ce890a6cdd0377ca12d79b', 0, '0000000000000000000000000000000000000000000000000000000000000000', '2026-11-27 17:04:47.213024+00', 0);
INSERT INTO public.audit_events VALUES ('aud_06c52gxbk9w0zd5z2fadn5mtw8', 'org_06c52gxbk9qkxk8rgm7sgt76zn', NULL, NULL, NULL, 'organization.created', 'operator', NULL, NULL, '[{"path":"name","from":null,"to":"Acme"}]', '2026-11-27 17:04:47.213024+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxbvazpbz1ey00tkky2np', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', NULL, NULL, 'project.created', 'operator', NULL, NULL, '[{"path":"name","from":null,"to":"Support"},{"path":"slug","from":null,"to":"support"}]', '2026-11-27 17:04:47.278845+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxc8c5bv0b2hzp7cd69zt', 'org_06c52gxbk9qkxk8rgm7sgt76zn', NULL, NULL, NULL, 'api_key.created', 'operator', NULL, NULL, '[{"path":"id","from":null,"to":"key_06c52gxc8bv60jfee3mggk9hqs"},{"path":"name","from":null,"to":"All"},{"path":"scopes","from":null,"to":["admin"]},{"path":"tier","from":null,"to":"starter"}]', '2026-11-27 17:04:47.385642+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxdhhn6ytcwjp18csveev', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'int_06c52gxdhhm27dv56xm45b6ptt', 'postmark', 'integration.installed', 'operator', NULL, NULL, '[{"path":"status","from":null,"to":"active"},{"path":"action_permissions.list_bounces","from":null,"to":true},{"path":"action_permissions.reactivate_address","from":null,"to":false},{"path":"action_permissions.read_message","from":null,"to":true},{"path":"action_permissions.search_messages","from":null,"to":true},{"path":"action_permissions.send_email","from":null,"to":false},{"path":"action_permissions.send_template_email","from":null,"to":false},{"path":"action_permissions.suppress_address","from":null,"to":false}]', '2026-11-27 17:04:47.722912+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxdhfqb7akmbhxexshxz7', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'int_06c52gxdhfnczj2s1cehef46yh', 'shopify~eu', 'integration.installed', 'operator', NULL, NULL, '[{"path":"status","from":null,"to":"active"},{"path":"display_name","from":null,"to":"Europe"},{"path":"action_permissions.add_order_note","from":null,"to":false},{"path":"action_permissions.cancel_order","from":null,"to":false},{"path":"action_permissions.issue_refund","from":null,"to":false},{"path":"action_permissions.lookup_customer","from":null,"to":true},{"path":"action_permissions.lookup_order","from":null,"to":true},{"path":"action_permissions.lookup_product","from":null,"to":true},{"path":"action_permissions.update_shipping_address","from":null,"to":false}]', '2026-11-27 17:04:47.722411+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxdh3pbkhvcze5g48dm33', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'int_06c52gxdh3fvjfxesstgmbbbck', 'slack', 'integration.installed', 'operator', NULL, NULL, '[{"path":"status","from":null,"to":"active"},{"path":"action_permissions.add_reaction","from":null,"to":false},{"path":"action_permissions.delete_message","from":null,"to":false},{"path":"action_permissions.find_user","from":null,"to":true},{"path":"action_permissions.list_channels","from":null,"to":true},{"path":"action_permissions.post_message","from":null,"to":false},{"path":"action_permissions.read_thread","from":null,"to":true}]', '2026-11-27 17:04:47.719294+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxdhkd37431bbdsbdfktq', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'int_06c52gxdhkbyq20cr2aksk6yd4', 'stripe', 'integration.installed', 'operator', NULL, NULL, '[{"path":"status","from":null,"to":"active"},{"path":"action_permissions.cancel_subscription","from":null,"to":false},{"path":"action_permissions.issue_refund","from":null,"to":false},{"path":"action_permissions.lookup_customer","from":null,"to":true},{"path":"action_permissions.lookup_payment","from":null,"to":true},{"path":"action_permissions.lookup_subscription","from":null,"to":true},{"path":"action_permissions.update_customer","from":null,"to":false}]', '2026-11-27 17:04:47.723359+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxh0x7xtjxjkf6ga7p3zq', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'int_06c52gxdhkbyq20cr2aksk6yd4', 'stripe', 'integration.lifecycle.updated', 'api_key', 'key_06c52gxc8bv60jfee3mggk9hqs', 'req_06c52gxh02eyyvmacydw8g8xpq', '[{"path":"status","from":"active","to":"paused"},{"path":"sidebar_enabled","from":false,"to":true},{"path":"action_permissions.issue_refund","from":false,"to":"ask"}]', '2026-11-27 17:04:48.63517+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxh46a27649ws97ethagg', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'int_06c52gxdhhm27dv56xm45b6ptt', 'postmark', 'integration.disconnected', 'api_key', 'key_06c52gxc8bv60jfee3mggk9hqs', 'req_06c52gxh3vxnjxp26dt28ps67a', '[{"path":"status","from":"active","to":"disconnected"}]', '2026-11-27 17:04:48.662086+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxh9ga0xhk6w9p0q2ktpq', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', NULL, NULL, 'webhook.created', 'api_key', 'key_06c52gxc8bv60jfee3mggk9hqs', 'req_06c52gxh7kbc5dyx12m69cg3tk', '[{"path":"id","from":null,"to":"whk_06c52gxh9g71r4sg9n1ksz5fck"},{"path":"url","from":null,"to":"https://hooks.example/…"},{"path":"events","from":null,"to":["integration.*"]}]', '2026-11-27 17:04:48.705617+00', DEFAULT);
INSERT INTO public.audit_events VALUES ('aud_06c52gxhm2pnhkknbtjnq1fwmy', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'int_06c52gxdh3fvjfxesstgmbbbck', 'slack', 'integration.lifecycle.updated', 'api_key', 'key_06c52gxc8bv60jfee3mggk9hqs', 'req_06c52gxhkze0kb0dpphgvazymx', '[{"path":"display_name","from":null,"to":"Team"}]', '2026-11-27 17:04:48.792227+00', DEFAULT);
INSERT INTO public.audit_pending VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 'aud_06c52gxh0x7xtjxjkf6ga7p3zq');
INSERT INTO public.audit_pending VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 'aud_06c52gxh46a27649ws97ethagg');
INSERT INTO public.audit_pending VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 'aud_06c52gxh9ga0xhk6w9p0q2ktpq');
INSERT INTO public.audit_pending VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 'aud_06c52gxhm2pnhkknbtjnq1fwmy');
INSERT INTO public.audit_stream VALUES ('stream', NULL, NULL);
INSERT INTO public.credentials VALUES ('int_06c52gxdhfnczj2s1cehef46yh', '\x020474657374126fbfc507a4f38e0b5562b16ee503b76ee3b7a7d53c3b6019656a77406a2432e6b0363494107c15bbba245df86ef346aba5ab62fdf1da77c301622b5697f60c7b7a3b547681f35d7442ddd42efbb6cf938c92f8867d09e2daeff5acb4c4f867872c8b66ee94ee5260bd948926cb6874eef6a344ef552c5f6c', NULL, 1, '2026-11-27 17:04:47.722411+00', '2026-11-27 17:04:47.722411+00', NULL, false, NULL);
INSERT INTO public.credentials VALUES ('int_06c52gxdh3fvjfxesstgmbbbck', '\x0204746573747731db8b8ab545aedcb779e24e74b6389c2653a1d7629ff531a37419627e138f23543e42e43d5f508cb056f054419bec332120a30c5084239edb47992f1d4d12622564117d70df59ca6d005df8b9dc1cd9826292bcb6c1851b49cef63f276aef5bc0b1cf70791c223dfb4a370571b295ea4a6057c69a57', NULL, 1, '2026-11-27 17:04:47.719294+00', '2026-11-27 17:04:47.719294+00', NULL, false, NULL);
INSERT INTO public.credentials VALUES ('int_06c52gxdhkbyq20cr2aksk6yd4', '\x020474657374cabe732f25fdd19177cf0a32632e5839645cafd9fac9ef1bb273611133a8404926f8877381e9f18b3da7d23c898f85301f3f76a51a919ec44001ab2c302e1fbfaa859f6f0f5ba31f0b48c63bfc9163', NULL, 1, '2026-11-27 17:04:47.723359+00', '2026-11-27 17:04:47.723359+00', NULL, false, NULL);
INSERT INTO public.encryption_keys VALUES ('test', '\x020474657374babb7207509231f65d109000551be72d5ac738fa6d147863158ad272a1e62f35d34192b415d5cc41fd8d35', '2026-11-27 17:04:47.471331+00');
INSERT INTO public.health_changes VALUES ('int_06c52gxdhhm27dv56xm45b6ptt', 1, 'unknown', '2026-11-27 17:04:47.722912+00');
INSERT INTO public.health_changes VALUES ('int_06c52gxdhfnczj2s1cehef46yh', 1, 'unknown', '2026-11-27 17:04:47.722411+00');
INSERT INTO public.health_changes VALUES ('int_06c52gxdh3fvjfxesstgmbbbck', 1, 'unknown', '2026-11-27 17:04:47.719294+00');
INSERT INTO public.health_changes VALUES ('int_06c52gxdhkbyq20cr2aksk6yd4', 1, 'unknown', '2026-11-27 17:04:47.723359+00');
INSERT INTO public.install_links VALUES ('lnk_06c52gxhjwn4q2kdyy3d7n0r3k', '\x1180e127aff2696552ff5d9ad199ca9fcb43143d963dd0f1aaa1f01c7fb53da1', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'slack', 'key_06c52gxc8bv60jfee3mggk9hqs', '2026-11-27 17:04:48.782505+00', '2026-11-27 17:34:48.782505+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.integrations VALUES ('int_06c52gxdhfnczj2s1cehef46yh', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'shopify~eu', 'oauth', 'active', NULL, 'unknown', 'Europe', false, NULL, NULL, '{}', NULL, '{"add_order_note":false,"cancel_order":false,"issue_refund":false,"lookup_customer":true,"lookup_order":true,"lookup_product":true,"update_shipping_address":false}', '{"subdomain":"acme"}', 1, '2026-11-27 17:04:47.722411+00', '2026-11-27 17:04:47.722411+00', NULL, NULL, NULL, 'oauth');
INSERT INTO public.integrations VALUES ('int_06c52gxdhkbyq20cr2aksk6yd4', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'stripe', 'api_key', 'paused', NULL, 'unknown', NULL, true, NULL, NULL, '{}', NULL, '{"cancel_subscription":false,"issue_refund":"ask","lookup_customer":true,"lookup_payment":true,"lookup_subscription":true,"update_customer":false}', '{}', 2, '2026-11-27 17:04:47.723359+00', '2026-11-27 17:04:48.63517+00', NULL, NULL, NULL, 'api_key');
INSERT INTO public.integrations VALUES ('int_06c52gxdhhm27dv56xm45b6ptt', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'postmark', 'api_key', 'disconnected', NULL, 'unknown', NULL, false, NULL, NULL, '{}', NULL, '{"list_bounces":true,"reactivate_address":false,"read_message":true,"search_messages":true,"send_email":false,"send_template_email":false,"suppress_address":false}', '{}', 2, '2026-11-27 17:04:47.722912+00', '2026-11-27 17:04:48.662086+00', NULL, NULL, NULL, 'api_key');
INSERT INTO public.integrations VALUES ('int_06c52gxdh3fvjfxesstgmbbbck', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'slack', 'oauth', 'active', NULL, 'unknown', 'Team', false, NULL, NULL, '{}', NULL, '{"add_reaction":false,"delete_message":false,"find_user":true,"list_channels":true,"post_message":false,"read_thread":true}', '{}', 2, '2026-11-27 17:04:47.719294+00', '2026-11-27 17:04:48.792227+00', NULL, NULL, NULL, 'oauth');
INSERT INTO public.monitors VALUES ('int_06c52gxdhfnczj2s1cehef46yh', 'shopify~', '2026-11-27 17:04:47.722411+00', '2026-11-27 17:04:47.722411+00', NULL, NULL, 0, NULL, 0, NULL, NULL);
INSERT INTO public.monitors VALUES ('int_06c52gxdh3fvjfxesstgmbbbck', 'slack', '2026-11-27 17:04:47.719294+00', '2026-11-27 17:04:47.719294+00', NULL, NULL, 0, NULL, 0, NULL, NULL);
INSERT INTO public.monitors VALUES ('int_06c52gxdhkbyq20cr2aksk6yd4', 'stripe', '2026-11-27 17:04:47.723359+00', '2026-11-27 17:04:47.723359+00', NULL, NULL, 0, NULL, 0, NULL, NULL);
INSERT INTO public.oauth_apps VALUES ('app_06c52gxekwh03s9ndp1c7e8m6c', 'slack', '*', '1.2', '\x0204746573744836a4c59397a3dbc9a69fc02419443fd92b2c4270f7977dc11896991f84e17456a38e78d0e8da4ffb2f31d6de1c181b1774ae170df5fc78a0', '2026-11-27 17:04:48.004261+00', '2026-11-27 17:04:48.004261+00', NULL);
INSERT INTO public.organizations VALUES ('org_06c52gxbk9qkxk8rgm7sgt76zn', 'Acme', '2026-11-27 17:04:47.213024+00', NULL);
INSERT INTO public.projects VALUES ('prj_06c52gxbvas5ngzd3vkzv4b64b', 'org_06c52gxbk9qkxk8rgm7sgt76zn', 'Support', '2026-11-27 17:04:47.278845+00', NULL, 'support', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.seaql_migrations VALUES ('m0001_first_schema', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0002_installation', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0003_audit_filters', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0004_monitors', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0005_audit_pages', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0006_tier_changes', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0007_comparable_times', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0008_encryption_keys', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0009_secrets_sealed_anew', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0010_link_browsers', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0011_token_limits', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0012_key_uses', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0013_credential_facts', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0014_people', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0015_idempotency_keys', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0016_sign_ins', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0017_device_logins', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0018_actors_checked', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0019_action_runs', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0020_writes_off', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0021_approvals', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0022_repeated_calls', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0023_looks', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0024_webhooks', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0025_audit_chain', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0026_returns', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0027_revocations', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0028_provider_events', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0029_health_changes', 1795799086);
INSERT INTO public.seaql_migrations VALUES ('m0030_ways', 1795799086);
INSERT INTO public.webhook_attempts VALUES ('dlv_06c52gxhm2pqrh4tgx3mrjcsgq', 1, '2026-11-27 17:04:48.805051+00', NULL, 'unreachable', 4, '');
INSERT INTO public.webhook_deliveries VALUES ('dlv_06c52gxhm2pqrh4tgx3mrjcsgq', 'whk_06c52gxh9g71r4sg9n1ksz5fck', 'evt_06c52gxhm2pnhkknbtjnq1fwmy', 'int_06c52gxdh3fvjfxesstgmbbbck', 1, 'pending', 1, NULL, NULL, 'unreachable', 4, '2026-11-27 17:04:49.809965+00', '2026-11-27 17:04:48.792227+00');
INSERT INTO public.webhook_events VALUES ('evt_06c52gxhm2pnhkknbtjnq1fwmy', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'int_06c52gxdh3fvjfxesstgmbbbck', 'integration.lifecycle.updated', 1, '\x7b226964223a226576745f30366335326778686d32706e686b6b6e62746a6e713166776d79222c2274797065223a22696e746567726174696f6e2e6c6966656379636c652e75706461746564222c22637265617465645f6174223a22323032362d31312d32375431373a30343a34382e3739323232375a222c2273657175656e6365223a312c2270726f6a6563745f6964223a2270726a5f3036633532677862766173356e677a6433766b7a763462363462222c2264617461223a7b22696e746567726174696f6e223a7b226964223a22696e745f3036633532677864683366766a667865737374676d626262636b222c2270726f7669646572223a22736c61636b222c22737461747573223a22616374697665222c226865616c74685f737461747573223a22756e6b6e6f776e227d2c226368616e676573223a5b7b2270617468223a22646973706c61795f6e616d65222c2266726f6d223a6e756c6c2c22746f223a225465616d227d5d7d7d', '2026-11-27 17:04:48.792227+00', NULL);
INSERT INTO public.webhook_secrets VALUES ('whs_06c52gxh9g7ym6vb3mrb6rwsvd', 'whk_06c52gxh9g71r4sg9n1ksz5fck', '\x0204746573746329a234c10f53baa336aee99ac446738dd9216f0fbd4785d13954b7c399b903ddc0468c818adfc27fd7b3d963ef76b94a571557b9ebf19b1187adb5d63d28943288060c669bf0e1b5571dced5e1ab693e0c24bc35442bc512ed', '2026-11-27 17:04:48.705617+00', NULL);
INSERT INTO public.webhook_streams VALUES ('whk_06c52gxh9g71r4sg9n1ksz5fck', 'int_06c52gxdh3fvjfxesstgmbbbck', '2026-11-27 17:04:49.809965+00', NULL);
INSERT INTO public.webhooks VALUES ('whk_06c52gxh9g71r4sg9n1ksz5fck', 'prj_06c52gxbvas5ngzd3vkzv4b64b', 'https://hooks.example/riq', '["integration.*"]', 'active', 0, NULL, '2026-11-27 17:04:48.805051+00', '2026-11-27 17:04:48.705617+00');
SELECT pg_catalog.setval('public.webhook_event_numbers', 1, true);
ALTER TABLE ONLY public.action_reservations
    ADD CONSTRAINT action_reservations_pkey PRIMARY KEY (run_id, total);
ALTER TABLE ONLY public.action_runs
    ADD CONSTRAINT action_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY public.audit_chain_heads
    ADD CONSTRAINT audit_chain_heads_pkey PRIMARY KEY (organization_id);
ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_pkey PRIMARY KEY (organization_id, number);
ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_pending
    ADD CONSTRAINT audit_pending_pkey PRIMARY KEY (organization_id, event_id);
ALTER TABLE ONLY public.audit_stream
    ADD CONSTRAINT audit_stream_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (integration_id);
ALTER TABLE ONLY public.dashboard_sessions
    ADD CONSTRAINT dashboard_sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.dashboard_sessions
    ADD CONSTRAINT dashboard_sessions_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.device_logins
    ADD CONSTRAINT device_logins_device_hash_key UNIQUE (device_hash);
ALTER TABLE ONLY public.device_logins
    ADD CONSTRAINT device_logins_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.device_logins
    ADD CONSTRAINT device_logins_user_code_hash_key UNIQUE (user_code_hash);
ALTER TABLE ONLY public.encryption_keys
    ADD CONSTRAINT encryption_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.event_once
    ADD CONSTRAINT event_once_pkey PRIMARY KEY (source_id, key);
ALTER TABLE ONLY public.event_refusals
    ADD CONSTRAINT event_refusals_pkey PRIMARY KEY (source_id, reason, kind);
ALTER TABLE ONLY public.event_secrets
    ADD CONSTRAINT event_secrets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.event_sources
    ADD CONSTRAINT event_sources_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.health_changes
    ADD CONSTRAINT health_changes_pkey PRIMARY KEY (integration_id, version);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.install_links
    ADD CONSTRAINT install_links_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.install_links
    ADD CONSTRAINT install_links_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.integrations
    ADD CONSTRAINT integrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.logout_tokens
    ADD CONSTRAINT logout_tokens_pkey PRIMARY KEY (id_hash);
ALTER TABLE ONLY public.monitors
    ADD CONSTRAINT monitors_pkey PRIMARY KEY (integration_id);
ALTER TABLE ONLY public.oauth_apps
    ADD CONSTRAINT oauth_apps_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pending_installs
    ADD CONSTRAINT pending_installs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pending_installs
    ADD CONSTRAINT pending_installs_secret_hash_key UNIQUE (secret_hash);
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.provider_events
    ADD CONSTRAINT provider_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.revocations
    ADD CONSTRAINT revocations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.seaql_migrations
    ADD CONSTRAINT seaql_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.sign_ins
    ADD CONSTRAINT sign_ins_pkey PRIMARY KEY (state_hash);
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, organization_id, source);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_attempts
    ADD CONSTRAINT webhook_attempts_pkey PRIMARY KEY (delivery_id, number);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_streams
    ADD CONSTRAINT webhook_streams_pkey PRIMARY KEY (webhook_id, stream);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);
CREATE INDEX action_reservations_total ON public.action_reservations USING btree (integration_id, action, total, subject, created_at);
CREATE INDEX action_runs_asked ON public.action_runs USING btree (integration_id, input_hash, id) WHERE (approval_id IS NOT NULL);
CREATE INDEX action_runs_look_at ON public.action_runs USING btree (look_at) WHERE (look_at IS NOT NULL);
CREATE INDEX action_runs_project ON public.action_runs USING btree (project_id, id);
CREATE INDEX action_runs_project_status ON public.action_runs USING btree (project_id, status, id);
CREATE INDEX action_runs_repeats ON public.action_runs USING btree (project_id, input_hash, id);
CREATE INDEX action_runs_sending ON public.action_runs USING btree (sending_until) WHERE (status = 'sending'::text);
CREATE INDEX api_keys_organization ON public.api_keys USING btree (organization_id);
CREATE INDEX api_keys_revoked_at ON public.api_keys USING btree (revoked_at);
CREATE INDEX api_keys_tier_changed_at ON public.api_keys USING btree (tier_changed_at);
CREATE INDEX api_keys_user ON public.api_keys USING btree (user_id);
CREATE INDEX approvals_expiring ON public.approvals USING btree (expires_at) WHERE (status = 'pending'::text);
CREATE UNIQUE INDEX approvals_pending ON public.approvals USING btree (run_id) WHERE (status = 'pending'::text);
CREATE INDEX approvals_project ON public.approvals USING btree (project_id, id);
CREATE INDEX approvals_project_status ON public.approvals USING btree (project_id, status, id);
CREATE INDEX approvals_run ON public.approvals USING btree (run_id);
CREATE INDEX audit_events_project ON public.audit_events USING btree (project_id, id);
CREATE INDEX audit_events_project_action ON public.audit_events USING btree (project_id, action, id);
CREATE INDEX audit_events_project_action_actor ON public.audit_events USING btree (project_id, action, actor, id);
CREATE INDEX audit_events_project_actor ON public.audit_events USING btree (project_id, actor, id);
CREATE INDEX audit_events_project_provider ON public.audit_events USING btree (project_id, provider, id);
CREATE INDEX audit_events_project_provider_action ON public.audit_events USING btree (project_id, provider, action, id);
CREATE INDEX audit_events_project_provider_actor ON public.audit_events USING btree (project_id, provider, actor, id);
CREATE INDEX dashboard_sessions_expires_at ON public.dashboard_sessions USING btree (expires_at);
CREATE INDEX dashboard_sessions_principal ON public.dashboard_sessions USING btree (api_key_id);
CREATE INDEX device_logins_expires_at ON public.device_logins USING btree (expires_at);
CREATE INDEX event_once_expires_at ON public.event_once USING btree (expires_at);
CREATE INDEX event_secrets_source ON public.event_secrets USING btree (source_id);
CREATE UNIQUE INDEX event_sources_app ON public.event_sources USING btree (provider, app_owner);
CREATE UNIQUE INDEX event_sources_integration ON public.event_sources USING btree (integration_id);
CREATE INDEX health_changes_changed_at ON public.health_changes USING btree (changed_at);
CREATE INDEX idempotency_keys_by_expiry ON public.idempotency_keys USING btree (expires_at);
CREATE INDEX install_links_expires_at ON public.install_links USING btree (expires_at);
CREATE INDEX install_links_project ON public.install_links USING btree (project_id, id);
CREATE INDEX integrations_account ON public.integrations USING btree (account_id, provider);
CREATE UNIQUE INDEX integrations_project_provider ON public.integrations USING btree (project_id, provider);
CREATE INDEX monitors_provider_due ON public.monitors USING btree (provider, due_at);
CREATE UNIQUE INDEX oauth_apps_provider_owner ON public.oauth_apps USING btree (provider, owner);
CREATE INDEX pending_installs_expires_at ON public.pending_installs USING btree (expires_at);
CREATE INDEX projects_organization ON public.projects USING btree (organization_id);
CREATE UNIQUE INDEX projects_slug ON public.projects USING btree (organization_id, slug);
CREATE UNIQUE INDEX provider_events_claims ON public.provider_events USING btree (source_id, integration_id, dedupe);
CREATE INDEX provider_events_integration ON public.provider_events USING btree (integration_id, id);
CREATE INDEX provider_events_project ON public.provider_events USING btree (project_id, id);
CREATE INDEX provider_events_received_at ON public.provider_events USING btree (received_at);
CREATE INDEX revocations_due ON public.revocations USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX revocations_integration ON public.revocations USING btree (integration_id);
CREATE INDEX revocations_project ON public.revocations USING btree (project_id);
CREATE INDEX user_roles_organization ON public.user_roles USING btree (organization_id);
CREATE UNIQUE INDEX users_subject ON public.users USING btree (issuer, subject);
CREATE INDEX webhook_deliveries_event ON public.webhook_deliveries USING btree (event_id);
CREATE INDEX webhook_deliveries_pending ON public.webhook_deliveries USING btree (webhook_id, stream, number) WHERE (status = 'pending'::text);
CREATE INDEX webhook_deliveries_webhook ON public.webhook_deliveries USING btree (webhook_id, id);
CREATE INDEX webhook_events_created_at ON public.webhook_events USING btree (created_at);
CREATE INDEX webhook_events_project ON public.webhook_events USING btree (project_id, id);
CREATE INDEX webhook_events_provider_event ON public.webhook_events USING btree (provider_event_id) WHERE (provider_event_id IS NOT NULL);
CREATE INDEX webhook_secrets_webhook ON public.webhook_secrets USING btree (webhook_id);
CREATE INDEX webhook_streams_due ON public.webhook_streams USING btree (due_at);
CREATE INDEX webhooks_project ON public.webhooks USING btree (project_id, id);
ALTER TABLE ONLY public.action_reservations
    ADD CONSTRAINT action_reservations_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.action_runs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.action_runs
    ADD CONSTRAINT action_runs_integration_id_fkey FOREIGN KEY (integration_id) REFERENCES public.integrations(id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.action_runs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_integration_id_fkey FOREIGN KEY (integration_id) REFERENCES public.integrations(id);
ALTER TABLE ONLY public.event_once
    ADD CONSTRAINT event_once_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.event_sources(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.event_refusals
    ADD CONSTRAINT event_refusals_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.event_sources(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.event_secrets
    ADD CONSTRAINT event_secrets_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.event_sources(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.event_sources
    ADD CONSTRAINT event_sources_integration_id_fkey FOREIGN KEY (integration_id) REFERENCES public.integrations(id);
ALTER TABLE ONLY public.health_changes
    ADD CONSTRAINT health_changes_integration_id_fkey FOREIGN KEY (integration_id) REFERENCES public.integrations(id);
ALTER TABLE ONLY public.install_links
    ADD CONSTRAINT install_links_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.integrations
    ADD CONSTRAINT integrations_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.monitors
    ADD CONSTRAINT monitors_integration_id_fkey FOREIGN KEY (integration_id) REFERENCES public.integrations(id);
ALTER TABLE ONLY public.pending_installs
    ADD CONSTRAINT pending_installs_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.revocations
    ADD CONSTRAINT revocations_integration_id_fkey FOREIGN KEY (integration_id) REFERENCES public.integrations(id);
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.webhook_attempts
    ADD CONSTRAINT webhook_attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES public.webhook_deliveries(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.webhook_events(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_secrets
    ADD CONSTRAINT webhook_secrets_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_streams
    ADD CONSTRAINT webhook_streams_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);
