export interface Snippet {
  value: string;
  label: string;
  /** One sentence: for whom this is. */
  about: string;
  text: string;
}

/** A prompt that the lines ask for. */
export interface Asked {
  name: string;
  variables: string[];
}

/** For an environment in which no prompt is live. */
export const ANY_PROMPT: Asked = { name: "your-prompt", variables: ["message"] };

/** The first prompt, and the variables that its text has in plain double braces. */
export function askedOf(prompts: { name: string; text: string | null }[]): Asked {
  const [first] = prompts;
  if (!first) return ANY_PROMPT;
  const found = (first.text ?? "").matchAll(/\{\{\s*([A-Za-z_]\w*)\s*\}\}/g);
  const names = new Set([...found].map((match) => match[1] ?? ""));
  for (const word of ["history", "else", "this"]) names.delete(word);
  return { name: first.name, variables: [...names] };
}

/** A few lines for each way in which an app gets what an environment serves. `VARIORUM_API_KEY` holds the key. */
export function snippets(origin: string, environment: string, asked: Asked): Snippet[] {
  const name = JSON.stringify(asked.name);
  const flag = JSON.stringify(`prompts.${asked.name.replaceAll("/", ".")}`);
  const values = `{${asked.variables.map((variable) => `"${variable}": "…"`).join(", ")}}`;
  const runtime = `${origin}/api/v1/runtime/${environment}`;
  return [
    {
      value: "python",
      label: "Python",
      about:
        "The client keeps everything in the app’s memory and on its disk, so a call costs microseconds and works while the server is away.",
      text: `from variorum_client import Client

client = Client("${origin}", environment="${environment}")  # the key: VARIORUM_API_KEY
prompt = client.prompt(${name})
messages = prompt.messages(${values})`,
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
const messages = await client.prompt(${name}).messages(${values});`,
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
prompt = api.get_client().get_object_value(${flag}, {})`,
    },
    {
      value: "openfeature-js",
      label: "OpenFeature, JavaScript",
      about: "With OpenFeature’s own OFREP provider, on a server.",
      text: `import { OpenFeature } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";

const headers = [["Authorization", \`Bearer \${process.env.VARIORUM_API_KEY}\`]];
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: "${runtime}", headers }));
const prompt = await OpenFeature.getClient().getObjectValue(${flag}, {});`,
    },
    {
      value: "curl",
      label: "curl",
      about: "By hand: everything that is live, and one prompt rendered for one caller.",
      text: `curl "${runtime}/bundle" -H "Authorization: Bearer $VARIORUM_API_KEY"

curl "${runtime}/evaluate" -H "Authorization: Bearer $VARIORUM_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"context": {"targetingKey": "user-7"}, "prompts": [${name}], "variables": ${values}}'`,
    },
  ];
}
