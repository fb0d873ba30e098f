// Calls the gateway with npm's openai. Run by try_gateway.py in a folder that has the package.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const OpenAI = require("openai").default ?? require("openai");
const client = new OpenAI({ baseURL: process.env.GATEWAY, apiKey: process.env.KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "hello" }];
const model = "up/fake";

const whole = await client.chat.completions.create({ model, messages });
assert.equal(whole.choices[0].message.content, "one two");
let text = "";
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  assert.equal(chunk.usage, undefined);
  text += chunk.choices[0]?.delta?.content ?? "";
}
assert.equal(text, "one two");
const response = await client.responses.create({ model, input: "hi" });
assert.equal(response.output_text, "one two");
const embedded = await client.embeddings.create({ model, input: "a b" });
assert.deepEqual(embedded.data[0].embedding, [2, 0.5, -1]);
await assert.rejects(client.chat.completions.create({ model: "nobody/x", messages }), { status: 404, code: "model_not_found" });
const { version } = JSON.parse(readFileSync("node_modules/openai/package.json", "utf8"));
console.log("npm openai", version, "ok");
