// Builds the page: one script, the parts that are loaded when they are needed, and whose work is in it.

import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const [target] = process.argv.slice(2);
const { metafile } = await build({
  entryPoints: { main: "page/main.tsx" },
  outdir: target,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  metafile: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  chunkNames: "part-[hash]",
  legalComments: "none",
});

// Each package whose files are in what was built, with its licence.
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
);
const licences = [...packages, "@novnc/novnc", "@xterm/xterm", "@xterm/addon-fit"].sort().map((name) => {
  const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE"].find((each) => {
    try {
      readFileSync(`node_modules/${name}/${each}`);
      return true;
    } catch {
      return false;
    }
  });
  return `${name} ${version} (${license})\n\n${file ? readFileSync(`node_modules/${name}/${file}`, "utf8").trim() : ""}\n`;
});
writeFileSync(`${target}/licences.txt`, `What this page has of others.\n\n${licences.join(`\n${"-".repeat(80)}\n\n`)}`);
