import type { JsonSchema, PromptOverview } from "./files";

/** One variable of a prompt, as the form and the table show it. */
export interface Variable {
  name: string;
  type: string;
  description: string;
  required: boolean;
  used: boolean;
  schema: JsonSchema;
}

/** The variables of a prompt: those of its input schema, in its order, or those that the template uses. */
export function variablesOf(overview: PromptOverview): Variable[] {
  const schema = overview.input_schema;
  const known = schema?.properties ?? {};
  const names = schema ? Object.keys(known) : overview.variables;
  return names.map((name) => {
    const own = known[name] ?? {};
    return {
      name,
      type: typeWords(own),
      description: own.description ?? "",
      required: schema?.required?.includes(name) ?? false,
      used: overview.variables.includes(name),
      schema: own,
    };
  });
}

export function typeWords(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map(String).join(" | ");
  const type = kindOf(schema);
  if (type === "array") return schema.items ? `list of ${typeWords(schema.items)}` : "list";
  return type || "any";
}

/** The type without "null", for choosing a control. */
export function kindOf(schema: JsonSchema): string {
  const types = Array.isArray(schema.type)
    ? schema.type.filter((type) => type !== "null")
    : [schema.type ?? ""];
  return types[0] ?? "";
}

/** Values that make a prompt readable before anybody typed one: defaults, else the variable's own name in brackets. */
export function exampleValues(overview: PromptOverview): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const variable of variablesOf(overview)) {
    const given = overview.defaults[variable.name];
    if (given !== undefined) values[variable.name] = given;
    else if (variable.required || !overview.input_schema)
      values[variable.name] = example(variable.name, variable.schema);
  }
  return values;
}

function example(name: string, schema: JsonSchema): unknown {
  if (schema.enum) return schema.enum[0];
  switch (kindOf(schema)) {
    case "number":
    case "integer":
      return 1;
    case "boolean":
      return true;
    case "array":
      return [example(name, schema.items ?? {})];
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, inner]) => [key, example(key, inner)]),
      );
    default:
      return `⟨${name}⟩`;
  }
}
