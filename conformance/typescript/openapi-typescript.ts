// The flow, with types by openapi-typescript and the client openapi-fetch.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";
import { apiKey, origin, projectId } from "./environment.js";

const api = createClient<paths>({ baseUrl: origin, headers: { "X-API-Key": apiKey } });
const inProject = { projectId };
const ofSlack = { projectId, provider: "slack" };
const lifecycle = "/api/v1/projects/{projectId}/integrations/{provider}/lifecycle";

// List, and show one.
const list = await api.GET("/api/v1/projects/{projectId}/integrations", { params: { path: inProject } });
assert.deepEqual(list.data?.data.map((integration) => integration.provider), ["slack"]);
const one = await api.GET("/api/v1/projects/{projectId}/integrations/{provider}", { params: { path: ofSlack } });
const version = one.data?.data.etag;
assert.equal(one.response.headers.get("etag"), version);
assert.equal(one.data?.data.credential?.kind, "oauth");

// Filter.
const filtered = await api.GET("/api/v1/projects/{projectId}/integrations/catalog", {
    params: { path: inProject, query: { category: "commerce", status: "available" } },
});
assert.ok(filtered.data?.data.some((entry) => entry.provider === "shopify"));

// A change with nulls: they take the name and a setting away.
const named = await api.PATCH(lifecycle, {
    params: { path: ofSlack },
    body: { display_name: "Acme", settings: { default_channel: "#support" } },
});
assert.equal(named.data?.data.settings["default_channel"], "#support");
const cleared = await api.PATCH(lifecycle, {
    params: { path: ofSlack },
    body: { display_name: null, settings: { default_channel: null } },
});
assert.equal(cleared.data?.data.display_name, null);
assert.equal(cleared.data?.data.settings["default_channel"], undefined);

// A conflict.
const late = await api.PATCH(lifecycle, {
    params: { path: ofSlack, header: { "If-Match": version! } },
    body: { status: "paused" },
});
assert.deepEqual([late.response.status, late.error?.code], [412, "PRECONDITION_FAILED"]);

// A check, and disconnecting.
const checked = await api.POST("/api/v1/projects/{projectId}/integrations/{provider}/check", {
    params: { path: ofSlack },
});
assert.equal(checked.data?.data.health_status, "degraded");
const gone = await api.DELETE("/api/v1/projects/{projectId}/integrations/{provider}", { params: { path: ofSlack } });
assert.deepEqual([gone.data?.data.status, gone.data?.data.credential], ["disconnected", null]);

// The pages of the audit log.
const actions: string[] = [];
for (let cursor: string | undefined; ; ) {
    const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
    const page = await api.GET("/api/v1/projects/{projectId}/audit", { params: { path: inProject, query } });
    assert.ok(page.data);
    actions.push(...page.data.data.map((event) => event.action));
    if (page.data.cursor === null) break;
    cursor = page.data.cursor;
}
assert.ok(actions.length >= 4 && actions.includes("integration.disconnected"), `${actions}`);

// An error, decoded.
const unknown = await api.GET("/api/v1/projects/{projectId}/integrations/catalog/{provider}", {
    params: { path: { projectId, provider: "nobody" } },
});
assert.equal(unknown.error?.code, "PROVIDER_NOT_FOUND");
assert.equal(unknown.error?.request_id, unknown.response.headers.get("x-request-id"));
