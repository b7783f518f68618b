// For each request of a provider, the call of its own client that sends the same, or the type that describes it.
//
// `$path.NAME` is a value from the path, `$query`, `$form` and `$json` are what the example sends there, and `$all` is all
// of them in one object. `written` is for values that are texts on the wire, `plain` for JSON: see clients.ts.

/** The package of each provider, and in what its client differs from the examples without sending another request. */
export const provers = {
    discord: { package: "discord-api-spec" },
    github: { package: "@octokit/openapi-types" },
    hubspot: {
        package: "@hubspot/api-client",
        // The package sends to version 3. The dated versions have the same operations below another path.
        path: (path) => path.replace(/^\/crm\/v3\/(objects|pipelines)/, "/crm/$1/2026-09"),
    },
    // The client takes dates for these two, demands the first, and always sends both.
    mailgun: { package: "mailgun.js", json: ({ start, end, ...rest }) => rest },
    notion: { package: "@notionhq/client" },
    pipedrive: { package: "pipedrive" },
    // The client writes some names of a query with other capitals, which mean nothing there.
    postmark: {
        package: "postmark",
        names: {
            EmailAddress: "emailAddress",
            fromdate: "fromDate",
            fromemail: "fromEmail",
            messagestream: "messageStream",
            todate: "toDate",
        },
    },
    salesforce: { package: "@jsforce/jsforce-node", names: { case_id: "Id", contact_id: "Id" } },
    // Slack takes arguments in a query, a form or as JSON. The client always sends forms.
    slack: { package: "@slack/web-api", anywhere: true },
    stripe: { package: "stripe" },
};

const described = (type, method, path) =>
    `described<${type}["${path}"]["${method.toLowerCase()}"]>($path, $query, $json)`;
const descriptions = {
    discord: (method, path) => described("Discord", method, `/webhooks/{webhook_id}/{webhook_token}${path}`),
    github: (method, path) => described("GitHub", method, path),
};

const calls = {
    hubspot: {
        "POST /crm/objects/2026-09/contacts": "hubspot.crm.contacts.basicApi.create(plain($json))",
        "POST /crm/objects/2026-09/contacts/search": "hubspot.crm.contacts.searchApi.doSearch(plain($json))",
        "GET /crm/objects/2026-09/contacts/{contact_id}":
            "hubspot.crm.contacts.basicApi.getById($path.contact_id, list($query.properties))",
        "PATCH /crm/objects/2026-09/contacts/{contact_id}":
            "hubspot.crm.contacts.basicApi.update($path.contact_id, plain($json))",
        "DELETE /crm/objects/2026-09/contacts/{contact_id}": "hubspot.crm.contacts.basicApi.archive($path.contact_id)",
        "POST /crm/objects/2026-09/deals/search": "hubspot.crm.deals.searchApi.doSearch(plain($json))",
        "POST /crm/objects/2026-09/notes": "hubspot.crm.objects.notes.basicApi.create(plain($json))",
        "POST /crm/objects/2026-09/tickets": "hubspot.crm.tickets.basicApi.create(plain($json))",
        "GET /crm/pipelines/2026-09/{object}": "hubspot.crm.pipelines.pipelinesApi.getAll($path.object)",
    },
    mailgun: {
        "POST /v1/analytics/logs": "mailgun.logs.list(dated($json))",
        "POST /v3/{domain}/messages": "mailgun.messages.create($path.domain, written($form))",
        "GET /v3/{domain}/bounces/{address}": "mailgun.suppressions.get($path.domain, 'bounces', $path.address)",
        "DELETE /v3/{domain}/bounces/{address}": "mailgun.suppressions.destroy($path.domain, 'bounces', $path.address)",
        "GET /v3/{domain}/unsubscribes/{address}":
            "mailgun.suppressions.get($path.domain, 'unsubscribes', $path.address)",
        "POST /v3/{domain}/unsubscribes": "mailgun.suppressions.create($path.domain, 'unsubscribes', plain($json))",
    },
    notion: {
        "POST /v1/search": "notion.search(plain($all))",
        "GET /v1/pages/{page_id}": "notion.pages.retrieve(plain($all))",
        "GET /v1/pages/{page_id}/markdown": "notion.pages.retrieveMarkdown(plain($all))",
        "POST /v1/pages": "notion.pages.create(plain($all))",
        "PATCH /v1/pages/{page_id}": "notion.pages.update(plain($all))",
        "GET /v1/blocks/{block_id}": "notion.blocks.retrieve(plain($all))",
        "PATCH /v1/blocks/{block_id}/children": "notion.blocks.children.append(plain($all))",
        "GET /v1/data_sources/{data_source_id}": "notion.dataSources.retrieve(plain($all))",
        "POST /v1/data_sources/{data_source_id}/query": "notion.dataSources.query(plain($all))",
        "POST /v1/comments": "notion.comments.create(plain($all))",
    },
    pipedrive: {
        "GET /v2/persons/search": "pipedrive.persons.searchPersons(written($query))",
        "POST /v2/persons": "pipedrive.persons.addPerson({ AddPersonRequest: plain($json) })",
        "GET /v2/persons/{person_id}": "pipedrive.persons.getPerson({ id: written($path.person_id) })",
        "PATCH /v2/persons/{person_id}":
            "pipedrive.persons.updatePerson({ id: written($path.person_id), UpdatePersonRequest: plain($json) })",
        "GET /v2/deals": "pipedrive.deals.getDeals(written($query))",
        "GET /v2/deals/{deal_id}": "pipedrive.deals.getDeal({ id: written($path.deal_id) })",
        "DELETE /v2/deals/{deal_id}": "pipedrive.deals.deleteDeal({ id: written($path.deal_id) })",
        "GET /v2/stages": "pipedrive.stages.getStages(written($query))",
        "POST /v2/activities": "pipedrive.activities.addActivity({ AddActivityRequest: plain($json) })",
        "POST /v1/notes": "pipedrive.notes.addNote({ AddNoteRequest: plain($json) })",
    },
    postmark: {
        "GET /messages/outbound": "postmark.getOutboundMessages(written($query))",
        "GET /messages/outbound/{message_id}/details": "postmark.getOutboundMessageDetails($path.message_id)",
        "GET /bounces": "postmark.getBounces(written($query))",
        "POST /email": "postmark.sendEmail(plain($json))",
        "POST /email/withTemplate": "postmark.sendEmailWithTemplate(plain($json))",
        "GET /message-streams/{message_stream}/suppressions/dump":
            "postmark.getSuppressions($path.message_stream, written($query))",
        "POST /message-streams/{message_stream}/suppressions":
            "postmark.createSuppressions($path.message_stream, plain($json))",
        "POST /message-streams/{message_stream}/suppressions/delete":
            "postmark.deleteSuppressions($path.message_stream, plain($json))",
    },
    salesforce: {
        "GET /services/data/v68.0/query": "salesforce.query<New<'Contact'>>($query.q)",
        "POST /services/data/v68.0/sobjects/Case": "salesforce.sobject('Case').create(plain<New<'Case'>>($json))",
        "GET /services/data/v68.0/sobjects/Case/{case_id}":
            "salesforce.sobject('Case').retrieve($path.case_id, { fields: list($query.fields) })",
        "PATCH /services/data/v68.0/sobjects/Case/{case_id}":
            "salesforce.sobject('Case').update(plain<Changed<'Case'>>($all))",
        "POST /services/data/v68.0/sobjects/CaseComment":
            "salesforce.sobject('CaseComment').create(plain<New<'CaseComment'>>($json))",
        "POST /services/data/v68.0/sobjects/Contact":
            "salesforce.sobject('Contact').create(plain<New<'Contact'>>($json))",
        "GET /services/data/v68.0/sobjects/Contact/{contact_id}":
            "salesforce.sobject('Contact').retrieve($path.contact_id, { fields: list($query.fields) })",
        "PATCH /services/data/v68.0/sobjects/Contact/{contact_id}":
            "salesforce.sobject('Contact').update(plain<Changed<'Contact'>>($all))",
        "GET /services/data/v68.0/sobjects/{object}/{id}": "salesforce.sobject($path.object).retrieve($path.id)",
        "DELETE /services/data/v68.0/sobjects/{object}/{id}": "salesforce.sobject($path.object).destroy($path.id)",
    },
    slack: {
        "GET /conversations.list": "slack.conversations.list(written($query))",
        "GET /conversations.history": "slack.conversations.history(written($query))",
        "GET /conversations.replies": "slack.conversations.replies(written($query))",
        "GET /users.lookupByEmail": "slack.users.lookupByEmail(written($query))",
        "GET /chat.getPermalink": "slack.chat.getPermalink(written($query))",
        "POST /chat.postMessage": "slack.chat.postMessage(plain($json))",
        "POST /chat.delete": "slack.chat.delete(plain($json))",
        "POST /reactions.add": "slack.reactions.add(plain($json))",
    },
    stripe: {
        "GET /v1/customers": "stripe.customers.list(written($query))",
        "GET /v1/customers/{customer}": "stripe.customers.retrieve($path.customer)",
        "POST /v1/customers/{customer}": "stripe.customers.update($path.customer, written($form))",
        "GET /v1/charges": "stripe.charges.list(written($query))",
        "GET /v1/charges/{charge}": "stripe.charges.retrieve($path.charge)",
        "GET /v1/refunds": "stripe.refunds.list(written($query))",
        "POST /v1/refunds": "stripe.refunds.create(written($form))",
        "GET /v1/subscriptions": "stripe.subscriptions.list(written($query))",
        "GET /v1/subscriptions/{subscription}": "stripe.subscriptions.retrieve($path.subscription)",
        "DELETE /v1/subscriptions/{subscription}": "stripe.subscriptions.cancel($path.subscription, written($query))",
    },
};

const otherAnswers = {
    // The newest version says where the object's page is.
    hubspot: ["POST /crm/objects/2026-09/contacts", "POST /crm/objects/2026-09/tickets"],
    // The client makes a number of the code.
    mailgun: ["GET /v3/{domain}/bounces/{address}"],
    // The client's type has the count as a text.
    postmark: ["GET /messages/outbound"],
};

const unknown = {
    // The description knows `term`, the package does not.
    mailgun: ["GET /v3/{domain}/{list}"],
    salesforce: ["GET /services/data/v68.0/parameterizedSearch"],
};

/** Whether a provider's package does not know a request, so that two pages must be enough. */
export const isUnknown = (provider, { method, path }) => unknown[provider]?.includes(`${method} ${path}`);

/** The call or type for a request. */
export const call = (provider, { method, path }) =>
    descriptions[provider]?.(method, path) ?? calls[provider]?.[`${method} ${path}`];

/** Whether the package's type of an answer is not the provider's, whom the examples follow. */
export const answersOtherwise = (provider, { method, path }) => otherAnswers[provider]?.includes(`${method} ${path}`);
