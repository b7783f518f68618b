// Reads the provider files: every request that an example names, and the one that finds a lost write again.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";

export function providers(directory) {
    const files = readdirSync(directory).filter((name) => name.endsWith(".toml"));
    // As JSON, because a parsed table is no plain object.
    return files
        .sort()
        .map((name) => JSON.parse(JSON.stringify(parse(readFileSync(join(directory, name), "utf8")))))
        .map((provider) => ({ actions: [], ...provider }));
}

/** The requests of an action. Each has the request's template in the file, and the answers it may get. */
export function requests(provider, action) {
    const all = action.examples.flatMap((example) => {
        const readings = ["evidence", "steps"].flatMap((kind) =>
            (action[kind] ?? []).map((template, index) => {
                const { request, answer } = example[kind][index];
                return {
                    name: `${example.name}, ${kind} ${index + 1}`,
                    template,
                    request,
                    answers: [{ outcome: "succeeded", body: answer }],
                };
            }),
        );
        return [
            ...readings,
            { name: example.name, template: action.request, request: example.request, answers: example.answers },
        ];
    });
    if (action.resolve !== undefined) {
        all.push({ name: "resolve", template: action.resolve, request: resolve(action), answers: [] });
    }
    return all.map((one) => ({
        ...one,
        name: `${provider.key} ${action.key}: ${one.name}`,
        request: read(one.request),
    }));
}

/** JSON bodies and variables may be written as texts, because TOML has no null. */
function read(request) {
    const value = (member) => (typeof member === "string" ? JSON.parse(member) : member);
    return { ...request, json: value(request.json), variables: value(request.variables) };
}

/** The request that finds a lost write again, after the first example. */
function resolve(action) {
    const [example] = action.examples;
    const values = { run: "run_1", ...example.connection, ...example.input };
    for (const input of action.input) {
        values[input.key] ??= input.default ?? example.settings?.[input.default_setting];
    }
    const { method, path, query, json, graphql } = action.resolve;
    const filled = fill({ query, json, variables: graphql?.variables }, values);
    const segments = path.split("/").map((segment) => encodeURIComponent(fill(segment, values)));
    return { method, path: segments.join("/"), ...filled };
}

/** A template with its placeholders replaced. What has no value is left out. */
function fill(template, values) {
    if (typeof template === "string") {
        const whole = /^\{(\w+)\}$/.exec(template);
        return whole ? values[whole[1]] : template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    }
    if (Array.isArray(template)) return template.map((item) => fill(item, values)).filter((item) => item !== undefined);
    if (template === null || typeof template !== "object") return template;
    const members = Object.entries(template).map(([name, member]) => [name, fill(member, values)]);
    return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}
