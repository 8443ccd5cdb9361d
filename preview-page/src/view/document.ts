/** The document of a view, and what is put into it. */

import { upstream } from "../model/upstream";
import probe from "script:./probe.ts";

/** A document as the server gives it. */
export interface Document {
  uri: string;
  html: string;
  meta: Record<string, any>;
}

/** Reads the document at this address. */
export const read = async (uri: string): Promise<Document> => {
  const { contents } = await upstream().request("resources/read", { uri });
  const [item] = Array.isArray(contents) ? contents : [];
  if (!item) throw Error(`the server has no document at ${uri}`);
  const html = typeof item.text === "string" ? item.text : typeof item.blob === "string" ? decode(item.blob) : undefined;
  if (html === undefined) throw Error(`${uri} is no document`);
  return { uri, html, meta: item._meta ?? {} };
};

const decode = (blob: string) => new TextDecoder().decode(Uint8Array.from(atob(blob), (character) => character.charCodeAt(0)));

/** A script to put into a document, and what it finds in `document.currentScript.dataset.given`. */
export interface Script {
  text: string;
  given?: unknown;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", '"': "&quot;", "<": "&lt;" };

const element = ({ text, given }: Script) => {
  const data = given === undefined ? "" : ` data-given="${JSON.stringify(given).replace(/[&"<]/g, (character) => ENTITIES[character]!)}"`;
  return `<script${data}>${text.replaceAll("</script", "<\\/script")}</script>`;
};

/** The document with our scripts in front of its own: after the doctype, without which it would be laid out as in 1998. */
export const withScripts = (html: string, ...scripts: Script[]): string => {
  const [start] = /^(?:\s|<!--[\s\S]*?-->)*(?:<!doctype[^>]*>)?/i.exec(html) ?? [""];
  return start + [{ text: probe }, ...scripts].map(element).join("") + html.slice(start.length);
};
