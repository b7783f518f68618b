// An OAuth server that nobody here wrote: npm's oidc-provider with its own pages for signing in and for consent.
// It is strict where providers are: PKCE, one confidential client that proves itself by HTTP basic, exact redirect
// URIs, refresh tokens that end when they are used.
//
// RIQ_TEST_OAUTH_SERVER holds its settings as JSON: issuer, client_id, client_secret, redirect_uris, more of the
// client's metadata, and certificate and key as PEM. One line on stdout says where it listens.
//
// With `resource`, it also registers clients and issues tokens for that resource (RFC 8707), an MCP server that is
// there under another host, with one tool.
import { createServer } from 'node:https';
import { pathToFileURL } from 'node:url';

const settings = JSON.parse(process.env.RIQ_TEST_OAUTH_SERVER);
const modules = pathToFileURL(`${process.env.RIQ_TEST_NODE_MODULES}/`);
const { default: Provider, errors } = await import(new URL('oidc-provider/lib/index.js', modules));

const guarding = settings.resource && {
  registration: { enabled: true },
  resourceIndicators: {
    enabled: true,
    getResourceServerInfo(ctx, resource) {
      if (resource !== settings.resource) throw new errors.InvalidTarget();
      return { scope: 'tools:read', accessTokenFormat: 'opaque', accessTokenTTL: 600 };
    },
    useGrantedResource: () => true,
  },
};

const provider = new Provider(settings.issuer, {
  clients: [{
    client_id: settings.client_id,
    client_secret: settings.client_secret,
    redirect_uris: settings.redirect_uris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    ...settings.client,
  }],
  clientAuthMethods: ['client_secret_basic'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  claims: { openid: ['sub', 'name', 'groups'], profile: [], email: ['email'] },
  // Whoever signs in exists: the login is the account's id. What follows a plus sign is a group.
  findAccount: (_, login) => ({
    accountId: login,
    claims: () => ({ sub: login, name: `${login} & Co`, groups: login.split('+').slice(1) }),
  }),
  cookies: { keys: ['the browser tests alone'] },
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true }, ...guarding },
  // The logout goes to this machine, which its own protection of outgoing requests refuses.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
});

// As many providers do: a page that opened one of these cannot reach what is opened behind it in the same window.
const pages = provider.callback();
const server = createServer({ cert: settings.certificate, key: settings.key }, (request, response) => {
  if (settings.resource && request.headers.host === new URL(settings.resource).host) {
    return guarded(request, response);
  }
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  return pages(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`listening on ${address}:${port}`);
});

// The MCP server, in revision 2026-07-28. It answers one request as JSON and the other as a stream of events.
async function guarded(request, response) {
  const { pathname, origin } = new URL(settings.resource);
  const metadata = `/.well-known/oauth-protected-resource${pathname}`;
  const json = (status, body, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
  if (request.url === metadata) {
    const { resource, issuer } = settings;
    return json(200, { resource, authorization_servers: [issuer], scopes_supported: ['tools:read'] });
  }
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const found = token && await provider.AccessToken.find(token);
  if (!found || found.aud !== settings.resource || found.isExpired) {
    const challenge = `Bearer resource_metadata="${origin}${metadata}", scope="tools:read"`;
    return json(401, null, { 'www-authenticate': challenge });
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { id, method } = JSON.parse(Buffer.concat(chunks));
  const revision = '2026-07-28';
  if (request.headers['mcp-method'] !== method || request.headers['mcp-protocol-version'] !== revision) {
    return json(400, { jsonrpc: '2.0', id, error: { code: -32020, message: 'Header mismatch' } });
  }
  if (method === 'server/discover') {
    const _meta = { 'io.modelcontextprotocol/serverInfo': { name: 'weather', title: `Weather of ${found.accountId}` } };
    return json(200, { jsonrpc: '2.0', id, result: { supportedVersions: [revision], capabilities: {}, _meta } });
  }
  const tools = [{ name: 'get_weather', inputSchema: { type: 'object' } }];
  const events = [
    { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'looking' } },
    { jsonrpc: '2.0', id, result: { tools } },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  return response.end(events.map((event) => `event: message\ndata: ${JSON.stringify(event)}\n\n`).join(''));
}
