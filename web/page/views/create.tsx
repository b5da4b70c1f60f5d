// Making something: a machine by a form that shows the YAML it writes, and any kind by YAML.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask, path } from "../api/client";
import { DEPLOYMENTS, type Json, MACHINES } from "../api/resources";
import { drafts } from "../app/drafts";
import { lazily } from "../app/lazily";
import { API_VERSION, documentsOf, type Form, NEW_FORM, templateOf, userData, wrongIn } from "../app/newmachine";
import { propose } from "../app/proposal";
import { go, to } from "../app/route";
import { all, kindOf, pluralOf } from "../app/world";
import { Failure } from "../parts/basics";
import type { CodeProps } from "../parts/code";
import { Options } from "../parts/form";
import { useUnsent } from "../parts/unsent";
import { AS_WRITTEN, Yaml } from "../parts/yaml";
import { text } from "../words";

export function Create({ parts }: { parts: readonly string[] }) {
  const [what, of] = parts;
  if (what === "yaml") return <ByYaml plural={of ?? MACHINES} about="" />;
  if (what && what !== "clone" && what !== MACHINES) return <ByYaml plural={what} about={of ?? ""} />;
  return <ByForm snapshot={what === "clone" ? (of ?? "") : ""} />;
}

function proposeDocuments(documents: readonly Json[], done: () => void, note = "") {
  const { metadata } = documents[documents.length - 1];
  propose({
    title: text.createOf(metadata.name),
    verb: text.create,
    steps: documents.map((document) => ({
      plural: pluralOf(document.kind),
      name: `${document.kind}/${document.metadata.name}`,
      says: text.creates(document.kind, document.metadata.name),
      create: document,
    })),
    command: `homeostat apply -f ${metadata.name}.yaml`,
    ...(note ? { note } : {}),
    done,
  });
}

const KEY = "new";

// Returns a form as it was left, and what an address says of it.
function begun(snapshot: string): Form {
  const kept = drafts.find(KEY);
  const form: Form = kept ? { ...NEW_FORM, ...JSON.parse(kept), password: "" } : NEW_FORM;
  if (!snapshot) return form;
  const disks: readonly { name: string }[] = all("snapshots").get(snapshot)?.status?.disks ?? [];
  return { ...form, from: "snapshot", snapshot, disk: disks[0]?.name ?? form.disk };
}

function ByForm({ snapshot }: { snapshot: string }) {
  const [form, setForm] = useState<Form>(() => begun(snapshot));
  const [documents, setDocuments] = useState<readonly Json[]>([]);
  const [wrong, setWrong] = useState<unknown>(null);
  const set = (change: Partial<Form>) =>
    setForm((before) => {
      const next = { ...before, ...change };
      const kept = JSON.stringify({ ...next, password: "" }); // a password is kept nowhere
      if (kept === JSON.stringify(NEW_FORM)) drafts.drop(KEY);
      else drafts.keep(KEY, kept);
      return next;
    });
  useUnsent(form.password !== ""); // the rest is a draft
  const mistakes = wrongIn(form, new Set(all(MACHINES).keys()));

  async function written(hash: string): Promise<Json[]> {
    const { stringify } = await lazily(() => import("yaml"));
    const data = userData(form, hash);
    return documentsOf(form, data ? stringify(data, AS_WRITTEN) : "");
  }
  useEffect(() => {
    let current = true;
    written(form.password && text.hashOfPassword).then((made) => current && setDocuments(made));
    return () => {
      current = false;
    };
  }, [form]);

  function discard() {
    drafts.drop(KEY);
    setForm(NEW_FORM);
    setWrong(null);
  }
  async function send(event: SubmitEvent) {
    event.preventDefault();
    setWrong(null);
    try {
      // Cost 10, which is what bcrypt's own programs take by default: about a tenth of a second here.
      const hash = form.password ? await (await lazily(() => import("bcryptjs"))).hash(form.password, 10) : "";
      proposeDocuments(await written(hash), () => {
        drafts.drop(KEY);
        go(MACHINES, form.name);
      });
    } catch (error) {
      setWrong(error);
    }
  }

  return (
    <main id="main" class="create">
      <header class="row">
        <h1>{text.newMachine}</h1>
        <a href={"#/new/yaml"}>{text.asYaml}</a>
      </header>
      <div class="columns">
        <form onSubmit={send} class="card form">
          <Field label={text.name} wrong={form.name ? mistakes.name : undefined}>
            <input
              value={form.name}
              required
              maxLength={63}
              autocapitalize="none"
              spellcheck={false}
              onInput={(event) => set({ name: event.currentTarget.value })}
            />
          </Field>
          <Field label={text.from}>
            <select value={form.from} onChange={(event) => set({ from: event.currentTarget.value as Form["from"] })}>
              <option value="image">{text.image}</option>
              <option value="url">{text.imageUrl}</option>
              <option value="plugin">{text.plugin}</option>
              <option value="iso">{text.iso}</option>
              <option value="snapshot">{text.snapshot}</option>
            </select>
          </Field>
          {form.from === "image" && <Chosen label={text.image} value={form.image} of="images" set={(image) => set({ image })} />}
          {form.from === "plugin" && (
            <Chosen label={text.plugin} value={form.plugin} of="plugins" set={(plugin) => set({ plugin })} />
          )}
          {form.from === "iso" && <Chosen label={text.iso} value={form.iso} of="images" set={(iso) => set({ iso })} />}
          {form.from === "snapshot" && (
            <Chosen label={text.snapshot} value={form.snapshot} of="snapshots" set={(one) => set({ snapshot: one })} />
          )}
          {form.from === "url" && (
            <Field label={text.imageUrl}>
              <input
                type="url"
                value={form.url}
                required
                placeholder="https://…/debian-12.qcow2"
                onInput={(event) => set({ url: event.currentTarget.value })}
              />
            </Field>
          )}
          <div class="row">
            <Field label={text.cpus}>
              <input
                type="number"
                min="1"
                max="512"
                value={form.cpus}
                onInput={(event) => set({ cpus: event.currentTarget.value })}
              />
            </Field>
            <Field label={text.memory} wrong={mistakes.memory}>
              <input value={form.memory} onInput={(event) => set({ memory: event.currentTarget.value })} />
            </Field>
            <Field label={text.diskSize} wrong={mistakes.size}>
              <input value={form.size} onInput={(event) => set({ size: event.currentTarget.value })} />
            </Field>
          </div>
          <Field label={text.network}>
            <select value={form.network} onChange={(event) => set({ network: event.currentTarget.value })}>
              <option value="">{text.userNetwork}</option>
              <Options of={[...all("networks").keys()]} />
            </select>
          </Field>
          <fieldset>
            <legend>{text.cloudInit}</legend>
            <Field label={text.user}>
              <input
                value={form.user}
                autocapitalize="none"
                spellcheck={false}
                onInput={(event) => set({ user: event.currentTarget.value })}
              />
            </Field>
            <Field label={text.sshKeys} wrong={mistakes.keys}>
              <textarea
                rows={3}
                value={form.keys}
                spellcheck={false}
                placeholder="ssh-ed25519 AAAA…"
                onInput={(event) => set({ keys: event.currentTarget.value })}
              />
            </Field>
            <Field label={text.password}>
              <input
                type="password"
                autocomplete="new-password"
                value={form.password}
                onInput={(event) => set({ password: event.currentTarget.value })}
              />
            </Field>
            <p class="soft">{text.passwordSays}</p>
          </fieldset>
          <Failure of={wrong} />
          <div class="row">
            <button type="submit" class="primary" disabled={Object.keys(mistakes).length > 0}>
              {text.review}
            </button>
            <button type="button" disabled={form === NEW_FORM} onClick={discard}>
              {text.discard}
            </button>
          </div>
        </form>
        <section class="card" aria-label={text.asItIsWritten}>
          <h2>{text.asItIsWritten}</h2>
          {documents.map((document) => (
            <Yaml key={document.kind} of={document} />
          ))}
        </section>
      </div>
    </main>
  );
}

function Field({ label, wrong, children }: { label: string; wrong?: string | undefined; children: preact.ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label class="field">
      <span>{label}</span>
      {children}
      {wrong && <span class="bad">{wrong}</span>}
    </label>
  );
}

// What there is of a kind, to choose from; and the way to it where there is nothing yet.
function Chosen({ label, value, of, set }: { label: string; value: string; of: string; set: (name: string) => void }) {
  const names = [...all(of).keys()];
  return (
    <>
      <Field label={label}>
        <select value={value} required onChange={(event) => set(event.currentTarget.value)}>
          <option value="">{names.length ? text.chooseOne : text.noneOfThem}</option>
          <Options of={names} />
        </select>
      </Field>
      {!names.length && (
        <p class="notice">
          {text.noneYet} <a href={to(of)}>{text.kinds[of]}</a>
        </p>
      )}
    </>
  );
}

function ByYaml({ plural, about }: { plural: string; about: string }) {
  const kind = kindOf(plural);
  const key = `new/${plural}/${about}`;
  const [Code, setCode] = useState<ComponentType<CodeProps> | null>(null);
  const [schema, setSchema] = useState<Json>(null);
  const [written, setWritten] = useState("");
  const [begins, setBegins] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  useEffect(() => {
    lazily(() => import("../parts/code")).then((module) => setCode(() => module.default), setWrong);
    ask<Json>("GET", path`/api/v1/schemas/${plural}`).then(
      ({ body }) => setSchema(body),
      () => {},
    );
    const kept = drafts.find(key);
    if (kept !== null) setWritten(kept);
    lazily(() => import("yaml")).then(({ stringify }) => {
      const first = stringify({ apiVersion: API_VERSION, kind: kind?.kind, ...templateOf(plural, about) }, AS_WRITTEN);
      setBegins(first);
      setWritten((typed) => typed || first);
    }, setWrong);
  }, [key, kind]);
  async function review() {
    setWrong(null);
    const { parseAllDocuments } = await lazily(() => import("yaml"));
    const documents = parseAllDocuments(written);
    if (!Array.isArray(documents) || documents.length !== 1) return setWrong(text.oneDocument);
    const error = documents[0]?.errors[0];
    if (error) return setWrong(error);
    let document: Json;
    try {
      document = documents[0]?.toJS();
    } catch (failure) {
      return setWrong(failure);
    }
    if (typeof document?.metadata?.name !== "string") return setWrong(text.needsAName);
    if (document.kind !== kind?.kind) return setWrong(text.anotherKind(kind?.kind ?? plural));
    const { hasComments } = await lazily(() => import("../app/comments"));
    const made = () => {
      drafts.drop(key);
      go(plural, document.metadata.name);
    };
    proposeDocuments([document], made, hasComments(written) ? text.commentsGo : "");
  }
  return (
    <main id="main">
      <h1>{text.createKind(kind?.kind ?? plural)}</h1>
      {Code && (
        <Code
          label="YAML"
          value={written}
          schema={schema}
          changed={(next) => {
            setWritten(next);
            if (next === begins) drafts.drop(key);
            else drafts.keep(key, next);
          }}
        />
      )}
      <Failure of={wrong} />
      <div class="row">
        <button type="button" class="primary" onClick={() => review().catch(setWrong)}>
          {text.review}
        </button>
        <button
          type="button"
          onClick={() => {
            drafts.drop(key);
            setWritten(begins);
          }}
        >
          {text.discard}
        </button>
        {plural !== DEPLOYMENTS && plural !== MACHINES && <a href={`#/${plural}`}>{text.backToList}</a>}
      </div>
    </main>
  );
}
