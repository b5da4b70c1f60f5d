import { to } from "../app/route";
import { text } from "../words";

export function Missing({ plural, name, known }: { plural: string; name: string; known: boolean }) {
  return (
    <main id="main">
      {known ? (
        <>
          <h1 dir="auto">{text.notThere(name)}</h1>
          <p>
            <a href={to(plural)}>{text.backToList}</a>
          </p>
        </>
      ) : (
        <p role="status">{text.reading}</p>
      )}
    </main>
  );
}
