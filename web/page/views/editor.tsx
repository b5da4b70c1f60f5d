// A resource's YAML: read, edited, checked, planned and sent. What was typed stays, whatever happens meanwhile.

import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Answer, ask, path } from "../api/client";
import { type Json, OWN, type Resource } from "../api/resources";
import { drafts } from "../app/drafts";
import { lazily } from "../app/lazily";
import { combined, difference } from "../app/patches";
import { type Patch, propose } from "../app/proposal";
import { mayTo } from "../app/rights";

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

// Returns a document with all that a patch goes by: labels are taken away one by one, never as a whole.
const whole = (document: Json): Json => ({
  metadata: { labels: {}, annotations: {}, ...document.metadata },
  spec: document.spec ?? {},
  ...Object.fromEntries(Object.entries(document).filter(([name]) => name !== "metadata" && name !== "spec")),
});

// Returns the patch that an edited document asks for.
export function patchOf(before: Json, after: Json): Patch | undefined {
  return difference(whole(before), whole(after));
}

interface Draft {
  readonly base: Loaded;
  readonly mine: string;
}

// Returns what was typed of something and not sent; null: nothing was.
export function typed(plural: string, name: string): string | null {
  const kept = drafts.find(`${plural}/${name}`);
  return kept === null ? null : (JSON.parse(kept) as Draft).mine;
}

interface Loaded {
  readonly document: Json;
  readonly etag: string;
  readonly text: string;
}

export function Editor({ plural, name }: { plural: string; name: string }) {
  const box = useRef<HTMLDivElement>(null);
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
    else keep(fresh, mine);
  }
  // A draft is kept with what it was made of: somebody else's change since then is found by that.
  function keep(base: Loaded, mine: string) {
    if (mine === base.text) drafts.drop(key);
    else drafts.keep(key, JSON.stringify({ base, mine } satisfies Draft));
  }
  // What was typed while the change before was sent is another, of what was sent.
  function follow(sent: Json, fresh: Loaded) {
    const mine = typed(plural, name);
    if (mine === null || mine === written) return begin(fresh, null);
    begin({ ...fresh, document: sent }, mine);
    if (patchOf(sent, fresh.document)) setTheirs(fresh);
  }
  function resume(fresh: Loaded) {
    const kept = drafts.find(key);
    const draft: Draft | null = kept === null ? null : JSON.parse(kept);
    begin(draft?.base ?? fresh, draft?.mine ?? null);
    if (draft && draft.base.etag !== fresh.etag) setTheirs(fresh);
  }
  useEffect(() => {
    lazily(() => import("../parts/code")).then((module) => setCode(() => module.default), setWrong);
    ask<Json>("GET", path`/api/v1/schemas/${plural}`).then(
      ({ body }) => setSchema(body),
      () => {}, // without it one types without help; the server checks all the same
    );
    load().then(resume, setWrong);
  }, [key]);

  async function review() {
    if (!loaded) return;
    setWrong(null);
    const { parseDocument } = await lazily(() => import("yaml"));
    let edited: Json;
    try {
      const document = parseDocument(written);
      if (document.errors[0]) throw document.errors[0];
      edited = document.toJS();
    } catch (error) {
      return setWrong(error);
    }
    if (typeof edited?.spec !== "object" || edited.spec === null) return setWrong(text.needsASpec);
    const patch = patchOf(loaded.document, edited);
    const commented = (await lazily(() => import("../app/comments"))).hasComments(written);
    if (!patch) return setWrong(commented ? `${text.nothingChanges} ${text.commentsGo}` : text.nothingChanges);
    propose({
      title: text.changeOf(name),
      verb: text.change,
      ...(commented ? { note: text.commentsGo } : {}),
      steps: [{ plural, name, patch, etag: loaded.etag }],
      command: `homeostat apply -f ${name}.yaml`,
      conflict: () => void load().then(setTheirs, setWrong),
      done: () => void load().then((fresh) => follow(edited, fresh), setWrong),
    });
  }

  // Puts one's own changes on top of what somebody else made of it meanwhile.
  async function rebase() {
    if (!loaded || !theirs) return;
    const { parse, stringify } = await lazily(() => import("yaml"));
    try {
      const both = combined(loaded.document, parse(written), theirs.document);
      begin(theirs, stringify(both, AS_WRITTEN));
    } catch (error) {
      setWrong(error);
    }
  }

  // The button cannot keep the keyboard: there is nothing to discard any more.
  function discard() {
    if (loaded) begin(loaded, null);
    box.current?.querySelector(".code")?.shadowRoot?.querySelector<HTMLElement>(".cm-content")?.focus();
  }

  if (!loaded || !Code) return wrong ? <Failure of={wrong} /> : <p role="status">{text.reading}</p>;
  const changed = written !== loaded.text;
  const resource = find(plural, name);
  return (
    <div class="editor" ref={box}>
      {theirs && (
        <section class="card conflict" role="alert" aria-label={text.conflict}>
          <h2>{text.conflict}</h2>
          <p>{text.conflictSays}</p>
          <pre class="yaml">
            <code>{theirs.text}</code>
          </pre>
          <div class="row">
            <button type="button" class="primary" onClick={() => rebase().catch(setWrong)}>
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
          keep(loaded, next);
        }}
      />
      <Failure of={wrong} />
      <div class="row">
        {resource && mayTo("change", resource) && (
          <button type="button" class="primary" disabled={!changed} onClick={() => review().catch(setWrong)}>
            {text.review}
          </button>
        )}
        {resource && !mayTo("change", resource) ? (
          <p class="soft">{text.readOnly}</p>
        ) : (
          <button type="button" disabled={!changed} onClick={discard}>
            {text.discard}
          </button>
        )}
        {changed && (
          <span class="soft" role="status">
            {text.notSent}
          </span>
        )}
      </div>
    </div>
  );
}
