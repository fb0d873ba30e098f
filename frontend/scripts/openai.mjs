/**
 * OpenAI's own npm client against the gateway, for the tests: `node scripts/openai.mjs <base URL> <API key>`, with the
 * prompt's name, the variables and the environment as JSON behind. Prints JSON of what the client made of the answers.
 */

import OpenAI from "openai";

const [baseURL, apiKey, given] = process.argv.slice(2);
const { model, variables, environment } = JSON.parse(given);
const client = new OpenAI({
  baseURL,
  apiKey,
  maxRetries: 0,
  defaultHeaders: { "x-variorum-environment": environment },
});
const asked = { model, messages: [], variorum: { variables } };

const models = [];
for await (const one of client.models.list()) models.push(one.id);

const { data: whole, response } = await client.chat.completions.create(asked).withResponse();

let streamed = "";
let usage = null;
const options = { stream: true, stream_options: { include_usage: true } };
for await (const chunk of await client.chat.completions.create({ ...asked, ...options })) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}

const events = [];
const answer = { model, input: "Hi", stream: true, variorum: { variables } };
for await (const event of await client.responses.create(answer)) events.push(event.type);

const errors = [];
for (const [name, key] of [
  ["nobody/x", apiKey],
  [model, "vk_wrong"],
]) {
  try {
    await new OpenAI({ baseURL, apiKey: key, maxRetries: 0 }).chat.completions.create({
      model: name,
      messages: [],
    });
  } catch (error) {
    errors.push([error.constructor.name, error.status, error.code, error.param]);
  }
}

const said = {
  models,
  whole: whole.choices[0].message.content,
  commit: response.headers.get("x-variorum-commit"),
  streamed,
  used: usage?.completion_tokens,
  events,
  errors,
};
process.stdout.write(JSON.stringify(said));
