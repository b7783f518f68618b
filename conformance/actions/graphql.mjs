// Checks documents, variables and answers against a GraphQL schema.
import {
    executeSync,
    getOperationAST,
    getVariableValues,
    GraphQLList,
    isListType,
    isNonNullType,
    isObjectType,
    isInterfaceType,
    NoDeprecatedCustomRule,
    parse,
    specifiedRules,
    validate,
} from "graphql";

/** A schema as `build` makes it, and as it is for answers that are shortened: everything may be absent. */
export function read(build) {
    const [schema, shortened] = [build(), build()];
    for (const type of Object.values(shortened.getTypeMap())) {
        if (!isObjectType(type) && !isInterfaceType(type)) continue;
        for (const field of Object.values(type.getFields())) field.type = optional(field.type);
    }
    return { schema, shortened };
}

function optional(type) {
    if (isNonNullType(type)) return optional(type.ofType);
    return isListType(type) ? new GraphQLList(optional(type.ofType)) : type;
}

/** What is wrong with a request or its answers, in words. */
export function faults({ schema, shortened }, { template, request, answers }) {
    const document = parse(template.graphql.document);
    const found = validate(schema, document, [...specifiedRules, NoDeprecatedCustomRule]);
    if (found.length > 0) return found.map(({ message }) => message);
    const { variableDefinitions } = getOperationAST(document);
    const declared = new Set(variableDefinitions.map(({ variable }) => variable.name.value));
    const unknown = Object.keys(request.variables ?? {}).filter((name) => !declared.has(name));
    const { errors = [] } = getVariableValues(schema, variableDefinitions, request.variables ?? {});
    const inRequest = [
        ...unknown.map((name) => `the variable ${name} is not declared`),
        ...errors.map(({ message }) => message),
    ];
    if (inRequest.length > 0) return inRequest;
    return answers.flatMap(({ body }) =>
        answerFaults({ schema, shortened }, document, request.variables, JSON.parse(body).data),
    );
}

/** What an answer has must be selected by the document, be of the schema's type, and null only where that is allowed. */
function answerFaults({ schema, shortened }, document, variableValues, data) {
    if (data === undefined || data === null) return [];
    const typeResolver = ({ id }) => /^gid:\/\/shopify\/(\w+)/.exec(id)?.[1];
    const select = (schema) => executeSync({ schema, document, variableValues, rootValue: data, typeResolver });
    const { errors: nulls = [] } = select(schema);
    const { data: selected, errors = [] } = select(shortened);
    const wrong = [...errors, ...nulls.filter(({ path }) => at(data, path) === null)].map(({ message }) => message);
    return wrong.length > 0 ? wrong : surplus(data, selected, "");
}

const at = (value, path) => path.reduce((inner, key) => inner?.[key], value);

/** The members of an answer that the document does not ask for. */
function surplus(answer, selected, path) {
    if (answer === null || typeof answer !== "object") return [];
    return Object.entries(answer).flatMap(([name, member]) =>
        selected !== null && name in Object(selected)
            ? surplus(member, selected[name], `${path}/${name}`)
            : [`the answer has ${path}/${name}, which the document does not ask for`],
    );
}
