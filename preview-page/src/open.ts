/**
 * The way in from elsewhere: of a file that a browser was opened with. The page itself is not shown to those that other sites send,
 * because its address says which tool to call; here they need the key, too.
 */

const key = new URLSearchParams(location.hash.slice(1)).get("key");
const answer = key && (await fetch("/api/host", { headers: { authorization: `Bearer ${key}` } }).catch(() => undefined));

if (answer && answer.ok) location.replace(`/${location.search}${location.hash}`);
else document.querySelector("#told")!.textContent = "This address has no key, or that of an earlier launch. Open the one that the terminal shows.";

export {};
