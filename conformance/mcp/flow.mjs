// The official clients list and call the tools of a project in which Slack is installed and cannot be reached.
import assert from "node:assert/strict";

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as FirstClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as FirstTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { RIQ_ORIGIN: origin, RIQ_API_KEY: key, RIQ_PROJECT_ID: project } = process.env;
const address = new URL(`${origin}/mcp/projects/${project}`);
const requestInit = { headers: { Authorization: `Bearer ${key}` } };
const program = { name: "conformance", version: "1" };

async function permit(action_permissions) {
    const response = await fetch(`${origin}/api/v1/projects/${project}/integrations/slack/lifecycle`, {
        method: "PATCH",
        headers: { ...requestInit.headers, "Content-Type": "application/json" },
        body: JSON.stringify({ action_permissions }),
    });
    assert.equal(response.status, 200, await response.text());
}

/** What every client can do. `text` makes this client's call another than those before. */
async function use(client, text) {
    const { tools } = await client.listTools();
    for (const tool of tools) {
        const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = tool.annotations;
        const hints = [readOnlyHint, destructiveHint, idempotentHint, openWorldHint];
        assert.ok(tool.title && hints.every((hint) => typeof hint === "boolean"), JSON.stringify(tool));
    }
    const names = tools.map((tool) => tool.name);
    assert.ok(names.includes("slack_list_channels") && names.includes("slack_post_message"), `${names}`);
    assert.ok(!names.includes("slack_delete_message"), `${names}`);
    const integrations = await client.callTool({ name: "list_integrations", arguments: {} });
    assert.equal(integrations.structuredContent.integrations[0].provider, "slack");
    // The clients check what comes back against the tool's schema, and an error must pass too.
    const away = await client.callTool({ name: "slack_list_channels", arguments: { limit: "5" } });
    assert.ok(away.isError && away.content[0].text.startsWith("PROVIDER_UNAVAILABLE"), JSON.stringify(away));
    const message = { name: "slack_post_message", arguments: { channel: "C0123456789", text } };
    const asked = await client.callTool(message);
    assert.equal(asked.structuredContent?.status, "pending_approval", JSON.stringify(asked));
    const repeat = await client.callTool(message);
    assert.equal(repeat.structuredContent.id, asked.structuredContent.id);
    const run = await client.callTool({ name: "get_run", arguments: { run_id: asked.structuredContent.id } });
    assert.equal(run.structuredContent.status, "pending_approval");
    const place = { channel: "C0123456789", ts: "1503435956.000247" };
    const denied = await client.callTool({ name: "slack_delete_message", arguments: place });
    assert.ok(denied.isError && denied.content[0].text.startsWith("ACTION_NOT_PERMITTED"), JSON.stringify(denied));
    await assert.rejects(client.callTool({ name: "slack_sing", arguments: {} }));
}

async function second(mode, expected) {
    const client = new Client(program, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(address, { requestInit }));
    assert.equal(client.getNegotiatedProtocolVersion(), expected);
    await use(client, `Hello from ${JSON.stringify(mode)}`);
    await client.close();
}

async function first() {
    const client = new FirstClient(program);
    await client.connect(new FirstTransport(address, { requestInit }));
    await use(client, "Hello from the first client");
    await client.close();
}

/** A client that listens hears of a tool that is permitted, and lists it. */
async function listen() {
    let heard;
    const found = new Promise((resolve) => (heard = resolve));
    const onChanged = (error, tools) => {
        assert.equal(error, null);
        if (tools.some((tool) => tool.name === "slack_add_reaction")) heard();
    };
    const options = { versionNegotiation: { mode: { pin: "2026-07-28" } }, listChanged: { tools: { onChanged } } };
    const client = new Client(program, options);
    await client.connect(new StreamableHTTPClientTransport(address, { requestInit }));
    await permit({ add_reaction: true });
    await found;
    await client.close();
}

await permit({ list_channels: true, post_message: "ask" });
await second({ pin: "2026-07-28" }, "2026-07-28");
await second("auto", "2026-07-28");
await second("legacy", "2025-11-25");
await first();
await listen();
