// An OAuth server that nobody here wrote: npm's oidc-provider with its own pages for signing in and for consent.
// It is strict where providers are: PKCE, one confidential client that proves itself by HTTP basic, exact redirect
// URIs, refresh tokens that end when they are used.
//
// RIQ_TEST_OAUTH_SERVER holds its settings as JSON: issuer, client_id, client_secret, redirect_uris, more of the
// client's metadata, and certificate and key as PEM. One line on stdout says where it listens.
import { createServer } from 'node:https';
import { pathToFileURL } from 'node:url';

const settings = JSON.parse(process.env.RIQ_TEST_OAUTH_SERVER);
const modules = pathToFileURL(`${process.env.RIQ_TEST_NODE_MODULES}/`);
const { default: Provider } = await import(new URL('oidc-provider/lib/index.js', modules));

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
  features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
  // The logout goes to this machine, which its own protection of outgoing requests refuses.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
});

// As many providers do: a page that opened one of these cannot reach what is opened behind it in the same window.
const pages = provider.callback();
const server = createServer({ cert: settings.certificate, key: settings.key }, (request, response) => {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  return pages(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`listening on ${address}:${port}`);
});
