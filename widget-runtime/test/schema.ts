/** Frames held against the extension's schema, as its packages bring it in two versions. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT, tool } from "./tools.ts";

const { default: Ajv } = tool("ajv/dist/2020");

/** Definitions of the schema, by method. Core methods are not in it. */
const METHODS: Record<string, [message: string, result?: string]> = {
  "ui/initialize": ["McpUiInitializeRequest", "McpUiInitializeResult"],
  "ui/open-link": ["McpUiOpenLinkRequest", "McpUiOpenLinkResult"],
  "ui/message": ["McpUiMessageRequest", "McpUiMessageResult"],
  "ui/update-model-context": ["McpUiUpdateModelContextRequest"],
  "ui/download-file": ["McpUiDownloadFileRequest", "McpUiDownloadFileResult"],
  "ui/request-display-mode": ["McpUiRequestDisplayModeRequest", "McpUiRequestDisplayModeResult"],
  "ui/resource-teardown": ["McpUiResourceTeardownRequest", "McpUiResourceTeardownResult"],
  "ui/notifications/initialized": ["McpUiInitializedNotification"],
  "ui/notifications/size-changed": ["McpUiSizeChangedNotification"],
  "ui/notifications/request-teardown": ["McpUiRequestTeardownNotification"],
  "ui/notifications/host-context-changed": ["McpUiHostContextChangedNotification"],
  "ui/notifications/tool-input": ["McpUiToolInputNotification"],
  "ui/notifications/tool-input-partial": ["McpUiToolInputPartialNotification"],
  "ui/notifications/tool-result": ["McpUiToolResultNotification"],
  "ui/notifications/tool-cancelled": ["McpUiToolCancelledNotification"],
  "ui/notifications/sandbox-proxy-ready": ["McpUiSandboxProxyReadyNotification"],
  "ui/notifications/sandbox-resource-ready": ["McpUiSandboxResourceReadyNotification"],
};

const definitions = (version: number) => {
  const path = join(ROOT, `.tools/widgets/node_modules/ext-apps-${version}/dist/src/generated/schema.json`);
  const { $defs } = JSON.parse(readFileSync(path, "utf8"));
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const compiled = new Map<string, any>();
  return (name: string, value: unknown) => {
    if (!compiled.has(name)) compiled.set(name, ajv.compile($defs[name]));
    const validate = compiled.get(name);
    assert.ok(validate(value), `${name} of version ${version}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
  };
};

const VERSIONS = [1, 2].map(definitions);

/**
 * Checks frames of one conversation, those of both sides so that answers are known by their requests, and says how many it could
 * check.
 */
export const check = (frames: any[]): number => {
  const asked = new Map<unknown, string>();
  let checked = 0;
  for (const { jsonrpc, id, ...frame } of structuredClone(frames)) {
    assert.equal(jsonrpc, "2.0");
    const { method = asked.get(id), result } = frame;
    if (frame.method !== undefined && id !== undefined) asked.set(id, method);
    const names = METHODS[method];
    if (method?.startsWith("ui/")) assert.ok(names, `the schema has no \`${method}\``);
    if (!names) continue;
    const [name, value] = frame.method === undefined ? [names[1], result] : [names[0], frame];
    if (!name || value === undefined) continue;
    // The specification's text gives a reason, which the schema has forgotten.
    if (frame.method === "ui/resource-teardown") delete value.params.reason;
    VERSIONS.forEach((version) => version(name, value));
    checked += 1;
  }
  return checked;
};
