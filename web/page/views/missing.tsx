// What is not there: never was, has been deleted, or may not be seen. What was typed of it stays.

import { useState } from "preact/hooks";
import { drafts } from "../app/drafts";
import { to } from "../app/route";
import { Section } from "../parts/basics";
import { text } from "../words";
import { typed } from "./editor";

export function Missing({ plural, name, known }: { plural: string; name: string; known: boolean }) {
  return (
    <main id="main">
      {known ? (
        <>
          <h1 dir="auto">{text.notThere(name)}</h1>
          <p>
            <a href={to(plural)}>{text.backToList}</a>
          </p>
          <Typed key={`${plural}/${name}`} plural={plural} name={name} />
        </>
      ) : (
        <p role="status">{text.reading}</p>
      )}
    </main>
  );
}

function Typed({ plural, name }: { plural: string; name: string }) {
  const [mine, setMine] = useState(() => typed(plural, name));
  if (mine === null) return null;
  const discard = () => {
    drafts.drop(`${plural}/${name}`);
    setMine(null);
  };
  return (
    <Section title={text.notSent}>
      <p>{text.typedOfWhatIsGone}</p>
      <pre class="yaml">
        <code>{mine}</code>
      </pre>
      <button type="button" onClick={discard}>
        {text.discard}
      </button>
    </Section>
  );
}
