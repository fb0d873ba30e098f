import { everybody, type Group, groupJson, groupOf } from "./conditions";
import { isObject, type Json, type JsonObject, LIVE, same } from "./document";

export type Serves = "commit" | "value";

export interface Variant {
  name: string;
  value: Json;
}

/** Part of the callers: how many per cent are in at all, and which variants those get. */
export interface Share {
  percent: number;
  /** The field whose value decides; a caller without it is not in. */
  by: string;
  /** Stays the same as long as the split lives, so that nobody is moved. */
  seed: string;
  arms: { variant: string; weight: number }[];
}

/** One line of a rule: who, and what they get. */
export interface Line {
  who: Group;
  share: Share | null;
  variant: string;
}

export interface RuleForm {
  key: string;
  title: string;
  enabled: boolean;
  serves: Serves;
  /** `prompts/triage`; empty for all artefacts. */
  artefact: string;
  variants: Variant[];
  lines: Line[];
  /** The variant of everybody else. */
  otherwise: string;
  /** The rule says what everybody else gets, and has another default besides (other tools write so). */
  fallback: string | null;
  hash: string;
  /** What else the rule holds; kept as it is. */
  metadata: JsonObject;
  rest: JsonObject;
}

export const DEFAULT_HASH = "murmur3-cbor";
const PARTS = 100_000;
const TARGETING_KEY = "targetingKey";

/** Another seed for every split. */
export function newSeed(key: string): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return `${key || "rule"}-${random.toString(36)}`;
}

export function newShare(key: string, variant: string): Share {
  return { percent: 10, by: TARGETING_KEY, seed: newSeed(key), arms: [{ variant, weight: 1 }] };
}

export function newLine(variant: string): Line {
  return { who: everybody(), share: null, variant };
}

export function newRule(serves: Serves): RuleForm {
  const variants =
    serves === "commit"
      ? [{ name: LIVE, value: LIVE }]
      : [
          { name: "on", value: true },
          { name: "off", value: false },
        ];
  const last = variants.at(-1)?.name ?? "";
  return {
    ...{ key: "", title: "", enabled: true, serves, artefact: "", variants },
    lines: [newLine(serves === "commit" ? "" : "on")],
    ...{ otherwise: last, fallback: null, hash: DEFAULT_HASH, metadata: {}, rest: {} },
  };
}

/** The rule as flagd's flag. */
export function flagOf(form: RuleForm): JsonObject {
  const branches = form.lines.flatMap((line) => [conditionOfLine(line), outcomeOf(line)]);
  const chosen = form.fallback === null ? branches : [...branches, form.otherwise];
  const split = form.lines.find((line) => line.share)?.share;
  const metadata: JsonObject = {
    ...form.metadata,
    ...(form.serves === "commit" ? { serves: "commit" } : {}),
    ...(form.title ? { title: form.title } : {}),
    ...(form.artefact ? { artefact: form.artefact } : {}),
    ...(split ? { hash: form.hash, seed: split.seed } : {}),
  };
  return {
    ...form.rest,
    state: form.enabled ? "ENABLED" : "DISABLED",
    variants: Object.fromEntries(form.variants.map(({ name, value }) => [name, value])),
    defaultVariant: form.fallback ?? form.otherwise,
    ...(form.lines.length ? { targeting: { if: chosen } } : {}),
    ...(Object.keys(metadata).length ? { metadata } : {}),
  };
}

function conditionOfLine({ who, share }: Line): Json {
  const only = groupJson(who);
  if (!share) return only ?? true;
  const exposed = Math.round((share.percent * PARTS) / 100);
  const inside = { fractional: [seeded(share, "exposure"), [true, exposed], [false, PARTS - exposed]] };
  const known = { "!": [{ missing: [share.by] }] };
  return { and: only === null ? [known, inside] : [only, known, inside] };
}

function outcomeOf({ share, variant }: Line): Json {
  if (!share) return variant;
  if (share.arms.length === 1) return share.arms[0]?.variant ?? "";
  return { fractional: [seeded(share, "arm"), ...share.arms.map((arm) => [arm.variant, arm.weight])] };
}

function seeded({ seed, by }: Share, step: string): Json {
  return { cat: [`${seed}/${step}/`, { var: by }] };
}

/** What the form shows for a flag; null when the form cannot say it, and it stays written by hand. */
export function formOf(key: string, given: Json): RuleForm | null {
  const flag = plain(given);
  const form = read(key, flag);
  return form && same(flagOf(form), flag) ? form : null;
}

/** The flag without what says nothing: empty metadata and targeting, and `null` as the last word of an `if`. */
function plain(flag: Json): Json {
  if (!isObject(flag)) return flag;
  const { metadata, targeting, ...rest } = flag;
  const empty = (part: Json | undefined) =>
    part === undefined || (isObject(part) && !Object.keys(part).length);
  const parts = member(targeting, "if");
  const spoken = Array.isArray(parts) && parts.length % 2 && parts.at(-1) === null;
  return {
    ...rest,
    ...(empty(metadata) ? {} : { metadata: metadata ?? null }),
    ...(empty(targeting) ? {} : { targeting: spoken ? { if: parts.slice(0, -1) } : (targeting ?? null) }),
  };
}

function read(key: string, flag: Json): RuleForm | null {
  if (!isObject(flag) || !isObject(flag["variants"])) return null;
  const { state, variants, defaultVariant, targeting, metadata: given, ...rest } = flag;
  if (given !== undefined && !isObject(given)) return null;
  const { title, artefact, serves, hash, ...metadata } = given ?? {};
  const lines = linesOf(targeting);
  if (!lines || (typeof defaultVariant !== "string" && defaultVariant !== undefined)) return null;
  const commit = serves === "commit";
  const split = lines.branches.some((line) => line.share);
  if (split) delete metadata["seed"];
  return {
    key,
    title: typeof title === "string" ? title : "",
    enabled: state === "ENABLED",
    serves: commit ? "commit" : "value",
    artefact: typeof artefact === "string" ? artefact : "",
    variants: Object.entries(variants as JsonObject).map(([name, value]) => ({ name, value })),
    lines: lines.branches,
    otherwise: lines.otherwise ?? String(defaultVariant ?? ""),
    fallback: lines.otherwise === null ? null : String(defaultVariant ?? ""),
    hash: typeof hash === "string" ? hash : DEFAULT_HASH,
    metadata: {
      ...metadata,
      ...(hash !== undefined && !split ? { hash } : {}),
      ...(serves !== undefined && !commit ? { serves } : {}),
    },
    rest,
  };
}

function linesOf(targeting: Json | undefined): { branches: Line[]; otherwise: string | null } | null {
  if (targeting === undefined || (isObject(targeting) && Object.keys(targeting).length === 0)) {
    return { branches: [], otherwise: null };
  }
  const parts = isObject(targeting) && Object.keys(targeting).length === 1 ? targeting["if"] : null;
  if (!Array.isArray(parts) || parts.length < 2) return null;
  const branches: Line[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const line = lineOf(parts[i] ?? null, parts[i + 1] ?? null);
    if (!line) return null;
    branches.push(line);
  }
  const last = parts.length % 2 ? parts.at(-1) : null;
  return last === null || typeof last === "string" ? { branches, otherwise: last } : null;
}

function lineOf(condition: Json, outcome: Json): Line | null {
  const share = shareOf(condition, outcome);
  if (share) return share;
  if (typeof outcome !== "string") return null;
  return { who: groupOf(condition === true ? null : condition), share: null, variant: outcome };
}

function shareOf(condition: Json, outcome: Json): Line | null {
  const parts = isObject(condition) ? condition["and"] : null;
  if (!Array.isArray(parts) || parts.length < 2 || parts.length > 3) return null;
  const only = parts.length === 3 ? (parts[0] ?? null) : null;
  const inside = member(parts.at(-1), "fractional");
  const text = member(Array.isArray(inside) ? inside[0] : null, "cat");
  const by = Array.isArray(text) ? member(text[1], "var") : null;
  const exposed = Array.isArray(inside) && Array.isArray(inside[1]) ? inside[1][1] : null;
  const prefix = Array.isArray(text) ? text[0] : null;
  if (typeof by !== "string" || typeof exposed !== "number" || typeof prefix !== "string") return null;
  const seed = prefix.endsWith("/exposure/") ? prefix.slice(0, -"/exposure/".length) : null;
  const arms = armsOf(outcome);
  if (seed === null || !arms) return null;
  const percent = (exposed * 100) / PARTS;
  const line: Line = {
    who: groupOf(only),
    share: { percent, by, seed, arms },
    variant: arms[0]?.variant ?? "",
  };
  return same(conditionOfLine(line), condition) && same(outcomeOf(line), outcome) ? line : null;
}

function armsOf(outcome: Json): Share["arms"] | null {
  if (typeof outcome === "string") return [{ variant: outcome, weight: 1 }];
  const parts = member(outcome, "fractional");
  if (!Array.isArray(parts)) return null;
  const arms = parts.slice(1).map((part) => {
    const [variant, weight] = Array.isArray(part) ? part : [];
    return { variant: String(variant ?? ""), weight: Number(weight) };
  });
  return arms.length > 1 && arms.every((arm) => Number.isInteger(arm.weight) && arm.weight >= 0)
    ? arms
    : null;
}

function member(value: Json | undefined, name: string): Json {
  return isObject(value) ? (value[name] ?? null) : null;
}

/** The form with a variant for a commit ("live" for what is live); gives the variant's name too. */
export function withCommit(form: RuleForm, commit: string): [RuleForm, string] {
  const known = form.variants.find((variant) => variant.value === commit);
  if (known) return [form, known.name];
  const short = commit === LIVE ? LIVE : commit.slice(0, 8);
  const name = form.variants.some((variant) => variant.name === short) ? commit : short;
  return [{ ...form, variants: [...form.variants, { name, value: commit }] }, name];
}

/** The form without the commits that no line gives any more. */
export function tidied(form: RuleForm): RuleForm {
  if (form.serves !== "commit") return form;
  const used = new Set([form.otherwise, form.fallback, ...form.lines.flatMap(namesIn)]);
  return { ...form, variants: form.variants.filter((variant) => used.has(variant.name)) };
}

function namesIn({ share, variant }: Line): string[] {
  return share ? share.arms.map((arm) => arm.variant) : [variant];
}
