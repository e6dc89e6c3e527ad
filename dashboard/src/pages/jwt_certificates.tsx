/** Public keys that verify JWTs, and a look at a JWT check by check. */

import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Certificate, JwtCheck } from "../api/types";
import { useBases } from "../session";
import { Badge, Button, Dialog, Empty, Problem, TextArea, TextField, useAction, useLoaded } from "../ui/controls";
import { when } from "../ui/format";

export default function Certificates() {
  const { admin } = useBases();
  const base = `${admin}/jwtCertificates`;
  const { value, error, reload } = useLoaded(() => api<{ items: Certificate[] }>("GET", base), "certificates");
  const [isNew, setNew] = useState(false);
  const action = useAction();
  const change = (each: Certificate, body: { enabled: boolean } | null) =>
    void action.run(async () => {
      const target = `${base}/${encodeURIComponent(each.certificateId)}`;
      if (body === null) await api("DELETE", target);
      else await api("PATCH", target, body);
      await reload();
    });
  return (
    <>
      <h1>JWT certificates</h1>
      <div class="bar">
        <Button look="primary" onClick={() => setNew(true)}>
          Add certificate
        </Button>
      </div>
      <Problem error={error ?? action.error} />
      {value?.items.length === 0 ? (
        <Empty title="No certificates yet">
          <p>
            Your server signs a JWT for each of its users with a private key; this server verifies it with the public
            half. Make a pair with <code>openssl genrsa -out private.pem 2048</code> and{" "}
            <code>openssl rsa -in private.pem -pubout</code>.
          </p>
        </Empty>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Name</th>
                <th>Id</th>
                <th>Fingerprint (SHA-256)</th>
                <th>State</th>
                <th>Added</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {value?.items.map((each) => (
                <tr key={each.certificateId}>
                  <td>{each.name}</td>
                  <td class="mono">{each.certificateId}</td>
                  <td class="mono" title={each.fingerprint}>
                    {each.fingerprint.slice(0, 16)}… · RSA {each.modulusBits}
                  </td>
                  <td>
                    <Badge kind={each.enabled ? "good" : "bad"}>{each.enabled ? "enabled" : "disabled"}</Badge>
                  </td>
                  <td>{when(each.createdAt)}</td>
                  <td>
                    <Button onClick={() => change(each, { enabled: !each.enabled })}>
                      {each.enabled ? "Disable" : "Enable"}
                    </Button>{" "}
                    <Button look="danger" disabled={each.enabled} onClick={() => change(each, null)}>
                      Delete
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <TestJwt base={base} />
      {isNew ? (
        <AddCertificate
          base={base}
          onClose={(isDone) => {
            setNew(false);
            if (isDone) void reload();
          }}
        />
      ) : null}
    </>
  );
}

function AddCertificate({ base, onClose }: { base: string; onClose: (isDone: boolean) => void }) {
  const [name, setName] = useState("");
  const [pem, setPem] = useState("");
  const { busy, error, run } = useAction();
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await run(async () => void (await api("POST", base, { name, pem })))) onClose(true);
  };
  return (
    <Dialog title="Add certificate" onClose={() => onClose(false)} wide>
      <form onSubmit={submit}>
        <TextField label="Name" required value={name} onInput={(event) => setName(event.currentTarget.value)} />
        <TextArea
          label="Public key (PEM)"
          required
          rows={10}
          placeholder="-----BEGIN PUBLIC KEY-----"
          hint="PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE; RSA of at least 2048 bits. Never a private key."
          value={pem}
          onInput={(event) => setPem(event.currentTarget.value)}
        />
        <Problem error={error} />
        <Button type="submit" look="primary" busy={busy}>
          Add
        </Button>
      </form>
    </Dialog>
  );
}

function TestJwt({ base }: { base: string }) {
  const [jwt, setJwt] = useState("");
  const [found, setFound] = useState<{ isValid: boolean; checks: JwtCheck[]; lifetimeWarning: string | null } | null>(null);
  const { busy, error, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => setFound(await api("POST", `${base}/test`, { jwt })));
  };
  return (
    <form class="panel" onSubmit={submit}>
      <h2>Test a JWT</h2>
      <TextArea label="JWT" required rows={4} value={jwt} onInput={(event) => setJwt(event.currentTarget.value)} />
      <Problem error={error} />
      <Button type="submit" busy={busy}>
        Test
      </Button>
      {found === null ? null : (
        <div aria-live="polite">
          <p class={`verdict ${found.isValid ? "good" : "bad"}`}>{found.isValid ? "Accepted" : "Refused"}</p>
          {found.lifetimeWarning ? <p class="problem">{found.lifetimeWarning}</p> : null}
          <Checks checks={found.checks} />
        </div>
      )}
    </form>
  );
}

export function Checks({ checks }: { checks: JwtCheck[] }) {
  return (
    <ul>
      {checks.map((each) => (
        <li key={each.name}>
          {each.passed ? "✓" : "✗"} {each.name.replaceAll("_", " ")} {each.message ? `— ${each.message}` : ""}
        </li>
      ))}
    </ul>
  );
}
