// Runs the tests of the page's own rules, those that need no browser: built as the page is, then run by Node.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const found = readdirSync("page", { recursive: true })
  .filter((one) => one.endsWith(".test.ts"))
  .map((one) => join("page", one));
const folder = mkdtempSync(join("node_modules", ".tests-"));
try {
  await build({
    entryPoints: found,
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    outExtension: { ".js": ".mjs" },
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  const built = readdirSync(folder, { recursive: true }).filter((one) => one.endsWith(".mjs"));
  process.exitCode =
    spawnSync("node", ["--test", "--test-reporter=dot", ...built.map((one) => join(folder, one))], { stdio: "inherit" }).status ??
    1;
} finally {
  rmSync(folder, { recursive: true });
}
