// A certified OpenID Connect provider (npm: oidc-provider) with fictional people, for
// tests/tests/scenarios/oidc.rs alone: plain HTTP on this machine, everything in memory.
//
//   ZL_SECRET=<client secret> node server.mjs <port> <where browsers are sent back to>
//
// Prints "listening" once it answers. Whoever types a name is that person; who ticks "factor" has
// shown a second factor; who ticks "decline" is sent back without having signed in.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import http from 'node:http';
import Provider from 'oidc-provider';

const [port, back] = process.argv.slice(2);
const MFA = 'urn:zhenglian:test:mfa';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'zhenglian',
    client_secret: process.env.ZL_SECRET,
    redirect_uris: [back],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  // The account's name stands in the ID token itself, as most products put it there.
  conformIdTokenClaims: false,
  claims: { openid: ['sub', 'acr', 'amr', 'auth_time'], profile: ['preferred_username', 'staff_no'] },
  acrValues: [MFA],
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: `sub-of-${id}`, preferred_username: id, staff_no: `no-${id}` }),
  }),
  // One client of the own department: nobody is asked whether it may know a name.
  async loadExistingGrant(ctx) {
    const { client, session } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
});

const FORM = (uid) => `<!doctype html><title>Sign in</title><form method="post" action="/interaction/${uid}">
<input name="login"><input name="factor" type="checkbox"><input name="decline" type="checkbox"><button>Go on</button></form>`;

async function interaction(request, response, uid) {
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    return response.end(FORM(uid));
  }
  let body = '';
  for await (const part of request) body += part;
  const fields = new URLSearchParams(body);
  const result = fields.has('decline')
    ? { error: 'access_denied' }
    : {
      login: {
        accountId: fields.get('login'),
        ...(fields.has('factor') ? { acr: MFA, amr: ['pwd', 'otp'] } : { amr: ['pwd'] }),
      },
    };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const others = provider.callback();
http.createServer((request, response) => {
  const [, uid] = /^\/interaction\/([\w-]+)$/.exec(request.url) ?? [];
  if (!uid) return others(request, response);
  return interaction(request, response, uid).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
