// The OAuth clients of @modelcontextprotocol/sdk 1.x and @modelcontextprotocol/client 2.x, as they are, with an authorization server that
// certifies as one: oidc-provider. The former speaks 2025-11-25, the latter 2026-07-28.
//
// The user's part is played here: a browser without a window that follows redirections and logs in as whoever is asked for.

import { createServer } from "node:http";
import { createServer as listenSomewhere } from "node:net";
import * as second from "@modelcontextprotocol/client";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import Provider, { errors } from "oidc-provider";
import { startOf } from "./host.mjs";
import { check, equal, installed, rejected, run, server, sleep, text } from "./tap.mjs";

const packages = ["@modelcontextprotocol/sdk", "@modelcontextprotocol/client", "oidc-provider"];
console.log(`# ${packages.map(installed).join(", ")}`);

/** The SDKs: their classes, and what each is told and tells in its own way. */
const FIRST = {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  options: {},
  unauthorized: 401,
  finish: (transport, callback) => transport.finishAuth(callback.get("code")),
};
const SECOND = {
  Client: second.Client,
  StreamableHTTPClientTransport: second.StreamableHTTPClientTransport,
  UnauthorizedError: second.UnauthorizedError,
  options: { versionNegotiation: { mode: { pin: "2026-07-28" } } },
  unauthorized: "CLIENT_HTTP_AUTHENTICATION",
  finish: (transport, callback) => transport.finishAuth(callback),
};

/** How long an access token is good where it is to be refreshed, in seconds. */
const SHORT = 2;

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((resolve) => {
    const listener = listenSomewhere().listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}

async function read(request) {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  return body;
}

/** Starts an authorization server for this resource; `log` tells what it granted, in order. */
async function authorizing(resource, { refreshes, ttl = 300 }) {
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const log = { registered: 0, granted: [], asked: [] };
  const provider = new Provider(issuer, {
    clientDefaults: { id_token_signed_response_alg: "RS256" },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_, indicator) {
          if (indicator !== resource) throw new errors.InvalidTarget();
          return { scope: "mcp:use notes:write", audience: resource, accessTokenFormat: "jwt", accessTokenTTL: ttl };
        },
        useGrantedResource: () => true,
      },
    },
    interactions: { url: (_, { uid }) => `/login/${uid}` },
    issueRefreshToken: () => refreshes,
    // The user agrees to whatever the client asks for.
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope(oidc.params.scope ?? "");
      grant.addResourceScope(resource, oidc.params.scope ?? "");
      await grant.save();
      log.asked.push(oidc.params.scope);
      return grant;
    },
    pkce: { required: () => true },
    scopes: ["openid", "offline_access", "mcp:use", "notes:write"],
    ttl: { AccessToken: ttl, Grant: 600, Interaction: 600, RefreshToken: 600, Session: 600 },
  });
  provider.on("registration_create.success", () => (log.registered += 1));
  provider.on("grant.success", ({ oidc }) => log.granted.push(oidc.params.grant_type));
  const answers = provider.callback();
  const listener = createServer(async (request, response) => {
    if (request.url === "/reg") {
      // The client registers with the scopes of the first challenge; to be held to them would bar it from stepping up for ever.
      const { scope: _, ...metadata } = JSON.parse(await read(request));
      request.body = metadata;
    }
    if (!request.url.startsWith("/login/")) return answers(request, response);
    await provider.interactionFinished(request, response, { login: { accountId: "ann" }, consent: {} });
  });
  await new Promise((resolve) => listener.listen(Number(new URL(issuer).port), "127.0.0.1", resolve));
  return { issuer, log, close: () => listener.close() };
}

/** Follows redirections from this URL with cookies, as a browser does, to one that begins with `end`. */
async function browse(url, end) {
  const cookies = new Map();
  for (let hops = 0; hops < 10; hops += 1) {
    if (String(url).startsWith(end)) return new URL(url);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [name, value] = set.split(";")[0].split("=");
      cookies.set(name, value);
    }
    const next = response.headers.get("location");
    if (!next) throw new Error(`${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    url = new URL(next, url);
  }
  throw new Error(`too many redirections, to ${url}`);
}

/** What an application keeps for an SDK; `callback` is what the user's browser came back with. */
function keeping() {
  const redirectUrl = "http://127.0.0.1:1/callback";
  const kept = { callback: undefined };
  return {
    kept,
    redirectUrl,
    clientMetadata: {
      client_name: "peer",
      redirect_uris: [redirectUrl],
      application_type: "native",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    clientInformation: () => kept.client,
    saveClientInformation: (client) => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: (tokens) => void (kept.tokens = tokens),
    codeVerifier: () => kept.verifier,
    saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
    discoveryState: () => kept.discovered,
    saveDiscoveryState: (discovered) => void (kept.discovered = discovered),
    async redirectToAuthorization(url) {
      kept.callback = (await browse(url, redirectUrl)).searchParams;
    },
  };
}

/** A server that believes an authorization server of its own, and both. */
async function protectedServer(settings) {
  const address = `127.0.0.1:${await freePort()}`;
  const authorization = await authorizing(`http://${address}/mcp`, settings);
  const running = await startOf(server.binary, "--http", address, "--issuer", authorization.issuer);
  return { ...running, authorization };
}

/** Does it once more after the user has logged in, if that is what it takes. */
async function loggingIn(sdk, provider, transport, work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof sdk.UnauthorizedError)) throw error;
    check(provider.kept.callback, "the user was not asked to log in");
    await sdk.finish(transport(), provider.kept.callback);
    return await work();
  }
}

/** Connects from nothing but the server's URL. */
async function connect(sdk, url, provider) {
  let client, transport;
  await loggingIn(sdk, provider, () => transport, async () => {
    client = new sdk.Client({ name: "peer", version: "1" }, sdk.options);
    transport = new sdk.StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
    await client.connect(transport);
  });
  return { client, transport };
}

const scopes = ({ kept }) => JSON.parse(Buffer.from(kept.tokens.access_token.split(".")[1], "base64url")).scope.split(" ").sort();

/** Calls a tool that takes one more scope than the token has. */
async function steppingUp(sdk, settings) {
  const { url, authorization } = await protectedServer(settings);
  const provider = keeping();
  const { client, transport } = await connect(sdk, url, provider);
  const { tools } = await client.listTools();
  check(tools.some(({ name }) => name === "write_note"), "the tool is not listed");
  const write = () => client.callTool({ name: "write_note", arguments: { note: "hi" } });
  equal(text(await loggingIn(sdk, provider, () => transport, write)), "ann wrote: hi", "the result");
  // One SDK asks for what lets it refresh its token as well.
  const asked = authorization.log.asked.at(-1).split(" ").filter((scope) => scope !== "offline_access");
  equal(asked, ["mcp:use", "notes:write"], "what was asked for");
  equal(scopes(provider), ["mcp:use", "notes:write"], "the scopes");
  await client.close();
}

const casesOf = (sdk) => ({
  async "discovering, registering, logging in"() {
    const { url, authorization } = await protectedServer({ refreshes: false });
    const provider = keeping();
    const { client } = await connect(sdk, url, provider);
    equal([authorization.log.registered, authorization.log.granted], [1, ["authorization_code"]], "the log");
    equal(scopes(provider), ["mcp:use"], "the scopes");
    equal(text(await client.callTool({ name: "greet", arguments: { name: "Ann" } })), "Hello, Ann!", "the greeting");
    await client.close();
  },
  async "refreshing a token that has expired"() {
    const { url, authorization } = await protectedServer({ refreshes: true, ttl: SHORT });
    const provider = keeping();
    const { client } = await connect(sdk, url, provider);
    await sleep(SHORT * 1_000 + 500);
    equal(text(await client.callTool({ name: "greet", arguments: { name: "Ann" } })), "Hello, Ann!", "the greeting");
    equal(authorization.log.granted, ["authorization_code", "refresh_token"], "what was granted");
    await client.close();
  },
  "stepping up for one tool": () => steppingUp(sdk, { refreshes: false }),
  "stepping up with a refresh token": () => steppingUp(sdk, { refreshes: true }),
  async "a token for another server"() {
    const one = await protectedServer({ refreshes: false });
    const other = await protectedServer({ refreshes: false });
    const provider = keeping();
    const { client } = await connect(sdk, one.url, provider);
    const headers = { Authorization: `Bearer ${provider.kept.tokens.access_token}` };
    const stranger = new sdk.Client({ name: "peer", version: "1" }, sdk.options);
    const transport = new sdk.StreamableHTTPClientTransport(new URL(other.url), { requestInit: { headers } });
    await rejected(stranger.connect(transport), sdk.unauthorized);
    await client.close();
  },
});

const named = (label, cases) => Object.fromEntries(Object.entries(cases).map(([name, run]) => [`${label}: ${name}`, run]));
const cases = { ...named("1.x", casesOf(FIRST)), ...named("2.x", casesOf(SECOND)) };

/** It renews its token where that has too few scopes, and gets one with the same. */
const defects = { "1.x: stepping up with a refresh token": "Server returned 403 after trying upscoping" };

await run(cases, defects);
