/** Asks for the password again before something sensitive. */

import { useState } from "preact/hooks";
import { dashboardCall } from "../api/client";
import { Button, Dialog, Problem, TextField, useAction } from "../ui/controls";

export function Reauthenticate({ hasTotp, done }: { hasTotp: boolean; done: (given: boolean) => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const { busy, error, run } = useAction();
  const submit = async (event: Event) => {
    event.preventDefault();
    const body = hasTotp ? { password, code } : { password };
    if (await run(() => dashboardCall("POST", "/reauthenticate", body))) done(true);
  };
  return (
    <Dialog title="Your password, please" onClose={() => done(false)}>
      <form onSubmit={submit}>
        <p>What you are about to do changes who may do what. It needs your password once in 15 minutes.</p>
        <TextField
          label="Password"
          type="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
        {hasTotp ? (
          <TextField
            label="Code"
            autocomplete="one-time-code"
            required
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        ) : null}
        <Problem error={error} />
        <Button type="submit" look="primary" busy={busy}>
          Go on
        </Button>
      </form>
    </Dialog>
  );
}
