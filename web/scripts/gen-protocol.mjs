// Writes src/protocol/messages.ts from protocol/messages.schema.json: a type for every structure, and the
// table of shapes that parse.ts reads frames by. `--check` writes nothing and fails when the file is stale.
import { readFileSync, writeFileSync } from "node:fs";

const check = process.argv.includes("--check");
const given = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
const SCHEMA = given ?? new URL("../../protocol/messages.schema.json", import.meta.url);
const TARGET = new URL("../src/protocol/messages.ts", import.meta.url);

const schema = JSON.parse(readFileSync(SCHEMA, "utf8"));
const defs = schema.$defs ?? schema.definitions;
const refName = (ref) => ref.split("/").at(-1);
const isNull = (node) => node.type === "null";
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** Names of everything that *node* leads to. */
function reach(node, seen = new Set()) {
  if (Array.isArray(node)) node.forEach((part) => reach(part, seen));
  else if (node && typeof node === "object") {
    if (typeof node.$ref === "string") {
      const name = refName(node.$ref);
      if (!seen.has(name)) {
        seen.add(name);
        reach(defs[name], seen);
      }
    }
    for (const [key, part] of Object.entries(node)) if (key !== "discriminator" && key !== "default") reach(part, seen);
  }
  return seen;
}

/** The server writes every field, a client may leave out what has a default. */
const fromServer = reach(defs.FromServer);
const namedUnions = new Map();

function unionName(node) {
  for (const [name, definition] of Object.entries(defs)) {
    if (definition.properties) continue;
    if (JSON.stringify(definition.discriminator) === JSON.stringify(node.discriminator)) return name;
  }
  for (const [name, union] of namedUnions) if (JSON.stringify(union.discriminator) === JSON.stringify(node.discriminator)) return name;
  return null;
}

function nameUnions() {
  for (const definition of Object.values(defs)) {
    for (const [field, node] of Object.entries(definition.properties ?? {})) {
      if (node.discriminator && !unionName(node)) namedUnions.set(`Any${capital(field)}`, node);
    }
  }
}

function typeOf(node) {
  if (node.$ref) return refName(node.$ref);
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (node.discriminator) return unionName(node);
  const parts = node.anyOf ?? node.oneOf;
  if (parts) return parts.map(typeOf).join(" | ");
  if (node.type === "array") return `readonly ${wrapped(node.items)}[]`;
  if (node.type === "object") return `Readonly<Record<string, ${typeOf(node.additionalProperties)}>>`;
  const plain = { string: "string", integer: "number", number: "number", boolean: "boolean", null: "null" }[node.type];
  if (!plain) throw new Error(`no type for ${JSON.stringify(node)}`);
  return plain;
}

function wrapped(node) {
  const type = typeOf(node);
  return type.includes(" ") ? `(${type})` : type;
}

function shapeOf(node) {
  if (node.$ref) {
    const target = defs[refName(node.$ref)];
    return target.properties ? { struct: refName(node.$ref) } : shapeOf(target);
  }
  if (node.const !== undefined) return { oneOf: [node.const] };
  if (node.enum) return { oneOf: node.enum };
  if (node.discriminator) {
    const cases = Object.fromEntries(Object.entries(node.discriminator.mapping).map(([tag, ref]) => [tag, refName(ref)]));
    return { tag: node.discriminator.propertyName, cases };
  }
  const parts = node.anyOf ?? node.oneOf;
  if (parts) {
    const rest = parts.filter((part) => !isNull(part));
    const inner = rest.length === 1 ? shapeOf(rest[0]) : { any: rest.map(shapeOf) };
    return rest.length === parts.length ? inner : { nullable: inner };
  }
  if (node.type === "array") return { list: shapeOf(node.items) };
  if (node.type === "object") return { record: shapeOf(node.additionalProperties) };
  return node.type;
}

function structText(name, definition) {
  const required = new Set(definition.required ?? []);
  const always = fromServer.has(name);
  const fields = Object.entries(definition.properties).map(([field, node]) => {
    const optional = required.has(field) || always ? "" : "?";
    return `  readonly ${field}${optional}: ${typeOf(node)};`;
  });
  const about = definition.description ? `/** ${definition.description.replaceAll(/\s+/g, " ")} */\n` : "";
  return `${about}export interface ${name} {\n${fields.join("\n")}\n}`;
}

function unionText(name, node) {
  const parts = (node.anyOf ?? node.oneOf).map(typeOf);
  return `export type ${name} =\n${parts.map((part) => `  | ${part}`).join("\n")};`;
}

/** Shapes are only needed for what a client receives. */
function shapesText() {
  const lines = [...fromServer]
    .filter((name) => defs[name].properties)
    .sort()
    .map((name) => {
      const required = new Set(defs[name].required ?? []);
      const fields = Object.entries(defs[name].properties).map(([field, node]) => {
        const shape = JSON.stringify(shapeOf(node));
        return required.has(field) ? `${field}: [${shape}]` : `${field}: [${shape}, ${JSON.stringify(node.default ?? null)}]`;
      });
      return `  ${name}: { ${fields.join(", ")} },`;
    });
  return [
    "/** What fields a received structure has: its shape, then the default where it may be absent. */",
    "export const SHAPES: Readonly<Record<string, StructShape>> = {",
    ...lines,
    "};",
    "",
    `export const FROM_SERVER: Shape = ${JSON.stringify(shapeOf(defs.FromServer))};`,
  ].join("\n");
}

nameUnions();
const structs = Object.entries(defs).filter(([, definition]) => definition.properties);
const unions = [...Object.entries(defs).filter(([, definition]) => !definition.properties), ...namedUnions];
const text = [
  "// Generated from protocol/messages.schema.json by `npm run gen:protocol`; edit the server's Structs instead.",
  'import type { Shape, StructShape } from "./parse.js";',
  "",
  ...structs.map(([name, definition]) => `${structText(name, definition)}\n`),
  ...unions.map(([name, node]) => `${unionText(name, node)}\n`),
  "/** The emoji that may be sent, in the order shown; the server refuses any other. */",
  `export const REACTIONS = ${JSON.stringify(schema.reactions)} as const;`,
  "",
  shapesText(),
  "",
].join("\n");

if (!check) {
  writeFileSync(TARGET, text);
} else if (readFileSync(TARGET, "utf8") !== text) {
  console.error("src/protocol/messages.ts is not what the schema says: run `npm run gen:protocol` and commit it.");
  process.exitCode = 1;
}
