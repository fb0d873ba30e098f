/**
 * OpenFeature's own clients against a server, for the tests: `node scripts/ofrep.mjs <base URL> <API key> <context>`.
 * Prints JSON: what the server provider resolves, what the web provider resolves, and what it resolves once the
 * stream told of a change; the test changes the rules when it reads "ready".
 */

import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature as Server } from "@openfeature/server-sdk";
import { ProviderEvents, OpenFeature as Web } from "@openfeature/web-sdk";

const [baseUrl, key, contextText] = process.argv.slice(2);
const context = JSON.parse(contextText);
const headers = [["Authorization", `Bearer ${key}`]];
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** The part of a browser's EventSource that the provider uses; Node 20 has none. */
class EventSource {
  readyState = 0;
  #end = new AbortController();
  constructor(url) {
    void this.#read(url).catch((error) => this.onerror?.(error));
  }
  async #read(url) {
    const answer = await fetch(url, { signal: this.#end.signal });
    if (!answer.ok) throw new Error(`the stream answered ${answer.status}`);
    this.readyState = 1;
    this.onopen?.({});
    let text = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const parts = text.split("\n\n");
      text = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").find((line) => line.startsWith("data: "));
        if (data) this.#emit({ data: data.slice(6) });
      }
    }
  }
  #listeners = [];
  #emit(event) {
    this.onmessage?.(event);
    for (const listener of this.#listeners) listener(event);
  }
  addEventListener(type, listener) {
    if (type === "message") this.#listeners.push(listener);
  }
  removeEventListener() {}
  close() {
    this.readyState = 2;
    this.#end.abort();
  }
}
globalThis.EventSource = EventSource;

await Server.setProviderAndWait(new OFREPProvider({ baseUrl, headers }));
const server = Server.getClient();
say({
  greeting: await server.getStringDetails("greeting", "none", context),
  beta: await server.getBooleanDetails("beta", false, context),
  share: await server.getNumberDetails("share", 0, context),
  off: await server.getBooleanDetails("off", true, context),
  missing: await server.getBooleanDetails("missing", true, context),
  limits: await server.getObjectDetails("configs.limits", {}, context),
  triage: await server.getObjectDetails("prompts.support.triage", {}, context),
});

await Web.setContext(context);
await Web.setProviderAndWait(
  new OFREPWebProvider({ baseUrl, headers, cacheMode: "disabled", pollInterval: 0 }),
);
const web = Web.getClient();
const seen = () => ({
  greeting: web.getStringDetails("greeting", "none"),
  off: web.getBooleanDetails("off", true),
  limits: web.getObjectDetails("configs.limits", {}),
});
say(seen());
const changed = new Promise((done) => web.addHandler(ProviderEvents.ConfigurationChanged, done));
say("ready");
await changed;
say(seen());
process.exit(0);
