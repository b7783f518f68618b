// The official conformance suite tests the server. It knows no keys, so it calls through a forwarder that adds one.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";

const { RIQ_ORIGIN: origin, RIQ_API_KEY: key, RIQ_PROJECT_ID: project } = process.env;
const server = new URL(`${origin}/mcp/projects/${project}`);
const authorization = `Bearer ${key}`;

/** Permits what the suite's tools are made of. What must be approved is a task. */
async function permit(provider, action_permissions) {
    const response = await fetch(`${origin}/api/v1/projects/${project}/integrations/${provider}/lifecycle`, {
        method: "PATCH",
        headers: { Authorization: authorization, "Content-Type": "application/json" },
        body: JSON.stringify({ action_permissions }),
    });
    assert.equal(response.status, 200, await response.text());
}

/** Passes everything on, with the key. Whoever names the forwarder's address means the server's. */
const forwarder = createServer((incoming, outgoing) => {
    const { port } = forwarder.address();
    const headers = { ...incoming.headers, authorization };
    if (headers.host?.endsWith(`:${port}`)) headers.host = server.host;
    if (headers.origin?.endsWith(`:${port}`)) headers.origin = server.origin;
    const forwarded = request(server, { method: incoming.method, headers }, (response) => {
        outgoing.writeHead(response.statusCode, response.headers);
        response.pipe(outgoing);
    });
    outgoing.on("close", () => forwarded.destroy());
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
});

/** Runs every scenario that there is, or every one of a revision. */
async function run(revision) {
    const url = `http://127.0.0.1:${forwarder.address().port}/mcp`;
    // Some scenarios wait in vain for the ends of tasks, ten seconds each.
    const options = ["--suite", "all", "--expected-failures", "expected-failures.yaml", "--timeout", "120000"];
    if (revision) options.push("--spec-version", revision);
    const program = "node_modules/@modelcontextprotocol/conformance/dist/index.js";
    const suite = spawn(process.execPath, [program, "server", "--url", url, ...options]);
    let told = "";
    for (const stream of [suite.stdout, suite.stderr]) stream.on("data", (chunk) => (told += chunk));
    const [status] = await once(suite, "close");
    if (status !== 0 || process.env.RIQ_SUITE_VERBOSE) console.error(told);
    assert.equal(status, 0, "the conformance suite found something: see above");
}

await permit("slow", { compute: "ask" });
await permit("failing", { job: "ask" });
await permit("test", { simple_text: true, error_handling: true, logging_tool: true, streaming_elicitation: true });
forwarder.listen(0, "127.0.0.1");
await once(forwarder, "listening");
// Where a scenario is of several revisions, the first run tries that of 2025-11-25.
await run();
await run("2026-07-28");
forwarder.close();
forwarder.closeAllConnections();
