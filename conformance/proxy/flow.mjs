// The providers' official clients read and write through the proxy. Only the address and the token are ours.
import assert from "node:assert/strict";

import { Client as HubSpot } from "@hubspot/api-client";
import { ForbiddenLinearError, LinearClient, LinearError } from "@linear/sdk";
import { Client as Notion, LogLevel, isHTTPResponseError } from "@notionhq/client";
import { Octokit } from "@octokit/rest";
import { ErrorCode, WebClient } from "@slack/web-api";
import Stripe from "stripe";

const { RIQ_ORIGIN: origin, RIQ_API_KEY: key, RIQ_PROJECT_ID: project } = process.env;
const integrations = `${origin}/api/v1/projects/${project}/integrations`;
const at = (provider) => `${integrations}/${provider}/proxy`;

// The simulated providers lose the answer to this one, and the other must not arrive there.
const [LOST, REFUSED] = ["lost-answer", "refused-write"];
const PAGE = "b55c9c91-384d-452b-81db-d1ef79372b75";

const slack = (options) => new WebClient(key, { slackApiUrl: at("slack"), ...options });
const octokit = new Octokit({ baseUrl: at("github"), auth: key, log: { debug() {}, info() {}, warn() {}, error() {} } });
const notion = new Notion({ baseUrl: at("notion"), auth: key, logLevel: LogLevel.ERROR });
const linear = new LinearClient({ apiUrl: `${at("linear")}/graphql`, accessToken: key });
const hubspot = new HubSpot({ basePath: at("hubspot"), accessToken: key });
// Stripe's client knows a host, and no address below it.
const stripe = new Stripe(key, {
    httpClient: Stripe.createFetchHttpClient((url, init) => {
        const { pathname, search } = new URL(url);
        return fetch(`${at("stripe")}${pathname}${search}`, init);
    }),
});

const react = (client, name) =>
    client.reactions.add({ channel: "C012AB3CD", name, timestamp: "1503435956.000247" });
const issue = { owner: "octocat", repo: "hello-world", issue_number: 1347 };
const repeatsNothing = { retryConfig: { retries: 0 } };

/**
 * Of each client: the permission for its write, a read with what it finds, a write with a word in it, whether an error
 * is of its own type, and the status and the words that it holds.
 */
const clients = {
    slack: {
        permission: "add_reaction",
        read: async () => (await slack().conversations.list({ limit: 5 })).channels[0].name,
        found: "general",
        write: (word) => react(slack(), word),
        // It would repeat the refused request for half an hour.
        writeOnce: (word) => react(slack(repeatsNothing), word),
        isOwn: (error) => [ErrorCode.HTTPError, ErrorCode.PlatformError].includes(error.code),
        told: (error) => [error.statusCode, error.body],
        // Slack answers 200 whatever happened.
        lost: (error) => [error.data.code, error.data.error],
        lostAs: "OUTCOME_UNKNOWN",
    },
    github: {
        permission: "comment_on_issue",
        // The pages behind the first have the addresses in `Link`.
        read: async () => {
            const { listReleases } = octokit.rest.repos;
            const all = await octokit.paginate(listReleases, { owner: issue.owner, repo: issue.repo, per_page: 1 });
            return all.map((release) => release.tag_name).join();
        },
        found: "v1.0.0,v0.9.0",
        write: (word) => octokit.rest.issues.createComment({ ...issue, body: word }),
        isOwn: (error) => error.name === "HttpError",
        told: (error) => [error.status, error.response.data.error],
    },
    notion: {
        permission: "comment_on_page",
        read: async () => (await notion.pages.retrieve({ page_id: PAGE })).id,
        found: PAGE,
        write: (word) =>
            notion.comments.create({ parent: { page_id: PAGE }, rich_text: [{ type: "text", text: { content: word } }] }),
        isOwn: isHTTPResponseError,
        told: (error) => [error.status, error.body],
    },
    stripe: {
        permission: "update_customer",
        read: async () => (await stripe.customers.list({ email: "jenny.rosen@example.com", limit: 1 })).data[0].id,
        found: "cus_NffrFeUfNV2Hib",
        write: (word) => stripe.customers.update("cus_NffrFeUfNV2Hib", { metadata: { order_id: word } }),
        isOwn: (error) => error instanceof Stripe.errors.StripeError,
        // It takes an error that is a text for the kind of one.
        told: (error) => [error.statusCode, error.rawType],
    },
    linear: {
        permission: "comment_on_issue",
        read: async () => (await linear.issue("ENG-12")).title,
        found: "The export fails",
        write: (word) => linear.createComment({ issueId: "ENG-12", body: word }),
        isOwn: (error) => error instanceof (error.status === 403 ? ForbiddenLinearError : LinearError),
        told: (error) => [error.status, error.message],
    },
    hubspot: {
        permission: "update_contact",
        read: async () => (await hubspot.crm.contacts.basicApi.getById("512", ["email"])).properties.email,
        found: "bcooper@biglytics.net",
        write: (word) => hubspot.crm.contacts.basicApi.update("512", { properties: { jobtitle: word } }),
        isOwn: (error) => error.constructor.name === "ApiException",
        told: (error) => [error.code, error.body.error],
    },
};

async function permit(provider, permission) {
    const response = await fetch(`${integrations}/${provider}/lifecycle`, {
        method: "PATCH",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body: JSON.stringify({ action_permissions: { [permission]: true } }),
    });
    assert.equal(response.status, 200, await response.text());
}

async function fails(name, client, writing, told, status, words) {
    const error = await writing.then(() => assert.fail(`${name}: no error`), (error) => error);
    assert.ok(client.isOwn(error), `${name}: ${error.stack}`);
    const [itsStatus, text] = told(error);
    assert.equal(itsStatus, status, `${name}: ${error.stack}`);
    assert.ok(JSON.stringify(text).includes(words), `${name}: ${JSON.stringify(text)}`);
}

for (const [name, client] of Object.entries(clients)) {
    assert.equal(await client.read(), client.found, name);
    const { permission, write, writeOnce = write, told, lost = told, lostAs = 504 } = client;
    await fails(name, client, writeOnce(REFUSED), told, 403, `${permission} would have to be permitted`);
    await permit(name, permission);
    await write("written");
    await fails(name, client, write(LOST), lost, lostAs, "it may have been done");
}
