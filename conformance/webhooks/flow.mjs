// A receiver that verifies messages with Standard Webhooks' own package, and as the contract says: before, during and
// after the rotation of the secret. It writes what it got to the file that it is told, for others to verify.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const [file] = process.argv.slice(2);
const project = `${process.env.RIQ_ORIGIN}/api/v1/projects/${process.env.RIQ_PROJECT_ID}`;

const call = async (method, path, body) => {
  const answer = await fetch(project + path, {
    method,
    headers: { "x-api-key": process.env.RIQ_API_KEY, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const told = await answer.json();
  assert.ok(answer.ok, JSON.stringify(told));
  return told.data;
};

const receiver = createServer();
receiver.listen(0, "127.0.0.1");
await once(receiver, "listening");

// The next message, with the bytes of its body.
const next = async () => {
  const [request, answer] = await once(receiver, "request", { signal: AbortSignal.timeout(30_000) });
  const parts = [];
  for await (const part of request) parts.push(part);
  answer.writeHead(204).end();
  return { headers: request.headers, body: Buffer.concat(parts).toString() };
};

const byContract = (secret, body) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

const got = [];
const after = async (change, secrets, contract) => {
  const [message] = await Promise.all([next(), change()]);
  for (const secret of secrets) {
    const read = new Webhook(secret).verify(message.body, message.headers);
    assert.equal(read.id, message.headers["webhook-id"]);
  }
  assert.equal(message.headers["x-rogeriq-signature"], byContract(contract, message.body));
  got.push({ ...message, secrets });
  return message;
};

const rename = (name) => () => call("PATCH", "/integrations/slack/lifecycle", { display_name: name });
const { port } = receiver.address();
const webhook = await call("POST", "/webhooks", { url: `http://127.0.0.1:${port}/`, events: ["*"] });
const first = webhook.secret;

// What signs before a rotation, and what is refused.
const message = await after(rename("Ünïcødé 🎉"), [first], first);
assert.equal(JSON.parse(message.body).type, "integration.lifecycle.updated");
const refused = (body, headers, secret = first) =>
  assert.throws(() => new Webhook(secret).verify(body, headers), WebhookVerificationError);
refused(`${message.body} `, message.headers);
refused(message.body, { ...message.headers, "webhook-id": "evt_0" });
refused(message.body, { ...message.headers, "webhook-timestamp": "1" });

// During the overlap both secrets sign, and the contract's header is by the old one.
const { secret: second } = await call("POST", `/webhooks/${webhook.id}/rotate-secret`, { overlap_seconds: 3600 });
await after(rename("Acme"), [first, second], first);

// Without one the new secret signs alone.
const { secret: third } = await call("POST", `/webhooks/${webhook.id}/rotate-secret`, {});
const last = await after(() => call("POST", `/webhooks/${webhook.id}/test`), [third], third);
refused(last.body, last.headers, first);
refused(last.body, last.headers, second);

await writeFile(file, JSON.stringify(got));
receiver.close();
receiver.closeAllConnections();
