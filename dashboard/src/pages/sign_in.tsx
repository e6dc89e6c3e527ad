/** The way in: a password, then the second factor where the user has one. */

import { useState } from "preact/hooks";
import { ApiError, dashboardCall } from "../api/client";
import { Button, Problem, TextField, useAction } from "../ui/controls";

interface Step {
  next: "signedIn" | "totp" | "signIn";
  challenge?: string;
}

export function SignIn({ done }: { done: () => Promise<void> }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [challenge, setChallenge] = useState<string | null>(null);
  const [code, setCode] = useState("");
  const { busy, error, run } = useAction();

  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      const step =
        challenge === null
          ? await dashboardCall<Step>("POST", "/login", { email, password })
          : await dashboardCall<Step>("POST", "/login/totp", { challenge, code });
      if (step.next === "totp") {
        setChallenge(step.challenge ?? "");
        setPassword("");
      } else {
        await done();
      }
    });
  };
  const wait = error instanceof ApiError ? error.retryAfter : null;
  return (
    <main class="gate">
      <form onSubmit={submit} class="card">
        <h1>Byteward</h1>
        {challenge === null ? (
          <>
            <TextField
              label="E-mail"
              type="email"
              autocomplete="username"
              required
              value={email}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
            <TextField
              label="Password"
              type="password"
              autocomplete="current-password"
              required
              value={password}
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
          </>
        ) : (
          <TextField
            label="Code"
            hint="Six digits from your authenticator app, or a recovery code."
            autocomplete="one-time-code"
            required
            autofocus
            value={code}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        )}
        <Problem error={error} />
        {wait === null ? null : <p class="notes">Wait {wait} seconds before the next attempt.</p>}
        <Button type="submit" look="primary" busy={busy}>
          Sign in
        </Button>
        {challenge === null ? null : <Button onClick={() => setChallenge(null)}>Back</Button>}
        <p class="notes">
          Lost your password? An administrator can make a link for a new one, or run{" "}
          <code>byteward user passwd</code>.
        </p>
      </form>
    </main>
  );
}
