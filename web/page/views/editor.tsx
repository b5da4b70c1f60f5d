// A resource's YAML: read, edited, checked, planned and sent. What was typed stays, whatever happens meanwhile.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Answer, ask, path } from "../api/client";
import { type Json, OWN, type Resource } from "../api/resources";
import { drafts } from "../app/drafts";
import { lazily } from "../app/lazily";
import { difference, merged } from "../app/patches";
import { type Patch, propose } from "../app/proposal";
import { mayTo } from "../app/session";
import { find } from "../app/world";
import { Failure } from "../parts/basics";
import type { CodeProps } from "../parts/code";
import { AS_WRITTEN } from "../parts/yaml";
import { text } from "../words";

// Returns what somebody edits of a resource.
export function editable(of: Resource): Json {
  const kept = (all: Readonly<Record<string, string>> | undefined) =>
    Object.fromEntries(Object.entries(all ?? {}).filter(([name]) => !name.startsWith(OWN)));
  const labels = kept(of.metadata.labels);
  const annotations = kept(of.metadata.annotations);
  const metadata = {
    ...(Object.keys(labels).length ? { labels } : {}),
    ...(Object.keys(annotations).length ? { annotations } : {}),
  };
  return { ...(Object.keys(metadata).length ? { metadata } : {}), spec: of.spec };
}

// Returns the patch that an edited document asks for.
export function patchOf(before: Json, after: Json): Patch | undefined {
  return difference({ metadata: {}, ...before }, { metadata: {}, spec: {}, ...after });
}

interface Loaded {
  readonly document: Json;
  readonly etag: string;
  readonly text: string;
}

export function Editor({ plural, name }: { plural: string; name: string }) {
  const [Code, setCode] = useState<ComponentType<CodeProps> | null>(null);
  const [schema, setSchema] = useState<Json>(null);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [written, setWritten] = useState("");
  const [theirs, setTheirs] = useState<Loaded | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const key = `${plural}/${name}`;

  async function load(): Promise<Loaded> {
    const { stringify } = await lazily(() => import("yaml"));
    const answer: Answer<Resource> = await ask("GET", path`/api/v1/resources/${plural}/${name}`);
    const document = editable(answer.body);
    return { document, etag: answer.etag, text: stringify(document, AS_WRITTEN) };
  }
  function begin(fresh: Loaded, mine: string | null) {
    setLoaded(fresh);
    setWritten(mine ?? fresh.text);
    setTheirs(null);
    setWrong(null);
    if (mine === null) drafts.drop(key);
  }
  useEffect(() => {
    lazily(() => import("../parts/code")).then((module) => setCode(() => module.default));
    ask<Json>("GET", path`/api/v1/schemas/${plural}`).then(
      ({ body }) => setSchema(body),
      () => {}, // without it one types without help; the server checks all the same
    );
    load().then((fresh) => begin(fresh, drafts.find(key)), setWrong);
  }, [key]);

  async function review() {
    if (!loaded) return;
    setWrong(null);
    const { parseDocument } = await lazily(() => import("yaml"));
    const document = parseDocument(written);
    if (document.errors[0]) return setWrong(document.errors[0]);
    const patch = patchOf(loaded.document, document.toJS() ?? {});
    if (!patch) return setWrong(text.nothingChanges);
    propose({
      title: text.changeOf(name),
      verb: text.change,
      steps: [{ plural, name, patch, etag: loaded.etag }],
      command: `homeostat apply -f ${name}.yaml`,
      conflict: () => void load().then(setTheirs, setWrong),
      done: () => void load().then((fresh) => begin(fresh, null), setWrong),
    });
  }

  // Puts one's own changes on top of what somebody else made of it meanwhile.
  async function rebase() {
    if (!loaded || !theirs) return;
    const { parse, stringify } = await lazily(() => import("yaml"));
    const mine = difference(loaded.document, parse(written));
    begin(theirs, stringify(merged(theirs.document, mine), AS_WRITTEN));
  }

  if (!loaded || !Code) return wrong ? <Failure of={wrong} /> : <p role="status">{text.reading}</p>;
  const changed = written !== loaded.text;
  const resource = find(plural, name);
  return (
    <div class="editor">
      {theirs && (
        <section class="card conflict" role="alert" aria-label={text.conflict}>
          <h2>{text.conflict}</h2>
          <p>{text.conflictSays}</p>
          <pre class="yaml">
            <code>{theirs.text}</code>
          </pre>
          <div class="row">
            <button type="button" class="primary" onClick={rebase}>
              {text.mineOnTop}
            </button>
            <button type="button" onClick={() => begin(theirs, null)}>
              {text.takeTheirs}
            </button>
          </div>
        </section>
      )}
      <Code
        label={text.yamlOf(name)}
        value={written}
        schema={schema}
        changed={(next) => {
          setWritten(next);
          drafts.keep(key, next);
        }}
      />
      <Failure of={wrong} />
      <div class="row">
        {resource && mayTo("change", resource) && (
          <button type="button" class="primary" disabled={!changed} onClick={review}>
            {text.review}
          </button>
        )}
        <button type="button" disabled={!changed} onClick={() => begin(loaded, null)}>
          {text.discard}
        </button>
        {changed && (
          <span class="soft" role="status">
            {text.notSent}
          </span>
        )}
      </div>
    </div>
  );
}
