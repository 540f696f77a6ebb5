// Loads the extension with something in place of VS Code, and has it start the real server and end
// it again; then one that is not there, which must be said.
//
// `KILN=path/to/kiln npm run smoke`; without KILN, the `kiln` on PATH.

"use strict";

const assert = require("node:assert/strict");
const Module = require("node:module");

const settings = { path: process.env.KILN ?? "kiln" };
const shown = [];
const log = [];

class Disposable {
  constructor(dispose = () => {}) {
    this.dispose = dispose;
  }
  static from(...all) {
    return new Disposable(() => all.forEach((it) => it.dispose()));
  }
}

const event = () => new Disposable();
const say = (text) => void log.push(String(text));
const channel = { append: say, appendLine: say, show() {}, clear() {}, dispose() {} };

/** An object in which whatever is not there is made: events, functions, classes and enums. */
const filled = (own, make) =>
  new Proxy(own, {
    get: (target, key) => (key in target || typeof key !== "string" ? target[key] : make(key)),
  });

const kind = { append: () => kind };

const known = {
  Disposable,
  CodeActionKind: filled({}, () => kind),
  EventEmitter: class {
    event = event;
    fire() {}
    dispose() {}
  },
  window: filled(
    {
      createOutputChannel: () => channel,
      showErrorMessage: async (text) => void shown.push(text),
      visibleTextEditors: [],
      tabGroups: { all: [], onDidChangeTabs: event, onDidChangeTabGroups: event },
    },
    (key) => (key.startsWith("on") ? event : undefined),
  ),
  workspace: filled(
    {
      getConfiguration: (section) => ({
        get: (key, otherwise) => (section === "kiln" && settings[key]) || otherwise,
      }),
      createFileSystemWatcher: () => ({
        onDidCreate: event,
        onDidChange: event,
        onDidDelete: event,
        dispose() {},
      }),
      textDocuments: [],
      notebookDocuments: [],
    },
    (key) => (/^(on|register)/.test(key) ? event : undefined),
  ),
  commands: { registerCommand: event, executeCommand: async () => {} },
  languages: filled(
    { createDiagnosticCollection: () => ({ set() {}, delete() {}, clear() {}, dispose() {} }) },
    () => event,
  ),
  env: { appName: "test", language: "en" },
  version: "1.91.0",
  extensions: { all: [], getExtension: () => undefined },
  Uri: { parse: (text) => ({ toString: () => text }) },
};
const enumeration = filled({}, (key) => key);
const vscode = filled(known, (key) => {
  const isEnumeration = /(Kind|Severity|Tag|Status|State|Behavior)$/.test(key);
  known[key] = isEnumeration ? enumeration : class {};
  return known[key];
});

const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));
const extension = require("../extension.js");

const late = setTimeout(() => {
  console.error(`the extension hangs:\n${log.join("")}`);
  process.exit(1);
}, 60_000);

async function session() {
  await extension.activate({ subscriptions: [] });
  await extension.deactivate();
}

(async () => {
  await session();
  assert.deepEqual(shown, [], log.join(""));
  console.log("the extension started the server and ended it");
  settings.path = "/no/such/kiln";
  await session();
  const told = "Kiln: `/no/such/kiln lsp` could not be started";
  assert.ok(shown.some((it) => it.startsWith(told)), shown.join("\n"));
  console.log("a server that is not there is said");
  clearTimeout(late);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
