/**
 * Builds what is committed: the bridge that bundlers inject, the module for those who bundle, and the host's half.
 *
 * `node build.mjs` writes the files; `node build.mjs --check` fails if they are not as they would be written.
 */

import { readFile, writeFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
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

const files = new Map([["pmcp-apps-bundle/src/bridge.js", await bridge()]]);

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
