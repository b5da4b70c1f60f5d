// A small form in a row, which asks the API and then begins again.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Failure } from "./basics";
import { useUnsent } from "./unsent";

// Returns whether somebody has typed into a form.
const isBegun = (form: HTMLFormElement): boolean =>
  [...form.elements].some((one) => one instanceof HTMLInputElement && one.value !== one.defaultValue);

interface Props {
  verb: string;
  send: (given: FormData) => Promise<unknown>;
  done: () => void;
  children: ComponentChildren;
}

export function RowForm({ verb, send, done, children }: Props) {
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [begun, setBegun] = useState(false);
  useUnsent(begun);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    setWrong(null);
    try {
      await send(new FormData(form));
      form.reset();
      setBegun(false);
      done();
    } catch (error) {
      setWrong(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="row card rowform" onSubmit={submit} onInput={({ currentTarget }) => setBegun(isBegun(currentTarget))}>
      {children}
      <button type="submit" class="primary" disabled={busy}>
        {verb}
      </button>
      <Failure of={wrong} />
    </form>
  );
}

interface LabelledProps {
  label: string;
  children: ComponentChildren;
}

export function Labelled({ label, children }: LabelledProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is what stands within
    <label>
      <span>{label}</span>
      {children}
    </label>
  );
}
