// Starts `kiln lsp` and connects VS Code with it. Everything else is the server's business.

"use strict";

const vscode = require("vscode");
const { LanguageClient, State } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

/** @type {vscode.OutputChannel | undefined} */
let output;

async function activate(context) {
  output = vscode.window.createOutputChannel("Kiln");
  context.subscriptions.push(
    output,
    vscode.commands.registerCommand("kiln.restart", restart),
    vscode.commands.registerCommand("kiln.output", () => output?.show()),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("kiln.path") || event.affectsConfiguration("kiln.arguments")) {
        await restart();
      }
    }),
  );
  await start();
}

async function deactivate() {
  await stop();
}

async function restart() {
  await stop();
  await start();
}

async function stop() {
  const old = client;
  client = undefined;
  // A server that never came up has nothing to stop.
  if (old && old.state !== State.Stopped) {
    await old.stop().catch(() => {});
  }
}

async function start() {
  const settings = vscode.workspace.getConfiguration("kiln");
  const command = settings.get("path", "kiln");
  const args = settings.get("arguments", ["lsp"]);
  client = new LanguageClient(
    "kiln",
    "Kiln",
    { command, args },
    {
      // Standard recipes are files in the server's cache; documents that are not saved count too.
      documentSelector: [{ language: "kiln" }],
      outputChannel: output,
      traceOutputChannel: output,
    },
  );
  try {
    await client.start();
  } catch (error) {
    const settingsButton = "Open settings";
    const chosen = await vscode.window.showErrorMessage(
      `Kiln: \`${command} ${args.join(" ")}\` could not be started: ${error}. ` +
        "Install kiln, or set kiln.path.",
      settingsButton,
    );
    if (chosen === settingsButton) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "kiln.path");
    }
  }
}

module.exports = { activate, deactivate };
