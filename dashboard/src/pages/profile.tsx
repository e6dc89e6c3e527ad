/** One's own password, second factor and sessions. */

import { useEffect, useState } from "preact/hooks";
import { ApiError, dashboardCall } from "../api/client";
import type { BrowserSession } from "../api/types";
import { useSession } from "../session";
import { Badge, Button, CopyText, Dialog, Problem, TextField, useAction, useLoaded } from "../ui/controls";
import { visible, when } from "../ui/format";
import { useSay } from "../ui/toast";
import { Reauthenticate } from "./reauthenticate";

export default function Profile() {
  const { session } = useSession();
  return (
    <>
      <h1>Your profile</h1>
      <p>
        {session.user.email} <Badge kind="quiet">{session.user.role}</Badge>
      </p>
      <SecondFactor />
      <Password />
      <Sessions />
    </>
  );
}

function Password() {
  const { refresh } = useSession();
  const say = useSay();
  const [currentPassword, setCurrent] = useState("");
  const [newPassword, setNew] = useState("");
  const { busy, error, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      await dashboardCall("POST", "/password", { currentPassword, newPassword });
      await refresh();
      setCurrent("");
      setNew("");
      say("Your password is changed. Your other sessions have ended.");
    });
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h2>Password</h2>
      <TextField
        label="Current password"
        type="password"
        autocomplete="current-password"
        required
        value={currentPassword}
        onInput={(event) => setCurrent(event.currentTarget.value)}
      />
      <TextField
        label="New password"
        type="password"
        autocomplete="new-password"
        minLength={12}
        required
        hint="At least 12 characters. All your other sessions end."
        value={newPassword}
        onInput={(event) => setNew(event.currentTarget.value)}
      />
      <Problem error={error} />
      <Button type="submit" look="primary" busy={busy}>
        Change password
      </Button>
    </form>
  );
}

interface Begun {
  secret: string;
  uri: string;
  qrSvg: string;
}

function SecondFactor() {
  const { session, refresh } = useSession();
  const say = useSay();
  const [begun, setBegun] = useState<Begun | null>(null);
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<string[] | null>(null);
  const [retry, setRetry] = useState<(() => void) | null>(null);
  const { busy, error, run } = useAction();
  /** Runs it; asks for the password first when that was given too long ago. */
  const guarded = (work: () => Promise<void>) =>
    void run(async () => {
      try {
        await work();
      } catch (failure) {
        if (!(failure instanceof ApiError) || failure.code !== "reauthentication_required") throw failure;
        setRetry(() => () => void run(work));
      }
    });
  const confirm = (event: Event) => {
    event.preventDefault();
    guarded(async () => {
      const body = { secret: begun?.secret, code };
      const made = await dashboardCall<{ recoveryCodes: string[] }>("POST", "/totp/confirm", body);
      setBegun(null);
      setCode("");
      setCodes(made.recoveryCodes);
    });
  };
  return (
    <section class="panel">
      <h2>
        Second factor <Badge kind={session.user.hasTotp ? "good" : "quiet"}>{session.user.hasTotp ? "on" : "off"}</Badge>
      </h2>
      <p>Signing in then takes a code from an app on your phone beside the password.</p>
      <Problem error={error} />
      {session.user.hasTotp ? (
        <Button
          look="danger"
          busy={busy}
          onClick={() =>
            guarded(async () => {
              await dashboardCall("DELETE", "/totp");
              await refresh();
              say("The second factor is off.");
            })
          }
        >
          Turn off
        </Button>
      ) : (
        <Button
          look="primary"
          busy={busy}
          onClick={() => guarded(async () => setBegun(await dashboardCall<Begun>("POST", "/totp/begin")))}
        >
          Set up
        </Button>
      )}
      {begun === null ? null : (
        <Dialog title="Set up the second factor" onClose={() => setBegun(null)}>
          <form onSubmit={confirm}>
            <p>Scan this with an authenticator app, then type the code that it shows.</p>
            <Qr svg={begun.qrSvg} />
            <CopyText text={begun.secret} label="The same for typing" />
            <TextField
              label="Code"
              required
              autocomplete="one-time-code"
              value={code}
              onInput={(event) => setCode(event.currentTarget.value)}
            />
            <Problem error={error} />
            <Button type="submit" look="primary" busy={busy}>
              Turn on
            </Button>
          </form>
        </Dialog>
      )}
      {codes === null ? null : (
        <Dialog
          title="Recovery codes"
          onClose={() => {
            setCodes(null);
            void refresh();
          }}
        >
          <p>Keep them where you will find them without your phone. Each is good once; they are not shown again.</p>
          <pre>{codes.join("\n")}</pre>
          <CopyText text={codes.join(" ")} label="Recovery codes" />
        </Dialog>
      )}
      {retry === null ? null : (
        <Reauthenticate
          hasTotp={session.user.hasTotp}
          done={(given) => {
            setRetry(null);
            if (given) retry();
          }}
        />
      )}
    </section>
  );
}

function Qr({ svg }: { svg: string }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [svg]);
  return url === null ? null : <img src={url} alt="QR code of the secret" width={220} height={220} />;
}

function Sessions() {
  const { value, error, reload } = useLoaded(
    () => dashboardCall<{ items: BrowserSession[] }>("GET", "/sessions"),
    "sessions",
  );
  const action = useAction();
  const end = (path: string) =>
    void action.run(async () => {
      await dashboardCall("DELETE", path);
      await reload();
    });
  return (
    <section class="panel">
      <h2>Sessions</h2>
      <Problem error={error ?? action.error} />
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Browser</th>
              <th>From</th>
              <th>Signed in</th>
              <th>Last seen</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {value?.items.map((each) => (
              <tr key={each.sessionId}>
                <td>
                  {visible(each.userAgent).slice(0, 60)} {each.isCurrent ? <Badge kind="good">this one</Badge> : null}
                </td>
                <td>{each.clientIp}</td>
                <td>{when(each.createdAt)}</td>
                <td>{when(each.lastSeenAt)}</td>
                <td>
                  {each.isCurrent ? null : <Button onClick={() => end(`/sessions/${each.sessionId}`)}>End</Button>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Button onClick={() => end("/sessions")} disabled={(value?.items.length ?? 0) < 2}>
        End all others
      </Button>
    </section>
  );
}
