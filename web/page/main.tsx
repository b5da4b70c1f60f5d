// The page: its frame, and which view an address shows.

import { render } from "preact";
import { useEffect } from "preact/hooks";
import { ask, NotReached, V1 } from "./api/client";
import { DEPLOYMENTS, MACHINES } from "./api/resources";
import { age } from "./app/age";
import { now, tick } from "./app/clock";
import { drafts } from "./app/drafts";
import { route, to } from "./app/route";
import { beginAnew, bySession, everywhere, lookWho, signedOut, who } from "./app/session";
import { answerThat, isThatWindow, othersWouldLose, tell, whenTold } from "./app/signedin";
import { themes } from "./app/theme";
import { askBeforeLeaving, reload, wouldLose } from "./app/unsent";
import { outdated } from "./app/version";
import { follow, heard, kindOf, kinds, linked, troubles } from "./app/world";
import { ProposalDialog } from "./parts/proposal";
import { SignInDialog } from "./parts/signin";
import { Activity } from "./views/activity";
import { Create } from "./views/create";
import { Deployment } from "./views/deployment";
import { Fleet } from "./views/fleet";
import { HostView } from "./views/host";
import { ImageUpload } from "./views/images";
import { KindList } from "./views/kind";
import { Machine } from "./views/machine";
import { People } from "./views/people";
import { OneResource } from "./views/resource";
import { Trash } from "./views/trash";
import { text } from "./words";

const KINDS = [DEPLOYMENTS, "plugins", "images", "disks", "snapshots", "snapshotschedules", "networks", "hosts"];

function Shown() {
  const [first = MACHINES, name, tab = ""] = route.value;
  if (first === "new") return <Create key={route.value.join("/")} parts={route.value.slice(1)} />;
  if (first === "activity") return <Activity tab={name ?? ""} />;
  if (first === "people") return <People tab={name ?? ""} />;
  if (first === "trash") return <Trash />;
  if (first === MACHINES) return name ? <Machine key={name} name={name} tab={tab} /> : <Fleet />;
  if (first === DEPLOYMENTS && name) return <Deployment key={name} name={name} tab={tab} />;
  if (first === "images" && !name) return <KindList plural="images" extra={<ImageUpload />} />;
  if (first === "hosts" && name) return <HostView key={name} name={name} tab={tab} />;
  if (kindOf(first))
    return name ? <OneResource key={name} plural={first} name={name} tab={tab} /> : <KindList key={first} plural={first} />;
  return (
    <main id="main">
      <h1>{text.noSuchPage}</h1>
      <p>
        <a href={to()}>{text.fleet}</a>
      </p>
    </main>
  );
}

function Navigation() {
  const here = route.value[0] ?? MACHINES;
  const link = (first: string, title: string, count = 0) => (
    <a key={first} href={first === MACHINES ? to() : to(first)} aria-current={here === first ? "page" : undefined}>
      {title}
      {count > 0 && <span class="tag bad">{count}</span>}
    </a>
  );
  return (
    <nav class="main" aria-label={text.pages}>
      {link(MACHINES, text.fleet, troubles.value.length)}
      {KINDS.filter((plural) => kindOf(plural)).map((plural) => link(plural, text.kinds[plural] ?? plural))}
      {link("activity", text.activity)}
      {link("trash", text.trash)}
      {everywhere("moderate") && link("people", text.people)}
    </nav>
  );
}

// Whether what is shown is current, in words.
function Link() {
  const mark = heard.value;
  if (!linked.value && signedOut.value) return <p class="link bad">{text.notSignedIn}</p>;
  if (!linked.value) return <p class="link bad">{mark ? text.notLinked : text.connecting}</p>;
  if (mark?.lastLook) {
    return <p class="link bad">{text.noOperator(mark.lastLook === "unknown" ? "" : age(mark.lastLook, now.value))}</p>;
  }
  return <p class="link good">{text.live}</p>;
}

async function signOut() {
  if ((wouldLose() || (await othersWouldLose())) && !window.confirm(text.signOutLoses)) return;
  try {
    await ask("DELETE", `${V1}/session`);
  } catch (error) {
    if (error instanceof NotReached) return; // still signed in, and the line above says that nobody answers
  }
  tell("signed out");
  forgetAll();
}

// What somebody has in this tab goes with him.
function forgetAll() {
  drafts.forget();
  beginAnew();
}

const LOOK = 15_000; // milliseconds until it asks again who is signed in, and what was granted to him

function keepLooking(): void {
  const look = () => {
    if (!document.hidden && linked.value) void lookWho();
  };
  setInterval(look, LOOK);
  document.addEventListener("visibilitychange", look);
}

function toMain() {
  const main = document.getElementById("main");
  main?.setAttribute("tabindex", "-1");
  main?.focus();
}

function Frame() {
  useEffect(() => {
    const [first = "", name] = route.value;
    document.title = [name, text.kinds[first] ?? first, "Homeostat"].filter(Boolean).join(" · ");
  }, [route.value]);
  return (
    <>
      <button type="button" class="skip" onClick={toMain}>
        {text.skip}
      </button>
      <header class="top">
        <a class="home" href={to()}>
          Homeostat
        </a>
        <div role="status">
          <Link />
        </div>
        <div class="row">
          <label>
            <span class="visually-hidden">{text.theme}</span>
            <select value={themes.current.value} onChange={(event) => themes.set(event.currentTarget.value)}>
              <option value="">{text.systemTheme}</option>
              <option value="light">{text.light}</option>
              <option value="dark">{text.dark}</option>
            </select>
          </label>
          {who.value?.name && (
            <a href={to("people")} title={text.yourAccount} dir="auto">
              {who.value.name}
            </a>
          )}
          {bySession.value && (
            <button type="button" onClick={signOut}>
              {text.signOut}
            </button>
          )}
        </div>
      </header>
      {outdated.value && (
        <p class="notice row" role="alert">
          {text.newerServer}
          <button type="button" onClick={() => reload()}>
            {text.loadAgain}
          </button>
        </p>
      )}
      <div class="body">
        <Navigation />
        {kinds.value.length ? (
          <Shown />
        ) : (
          <main id="main">
            <p role="status">{text.reading}</p>
          </main>
        )}
      </div>
      <footer class="bottom">
        <a href="/api/v1/openapi">OpenAPI</a> <a href="/metrics">{text.metrics}</a> <a href="/readyz">{text.readiness}</a>{" "}
        <a href="/web/page/licences.txt">{text.licences}</a>
      </footer>
      <ProposalDialog />
      <SignInDialog />
    </>
  );
}

// In a window that is there to sign in: somebody has, so the others go on, and it closes.
async function endWindow() {
  await lookWho();
  if (who.value) tell("signed in");
  window.close();
  render(
    <main id="main">
      <h1>{text.signedIn}</h1>
      <p>
        <a href="/">{text.fleet}</a>
      </p>
    </main>,
    document.body,
  );
}

async function begin() {
  if (isThatWindow()) return endWindow();
  tick();
  askBeforeLeaving();
  whenTold("signed out", forgetAll);
  answerThat(wouldLose);
  render(<Frame />, document.body);
  await lookWho();
  keepLooking();
  for (;;) {
    try {
      return await follow();
    } catch {
      await new Promise((again) => setTimeout(again, 2000)); // the line on top says that nobody answers
    }
  }
}

void begin();
