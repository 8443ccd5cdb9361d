/** A package whose widget is a file, and the preview of it as the command line has it. */

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { ROOT } from "../widget-runtime/test/tools.ts";

const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");

const MANIFEST = `[package]
name = "small"
version = "0.1.0"
edition = "2024"

[workspace]
`;

/** A program of a moment to build, which has the scripted server do its work. */
const MAIN = `use std::{os::unix::process::CommandExt, process::Command};

fn main() {
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/server.ts");
    panic!("{}", Command::new(${JSON.stringify(process.execPath)}).arg("--disable-warning=ExperimentalWarning").arg(server).exec());
}
`;

const SERVER = `import { readFileSync } from "node:fs";
import { Scripted } from ${JSON.stringify(join(ROOT, "browser-tests/scripted.ts"))};

const server = await Scripted.start();
server.document = () => readFileSync(new URL("widgets/view.html", import.meta.url), "utf8");
console.error("listening on " + server.url);
`;

/** The package, while it is previewed. */
export class Package {
  readonly folder = mkdtempSync(join(tmpdir(), "preview-"));
  readonly #heard: string[] = [];
  #told: (() => void)[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(document: string) {
    for (const folder of ["src", "widgets"]) mkdirSync(join(this.folder, folder));
    this.write("Cargo.toml", MANIFEST);
    this.write("src/main.rs", MAIN);
    this.write("server.ts", SERVER);
    this.write("widgets/view.html", document);
  }

  write(file: string, text: string) {
    writeFileSync(join(this.folder, file), text);
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  /** Starts the preview; the address of its page. */
  async start(...args: string[]): Promise<string> {
    const { CARGO_TARGET_DIR: _, ...env } = process.env;
    const program = join(TARGET, "debug/cargo-pmcp");
    const child = spawn(program, ["preview", "--no-open", "--port", "0", ...args], { cwd: this.folder, env, stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.on("exit", resolve));
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#heard.push(line);
      for (const told of this.#told.splice(0)) told();
    });
    const line = await this.line(/^\s+Preview /);
    return /http:\S+/.exec(line)![0];
  }

  /** Runs another command of the command line to its end. Gives its exit code, and what it told. */
  run(...args: string[]): Promise<{ code: number; told: string }> {
    const { CARGO_TARGET_DIR: _, ...env } = process.env;
    return new Promise((resolve) => {
      execFile(join(TARGET, "debug/cargo-pmcp"), args, { cwd: this.folder, env }, (error, _, told) => resolve({ code: Number(error?.code ?? 0), told }));
    });
  }

  /** The next line of the terminal that is like this. */
  async line(like: RegExp, within = 60_000): Promise<string> {
    const until = Date.now() + within;
    for (;;) {
      const at = this.#heard.findIndex((line) => like.test(line));
      if (at >= 0) return this.#heard.splice(0, at + 1).at(-1)!;
      const left = until - Date.now();
      if (left <= 0) throw Error(`no line is like ${like}, but: ${this.#heard.join("\n")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#told.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Ends the preview as Ctrl-C does. */
  async interrupt() {
    this.#child?.kill("SIGINT");
    await this.#ended;
  }

  async stop() {
    this.#child?.kill("SIGKILL");
    await this.#ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
