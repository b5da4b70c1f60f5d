// A small form in a row, which asks the API and then begins again.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { text } from "../words";
import { Failure } from "./basics";
import { useUnsent } from "./unsent";

const isBegun = (form: HTMLFormElement): boolean =>
  [...form.elements].some((one) => one instanceof HTMLInputElement && one.value !== one.defaultValue);

// Follows whether somebody has typed into a form, which would be lost with the tab. `empty` makes it as it was.
function useTyping() {
  const [begun, setBegun] = useState(false);
  useUnsent(begun);
  return {
    onInput: ({ currentTarget }: { currentTarget: HTMLFormElement }) => setBegun(isBegun(currentTarget)),
    empty: (form: HTMLFormElement) => {
      form.reset();
      setBegun(false);
    },
  };
}

interface Props {
  verb: string;
  send: (given: FormData) => Promise<unknown>;
  done: () => void;
  children: ComponentChildren;
}

interface ProposingProps {
  verb: string;
  label: string;
  propose: (given: FormData, done: () => void) => void;
  children: ComponentChildren;
}

// A small form whose sending is a proposal first: it keeps what was typed until that is carried out.
export function ProposingForm({ verb, label, propose, children }: ProposingProps) {
  const { onInput, empty } = useTyping();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    propose(new FormData(form), () => empty(form));
  };
  return (
    <form class="row rowform" aria-label={label} onSubmit={submit} onInput={onInput}>
      {children}
      <button type="submit">{verb}</button>
    </form>
  );
}

export function RowForm({ verb, send, done, children }: Props) {
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { onInput, empty } = useTyping();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    setWrong(null);
    try {
      await send(new FormData(form));
      empty(form);
      done();
    } catch (error) {
      setWrong(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="row card rowform" onSubmit={submit} onInput={onInput}>
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

// What a list offers, in its own words.
export function Options({ of }: { of: readonly string[] }) {
  return (
    <>
      {of.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </>
  );
}

// The name of something new.
export function NameField({ value = "" }: { value?: string }) {
  return (
    <Labelled label={text.name}>
      <input
        name="name"
        defaultValue={value}
        required
        maxLength={63}
        pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
        title={text.badName}
        autocapitalize="none"
        spellcheck={false}
        autocomplete="off"
      />
    </Labelled>
  );
}
