interface Template {
  label: string;
  path: string;
  text: string;
}

/** What a new file starts from; each is fit to be saved as it is. */
export const TEMPLATES: Record<string, Template> = {
  prompt: {
    label: "Prompt",
    path: "prompts/new.prompt",
    text: `---
model: local/smollm2-135m
config:
  temperature: 0.2
  max_output_tokens: 200
input:
  schema:
    message: string, what the person wrote
---
{{role "system"}}
Say here who the model is and how it answers.

{{role "user"}}
{{message}}
`,
  },
  json: {
    label: "Prompt with an answer in JSON",
    path: "prompts/new.prompt",
    text: `---
model: local/smollm2-135m
config:
  temperature: 0
input:
  schema:
    message: string, what the person wrote
output:
  format: json
  schema:
    label: string, one of the words in the text
    reason: string, one short sentence
---
{{role "system"}}
Answer with a JSON object that has "label" and "reason".

{{role "user"}}
{{message}}
`,
  },
  config: {
    label: "Config",
    path: "configs/new.yaml",
    text: "# Settings that applications read by name.\nlimit: 3\n",
  },
  owners: {
    label: "Who owns which files",
    path: "OWNERS",
    text: `# Who must agree to a change of which files. The last line that fits a file counts.
# Owners are @handles or e-mail addresses of members, or @owners, @maintainers, @editors.
*  @maintainers
`,
  },
  schema: {
    label: "Schema of a config",
    path: "configs/new.schema.json",
    text: `{
  "type": "object",
  "properties": {
    "limit": { "type": "integer", "minimum": 1, "description": "How many at most" }
  },
  "required": ["limit"]
}
`,
  },
};

const FOLDERS =
  /^(?:prompts\/.+\.prompt|configs\/.+\.(?:yaml|schema\.json)|suites\/.+\.yaml|adapters\/.+\/card\.yaml)$/;
const DOCS = /^(?:(?:.+\/)?README\.md|OWNERS)$/;

/** Why a file cannot have this path, or undefined. The server has the last word. */
export function pathProblem(path: string, taken: string[]): string | undefined {
  if (taken.includes(path)) return "There is a file of this name already.";
  if (/\/\/|\/$|^\/|(?:^|\/)\.\.?(?:\/|$)/.test(path))
    return "Write it as folder/name, without empty or dotted parts.";
  if (FOLDERS.test(path) || DOCS.test(path)) return undefined;
  return "Use prompts/….prompt, configs/….yaml, configs/….schema.json or README.md.";
}
