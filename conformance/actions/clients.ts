// The clients, which send to this machine, and how the examples' values are given to them.
import { Client as HubSpot } from "@hubspot/api-client";
import {
    Connection,
    type SObjectInputRecord,
    type SObjectUpdateRecord,
    type StandardSchema,
} from "@jsforce/jsforce-node";
import { Client as Notion } from "@notionhq/client";
import type { paths } from "@octokit/openapi-types";
import { WebClient } from "@slack/web-api";
import type { Paths } from "discord-api-spec";
import Mailgun from "mailgun.js";
import { v1, v2 } from "pipedrive";
import { ServerClient } from "postmark";
import Stripe from "stripe";

export type GitHub = paths;
export type Discord = Paths;

const origin = process.env.ORIGIN ?? "";
const { host, hostname, port } = new URL(origin);

export const hubspot = new HubSpot({ accessToken: "token", basePath: origin });
export const mailgun = new Mailgun(FormData).client({ username: "api", key: "key", url: origin });
export const notion = new Notion({ auth: "token", baseUrl: origin, notionVersion: "2026-03-11" });
export const postmark = new ServerClient("token", { requestHost: host, useHttps: false });
export const salesforce = new Connection<StandardSchema>({
    instanceUrl: origin,
    accessToken: "token",
    version: "68.0",
});
export const slack = new WebClient("token", { slackApiUrl: `${origin}/` });
export const stripe = new Stripe("key", { host: hostname, port, protocol: "http", telemetry: false });

const first = new v1.Configuration({ basePath: `${origin}/v1`, accessToken: "token" });
const second = new v2.Configuration({ basePath: `${origin}/v2`, accessToken: "token" });
export const pipedrive = {
    activities: new v2.ActivitiesApi(second),
    deals: new v2.DealsApi(second),
    notes: new v1.NotesApi(first),
    persons: new v2.PersonsApi(second),
    stages: new v2.StagesApi(second),
};

/** A value as it is in a query or form: all texts. */
type Written<T> = T extends number
    ? `${number}`
    : T extends boolean | string
      ? `${T}`
      : T extends readonly (infer Item)[]
        ? Written<Item>[]
        : T extends object
          ? { [K in keyof Closed<T>]: Written<Closed<T>[K]> }
          : T;

/** A value as it is in JSON: enumerations are texts. */
type Plain<T> = T extends string
    ? `${T}`
    : T extends readonly (infer Item)[]
      ? Plain<Item>[]
      : T extends object
        ? { [K in keyof Closed<T>]: Plain<Closed<T>[K]> }
        : T;

// Some types have names of their own, and then take any other. Here they take only those that the packages document.
type Prefixed = `h:${string}` | `v:${string}` | `metadata_${string}`;
type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
type Closed<T> = string extends keyof T
    ? keyof Named<T> extends never
        ? T
        : Named<T> & { [K in Prefixed]?: string }
    : T;

/** What examples show of an answer. */
type Shown<T> = T extends string
    ? `${T}`
    : T extends Date
      ? string
      : T extends readonly (infer Item)[]
        ? Shown<Item>[]
        : T extends object
          ? { [K in keyof Closed<T>]?: Shown<Closed<T>[K]> | null }
          : T;

// The type is the one that the call expects. Where it expects none, nothing can be given.
export const written = <T = never>(value: NoInfer<Written<T>>): T => value as T;
export const plain = <T = never>(value: NoInfer<Plain<T>>): T => value as T;

// Salesforce's client takes one record or several.
export type New<Name extends "Case" | "CaseComment" | "Contact"> = SObjectInputRecord<StandardSchema, Name>;
export type Changed<Name extends "Case" | "Contact"> = SObjectUpdateRecord<StandardSchema, Name>;

/** Names that a query separates by commas, as a list. */
export const list = (text?: string) => text?.split(",");

type LogsQuery = Parameters<typeof mailgun.logs.list>[0];
type Dated = Plain<Omit<LogsQuery, "start" | "end">> & { start?: string; end?: string };
/** Mailgun's client takes dates. It wants to know the beginning, for which the API has a default. */
export const dated = ({ start, end, ...rest }: Dated): LogsQuery => ({ ...rest, start: new Date(start ?? 0) });

type Operation = { parameters: { path?: unknown; query?: unknown }; requestBody?: unknown; responses: object };
type Content<R> = R extends { content: { "application/json": infer T } } ? T : R;
type Answer<O extends Operation> = Content<O["responses"][keyof O["responses"] & (200 | 201 | "200")]>;
/** A request of a described operation. Only its types are checked. */
export const described = <O extends Operation>(
    _path: Partial<Written<O["parameters"]["path"]>>,
    _query: Written<O["parameters"]["query"]>,
    _json: Plain<Content<O["requestBody"]>>,
): Promise<Answer<O>> | undefined => undefined;

/** A call, and what examples show of its answers. */
export const answered = <T>(call: PromiseLike<T> | undefined, _answers: NoInfer<Shown<T>>[]) => call;
