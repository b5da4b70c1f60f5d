// Uploading an image, with how far it is, and what was begun before.

import { useRef, useState } from "preact/hooks";
import { V1 } from "../api/client";
import { propose } from "../app/proposal";
import { may } from "../app/session";
import { endUpload, upload } from "../app/upload";
import { heard } from "../app/world";
import { Failure, Section } from "../parts/basics";
import { useFetched } from "../parts/fetched";
import { Labelled, NameField } from "../parts/form";
import { Listed } from "../parts/listed";
import { useUnsent } from "../parts/unsent";
import { size, text } from "../words";

export function ImageUpload() {
  const [sent, setSent] = useState<number | null>(null);
  const [whole, setWhole] = useState(0);
  const [wrong, setWrong] = useState<unknown>(null);
  const [over, setOver] = useState("");
  const abort = useRef<AbortController | null>(null);
  useUnsent(sent !== null);
  if (!may("change")) return null;
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const file = given.get("file") as File;
    const name = String(given.get("name"));
    abort.current = new AbortController();
    setWhole(file.size);
    setSent(0);
    setWrong(null);
    setOver("");
    try {
      await upload(file, name, setSent, abort.current.signal);
      setOver(text.uploaded(name));
      form.reset();
    } catch (error) {
      setWrong(abort.current.signal.aborted ? text.uploadPaused : error);
    } finally {
      setSent(null);
    }
  };
  return (
    <>
      <form class="row card" onSubmit={send}>
        <NameField />
        <Labelled label={text.file}>
          <input name="file" type="file" required />
        </Labelled>
        {sent === null ? (
          <button type="submit" class="primary">
            {text.upload}
          </button>
        ) : (
          <button type="button" onClick={() => abort.current?.abort()}>
            {text.pause}
          </button>
        )}
        {sent !== null && (
          <span>
            <progress max={Math.max(whole, 1)} value={sent} aria-label={text.upload} />{" "}
            <span class="soft">{`${size(sent)} / ${size(whole)}`}</span>
          </span>
        )}
        {over && <p role="status">{over}</p>}
        <Failure of={wrong} />
      </form>
      {sent === null && <UnderWay />}
    </>
  );
}

interface Upload {
  readonly id: string;
  readonly name: string;
  readonly offset: number;
  readonly length: number | null;
  readonly changeable: boolean;
}

// What was begun elsewhere, or before: it keeps its name from others, so one sees it, and can end it.
function UnderWay() {
  const [again, setAgain] = useState(0);
  const { body } = useFetched<{ uploads: readonly Upload[] }>(`${V1}/uploads`, `${heard.value?.version}/${again}`);
  if (!body?.uploads.length) return null;
  const arrived = ({ offset, length }: Upload) => (length === null ? size(offset) : `${size(offset)} / ${size(length)}`);
  const end = (one: Upload) =>
    propose({
      title: text.endUpload(one.name),
      verb: text.endVerb,
      danger: true,
      steps: [{ plural: "", name: one.name, says: text.endUploadSays(arrived(one)), act: () => endUpload(one.id) }],
      command: `curl -X DELETE -H 'Tus-Resumable: 1.0.0' ${location.origin}${V1}/uploads/${one.id}`,
      done: () => setAgain(again + 1),
    });
  return (
    <Section title={text.uploadsUnderWay}>
      <p>{text.underWaySays}</p>
      <Listed
        label={text.uploadsUnderWay}
        rows={body.uploads}
        wrong={null}
        id={(one) => one.id}
        columns={[
          [text.name, (one) => one.name],
          [text.arrived, arrived],
          [
            text.whatToDo,
            (one) =>
              one.changeable && (
                <button type="button" class="danger" aria-label={text.endUpload(one.name)} onClick={() => end(one)}>
                  {text.endVerb}
                </button>
              ),
          ],
        ]}
      />
    </Section>
  );
}
