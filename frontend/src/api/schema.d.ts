// Written by `make schema` from the server's OpenAPI schema.
// biome-ignore lint: generated
export type paths = Record<string, Record<string, any>>;
