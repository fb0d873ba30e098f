import { HighlightStyle, StreamLanguage, type StreamParser } from "@codemirror/language";
import { tags } from "@lezer/highlight";
import { type Language, type LineState, startState, type Token, tokenizeLine } from "../syntax";

const TAGS: Partial<Record<Token["kind"], string>> = {
  key: "propertyName",
  string: "string",
  number: "number",
  tag: "keyword",
  comment: "comment",
  mark: "punctuation",
};

interface State {
  next: LineState;
  rest: Token[];
}

function parser(language: Language): StreamParser<State> {
  return {
    name: language,
    startState: () => ({ next: startState(language), rest: [] }),
    copyState: (state) => ({ next: state.next, rest: [...state.rest] }),
    token(stream, state) {
      if (stream.sol()) [state.rest, state.next] = tokenizeLine(stream.string, state.next, language);
      const token = state.rest.shift();
      if (!token) {
        stream.skipToEnd();
        return null;
      }
      stream.pos += token.text.length;
      return TAGS[token.kind] ?? null;
    },
    blankLine(state) {
      [, state.next] = tokenizeLine("", state.next, language);
    },
    languageData: language === "text" ? {} : { commentTokens: language === "json" ? {} : { line: "#" } },
  };
}

/** Prompts (YAML front matter, then Handlebars), YAML and JSON, by the same tokenizers as the viewer and the diff. */
export function artefactLanguage(language: Language) {
  return StreamLanguage.define(parser(language));
}

export const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--code-key)" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: tags.number, color: "var(--code-number)" },
  { tag: tags.keyword, color: "var(--code-tag)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: tags.punctuation, color: "var(--text-2)" },
]);
