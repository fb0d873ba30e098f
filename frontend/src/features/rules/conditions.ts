import { isObject, type Json, same } from "./document";

/** What may be asked of one field, in the order of the list. */
export const OPERATORS = [
  { value: "is", label: "is" },
  { value: "is_not", label: "is not" },
  { value: "one_of", label: "is one of" },
  { value: "none_of", label: "is none of" },
  { value: "contains", label: "contains" },
  { value: "contains_not", label: "does not contain" },
  { value: "starts", label: "starts with" },
  { value: "ends", label: "ends with" },
  { value: "above", label: "number above" },
  { value: "at_least", label: "number at least" },
  { value: "below", label: "number below" },
  { value: "at_most", label: "number at most" },
  { value: "version_least", label: "version at least" },
  { value: "version_below", label: "version below" },
  { value: "version_major", label: "same major version as" },
  { value: "yes", label: "is true" },
  { value: "no", label: "is false" },
  { value: "set", label: "is given" },
  { value: "not_set", label: "is not given" },
] as const;

export type Operator = (typeof OPERATORS)[number]["value"];

export interface Test {
  kind: "test";
  field: string;
  operator: Operator;
  value: string;
  /** The JSON that it was read from, while nothing was changed: other tools write the same in other ways. */
  written?: Json;
}

interface Named {
  kind: "segment";
  name: string;
  not: boolean;
}

export interface Group {
  kind: "group";
  join: "all" | "any";
  items: Condition[];
}

/** A part that the form cannot express: kept as it is. */
interface ByHand {
  kind: "other";
  json: Json;
}

export type Condition = Test | Named | Group | ByHand;

export const WITHOUT_VALUE: Operator[] = ["yes", "no", "set", "not_set"];
const LISTS: Operator[] = ["one_of", "none_of"];
export const NUMBERS: Operator[] = ["above", "at_least", "below", "at_most"];
const COMPARISONS: Partial<Record<Operator, string>> = {
  above: ">",
  at_least: ">=",
  below: "<",
  at_most: "<=",
};
const VERSIONS: Partial<Record<Operator, string>> = {
  version_least: ">=",
  version_below: "<",
  version_major: "^",
};
const TEXTS: Partial<Record<Operator, string>> = { starts: "starts_with", ends: "ends_with" };
/** Stands in for a number that is not given: no comparison with it holds, where null would count as 0. */
const NO_NUMBER = "no number";

export const everybody = (): Group => ({ kind: "group", join: "all", items: [] });
export const newTest = (): Test => ({ kind: "test", field: "", operator: "is", value: "" });
export const takesList = (operator: Operator) => LISTS.includes(operator);

/** A list as it is typed: values between commas. */
export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

function numeric(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

/** Numbers stand in the list as numbers and as texts, because the list is searched strictly. */
function listJson(text: string): Json[] {
  const values = listOf(text);
  return values.length > 0 && values.every(numeric) ? [...values.map(Number), ...values] : values;
}

/** A group as a rule has it: nothing for everybody, one condition bare. */
export function groupJson(group: Group): Json | null {
  const items = group.items.map(conditionJson).filter((item) => item !== null);
  if (items.length < 2) return items[0] ?? null;
  return { [group.join === "all" ? "and" : "or"]: items };
}

function conditionJson(condition: Condition): Json | null {
  if (condition.kind === "other") return condition.json;
  if (condition.kind === "group") return groupJson(condition);
  if (condition.kind === "test") return condition.written ?? testJson(condition);
  return condition.not ? { "!": [{ $ref: condition.name }] } : { $ref: condition.name };
}

function testJson({ field, operator, value }: Test): Json {
  const read: Json = { var: field };
  const sign = COMPARISONS[operator];
  if (sign) return { [sign]: [{ var: [field, NO_NUMBER] }, numeric(value) ? Number(value) : value] };
  const version = VERSIONS[operator];
  if (version) return { sem_ver: [read, version, value] };
  const text = TEXTS[operator];
  if (text) return { [text]: [read, value] };
  switch (operator) {
    case "is":
      return { "==": [read, value] };
    case "is_not":
      return { "!=": [read, value] };
    case "one_of":
      return { in: [read, listJson(value)] };
    case "none_of":
      return { "!": [{ in: [read, listJson(value)] }] };
    case "contains":
      return { in: [value, read] };
    case "contains_not":
      return { "!": [{ in: [value, read] }] };
    case "yes":
    case "no":
      return { "===": [read, operator === "yes"] };
    case "set":
      return { "!": [{ missing: [field] }] };
    default:
      return { missing: [field] };
  }
}

/** What the form shows for a condition of a rule; null is everybody. Writing it again gives the same JSON. */
export function groupOf(json: Json | null): Group {
  if (json === null) return everybody();
  const found = conditionOf(json);
  return found.kind === "group" ? found : { kind: "group", join: "all", items: [found] };
}

function conditionOf(json: Json): Condition {
  const found = readCondition(json);
  return found && same(conditionJson(found), json) ? found : { kind: "other", json };
}

function readCondition(json: Json): Condition | null {
  const operation = onlyMember(json);
  if (!operation) return null;
  const [name, inner] = operation;
  if (name === "$ref") return typeof inner === "string" ? { kind: "segment", name: inner, not: false } : null;
  if ((name === "and" || name === "or") && Array.isArray(inner)) {
    return { kind: "group", join: name === "and" ? "all" : "any", items: inner.map(conditionOf) };
  }
  const test = name === "!" ? readNot(inner) : readTest(name, inner);
  return test?.kind === "test" && !same(testJson(test), json) ? { ...test, written: json } : test;
}

function readNot(inner: Json): Condition | null {
  const operation = onlyMember(Array.isArray(inner) && inner.length === 1 ? (inner[0] ?? null) : inner);
  if (!operation) return null;
  const [name, given] = operation;
  if (name === "$ref") return typeof given === "string" ? { kind: "segment", name: given, not: true } : null;
  const test = readTest(name, given);
  const opposite: Partial<Record<Operator, Operator>> = {
    ...{ is: "is_not", one_of: "none_of", contains: "contains_not", not_set: "set" },
  };
  const operator = test && opposite[test.operator];
  return test && operator ? { ...test, operator } : null;
}

function readTest(name: string, inner: Json): Test | null {
  const given = Array.isArray(inner) ? inner : [inner];
  const test = (field: string | null, operator: Operator, value: Json = ""): Test | null =>
    field === null || (typeof value !== "string" && typeof value !== "number")
      ? null
      : { kind: "test", field, operator, value: String(value) };
  const [first = null, second = null, third = null] = given;
  if (name === "missing")
    return given.length === 1 && typeof first === "string" ? test(first, "not_set") : null;
  if (name === "sem_ver") {
    return given.length === 3
      ? byName(VERSIONS, second, (operator) => test(fieldOf(first), operator, third))
      : null;
  }
  if (given.length !== 2) return null;
  if (name === "==" && typeof second !== "boolean") return test(fieldOf(first), "is", second);
  if (name === "!=") return test(fieldOf(first), "is_not", second);
  if (name === "===") {
    return typeof second === "boolean"
      ? test(fieldOf(first), second ? "yes" : "no")
      : typeof second === "string"
        ? test(fieldOf(first), "is", second)
        : null;
  }
  if (name === "in") {
    return Array.isArray(second)
      ? test(fieldOf(first), "one_of", listText(second))
      : test(fieldOf(second), "contains", first);
  }
  return (
    byName(TEXTS, name, (operator) => test(fieldOf(first), operator, second)) ??
    byName(COMPARISONS, name, (operator) =>
      typeof second === "number" ? test(fieldOf(first, true), operator, second) : null,
    )
  );
}

function byName(
  names: Partial<Record<Operator, string>>,
  name: Json,
  make: (operator: Operator) => Test | null,
): Test | null {
  const found = Object.entries(names).find(([, each]) => each === name);
  return found ? make(found[0] as Operator) : null;
}

/** The texts of a list between commas; null for one that cannot be typed so. */
function listText(list: Json[]): Json {
  const values = [
    ...new Set(list.map((one) => (typeof one === "object" || typeof one === "boolean" ? "," : String(one)))),
  ];
  return values.some((value) => value.includes(",") || value !== value.trim() || value === "")
    ? null
    : values.join(", ");
}

function fieldOf(json: Json, withDefault = false): string | null {
  const operation = onlyMember(json);
  if (operation?.[0] !== "var") return null;
  const path = operation[1];
  if (typeof path === "string") return path || null;
  if (!Array.isArray(path) || typeof path[0] !== "string" || path[0] === "") return null;
  const known = path.length === 1 || (withDefault && path.length === 2 && path[1] === NO_NUMBER);
  return known ? path[0] : null;
}

function onlyMember(json: Json): [string, Json] | null {
  const entries = isObject(json) ? Object.entries(json) : [];
  return entries.length === 1 ? (entries[0] ?? null) : null;
}

/** The fields that a condition asks for. */
export function fieldsIn(condition: Condition): string[] {
  if (condition.kind === "test") return [condition.field];
  return condition.kind === "group" ? condition.items.flatMap(fieldsIn) : [];
}
