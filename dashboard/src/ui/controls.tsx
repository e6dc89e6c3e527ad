/** Buttons, fields and states, each with its label and its keyboard. */

import type {
  ButtonHTMLAttributes,
  ComponentChildren,
  TargetedEvent,
} from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { messageOf } from "../api/client";

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: "primary" | "danger" | "plain";
  busy?: boolean;
};

export function Button({ look = "plain", busy, children, disabled, class: more, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} class={`button ${look} ${more ?? ""}`} disabled={disabled || busy} aria-busy={busy}>
      {children}
    </button>
  );
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string | null;
}

interface Typed<E extends EventTarget> {
  value?: string | number;
  required?: boolean;
  readOnly?: boolean;
  disabled?: boolean;
  placeholder?: string;
  onInput?: (event: TargetedEvent<E>) => void;
  onChange?: (event: TargetedEvent<E>) => void;
}

interface InputProps extends FieldProps, Typed<HTMLInputElement> {
  type?: "text" | "email" | "password" | "number" | "datetime-local";
  autocomplete?: string;
  autofocus?: boolean;
  inputMode?: "numeric";
  min?: number;
  minLength?: number;
  pattern?: string;
}

export function TextField({ label, hint, error, ...rest }: InputProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} {...(rest as object)} aria-describedby={`${id}-hint`} aria-invalid={Boolean(error)} />
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

interface AreaProps extends FieldProps, Typed<HTMLTextAreaElement> {
  rows?: number;
}

export function TextArea({ label, hint, error, ...rest }: AreaProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea id={id} rows={6} {...rest} aria-describedby={`${id}-hint`} aria-invalid={Boolean(error)} />
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

type SelectProps = FieldProps & {
  value: string;
  options: readonly (readonly [string, string])[];
  onValue: (value: string) => void;
  disabled?: boolean;
};

export function Select({ label, hint, error, value, options, onValue, disabled }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        disabled={disabled}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onValue(event.currentTarget.value)}
      >
        {options.map(([key, text]) => (
          <option value={key} key={key}>
            {text}
          </option>
        ))}
      </select>
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

function FieldNotes({ id, hint, error }: { id: string; hint?: ComponentChildren; error?: string | null }) {
  return (
    <div id={`${id}-hint`} class="notes">
      {error ? <span class="error">{error}</span> : hint}
    </div>
  );
}

interface CheckProps {
  label: ComponentChildren;
  checked: boolean;
  onChecked: (value: boolean) => void;
  disabled?: boolean;
  reason?: string;
}

export function Checkbox({ label, checked, onChecked, disabled, reason }: CheckProps) {
  return (
    <label class={`check ${disabled ? "off" : ""}`} title={reason}>
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChecked(event.currentTarget.checked)}
      />
      <span>
        {label}
        {disabled && reason ? <small> — {reason}</small> : null}
      </span>
    </label>
  );
}

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

/** A modal dialog: the browser keeps the focus inside and gives it back afterwards. */
export function Dialog({ title, onClose, children, wide }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? "wide" : ""}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <Button aria-label="Close" onClick={onClose}>
          ✕
        </Button>
      </header>
      {children}
    </dialog>
  );
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <div>{children}</div>
    </div>
  );
}

export function Problem({ error }: { error: unknown }) {
  return error ? (
    <p class="problem" role="alert">
      {messageOf(error)}
    </p>
  ) : null;
}

export function Badge({ kind, children }: { kind: "good" | "bad" | "quiet"; children: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>;
}

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  reload: () => Promise<void>;
}

/** Loads when the page opens, and again on `reload`. */
export function useLoaded<T>(load: () => Promise<T>, key: string): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const newest = useRef("");
  const reload = async () => {
    newest.current = key;
    try {
      const found = await load();
      if (newest.current === key) {
        setValue(() => found);
        setError(null);
      }
    } catch (failure) {
      if (newest.current === key) setError(failure);
    }
  };
  useEffect(() => {
    setValue(null);
    void reload();
  }, [key]);
  return { value, error, reload };
}

/** Runs something that a person asked for; says how it went. */
export function useAction(): {
  busy: boolean;
  error: unknown;
  run: (work: () => Promise<void>) => Promise<boolean>;
  clear: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run, clear: () => setError(null) };
}

/** A text that is copied by a click; for keys and links. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div class="copy">
      <input readOnly value={text} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
      <Button
        onClick={() => {
          void navigator.clipboard?.writeText(text).then(() => setCopied(true));
        }}
      >
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
