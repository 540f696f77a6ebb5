// Colors a recipe with the TextMate grammar, and looks at what some words became.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";

const require = createRequire(import.meta.url);
const wasm = await readFile(require.resolve("vscode-oniguruma/release/onig.wasm"));
await oniguruma.loadWASM(wasm);
const here = new URL("../syntaxes/kiln.tmLanguage.json", import.meta.url);
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async (scope) =>
    scope === "source.kiln"
      ? textmate.parseRawGrammar(await readFile(here, "utf8"), "kiln.tmLanguage.json")
      : null,
});
const grammar = await registry.loadGrammar("source.kiln");

const text = `/// Doc.
recipe rdma-core
@since(8.10)
feature http2 = on { host zlib >= 1.2 } // note
field flags: List<String> = ["a\\(out.replace("(", ")"))b"]
step build = sh"""
    make \\(flags)
    """
require !http2 "why"
`;

const scopes = new Map();
let stack = textmate.INITIAL;
for (const line of text.split("\n")) {
  const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
  for (const token of tokens) {
    scopes.set(line.slice(token.startIndex, token.endIndex).trim(), token.scopes.join(" "));
  }
  stack = ruleStack;
}

const expected = {
  "/// Doc.": "comment.line.documentation",
  recipe: "keyword.control.header",
  "rdma-core": "entity.name.type.package",
  "@since": "decorator",
  "8.10": "constant.numeric.version",
  feature: "storage.type",
  http2: "source.kiln",
  on: "constant.language",
  host: "keyword.control",
  zlib: "entity.name.type.package",
  "// note": "comment.line.double-slash",
  List: "support.type",
  make: "meta.embedded.shell",
  require: "keyword.control",
  why: "string.quoted.double",
};
for (const [word, scope] of Object.entries(expected)) {
  assert.ok(scopes.get(word)?.includes(scope), `${word} is ${scopes.get(word)}, not ${scope}`);
}
// Brackets inside an interpolation do not end it, and the string goes on behind it.
assert.ok(scopes.get("b")?.includes("string.quoted.double"), scopes.get("b"));
const [header] = grammar.tokenizeLine("project", textmate.INITIAL).tokens;
assert.ok(header.scopes.includes("keyword.control.header.kiln"), header.scopes.join(" "));
console.log(`${Object.keys(expected).length} words have the colors that they should`);
