/**
 * Builds the page of the preview, and the script and style of the page that `cargo pmcp app build` writes, into what is committed.
 *
 * `node build.mjs` writes the files; `node build.mjs --check` fails if they are not as they would be written.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const packages = join(root, ".tools/widgets/node_modules");
const { build } = createRequire(join(packages, "package.json"))("esbuild");

/** Kilobytes of the page, compressed: a page that is opened from the own machine, and yet. */
const BUDGET = 180;

/** Kilobytes of the script and the style of a published page, compressed: visitors load them. */
const LANDING_BUDGET = 10;

const OPTIONS = { absWorkingDir: here, bundle: true, write: false, minify: true, target: "es2023", legalComments: "none", logLevel: "warning" };

/** A script of ours for documents of views, as a text. */
const scripts = {
  name: "scripts",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^script:/ }, ({ path, resolveDir }) => ({ path: join(resolveDir, path.slice("script:".length)), namespace: "script" }));
    onLoad({ filter: /.*/, namespace: "script" }, async ({ path }) => {
      const { outputFiles } = await build({ ...OPTIONS, entryPoints: [path], format: "iife" });
      return { contents: outputFiles[0].text.trim(), loader: "text", watchFiles: [path] };
    });
  },
};

/** Texts of schemas are shown as they are: nothing makes elements of them. */
const plain = {
  name: "plain",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^markdown-to-jsx/ }, () => ({ path: "markdown", namespace: "plain" }));
    onLoad({ filter: /.*/, namespace: "plain" }, () => ({ contents: "export const Markdown = ({ children }) => children;" }));
  },
};

const bundled = async (entry, format = "esm") => {
  const { outputFiles, metafile } = await build({
    ...OPTIONS,
    entryPoints: [entry],
    format,
    metafile: true,
    outdir: "out",
    jsx: "automatic",
    jsxImportSource: "preact",
    nodePaths: [packages],
    alias: { react: "preact/compat", "react/jsx-runtime": "preact/jsx-runtime" },
    plugins: [scripts, plain],
    external: ["/assets/*"],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return { text: outputFiles[0].text, inputs: Object.keys(metafile.inputs) };
};

/** The directories of the packages that are in a bundle. */
const packagesOf = (inputs) => {
  const found = inputs.map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0]).filter(Boolean);
  return [...new Set(found)].map((path) => join(here, path));
};

/** The licences of what is bundled, as their texts ask for. */
const licences = async (directories) => {
  const texts = await Promise.all(directories.map(async (directory) => {
    const { name, version, license } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
    // Who publishes no text has it among ours, from the fields of the package.
    const places = [...["LICENSE", "LICENSE.md", "LICENSE.txt"].map((file) => join(directory, file)), join(here, "licences", `${name.replace("/", "+")}.txt`)];
    for (const place of places) {
      const text = await readFile(place, "utf8").catch(() => undefined);
      if (text !== undefined) return `${name} ${version} (${license})\n\n${text.replaceAll("\r\n", "\n").trim()}\n`;
    }
    throw Error(`${name} has no text of its licence`);
  }));
  return texts.sort().join(`\n${"-".repeat(80)}\n\n`);
};

const page = await bundled("src/main.tsx");
const opening = await bundled("src/open.ts");
const style = await bundled("style/index.css");
const inside = [...packagesOf(page.inputs), join(packages, "axe-core")];

// A script of its own, which a page that is opened from a disk may load, too.
const landing = { script: await bundled("src/landing/main.ts", "iife"), style: await bundled("style/landing.css") };
if (packagesOf(landing.script.inputs).length) throw Error("the script of a published page has packages of others in it, and no place for their licences");

const ASSETS = "pmcp-preview/assets";
const LANDING = "cargo-pmcp/assets/landing";

const files = new Map([
  [`${ASSETS}/index.html`, await readFile(join(here, "index.html"), "utf8")],
  [`${ASSETS}/open.html`, await readFile(join(here, "open.html"), "utf8")],
  [`${ASSETS}/open.js`, opening.text],
  [`${ASSETS}/page.js`, page.text],
  [`${ASSETS}/page.css`, style.text],
  // As it is published: its licence asks for changes to be told.
  [`${ASSETS}/axe.js`, await readFile(join(packages, "axe-core/axe.min.js"), "utf8")],
  [`${ASSETS}/LICENSES`, await licences(inside)],
  [`${LANDING}/host.js`, landing.script.text],
  [`${LANDING}/host.css`, landing.style.text],
]);

/** Files that have a limit, and their limits. */
const limited = [["page.js", BUDGET], ["page.css", BUDGET]].map(([name, most]) => [`${ASSETS}/${name}`, most])
  .concat(["host.js", "host.css"].map((name) => [`${LANDING}/${name}`, LANDING_BUDGET]));

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
let failed = false;
for (const [name, most] of limited) {
  const text = files.get(name);
  const size = gzipSync(text, { level: 9 }).length;
  console.log(`${name}: ${kilobytes(Buffer.byteLength(text))}, ${kilobytes(size)} compressed`);
  if (size > most * 1000) {
    console.error(`error: ${name} is too large`);
    failed = true;
  }
}

const check = process.argv.includes("--check");
for (const [name, text] of files) {
  const path = join(root, name);
  if (!check) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    console.error(`error: ${relative(root, path)} is not what its sources say\nhelp: run \`cargo xtask ui\``);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
