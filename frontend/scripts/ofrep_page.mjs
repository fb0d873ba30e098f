/**
 * A page with OpenFeature's own web provider, for the tests (see bundle.mjs): `#` and the provider's options with a
 * `context` as JSON in its address. Shows the flags as they are now, and the events with the provider’s state after them.
 */

import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature, ProviderEvents } from "@openfeature/web-sdk";

const { context, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const client = OpenFeature.getClient();

function line(id) {
  const made = document.createElement("p");
  made.id = id;
  document.body.append(made);
  return made;
}
const [flags, events] = [line("flags"), line("events")];

function show(event) {
  events.textContent += `${event} ${client.providerStatus} `;
  flags.textContent = JSON.stringify({
    greeting: client.getStringValue("greeting", "none"),
    beta: client.getBooleanValue("beta", false),
    limits: client.getObjectValue("configs.limits", {}),
  });
}

for (const event of Object.values(ProviderEvents)) client.addHandler(event, () => show(event));
await OpenFeature.setContext(context);
OpenFeature.setProvider(new OFREPWebProvider({ cacheMode: "disabled", ...options }));
