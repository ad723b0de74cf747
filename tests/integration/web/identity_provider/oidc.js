// A certified OpenID Connect provider (npm oidc-provider) whose people sign in without being asked: who it is and what
// it says of them comes from PUT /next. Prints its port when it listens.
import http from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const found = createRequire(`${modules}/`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found).href);

let next = { sub: "nobody" };
let asked = [];
const accounts = new Map();

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    }],
    pkce: { required: () => true },
    scopes: ["openid", "email"],
    claims: { openid: ["sub", "employee", "oid"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ["for-tests-only"] },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) }),
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client.clientId,
        accountId: context.oidc.session.accountId,
      });
      grant.addOIDCScope("openid email");
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  server.on("request", async (request, response) => {
    if (request.url === "/next" && request.method === "PUT") {
      let text = "";
      for await (const chunk of request) text += chunk;
      next = JSON.parse(text);
      accounts.set(next.sub, next.claims ?? {});
      asked = [];
      response.end();
    } else if (request.url === "/asked") {
      response.end(JSON.stringify(asked));
    } else if (request.url.startsWith("/interaction/")) {
      const { params } = await provider.interactionDetails(request, response);
      asked.push(params);
      const result = next.refuse
        ? { error: "access_denied", error_description: "not today" }
        : { login: { accountId: next.sub } };
      await provider.interactionFinished(request, response, result);
    } else {
      handle(request, response);
    }
  });
  console.log(server.address().port);
});
