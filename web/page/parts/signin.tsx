// Signing in again within the page, when a session has ended: what was typed stays, and is sent after all.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { get, signIn, V1, whenSignedOut } from "../api/client";
import { lookWho, signedOut } from "../app/session";
import { WINDOW, whenTold } from "../app/signedin";
import { reload } from "../app/unsent";
import { followAgain } from "../app/world";
import { text } from "../words";
import { Failure } from "./basics";
import { Dialog } from "./dialog";

const waiting = signal<{ done: () => void; failed: (why: Error) => void }[]>([]);

whenSignedOut(
  () =>
    new Promise<void>((done, failed) => {
      signedOut.value = true;
      waiting.value = [...waiting.value, { done, failed }];
    }),
);

function over(tell: (one: { done: () => void; failed: (why: Error) => void }) => void) {
  const all = waiting.value;
  waiting.value = [];
  for (const one of all) tell(one);
}

// Goes on with what waits, once somebody has signed in: here, or in another window.
async function goOn() {
  await get(`${V1}/whoami`); // where somebody else has signed in, the page begins anew, and what waits is not sent in his name
  over((one) => one.done());
  await lookWho();
  followAgain();
}

// Signs in by whatever there is, such as a provider, in a window of its own, which closes itself. Without one this window does it: what
// was typed outlasts that.
function elsewhere() {
  if (!window.open(WINDOW, "homeostat-sign-in", "popup,width=520,height=680")) reload();
}

export const SignInDialog = () => (waiting.value.length ? <Asked /> : null);

function Asked() {
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => whenTold("signed in", () => void goOn().catch(setWrong)), []);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setWrong(null);
    try {
      await signIn(String(form.get("name")), String(form.get("password")));
      await goOn();
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
          <button type="button" onClick={elsewhere}>
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
