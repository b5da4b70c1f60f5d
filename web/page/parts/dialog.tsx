// A modal dialog: the browser keeps the keyboard in it, and Escape closes it.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  close: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, close, children, wide = false }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const dialog = box.current;
    dialog?.showModal();
    // Where nothing is typed the keyboard begins at what leaves all as it is.
    dialog?.querySelector<HTMLElement>("input, [data-first]")?.focus();
    return () => {
      dialog?.close(); // while it is open nothing outside takes the keyboard
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={wide ? "wide" : ""}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClose={({ currentTarget: dialog }) => {
        // A browser may close it without asking. Where it is to stay, as something is under way, it is opened again.
        close();
        setTimeout(() => dialog.isConnected && !dialog.open && dialog.showModal());
      }}
    >
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}
