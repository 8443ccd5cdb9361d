/** The tools that tests need, where `cargo xtask setup` has put them. */

import { createRequire } from "node:module";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");
const WIDGETS = join(ROOT, ".tools/widgets");
const require = createRequire(join(WIDGETS, "package.json"));

export const tool = (name: string): any => require(name);

/** A file of ours as a script. */
export const bundledFile = async (file: string): Promise<string> => {
  const { outputFiles } = await tool("esbuild").build({ entryPoints: [join(ROOT, file)], bundle: true, write: false, format: "iife", external: ["/assets/*"] });
  return outputFiles[0].text;
};

/** A script that bundles this text, with packages of the lock. */
export const bundled = async (contents: string, globalName?: string): Promise<string> => {
  const { outputFiles } = await tool("esbuild").build({
    stdin: { contents, resolveDir: WIDGETS, loader: "js" },
    bundle: true,
    write: false,
    format: globalName ? "iife" : "esm",
    globalName,
    logLevel: "error",
  });
  return outputFiles[0].text;
};
