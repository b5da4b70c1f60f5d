// The dialog in which somebody sees what a change takes, before it is made.

import { useEffect, useRef, useState } from "preact/hooks";
import { Refused } from "../api/client";
import type { Disruption, FieldChange } from "../api/resources";
import { carryOut, isOvertaken, type Planned, type Proposal, planAll, proposal, type Step, yamlOf } from "../app/proposal";
import { find } from "../app/world";
import { text } from "../words";
import { Failure } from "./basics";
import { Dialog } from "./dialog";
import { Yaml } from "./yaml";

const TONE: Readonly<Record<Disruption, string>> = { Live: "good", NeedsRestart: "busy", NeedsReplace: "busy", Forbidden: "bad" };

export function ProposalDialog() {
  const one = proposal.value;
  return one ? <Asked key={one.title} of={one} /> : null;
}

type Outcome = "waits" | "done" | Error;

function Asked({ of }: { of: Proposal }) {
  const [planned, setPlanned] = useState<readonly (Planned | Error)[] | null>(null);
  const [outcomes, setOutcomes] = useState<readonly Outcome[] | null>(null);
  const [attempt, setAttempt] = useState(0);
  const stopped = useRef(false);
  const close = () => {
    if (proposal.value === of) proposal.value = null;
  };
  useEffect(() => {
    let current = true;
    setPlanned(null);
    planAll(of.steps).then((found) => {
      if (!current) return;
      const stale = found.find((one) => one instanceof Refused && one.status === 412);
      if (stale && of.conflict) {
        close();
        of.conflict();
      } else setPlanned(found);
    });
    return () => {
      current = false;
    };
  }, [of, attempt]);

  const alone = of.steps.length === 1;
  const possible = (planned ?? []).filter((one): one is Planned => !(one instanceof Error));
  const overtaken = outcomes === null && possible.some((one) => isOvertaken(one, find(one.step.plural, one.step.name)));
  const nothing =
    possible.length > 0 &&
    possible.every(
      ({ changed, step }) =>
        changed && !step.act && !step.create && !changed.changes.length && !step.says && !step.patch?.metadata,
    );

  async function carry() {
    const results: Outcome[] = possible.map(() => "waits");
    setOutcomes([...results]);
    for (const [index, each] of possible.entries()) {
      if (stopped.current) {
        results[index] = new Error(text.notDone);
        continue;
      }
      results[index] = await carryOut(each).then(
        () => "done" as const,
        (error: Error) => error,
      );
      setOutcomes([...results]);
    }
    setOutcomes([...results]);
    const failed = results.filter((one) => one instanceof Error);
    if (!failed.length) {
      close();
      of.done?.();
    } else if (of.conflict && failed.some((one) => one instanceof Refused && one.status === 412)) {
      close();
      of.conflict();
    }
  }

  const busy = outcomes?.includes("waits") ?? false;
  const over = outcomes !== null && !busy;
  // While something is under way it is stopped behind the step that is; else nothing was begun, or all is over.
  const leave = () => {
    if (busy) {
      stopped.current = true;
      setOutcomes((before) => before && [...before]);
    } else close();
  };
  const failing = planned ? planned.length - possible.length : 0;
  useEffect(() => {
    const moved = () => !busy && close();
    window.addEventListener("hashchange", moved);
    return () => window.removeEventListener("hashchange", moved);
  }, [busy]);
  return (
    <Dialog title={of.title} close={leave} wide>
      {planned === null ? (
        <p role="status">{text.planning}</p>
      ) : (
        <div class="plans" role="status">
          {of.steps.map((step, index) => (
            <StepPlan key={step.name} step={step} planned={planned[index]} alone={alone} />
          ))}
          {nothing && <p>{text.nothingChanges}</p>}
          {of.note && <p class="notice">{of.note}</p>}
          {overtaken && (
            <p class="notice">
              {alone ? text.overtaken : text.someOvertaken}{" "}
              <button type="button" onClick={() => setAttempt(attempt + 1)}>
                {text.planAgain}
              </button>
            </p>
          )}
          {failing > 0 && of.steps.length > 1 && <p class="failure">{text.notPlanned(failing, of.steps.length)}</p>}
        </div>
      )}
      {outcomes && (
        <ul class="outcomes" role="status">
          {outcomes.map((each, index) => (
            <li key={possible[index]?.step.name}>
              <b dir="auto">{possible[index]?.step.name}</b>{" "}
              {each === "waits" ? text.underWay : each === "done" ? text.done : <span class="bad">{each.message}</span>}
            </li>
          ))}
        </ul>
      )}
      <Teaching of={of} planned={planned ?? []} />
      <footer class="row end">
        <button type="button" data-first onClick={leave} disabled={busy && stopped.current}>
          {over ? text.close : busy ? text.stopHere : text.cancel}
        </button>
        {!over && (
          <button
            type="button"
            class={of.danger ? "primary danger" : "primary"}
            disabled={busy || (overtaken && alone) || !possible.length || nothing}
            onClick={carry}
          >
            {of.steps.length > 1 && planned ? text.verbOf(of.verb, possible.length) : of.verb}
          </button>
        )}
      </footer>
    </Dialog>
  );
}

function StepPlan({ step, planned, alone }: { step: Step; planned: Planned | Error | undefined; alone: boolean }) {
  return (
    <section class="plan" aria-label={step.name}>
      {!alone && <h3 dir="auto">{step.name}</h3>}
      {step.says && <p dir="auto">{step.says}</p>}
      {step.patch?.metadata && <p>{text.labelsChange}</p>}
      {planned instanceof Error ? <Failure of={planned} /> : planned?.changed && <ChangeTable of={planned} />}
    </section>
  );
}

function ChangeTable({ of: { changed, step } }: { of: Planned }) {
  if (!changed) return null;
  const { findings = [], notes = [] } = changed.host ?? {};
  return (
    <>
      {!step.create && changed.changes.length > 0 && (
        <table class="changes">
          <thead>
            <tr>
              <th scope="col">{text.field}</th>
              <th scope="col">{text.from}</th>
              <th scope="col">{text.into}</th>
              <th scope="col">{text.takes}</th>
            </tr>
          </thead>
          <tbody>
            {changed.changes.map((change) => (
              <ChangeRow key={change.field} of={change} />
            ))}
          </tbody>
        </table>
      )}
      {findings.map((finding) => (
        <p key={finding.message} class={finding.stalled ? "failure" : "notice"} dir="auto">
          {finding.message}
        </p>
      ))}
      {notes.map((note) => (
        <p key={note} class="notice" dir="auto">
          {note}
        </p>
      ))}
    </>
  );
}

function ChangeRow({ of }: { of: FieldChange }) {
  return (
    <tr>
      <th scope="row">{of.field}</th>
      <td dir="auto">{shown(of.old)}</td>
      <td dir="auto">{shown(of.new)}</td>
      <td>
        <span class={`tag ${TONE[of.disruption]}`}>{text.disruption[of.disruption]}</span> <span class="soft">{of.reason}</span>
      </td>
    </tr>
  );
}

export function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

// The same change as YAML, and as a command: what one may write in git, or in a script, next time.
function Teaching({ of, planned }: { of: Proposal; planned: readonly (Planned | Error)[] }) {
  const found = planned[0];
  const yaml = of.steps[0] && yamlOf(of.steps[0], found && !(found instanceof Error) ? found.changed : null);
  return (
    <details class="teaching">
      <summary>{text.elsewhere}</summary>
      {yaml && <Yaml of={yaml} />}
      <pre class="command">
        <code>{of.command}</code>
      </pre>
    </details>
  );
}
