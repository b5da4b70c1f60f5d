// Signing in again within the page, when a session has ended: what was typed stays, and is sent after all.

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { get, signIn, V1, whenSignedOut } from "../api/client";
import { lookWho, who } from "../app/session";
import { reload } from "../app/unsent";
import { followAgain } from "../app/world";
import { text } from "../words";
import { Failure } from "./basics";
import { Dialog } from "./dialog";

const waiting = signal<{ done: () => void; failed: (why: Error) => void }[]>([]);

whenSignedOut(
  () =>
    new Promise<void>((done, failed) => {
      waiting.value = [...waiting.value, { done, failed }];
    }),
);

function over(tell: (one: { done: () => void; failed: (why: Error) => void }) => void) {
  const all = waiting.value;
  waiting.value = [];
  for (const one of all) tell(one);
}

export function SignInDialog() {
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  if (!waiting.value.length) return null;
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setWrong(null);
    try {
      const before = who.value?.name;
      await signIn(String(form.get("name")), String(form.get("password")));
      const now = await get<{ name: string }>(`${V1}/whoami`);
      if (before && now.name !== before) {
        // What waits is the other one's, and is not sent in this one's name.
        over((one) => one.failed(new Error(text.signInToGoOn)));
        location.hash = "";
        reload(true);
        return;
      }
      over((one) => one.done());
      await lookWho();
      followAgain();
    } catch (error) {
      setWrong(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={text.signInAgain} close={() => over((one) => one.failed(new Error(text.signInToGoOn)))}>
      <p>{text.sessionEnded}</p>
      <form onSubmit={send} class="form">
        <label class="field">
          <span>{text.name}</span>
          <input name="name" autocomplete="username" autocapitalize="none" spellcheck={false} required />
        </label>
        <label class="field">
          <span>{text.password}</span>
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <Failure of={wrong} />
        <footer class="row end">
          <button type="button" onClick={() => reload()}>
            {text.otherWays}
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {text.signIn}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
