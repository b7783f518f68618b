// Where the server is, and what to call it with.
function variable(name: string): string {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
}

export const origin = variable("RIQ_ORIGIN");
export const apiKey = variable("RIQ_API_KEY");
export const projectId = variable("RIQ_PROJECT_ID");
