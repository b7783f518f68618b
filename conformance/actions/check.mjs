// Checks every request of every action's examples against what the providers publish, and prints the table of proofs.
//
//     node check.mjs PROVIDERS LINEAR_SCHEMA
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { buildClientSchema, buildSchema } from "graphql";
import { call, isUnknown, provers } from "./calls.mjs";
import { providers, requests } from "./examples.mjs";
import * as graphql from "./graphql.mjs";
import * as typed from "./typed.mjs";

const [folder, linear] = process.argv.slice(2);
const here = import.meta.dirname;
const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const npm = (name) => ({ proof: `npm:${name}`, shown: `\`${name}\` ${dependencies[name]}` });

/** The schemas of those with GraphQL. */
const schemas = {
    linear: {
        proof: "crate:linear-schema",
        shown: `\`linear-schema\` ${/linear-schema-([^/]+)/.exec(linear)[1]}`,
        ...graphql.read(() => buildSchema(readFileSync(linear, "utf8"))),
    },
    shopify: { ...npm("@shopify/dev-mcp"), ...graphql.read(() => shopify("2026-07")) },
};
schemas["shopify-own-app"] = schemas.shopify;

function shopify(version) {
    const file = join(here, `node_modules/@shopify/dev-mcp/dist/data/admin_${version}.json.gz`);
    const introspection = JSON.parse(gunzipSync(readFileSync(file)));
    return buildClientSchema(introspection.data ?? introspection);
}

/** What an action is checked against, as its file must name it in `proof` and as the table shows it. */
function proof(provider, action) {
    if (provider.key in schemas) return schemas[provider.key];
    const prover = provers[provider.key];
    if (prover && !isUnknown(provider.key, action.request)) return npm(prover.package);
    const pages = action.proof.filter((page) => page.startsWith("https://"));
    const read = action.proof.filter((page) => !page.startsWith("https://")).map((one) => `\`${one}\` (read, not run)`);
    const linked = pages.map((page, index) => `[${index + 1}](${page})`);
    return { pages: action.proof, shown: [...read, `pages ${linked.join(", ")}`].join(", ") };
}

/** A provider's line in the first table: how one logs in, how many actions there are, and what they were checked by. */
function summary(provider) {
    const ways = provider.auth.map((way) => way.kind).join(", ");
    const counts = ["read_only", "write", "destructive"].map(
        (kind) => provider.actions.filter((action) => action.kind === kind).length,
    );
    const checked = provider.key in schemas ? "a schema" : provider.key in provers ? "a client or types" : "pages";
    const { name, documentation_url: page, category, reviewed } = provider;
    return `| [${name}](${page}) | ${category} | ${ways} | ${counts.join(" / ")} | ${checked} | ${reviewed} |`;
}

const summaries = [];
const rows = [];
const all = [];
for (const provider of providers(folder)) {
    summaries.push(summary(provider));
    for (const action of provider.actions) {
        const { proof: named, pages, shown } = proof(provider, action);
        const faults = [];
        all.push({ name: `${provider.key} ${action.key}`, faults });
        rows.push(`| ${provider.name} | \`${action.key}\` | ${action.kind} | ${shown} |`);
        if (named === undefined && pages.length < 2) faults.push("`proof` names fewer than two pages");
        if (named !== undefined && !action.proof.includes(named)) faults.push(`\`proof\` does not name ${named}`);
        if (named === undefined) continue;
        for (const request of requests(provider, action)) {
            const prover = provers[provider.key];
            all.push({
                ...request,
                provider,
                prover,
                faults: [],
                call: prover && call(provider.key, request.template),
            });
        }
    }
}

for (const request of all) {
    const schema = schemas[request.provider?.key];
    if (schema !== undefined) request.faults.push(...graphql.faults(schema, request));
    else if (request.template !== undefined && request.call === undefined) {
        request.faults.push(`calls.mjs has no ${request.template.method} ${request.template.path}`);
    }
}
await typed.check(
    all.filter((request) => request.call !== undefined),
    here,
);

const faults = all.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`));
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;

console.log(`# Providers and their actions

What the built-in [provider files](provider-file.md) can do, and what the examples of each action were checked against.
\`cargo xtask conformance actions\` checks them and this page, and writes it with \`--write\`.

- **A client**, such as \`stripe\`: for each request of an example there is a call of the package. It is compiled, so that
  the values have the package's types, and made: method, path, query and body that the client sends must be the
  example's. The documented answers of a success must have the types that the package gives them.
- **Types that are generated from the provider's OpenAPI description**: \`@octokit/openapi-types\` by GitHub, and
  \`discord-api-spec\`, which others make from Discord's description. Operation, query, body and answers must have them.
- **A schema of GraphQL**: the one in Shopify's \`@shopify/dev-mcp\`, and \`linear-schema\`, which others copied from
  Linear. Documents, variables and answers must be valid in it, and use nothing that is deprecated.
- **Pages** of the provider's documentation, two at least, where no package describes the request. Nothing reads them
  by itself. The head of a file says what was not found in the documentation, and what is from other clients' code.

The packages' versions are in the folder [conformance/actions](../../conformance/actions). Beside this, the tests play
each provider against a simulator whose demands were written from the documentation alone.

| provider | category | ways to log in | actions: read / write / destructive | checked by | reviewed |
|---|---|---|---|---|---|
${summaries.join("\n")}

## Every action

| provider | action | kind | checked against |
|---|---|---|---|
${rows.join("\n")}`);
