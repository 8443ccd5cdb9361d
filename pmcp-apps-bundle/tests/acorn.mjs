// Tells what acorn reads in scripts, for `tests/script_oracle.rs`. Arguments: acorn's package, then directories.
// For each file that acorn parses, a line `file GOAL PATH`, then `KIND START END` for each piece and each name of a module, in bytes.
import { createRequire } from "node:module";
import { readdirSync, readFileSync, realpathSync, writeSync } from "node:fs";
import { join } from "node:path";

const [acornPath, ...roots] = process.argv.slice(2);
const acorn = createRequire(import.meta.url)(realpathSync(acornPath));

function* files(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.isFile() && /\.[cm]?js$/.test(entry.name)) yield path;
  }
}

/** Maps offsets in UTF-16 to offsets in bytes. */
function bytesOf(source) {
  if (!/[^\0-\x7f]/.test(source)) return at => at;
  const map = new Uint32Array(source.length + 1);
  let bytes = 0;
  for (let at = 0; at < source.length; at++) {
    map[at] = bytes;
    const unit = source.charCodeAt(at);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && at + 1 < source.length) {
      map[++at] = bytes;
      bytes += 4;
    } else bytes += 3;
  }
  map[source.length] = bytes;
  return at => map[at];
}

function parse(source) {
  for (const sourceType of ["module", "script"]) {
    const tokens = [];
    const options = { ecmaVersion: "latest", sourceType, allowHashBang: true, onToken: tokens };
    if (sourceType === "script") options.allowReturnOutsideFunction = true;
    try {
      return { goal: sourceType, tree: acorn.parse(source, options), tokens };
    } catch {
      // It is no such script.
    }
  }
}

const text = node => (node.type === "Literal" ? node.value : node.name);
const wide = name => JSON.stringify(name);

function names(pattern, into) {
  if (!pattern) return;
  if (pattern.type === "Identifier") into.push(pattern.name);
  else if (pattern.type === "ObjectPattern") for (const property of pattern.properties) names(property.value ?? property.argument, into);
  else if (pattern.type === "ArrayPattern") for (const element of pattern.elements) names(element, into);
  else if (pattern.type === "AssignmentPattern") names(pattern.left, into);
  else if (pattern.type === "RestElement") names(pattern.argument, into);
}

/** Imports and exports of a module, each as a line of its own. */
function* modules(tree) {
  for (const node of tree.body) {
    if (node.type === "ImportDeclaration") {
      yield `import ${wide(node.source.value)}`;
      for (const one of node.specifiers) {
        if (one.type === "ImportNamespaceSpecifier") yield `bind * ${one.local.name}`;
        else yield `bind ${wide(one.imported ? text(one.imported) : "default")} ${one.local.name}`;
      }
    } else if (node.type === "ExportAllDeclaration") {
      yield `import ${wide(node.source.value)}`;
      yield `export ${wide(node.exported ? text(node.exported) : "")}`;
    } else if (node.type === "ExportDefaultDeclaration") yield `export "default"`;
    else if (node.type === "ExportNamedDeclaration") {
      if (node.source) yield `import ${wide(node.source.value)}`;
      for (const one of node.specifiers) yield `export ${wide(text(one.exported))}`;
      const declared = [];
      if (node.declaration?.declarations) for (const one of node.declaration.declarations) names(one.id, declared);
      else if (node.declaration) declared.push(node.declaration.id.name);
      for (const name of declared) yield `export ${wide(name)}`;
    }
  }
}

/** Awaits outside of functions, dynamic imports and `import.meta`. */
function others(tree) {
  const seen = { awaits: 0, dynamic: 0, meta: 0 };
  const walk = (node, inner) => {
    if (!node || typeof node.type !== "string") return;
    if (node.type === "AwaitExpression" && !inner) seen.awaits = 1;
    if (node.type === "ForOfStatement" && node.await && !inner) seen.awaits = 1;
    if (node.type === "ImportExpression" && (node.source.type === "Literal" || node.source.expressions?.length === 0)) seen.dynamic++;
    if (node.type === "MetaProperty" && node.meta.name === "import") seen.meta++;
    const within = inner || /Function|^PropertyDefinition$|^StaticBlock$/.test(node.type);
    for (const key in node) {
      const value = node[key];
      if (Array.isArray(value)) for (const one of value) walk(one, within);
      else if (value && typeof value === "object") walk(value, within);
    }
  };
  walk(tree, false);
  return seen;
}

let out = "";
function flush() {
  const buffer = Buffer.from(out);
  for (let at = 0; at < buffer.length; ) {
    try {
      at += writeSync(1, buffer, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
  out = "";
}

for (const root of roots) {
  for (const path of files(root)) {
    const source = readFileSync(path, "utf8");
    const parsed = parse(source);
    if (!parsed) continue;
    const bytes = bytesOf(source);
    out += `file ${parsed.goal} ${path}\n`;
    for (const token of parsed.tokens) {
      const label = token.type.label;
      const kind = label === "string" ? "s" : label === "template" ? "t" : label === "regexp" ? "r" : undefined;
      if (kind) out += `${kind} ${bytes(token.start)} ${bytes(token.end)}\n`;
    }
    const { awaits, dynamic, meta } = others(parsed.tree);
    out += `awaits ${awaits}\ndynamic ${dynamic}\nmeta ${meta}\n`;
    if (parsed.goal === "module") for (const line of modules(parsed.tree)) out += `${line}\n`;
    if (out.length > 1 << 20) flush();
  }
}
flush();
