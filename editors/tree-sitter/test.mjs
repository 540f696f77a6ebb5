// Generates the parser, runs its corpus, and parses every recipe and every block of the
// specification: `node test.mjs`. A tree with an ERROR node fails.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const own = join(here, 'node_modules', '.bin', 'tree-sitter');
const cli = existsSync(own) ? own : 'tree-sitter';

if (spawnSync(cli, ['--version']).status !== 0) {
  console.error('tree-sitter is missing: run `npm install` here, or `cargo install tree-sitter-cli`');
  process.exit(1);
}

function files(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((it) => it.endsWith(ending))
    .map((it) => join(root, folder, it))
    .sort();
}

// Blocks that show what a mistake in the syntax is called are no examples of the syntax.
const mistakes = /\[(unexpected-token|unclosed|unknown-character|missing-header|nested-too)/;

const scratch = mkdtempSync(join(tmpdir(), 'kiln-tree-sitter-'));
try {
  execFileSync(cli, ['generate'], { cwd: here, stdio: 'inherit' });
  execFileSync(cli, ['test'], { cwd: here, stdio: 'inherit' });
  const paths = [
    ...files('stdlib-recipes', '.kiln'), ...files('lang/src/builtin', '.kiln'),
    ...files('lang/benches', '.kiln'),
  ];
  for (const page of files('spec', '.md')) {
    const blocks = readFileSync(page, 'utf8').matchAll(/^```kiln(.*)\n([^]*?)^```/gm);
    let number = 0;
    for (const [, info, text] of blocks) {
      number += 1;
      if (info.includes('ignore') || mistakes.test(text)) continue;
      const name = `${relative(root, page).replaceAll('/', '_')}_${number}.kiln`;
      writeFileSync(join(scratch, name), text);
      paths.push(join(scratch, name));
    }
  }
  const list = join(scratch, 'paths');
  writeFileSync(list, paths.join('\n') + '\n');
  const args = ['parse', '--quiet', '--stat', '--paths', list];
  const { status } = spawnSync(cli, args, { cwd: here, stdio: 'inherit' });
  console.log(`${paths.length} texts ${status === 0 ? 'parsed' : 'parsed, not all of them well'}`);
  process.exitCode = status === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true });
}
