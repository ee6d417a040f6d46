import { FROM_SERVER, SHAPES, type FromServer } from "./messages.js";

/** How one value on the wire must look; unknown fields of a structure are ignored. */
export type Shape =
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | { readonly struct: string }
  | { readonly oneOf: readonly (string | number)[] }
  | { readonly tag: string; readonly cases: Readonly<Record<string, string>> }
  | { readonly any: readonly Shape[] }
  | { readonly nullable: Shape }
  | { readonly list: Shape }
  | { readonly record: Shape };

/** The fields of a structure: shape, then the default where the field may be absent. */
export type StructShape = Readonly<Record<string, readonly [Shape] | readonly [Shape, unknown]>>;

/** The server said something that this client cannot read; *where* names the field. */
export class Unreadable extends Error {
  constructor(readonly where: string) {
    super(`cannot read ${where}`);
  }
}

/**
 * Read one frame of the space channel; null for a message of a type that this client does not know.
 * An event of an unknown kind becomes `noted`, so that a page older than its server keeps counting.
 * Throws Unreadable when a known message is not what the schema says.
 */
export function parseFromServer(text: string): FromServer | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new Unreadable("frame");
  }
  if (!isRecord(raw) || typeof raw["type"] !== "string") throw new Unreadable("type");
  if (typeof FROM_SERVER === "object" && "cases" in FROM_SERVER && !Object.hasOwn(FROM_SERVER.cases, raw["type"])) return null;
  return read(raw["type"] === "event" ? noteUnknownEvent(raw) : raw, FROM_SERVER, raw["type"]) as FromServer;
}

/** Read *value* as the structure *name*; defaults are filled in. Throws Unreadable. */
export function readStruct(value: unknown, name: string, where: string): Readonly<Record<string, unknown>> {
  const fields = SHAPES[name];
  if (fields === undefined || !isRecord(value)) throw new Unreadable(where);
  const result: Record<string, unknown> = {};
  for (const [field, [shape, ...fallback]] of Object.entries(fields)) {
    const found = value[field];
    if (found === undefined && fallback.length > 0) result[field] = fallback[0];
    else result[field] = read(found, shape, `${where}.${field}`);
  }
  return result;
}

function read(value: unknown, shape: Shape, where: string): unknown {
  if (typeof shape === "string") {
    if (isPlain(value, shape)) return value;
  } else if ("struct" in shape) {
    return readStruct(value, shape.struct, where);
  } else if ("nullable" in shape) {
    return value === null ? null : read(value, shape.nullable, where);
  } else if ("oneOf" in shape) {
    if (shape.oneOf.some((allowed) => allowed === value)) return value;
  } else if ("tag" in shape) {
    const tag = isRecord(value) ? value[shape.tag] : undefined;
    const name = typeof tag === "string" && Object.hasOwn(shape.cases, tag) ? shape.cases[tag] : undefined;
    if (name !== undefined) return readStruct(value, name, where);
  } else if ("list" in shape) {
    if (Array.isArray(value)) return value.map((item: unknown, index) => read(item, shape.list, `${where}[${index}]`));
  } else if ("record" in shape) {
    if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item, shape.record, `${where}.${key}`)]));
  } else {
    for (const option of shape.any) if (typeof option === "string" && isPlain(value, option)) return value;
  }
  throw new Unreadable(where);
}

function isPlain(value: unknown, shape: "string" | "integer" | "number" | "boolean"): boolean {
  return shape === "integer" ? Number.isInteger(value) : typeof value === shape;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function noteUnknownEvent(raw: Record<string, unknown>): Record<string, unknown> {
  const event = raw["event"];
  const shape = SHAPES["EventMessage"]?.["event"]?.[0];
  const known = shape !== undefined && typeof shape === "object" && "cases" in shape ? shape.cases : {};
  const kind = isRecord(event) ? event["kind"] : undefined;
  return typeof kind === "string" && !Object.hasOwn(known, kind) ? { ...raw, event: { kind: "noted" } } : raw;
}
