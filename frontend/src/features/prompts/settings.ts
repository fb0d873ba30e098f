const LONGEST = "Longest answer, in tokens";
const NAMES: Record<string, string> = {
  max_output_tokens: LONGEST,
  maxOutputTokens: LONGEST,
  max_tokens: LONGEST,
};

/** What people call a setting of a model whose key says it badly, as in differences; undefined for all others. */
export function settingName(key: string): string | undefined {
  return NAMES[key];
}
