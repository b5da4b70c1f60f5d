// The smallest parts: a state, an age, a link to a resource, a condition.

import type { ComponentChildren } from "preact";
import { type Condition, type Resource, stateOf, type Tone, toneOf, toneOfState } from "../api/resources";
import { age } from "../app/age";
import { now } from "../app/clock";
import { to } from "../app/route";
import { find, pluralOf } from "../app/world";
import { text } from "../words";

const SHAPES = { good: "●", busy: "◐", bad: "▲", off: "○" } as const;

// A state in word, shape and colour: none of them alone.
interface StateProps {
  of: Resource;
  word?: string;
  tone?: Tone;
}

export function State({ of, word = stateOf(of), tone = toneOfState(word) }: StateProps) {
  return (
    <span class={`state ${tone}`}>
      <span aria-hidden="true">{SHAPES[tone]}</span> {word}
    </span>
  );
}

export function Age({ since }: { since: string | undefined }) {
  return (
    <time dateTime={since ?? ""} title={since ?? ""}>
      {age(since, now.value)}
    </time>
  );
}

// Leads to a resource, where there is one that somebody may see.
export function ResourceLink({ kind, name, plural = pluralOf(kind) }: { kind: string; name: string; plural?: string }) {
  if (!find(plural, name)) return <span dir="auto">{name}</span>;
  return (
    <a href={to(plural, name)} dir="auto">
      {name}
    </a>
  );
}

export function ConditionLine({ of }: { of: Condition }) {
  const tone = toneOf(of);
  return (
    <li class="condition">
      <span class={`state ${tone}`}>
        <span aria-hidden="true">{SHAPES[tone]}</span> {of.type}
        {of.status === "True" ? "" : `: ${of.status}`}
      </span>
      <span class="soft">{of.reason}</span>
      <Age since={of.lastTransitionTime} />
      {of.message && (
        <p class="said" dir="auto">
          {of.message}
        </p>
      )}
    </li>
  );
}

export function Conditions({ of }: { of: Resource }) {
  const all: readonly Condition[] = of.status?.conditions ?? [];
  if (!all.length) return <p class="soft">{text.noConditions}</p>;
  return (
    <ul class="conditions">
      {all.map((one) => (
        <ConditionLine key={one.type} of={one} />
      ))}
    </ul>
  );
}

// A part of a page with a heading.
export function Section({ title, children, extra }: { title: string; children: ComponentChildren; extra?: ComponentChildren }) {
  return (
    <section aria-label={title} class="card">
      <header class="row">
        <h2>{title}</h2>
        {extra}
      </header>
      {children}
    </section>
  );
}

export function Facts({ of }: { of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">{value === undefined || value === "" || value === null ? "–" : value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Failure({ of }: { of: unknown }) {
  if (!of) return null;
  return (
    <p class="failure" role="alert" dir="auto">
      {of instanceof Error ? of.message : String(of)}
    </p>
  );
}
