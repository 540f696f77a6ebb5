// Drives the real server as an editor would, and looks at what it says.
//
// `KILN=path/to/kiln npm run smoke`; without KILN, the `kiln` on PATH.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import rpc from "vscode-jsonrpc/node.js";

const kiln = process.env.KILN ?? "kiln";
const folder = await mkdtemp(join(tmpdir(), "kiln-smoke-"));
const recipe = join(folder, "greeting.kiln");
const wrong = "recipe greeting\nversion = 1.0\nfeature loud = off\nrequire luod \"why\"\n";
await writeFile(recipe, wrong);

const server = spawn(kiln, ["lsp"], { stdio: ["pipe", "pipe", "inherit"] });
const ended = new Promise((resolve, reject) => {
  server.on("error", reject);
  server.on("exit", resolve);
});
const connection = rpc.createMessageConnection(
  new rpc.StreamMessageReader(server.stdout),
  new rpc.StreamMessageWriter(server.stdin),
);
const published = [];
let wake = () => {};
connection.onNotification("textDocument/publishDiagnostics", (it) => {
  published.push(it);
  wake();
});
connection.onRequest("client/registerCapability", () => null);
connection.listen();

/** Waits for diagnostics of the recipe that are so. */
async function diagnostics(isSo) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = published.findLast((it) => it.uri === uri);
    if (found && isSo(found.diagnostics)) return found.diagnostics;
    assert.ok(Date.now() < deadline, `no such diagnostics in ${JSON.stringify(published)}`);
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, 1000);
    });
  }
}

const uri = pathToFileURL(recipe).href;
const initialized = await connection.sendRequest("initialize", {
  processId: process.pid,
  rootUri: null,
  workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "smoke" }],
  capabilities: { workspace: { didChangeWatchedFiles: { dynamicRegistration: true } } },
});
assert.equal(initialized.serverInfo.name, "kiln");
await connection.sendNotification("initialized", {});
await connection.sendNotification("textDocument/didOpen", {
  textDocument: { uri, languageId: "kiln", version: 1, text: wrong },
});
const [first] = await diagnostics((it) => it.length === 1);
assert.equal(first.source, "kiln");
assert.deepEqual(first.range.start, { line: 3, character: 8 });
console.log(`diagnostic: ${first.message.split("\n")[0]}`);

await connection.sendNotification("textDocument/didChange", {
  textDocument: { uri, version: 2 },
  contentChanges: [
    { range: { start: { line: 3, character: 8 }, end: { line: 3, character: 12 } }, text: "loud" },
  ],
});
await diagnostics((it) => it.length === 0);
const hover = await connection.sendRequest("textDocument/hover", {
  textDocument: { uri },
  position: { line: 3, character: 9 },
});
assert.match(hover.contents.value, /feature loud = off/);
const items = await connection.sendRequest("textDocument/completion", {
  textDocument: { uri },
  position: { line: 3, character: 8 },
});
assert.ok(items.items.some((it) => it.label === "loud"));
console.log(`completion: ${items.items.length} items`);

await connection.sendRequest("shutdown");
await connection.sendNotification("exit");
assert.equal(await ended, 0);
connection.dispose();
await rm(folder, { recursive: true });
console.log("the server ended as it was told");
