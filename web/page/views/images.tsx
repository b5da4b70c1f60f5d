// Uploading an image, with how far it is.

import { useRef, useState } from "preact/hooks";
import { may } from "../app/session";
import { upload } from "../app/upload";
import { Failure } from "../parts/basics";
import { Labelled, NameField } from "../parts/form";
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
  );
}
