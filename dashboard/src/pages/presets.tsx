/** Named transformations, with a look at what they make of a picture. */

import { useEffect, useState } from "preact/hooks";
import { api, cdnFetch } from "../api/client";
import type { Preset } from "../api/types";
import { includes, useBases, useSession } from "../session";
import { Button, Dialog, Empty, Problem, TextArea, TextField, useAction, useLoaded } from "../ui/controls";
import { urlPath } from "./thumbnails";

function lines(params: Preset["params"]): string {
  return params.flatMap((group) => Object.entries(group).map(([name, value]) => `${name}=${value}`)).join("\n");
}

function parsed(text: string): Preset["params"] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const at = line.indexOf("=");
      const [name, value] = at < 0 ? [line, "true"] : [line.slice(0, at), line.slice(at + 1)];
      return { [name]: /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value };
    });
}

export default function Presets() {
  const { admin } = useBases();
  const { session } = useSession();
  const { value, error, reload } = useLoaded(() => api<{ items: Preset[] }>("GET", `${admin}/presets`), "presets");
  const [open, setOpen] = useState<Preset | "new" | null>(null);
  const mayWrite = includes(session.user.role, "admin");
  const action = useAction();
  return (
    <>
      <h1>Presets</h1>
      {mayWrite ? (
        <div class="bar">
          <Button look="primary" onClick={() => setOpen("new")}>
            New preset
          </Button>
        </div>
      ) : null}
      <Problem error={error ?? action.error} />
      {value?.items.length === 0 ? (
        <Empty title="No presets yet">
          <p>
            A preset is a transformation under a name of its own: <code>/{session.accountId}/thumbnail/cat.jpg</code>.
            Callers cannot change its parameters, and permissions can name it.
          </p>
        </Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Name</th>
                <th>Transformation</th>
                <th>Parameters</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {value?.items.map((each) => (
                <tr key={each.name}>
                  <td class="mono">{each.name}</td>
                  <td>{each.transformation}</td>
                  <td class="mono">{lines(each.params).replaceAll("\n", " ")}</td>
                  <td>
                    {mayWrite ? (
                      <>
                        <Button onClick={() => setOpen(each)}>Edit</Button>{" "}
                        <Button
                          look="danger"
                          onClick={() =>
                            void action.run(async () => {
                              await api("DELETE", `${admin}/presets/${encodeURIComponent(each.name)}`);
                              await reload();
                            })
                          }
                        >
                          Delete
                        </Button>
                      </>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {open === null ? null : (
        <Edit
          preset={open === "new" ? null : open}
          onClose={(isDone) => {
            setOpen(null);
            if (isDone) void reload();
          }}
        />
      )}
    </>
  );
}

function Edit({ preset, onClose }: { preset: Preset | null; onClose: (isDone: boolean) => void }) {
  const { admin, cdn } = useBases();
  const [name, setName] = useState(preset?.name ?? "");
  const [text, setText] = useState(preset === null ? "w=200\nh=200\nfit=crop" : lines(preset.params));
  const [sample, setSample] = useState("");
  const [url, setUrl] = useState<string | null>(null);
  const [sampleError, setSampleError] = useState<unknown>(null);
  const { busy, error, run } = useAction();
  const query = parsed(text)
    .flatMap((each) => Object.entries(each))
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`)
    .join("&");
  useEffect(() => {
    setSampleError(null);
    if (!sample.startsWith("/") || sample.endsWith("/")) return;
    const control = new AbortController();
    let made: string | null = null;
    const timer = setTimeout(() => {
      cdnFetch(`${cdn}/image${urlPath(sample)}?${query}`, control.signal)
        .then(async (answer) => {
          made = URL.createObjectURL(await answer.blob());
          setUrl(made);
        })
        .catch((failure: unknown) => {
          if (!control.signal.aborted) setSampleError(failure);
        });
    }, 300);
    return () => {
      clearTimeout(timer);
      control.abort();
      setUrl(null);
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [sample, query]);
  const submit = async (event: Event) => {
    event.preventDefault();
    const body = { transformation: preset?.transformation ?? "image", params: parsed(text) };
    const target = `${admin}/presets/${encodeURIComponent(name)}`;
    if (await run(async () => void (await api("PUT", target, body)))) onClose(true);
  };
  return (
    <Dialog title={preset === null ? "New preset" : `Preset ${preset.name}`} onClose={() => onClose(false)} wide>
      <form onSubmit={submit}>
        <TextField
          label="Name"
          required
          readOnly={preset !== null}
          hint="Part of URLs: letters, digits, dot, underscore and hyphen."
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <TextArea
          label="Parameters"
          hint="One a line, such as w=200. Their order is the order of the steps."
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <TextField
          label="Look at it with"
          placeholder="/photos/cat.jpg"
          value={sample}
          onInput={(event) => setSample(event.currentTarget.value)}
        />
        <div class="preview" aria-live="polite">
          <Problem error={sampleError} />
          {url === null ? null : <img src={url} alt="What the preset makes of the picture" />}
        </div>
        <Problem error={error} />
        <Button type="submit" look="primary" busy={busy}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}
