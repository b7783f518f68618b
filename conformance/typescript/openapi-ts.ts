// The flow, with a client by @hey-api/openapi-ts.
import assert from "node:assert/strict";
import { client } from "./client/client.gen.js";
import {
    checkIntegration,
    disconnectIntegration,
    getCatalogEntry,
    getIntegration,
    listAuditEvents,
    listCatalog,
    listIntegrations,
    updateIntegrationLifecycle,
} from "./client/sdk.gen.js";
import { apiKey, origin, projectId } from "./environment.js";

client.setConfig({ baseUrl: origin, headers: { "X-API-Key": apiKey } });
const inProject = { path: { projectId } };
const ofSlack = { path: { projectId, provider: "slack" } };

// List, and show one.
const list = await listIntegrations(inProject);
assert.deepEqual(list.data?.data.map((integration) => integration.provider), ["slack"]);
const one = await getIntegration(ofSlack);
const version = one.data?.data.etag;
assert.equal(one.data?.data.credential?.kind, "oauth");

// Filter.
const filtered = await listCatalog({ ...inProject, query: { category: "commerce", status: "available" } });
assert.ok(filtered.data?.data.some((entry) => entry.provider === "shopify"));

// A change with nulls: they take the name and a setting away.
const named = await updateIntegrationLifecycle({
    ...ofSlack,
    body: { display_name: "Acme", settings: { default_channel: "#support" } },
});
assert.equal(named.data?.data.settings["default_channel"], "#support");
const cleared = await updateIntegrationLifecycle({
    ...ofSlack,
    body: { display_name: null, settings: { default_channel: null } },
});
assert.equal(cleared.data?.data.display_name, null);

// A conflict.
const late = await updateIntegrationLifecycle({
    ...ofSlack,
    headers: { "If-Match": version! },
    body: { status: "paused" },
});
assert.deepEqual([late.response?.status, late.error?.code], [412, "PRECONDITION_FAILED"]);

// A check, and disconnecting.
const checked = await checkIntegration(ofSlack);
assert.equal(checked.data?.data.health_status, "degraded");
const gone = await disconnectIntegration(ofSlack);
assert.deepEqual([gone.data?.data.status, gone.data?.data.credential], ["disconnected", null]);

// The pages of the audit log.
const actions: string[] = [];
for (let cursor: string | undefined; ; ) {
    const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
    const page = await listAuditEvents({ ...inProject, query });
    assert.ok(page.data);
    actions.push(...page.data.data.map((event) => event.action));
    if (page.data.cursor === null) break;
    cursor = page.data.cursor;
}
assert.ok(actions.length >= 4 && actions.includes("integration.disconnected"), `${actions}`);

// An error, decoded.
const unknown = await getCatalogEntry({ path: { projectId, provider: "nobody" } });
assert.equal(unknown.error?.code, "PROVIDER_NOT_FOUND");
