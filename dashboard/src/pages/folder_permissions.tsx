/** Who may read a folder without a credential, where that comes from, and what a change would do. */

import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import type { FolderDetails, Preview } from "../api/types";
import { includes, useBases, useSession } from "../session";
import { Badge, Button, Dialog, Problem, TextField, useAction, useLoaded } from "../ui/controls";
import { count, duration, visible } from "../ui/format";
import { useSay } from "../ui/toast";
import { LEVELS, levelOf, patternsOf, stored, words, type Level } from "./public_level";

export function FolderPermissions({ folder, onClose }: { folder: string; onClose: (changed: boolean) => void }) {
  const bases = useBases();
  const { session } = useSession();
  const say = useSay();
  const query = encodeURIComponent(folder);
  const loaded = useLoaded(
    () => api<FolderDetails>("GET", `${bases.files}/folders?folderPath=${query}`),
    folder,
  );
  const [level, setLevel] = useState<Level | null>(null);
  const [children, setChildren] = useState("");
  const [grandchildren, setGrandchildren] = useState("");
  const [preview, setPreview] = useState<Preview | null>(null);
  const { busy, error, run } = useAction();
  const own = loaded.value?.settings.publicPermissions;
  useEffect(() => {
    if (loaded.value === null) return;
    setLevel(levelOf(own));
    setChildren(patternsOf(own ?? [], "Children").join(" "));
    setGrandchildren(patternsOf(own ?? [], "Grandchildren+").join(" "));
  }, [loaded.value]);

  const wanted = level === null ? null : stored(level, words(children), words(grandchildren));
  const now = own === undefined ? null : own;
  const isChanged = level !== null && JSON.stringify(wanted) !== JSON.stringify(now);
  useEffect(() => {
    setPreview(null);
    if (!isChanged) return;
    const timer = setTimeout(() => {
      const body = { folderPath: folder, publicPermissions: wanted };
      void run(async () => setPreview(await api<Preview>("POST", `${bases.admin}/folders/permissionsPreview`, body)));
    }, 250);
    return () => clearTimeout(timer);
  }, [JSON.stringify(wanted), isChanged]);

  const save = () =>
    run(async () => {
      const publicPermissions = wanted === null ? { set: true } : { set: true, value: wanted };
      await api("PUT", `${bases.files}/folders`, { folderPath: folder, folderSettings: { publicPermissions } });
      say(`Saved: ${folder} is now ${level}.`);
      onClose(true);
    });
  const inherited = loaded.value?.settingsInherited.publicPermissions;
  const mayWrite = includes(session.user.role, "admin");
  return (
    <Dialog title={`Public access to ${visible(folder)}`} onClose={() => onClose(false)} wide>
      <Problem error={loaded.error} />
      {level === null ? null : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <fieldset disabled={!mayWrite}>
            <legend>Who may read files without a credential</legend>
            {LEVELS.map(([key, name, text]) => (
              <label class="check" key={key}>
                <input type="radio" name="level" checked={level === key} onChange={() => setLevel(key)} />
                <span>
                  <strong>{name}</strong> — {text}
                  {key === "inherit" && inherited ? (
                    <>
                      {" "}
                      <Badge kind="quiet">
                        {levelOf(inherited.value)} from {visible(inherited.folderPath)}
                      </Badge>
                    </>
                  ) : null}
                  {key === "inherit" && !inherited ? <Badge kind="quiet">private: no folder above says more</Badge> : null}
                </span>
              </label>
            ))}
            {level === "limited" ? (
              <div class="columns">
                <TextField
                  label="Files directly in it"
                  hint="Transformations, such as: image thumbnail-* raw"
                  value={children}
                  onInput={(event) => setChildren(event.currentTarget.value)}
                />
                <TextField
                  label="Files deeper down"
                  hint="Leave empty: none."
                  value={grandchildren}
                  onInput={(event) => setGrandchildren(event.currentTarget.value)}
                />
              </div>
            ) : null}
          </fieldset>
          <div aria-live="polite" class="panel">
            {!isChanged ? <p>Nothing changes.</p> : preview === null ? <p>Counting…</p> : <Change preview={preview} />}
          </div>
          <Problem error={error} />
          {mayWrite ? (
            <Button type="submit" look="primary" busy={busy} disabled={!isChanged}>
              Save
            </Button>
          ) : (
            <p>Only administrators change who may read a folder.</p>
          )}
        </form>
      )}
    </Dialog>
  );
}

function Change({ preview }: { preview: Preview }) {
  const { becomeVisible, becomeHidden, examples } = preview;
  return (
    <>
      <p>
        <Badge kind={becomeVisible ? "bad" : "quiet"}>{count(becomeVisible, "file becomes", "files become")} visible</Badge>{" "}
        <Badge kind={becomeHidden ? "good" : "quiet"}>{count(becomeHidden, "file becomes", "files become")} hidden</Badge>{" "}
        <Badge kind="quiet">{count(preview.unchanged, "file stays", "files stay")} as they are</Badge>
        {preview.isExact ? null : " at least; there are too many folders to look at all of them"}
      </p>
      {[...examples.becomeVisible, ...examples.becomeHidden].map((path) => (
        <div class="mono" key={path}>
          {visible(path)}
        </div>
      ))}
      {preview.staysInCachesSeconds > 0 ? (
        <p>
          Caches that we do not run may still hand out copies for up to {duration(preview.staysInCachesSeconds)}.
        </p>
      ) : null}
    </>
  );
}
