// An editor of YAML: with the schema's fields offered, and mistakes marked while one types.

import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, defaultHighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter } from "@codemirror/lint";
import { Annotation, Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { useLayoutEffect, useRef } from "preact/hooks";
import { parseDocument } from "yaml";
import { fieldsAt, pathAt, problems, type Schema } from "../app/schema";

export interface CodeProps {
  label: string;
  value: string;
  schema: Schema | null;
  changed: (text: string) => void;
}

function complete(schema: Schema | null) {
  return (context: CompletionContext): CompletionResult | null => {
    if (!schema) return null;
    const before = context.matchBefore(/[\w-]*/);
    if (!before || (before.from === before.to && !context.explicit)) return null;
    const text = context.state.doc.toString();
    const options: Completion[] = fieldsAt(schema, pathAt(text, context.pos)).map(({ name, description, value }) => ({
      label: name,
      apply: value ? name : `${name}: `,
      type: value ? "enum" : "property",
      info: description,
    }));
    return options.length ? { from: before.from, options } : null;
  };
}

function lint(schema: Schema | null) {
  return linter((view): Diagnostic[] => {
    const text = view.state.doc.toString();
    const document = parseDocument(text);
    const wrong = [...document.errors, ...document.warnings].map(
      (error): Diagnostic => ({
        from: error.pos[0],
        to: Math.max(error.pos[1], error.pos[0] + 1),
        severity: "error",
        message: error.message,
      }),
    );
    if (wrong.length || !schema) return wrong.map((one) => ({ ...one, to: Math.min(one.to, text.length) }));
    return problems(schema, document).map(({ from, to, message }) => ({ from, to, severity: "error", message }));
  });
}

// Marks what the page itself put into the editor: nobody typed that.
const ours = Annotation.define<boolean>();

// What depends on the schema, which comes later than the text.
const knowing = (schema: Schema | null) => [autocompletion({ override: [complete(schema)] }), lint(schema)];

// Layout effects: they run before the next key is typed. What is typed meanwhile would be overwritten with what was there before.
export default function Code({ label, value, schema, changed }: CodeProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const known = useRef(new Compartment());
  const told = useRef(changed);
  told.current = changed;
  useLayoutEffect(() => {
    if (!box.current) return;
    // In a shadow tree its styles are sheets, and no <style> elements, which the page's policy forbids.
    const root = box.current.shadowRoot ?? box.current.attachShadow({ mode: "open" });
    view.current = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(),
          history(),
          bracketMatching(),
          indentUnit.of("  "),
          yaml(),
          syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
          lintGutter(),
          known.current.of(knowing(schema)),
          keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => {
            const typed = update.transactions.some((one) => one.docChanged && !one.annotation(ours));
            if (typed) told.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    return () => view.current?.destroy();
  }, []);
  useLayoutEffect(() => {
    view.current?.dispatch({ effects: known.current.reconfigure(knowing(schema)) });
  }, [schema]);
  useLayoutEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value }, annotations: ours.of(true) });
    }
  }, [value]);
  return <div class="code" ref={box} />;
}
