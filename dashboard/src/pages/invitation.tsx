/** What a link opens: a password for a new user, or a new one for somebody who lost theirs. */

import { useState } from "preact/hooks";
import { dashboardCall } from "../api/client";
import type { Role } from "../api/types";
import { Button, Problem, TextField, useAction, useLoaded } from "../ui/controls";

interface Read {
  email: string;
  role: Role;
  accountName: string;
  purpose: "invitation" | "passwordReset";
}

export function AcceptInvitation({ done }: { done: () => Promise<void> }) {
  const token = location.hash.slice(1);
  const { value, error } = useLoaded(() => dashboardCall<Read>("POST", "/invitation/read", { token }), token);
  const [password, setPassword] = useState("");
  const action = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    void action.run(async () => {
      await dashboardCall("POST", "/invitation/accept", { token, password });
      history.replaceState(null, "", "/dashboard");
      await done();
    });
  };
  return (
    <main class="gate">
      <form class="card" onSubmit={submit}>
        <h1>{value?.purpose === "passwordReset" ? "A new password" : "Welcome to Byteward"}</h1>
        <Problem error={error} />
        {value === null ? null : (
          <>
            <p>
              {value.purpose === "invitation"
                ? `You are invited to ${value.accountName} as ${value.role}.`
                : `This sets a new password at ${value.accountName}.`}
            </p>
            <TextField label="E-mail" value={value.email} readOnly autocomplete="username" />
            <TextField
              label="Password"
              type="password"
              autocomplete="new-password"
              minLength={12}
              required
              hint="At least 12 characters."
              value={password}
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
            <Problem error={action.error} />
            <Button type="submit" look="primary" busy={action.busy}>
              Set password and sign in
            </Button>
          </>
        )}
      </form>
    </main>
  );
}
