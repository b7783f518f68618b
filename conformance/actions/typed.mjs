// Checks requests against official clients and generated types. The call is compiled, so that its arguments have the
// package's types. Then it is made, and what the client sends must be what the example says.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import ts from "typescript";
import { answersOtherwise } from "./calls.mjs";

/** Adds what is wrong to the `faults` of each request, which has a `call` and a `prover` from calls.mjs. */
export async function check(requests, directory) {
    const head = [
        'import type { Changed, Discord, GitHub, New } from "./clients.js";',
        'import { answered, dated, described, hubspot, list, mailgun, notion, pipedrive, plain, postmark, salesforce, slack, stripe, written } from "./clients.js";',
        "export const calls = [",
    ];
    const lines = requests.map((one) => `() => answered(${source(one)}, ${answers(one)}),`);
    writeFileSync(join(directory, "calls.ts"), [...head, ...lines, "];", ""].join("\n"));
    compile(directory, (line, fault) => requests[line - head.length]?.faults.push(fault));
    await run(requests, directory);
}

/** The answers of a success, without those that have no JSON. */
function answers({ provider, template, answers }) {
    if (answersOtherwise(provider.key, template)) return "[]";
    const shown = answers.filter(({ outcome, body }) => ["accepted", "succeeded"].includes(outcome) && body);
    return JSON.stringify(shown.map(({ body }) => JSON.parse(body)));
}

/** The call with the example's values in it. */
function source({ call, prover, template, request }) {
    const names = [...template.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const pattern = new RegExp(`^${template.path.replace(/\{\w+\}/g, "([^/]+)")}$`);
    const path = Object.fromEntries(
        (pattern.exec(request.path) ?? []).slice(1).map((text, i) => [names[i], decodeURIComponent(text)]),
    );
    const query = nested(renamed(prover, request.query));
    const values = {
        path,
        query,
        form: nested(request.form),
        json: request.json,
        all: { ...renamed(prover, path), ...query, ...request.json },
    };
    return call.replace(/\$(\w+)(?:\.(\w+))?/g, (_, place, name) => {
        const value = name === undefined ? values[place] : values[place]?.[name];
        return value === undefined ? "undefined" : JSON.stringify(value);
    });
}

/** Values with the names that the client has for them. */
const renamed = ({ names = {} }, values) =>
    values && Object.fromEntries(Object.entries(values).map(([name, value]) => [names[name] ?? name, value]));

/** `{ "metadata[run]": "run_1", "tags[0]": "a" }` as clients take it: `{ metadata: { run: "run_1" }, tags: ["a"] }`. */
function nested(pairs) {
    if (pairs === undefined) return undefined;
    const result = {};
    for (const [name, value] of Object.entries(pairs)) {
        const [, outer, inner] = /^(\w+)\[(\w+)\]$/.exec(name) ?? [];
        if (outer === undefined) result[name] = value;
        else (result[outer] ??= /^\d+$/.test(inner) ? [] : {})[inner] = value;
    }
    return result;
}

function compile(directory, report) {
    const { config } = ts.readConfigFile(join(directory, "tsconfig.json"), ts.sys.readFile);
    const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, directory);
    const program = ts.createProgram(fileNames, options);
    for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
        const text = ts.flattenDiagnosticMessageText(messageText, "\n");
        if (file === undefined || !file.fileName.endsWith("/calls.ts")) throw new Error(`${file?.fileName}: ${text}`);
        report(file.getLineAndCharacterOfPosition(start).line, text);
    }
    program.emit();
}

/** Makes each call against a server on this machine, and compares what arrives. */
async function run(requests, directory) {
    let arrived;
    const server = createServer(async (message, response) => {
        arrived ??= { sent: await read(message), headers: message.headers };
        response.writeHead(200, { "content-type": "application/json" }).end('{"ok": true}');
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    process.env.ORIGIN = `http://127.0.0.1:${server.address().port}`;
    const { calls } = await import(pathToFileURL(join(directory, "calls.js")));
    for (const [index, { provider, prover, request, faults }] of requests.entries()) {
        arrived = undefined;
        let error;
        try {
            const call = calls[index]();
            // A described operation has no client.
            if (call === undefined) continue;
            await call;
        } catch (thrown) {
            // The made-up answer need not please the client.
            error = thrown;
        }
        if (arrived === undefined) faults.push(`the client sends nothing: ${error}`);
        else
            faults.push(...differences(prover, expected(prover, request), arrived.sent), ...headers(provider, arrived));
    }
    server.close();
    server.closeAllConnections();
}

/** Where both send a header that does not hold a credential, such as the version of the API, it must be the same. */
function headers(provider, arrived) {
    return Object.entries(provider.auth[0].request?.headers ?? {})
        .filter(([, value]) => !value.includes("{"))
        .map(([name, value]) => [name, value, arrived.headers[name.toLowerCase()] ?? value])
        .filter(([, value, sent]) => value !== sent)
        .map(([name, value, sent]) => `the client's ${name} is ${sent}, the file's ${value}`);
}

async function read(message) {
    const { pathname, searchParams } = new URL(message.url, "http://localhost");
    const body = Buffer.concat(await message.toArray());
    const type = message.headers["content-type"] ?? "";
    const sent = { method: message.method, path: pathname, query: joined([...searchParams]) };
    if (body.length === 0) return sent;
    if (type.includes("json")) return { ...sent, json: JSON.parse(body) };
    const form = await new Response(body, { headers: { "content-type": type } }).formData();
    return { ...sent, form: joined([...form]) };
}

/** What the client should send. */
function expected({ anywhere }, { method, path, query, form, json }) {
    if (anywhere) {
        const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
        const all = Object.entries({ ...query, ...json }).map(([name, value]) => [name, text(value)]);
        return { method: "POST", path, query: {}, form: joined(all) };
    }
    const pairs = (place) =>
        joined(Object.entries(place ?? {}).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
    return { method, path, query: pairs(query), ...(form && { form: pairs(form) }), ...(json && { json }) };
}

/** Pairs as an object. Values of one name are joined, because clients write lists as `a=1&a=2` or as `a=1,2`. */
function joined(pairs) {
    const result = {};
    for (const [name, value] of pairs) result[name] = name in result ? `${result[name]},${value}` : value;
    return result;
}

function differences(prover, example, arrived) {
    const same = (value) => value;
    const { path = same, json = same } = prover;
    const comparable = (request) => ({ ...request, ...(request.json && { json: json(request.json) }) });
    const wanted = comparable({ ...example, query: renamed(prover, example.query) });
    const sent = comparable({ ...arrived, path: path(arrived.path) });
    return [...new Set([...Object.keys(wanted), ...Object.keys(sent)])]
        .filter((part) => !isDeepStrictEqual(wanted[part], sent[part]))
        .map(
            (part) =>
                `the client's ${part} is ${JSON.stringify(sent[part])}, the example's ${JSON.stringify(wanted[part])}`,
        );
}
