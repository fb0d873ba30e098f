export interface Snippet {
  value: string;
  label: string;
  /** One sentence: for whom this is. */
  about: string;
  text: string;
}

/** A few lines for each way in which an app gets what an environment serves. `VARIORUM_API_KEY` holds the key. */
export function snippets(origin: string, environment: string): Snippet[] {
  const runtime = `${origin}/api/v1/runtime/${environment}`;
  return [
    {
      value: "python",
      label: "Python",
      about:
        "The client keeps everything in the app’s memory and on its disk, so a call costs microseconds and works while the server is away.",
      text: `from variorum_client import Client

client = Client("${origin}", environment="${environment}")  # the key: VARIORUM_API_KEY
prompt = client.prompt("triage")
messages = prompt.messages({"message": "Where is my parcel?"})`,
    },
    {
      value: "typescript",
      label: "TypeScript",
      about: "The same for Node.js and browsers, from platform/typescript.",
      text: `import { VariorumClient } from "@variorum/client";

const client = new VariorumClient({
  baseUrl: "${origin}",
  apiKey: process.env.VARIORUM_API_KEY ?? "",
  environment: "${environment}",
});
await client.ready();
const messages = await client.prompt("triage").messages({ message: "Where is my parcel?" });`,
    },
    {
      value: "openfeature-python",
      label: "OpenFeature, Python",
      about: "With OpenFeature’s own OFREP provider. Prompts and configs are flags, too.",
      text: `import os
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider

headers = {"Authorization": f"Bearer {os.environ['VARIORUM_API_KEY']}"}
api.set_provider(OFREPProvider("${runtime}", headers_factory=lambda: headers))
triage = api.get_client().get_object_value("prompts.triage", {})`,
    },
    {
      value: "openfeature-js",
      label: "OpenFeature, JavaScript",
      about: "With OpenFeature’s own OFREP provider, on a server.",
      text: `import { OpenFeature } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";

const headers = [["Authorization", \`Bearer \${process.env.VARIORUM_API_KEY}\`]];
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: "${runtime}", headers }));
const triage = await OpenFeature.getClient().getObjectValue("prompts.triage", {});`,
    },
    {
      value: "curl",
      label: "curl",
      about: "By hand: everything that is live, and one prompt rendered for one caller.",
      text: `curl "${runtime}/bundle" -H "Authorization: Bearer $VARIORUM_API_KEY"

curl "${runtime}/evaluate" -H "Authorization: Bearer $VARIORUM_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"context": {"targetingKey": "user-7"}, "prompts": ["triage"], "variables": {"message": "Where is my parcel?"}}'`,
    },
  ];
}
