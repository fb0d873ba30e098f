/** Line tokenizers shared by the editor, the viewer and the diff. A state is one string, so that lines can be read in turn. */
export type Language = "prompt" | "yaml" | "json" | "text";
export type TokenKind = "key" | "string" | "number" | "tag" | "comment" | "mark" | "plain" | "changed";

export interface Token {
  text: string;
  kind: TokenKind;
}

interface Rule {
  pattern: RegExp;
  kind: TokenKind;
}

const YAML: Rule[] = [
  { pattern: /#.*$/y, kind: "comment" },
  { pattern: /"(?:[^"\\]|\\.)*"?(?=\s*:(?:\s|$))/y, kind: "key" },
  { pattern: /[\w.$/-]+(?:\([^)]*\))?\??(?=\s*:(?:\s|$))/y, kind: "key" },
  { pattern: /"(?:[^"\\]|\\.)*"?|'[^']*'?/y, kind: "string" },
  { pattern: /-?\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b|\b(?:true|false|null)\b/y, kind: "number" },
  { pattern: /[-:[\]{},|>&*!]/y, kind: "mark" },
  { pattern: /[\w./$@-]+/y, kind: "plain" },
];

const JSON_RULES: Rule[] = [
  { pattern: /"(?:[^"\\]|\\.)*"(?=\s*:)/y, kind: "key" },
  { pattern: /"(?:[^"\\]|\\.)*"?/y, kind: "string" },
  { pattern: /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/y, kind: "number" },
  { pattern: /[[\]{},:]/y, kind: "mark" },
];

const TEMPLATE: Rule[] = [
  { pattern: /\{\{!--.*?(?:--\}\}|$)|\{\{![^}]*(?:\}\}|$)/y, kind: "comment" },
  {
    pattern:
      /\{\{\s*[#/^]?\s*(?:role|history|media|section|if|else|unless|each|with|json|unlessEquals|ifEquals)\b[^}]*\}?\}?/y,
    kind: "tag",
  },
  { pattern: /\{\{\{?[^}]*\}?\}?\}?/y, kind: "key" },
  { pattern: /[^{]+/y, kind: "plain" },
];

const RULES: Record<Exclude<Language, "prompt">, Rule[]> = { yaml: YAML, json: JSON_RULES, text: [] };

/** States of a prompt's lines: before anything, inside the front matter, in the template. */
export type LineState = "start" | "front" | "template" | "flat";

export function startState(language: Language): LineState {
  return language === "prompt" ? "start" : "flat";
}

/** The rules for a line and the state of the next one. */
function rulesFor(line: string, state: LineState, language: Language): [Rule[], LineState] {
  if (language !== "prompt") return [RULES[language], "flat"];
  const fence = /^---\s*$/.test(line);
  if (state === "start") return fence ? [[], "front"] : [TEMPLATE, "template"];
  if (state === "front") return fence ? [[], "template"] : [YAML, "front"];
  return [TEMPLATE, "template"];
}

/** Splits one line into coloured pieces, whose texts joined are the line. */
export function tokenizeLine(line: string, state: LineState, language: Language): [Token[], LineState] {
  const [rules, next] = rulesFor(line, state, language);
  if (language === "prompt" && next !== state && rules.length === 0)
    return [[{ text: line, kind: "mark" }], next];
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length) {
    const token = read(line, at, rules);
    push(tokens, token);
    at += token.text.length;
  }
  return [tokens, next];
}

function read(line: string, at: number, rules: Rule[]): Token {
  for (const { pattern, kind } of rules) {
    pattern.lastIndex = at;
    const text = pattern.exec(line)?.[0];
    if (text) return { text, kind };
  }
  return { text: rules.length ? line.charAt(at) : line.slice(at), kind: "plain" };
}

function push(tokens: Token[], token: Token): void {
  const last = tokens.at(-1);
  if (last && last.kind === token.kind) last.text += token.text;
  else tokens.push({ ...token });
}

/** All lines of a text, each as its tokens. */
export function tokenize(text: string, language: Language): Token[][] {
  let state = startState(language);
  return text.split("\n").map((line) => {
    const [tokens, next] = tokenizeLine(line, state, language);
    state = next;
    return tokens;
  });
}

/** The language of a file by its name. */
export function languageOf(path: string): Language {
  if (path.endsWith(".prompt")) return "prompt";
  if (/\.ya?ml$/.test(path)) return "yaml";
  return path.endsWith(".json") ? "json" : "text";
}
