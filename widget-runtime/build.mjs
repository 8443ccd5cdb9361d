/**
 * Builds what is committed: the bridge that bundlers inject, the module for those who bundle, and the host's half.
 *
 * `node build.mjs` writes the files; `node build.mjs --check` fails if they are not as they would be written.
 */

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const { build } = createRequire(join(root, ".tools/widgets/package.json"))("esbuild");

/** Bytes of the bridge, compressed, that every widget may pay. */
const BUDGET = 3072;

/** Properties of our own objects, which are nobody's on the wire or in the page. */
const OURS = /^(nextId|ask|notify|emit|pending)$/;

const bundle = async (entry, options) => {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: [`src/${entry}`],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    tsconfigRaw: { compilerOptions: { strict: true } },
    ...options,
  });
  return outputFiles[0].text;
};

/** The bridge: one expression, a function of the widget's name, version and modes. */
const bridge = async () => {
  const body = await bundle("app/inject.ts", { minify: true, mangleProps: OURS });
  const text = `function(options){${body.trim().replace(/;$/, "")}}\n`;
  if (/<\/script|<!--|<script/i.test(text)) throw Error("the bridge would end its script element");
  new Function(`(${text})`);
  return text;
};

/** Types of the module: those of `mcp`, exported, and those of its own. */
const types = async () => {
  const base = await readFile(join(root, "pmcp-apps/src/bridge.d.ts"), "utf8");
  const into = await mkdtemp(join(tmpdir(), "widget-runtime-"));
  try {
    const tsc = join(root, ".tools/widgets/node_modules/typescript/bin/tsc");
    const flags = ["--project", here, "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", root, "--outDir", into];
    execFileSync(process.execPath, [tsc, ...flags], { stdio: "inherit" });
    const own = await readFile(join(into, "widget-runtime/src/app/module.d.ts"), "utf8");
    return `${base.replace(/^(?=interface|type)/gm, "export ")}\n${own}`;
  } finally {
    await rm(into, { recursive: true });
  }
};

const ORIGIN = "// Built from widget-runtime by `cargo xtask runtime`.\n";

const files = new Map([
  ["pmcp-apps-bundle/src/bridge.js", await bridge()],
  ["widget-runtime/dist/app.js", ORIGIN + (await bundle("app/module.ts", {}))],
  ["widget-runtime/dist/app.d.ts", ORIGIN + (await types())],
  ["pmcp-preview/assets/host.js", ORIGIN + (await bundle("host/index.ts", {}))],
  ["pmcp-preview/assets/proxy.js", ORIGIN + (await bundle("host/proxy.ts", { format: "iife" }))],
]);

const size = gzipSync(files.get("pmcp-apps-bundle/src/bridge.js"), { level: 9 }).length;
console.log(`bridge: ${size} of ${BUDGET} bytes compressed`);
let failed = size > BUDGET;
if (failed) console.error("error: the bridge is too large");

const check = process.argv.includes("--check");
for (const [name, text] of files) {
  const path = join(root, name);
  if (!check) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    console.error(`error: ${relative(root, path)} is not what its sources say\nhelp: run \`cargo xtask runtime\``);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
