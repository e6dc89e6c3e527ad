/** Dashboard users and invitations. */

import { useState } from "preact/hooks";
import { api } from "../api/client";
import type { Invitation, Role, User } from "../api/types";
import { useBases, useSession } from "../session";
import { Badge, Button, CopyText, Dialog, Problem, Select, TextField, useAction, useLoaded } from "../ui/controls";
import { visible, when } from "../ui/format";
import { useSay } from "../ui/toast";

const ROLES = [
  ["owner", "Owner: everything, owners too"],
  ["admin", "Admin: everything but owners"],
  ["member", "Member: files and folders"],
  ["viewer", "Viewer: looks only"],
] as const;

export default function Users() {
  const { admin } = useBases();
  const { session } = useSession();
  const say = useSay();
  const users = useLoaded(() => api<{ items: User[] }>("GET", `${admin}/users`), "users");
  const invitations = useLoaded(() => api<{ items: Invitation[] }>("GET", `${admin}/invitations`), "invitations");
  const [isInviting, setInviting] = useState(false);
  const [link, setLink] = useState<string | null>(null);
  const action = useAction();
  const change = (work: () => Promise<unknown>, text: string) =>
    void action.run(async () => {
      await work();
      await Promise.all([users.reload(), invitations.reload()]);
      say(text);
    });
  return (
    <>
      <h1>Users</h1>
      <div class="bar">
        <Button look="primary" onClick={() => setInviting(true)}>
          Invite
        </Button>
      </div>
      <Problem error={users.error ?? action.error} />
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>E-mail</th>
              <th>Role</th>
              <th>Second factor</th>
              <th>Last seen</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {users.value?.items.map((user) => {
              const target = `${admin}/users/${user.userId}`;
              return (
                <tr key={user.userId}>
                  <td>
                    {visible(user.email)} {user.email === session.user.email ? <Badge kind="quiet">you</Badge> : null}{" "}
                    {user.enabled ? null : <Badge kind="bad">disabled</Badge>}
                  </td>
                  <td>
                    <select
                      aria-label={`Role of ${user.email}`}
                      value={user.role}
                      onChange={(event) => {
                        const role = event.currentTarget.value as Role;
                        change(() => api("PATCH", target, { role }), `${user.email} is ${role} now.`);
                      }}
                    >
                      {ROLES.map(([role]) => (
                        <option key={role}>{role}</option>
                      ))}
                    </select>
                  </td>
                  <td>{user.hasTotp ? <Badge kind="good">on</Badge> : <Badge kind="quiet">off</Badge>}</td>
                  <td>{user.lastSeenAt === null ? "not signed in" : when(user.lastSeenAt)}</td>
                  <td>
                    <Button onClick={() => change(() => api("POST", `${target}/signOut`, {}), `${user.email} is signed out.`)}>
                      Sign out
                    </Button>{" "}
                    <Button
                      onClick={() =>
                        void action.run(async () =>
                          setLink((await api<{ link: string }>("POST", `${target}/passwordReset`, {})).link),
                        )
                      }
                    >
                      Password link
                    </Button>{" "}
                    <Button
                      onClick={() =>
                        change(
                          () => api("PATCH", target, { enabled: !user.enabled }),
                          `${user.email} is ${user.enabled ? "disabled" : "enabled"} now.`,
                        )
                      }
                    >
                      {user.enabled ? "Disable" : "Enable"}
                    </Button>{" "}
                    <Button
                      look="danger"
                      disabled={user.enabled}
                      onClick={() => change(() => api("DELETE", target), `${user.email} is deleted.`)}
                    >
                      Delete
                    </Button>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {invitations.value && invitations.value.items.length > 0 ? (
        <>
          <h3>Open invitations</h3>
          <ul>
            {invitations.value.items.map((each) => (
              <li key={each.invitationId}>
                {visible(each.email)} as {each.role}, until {when(each.expiresAt)}{" "}
                <Button
                  onClick={() =>
                    change(() => api("DELETE", `${admin}/invitations/${each.invitationId}`), "The invitation is taken back.")
                  }
                >
                  Take back
                </Button>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      {isInviting ? (
        <Invite
          onClose={() => setInviting(false)}
          onLink={(made) => {
            setInviting(false);
            setLink(made);
            void invitations.reload();
          }}
        />
      ) : null}
      {link === null ? null : (
        <Dialog title="Hand over this link" onClose={() => setLink(null)}>
          <p>It is good once, and is not shown again.</p>
          <CopyText text={link} label="Link" />
        </Dialog>
      )}
    </>
  );
}

function Invite({ onClose, onLink }: { onClose: () => void; onLink: (link: string) => void }) {
  const { admin } = useBases();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("member");
  const { busy, error, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => onLink((await api<{ link: string }>("POST", `${admin}/invitations`, { email, role })).link));
  };
  return (
    <Dialog title="Invite somebody" onClose={onClose}>
      <form onSubmit={submit}>
        <TextField label="E-mail" type="email" required value={email} onInput={(event) => setEmail(event.currentTarget.value)} />
        <Select label="Role" value={role} onValue={setRole} options={ROLES} />
        <Problem error={error} />
        <Button type="submit" look="primary" busy={busy}>
          Make a link
        </Button>
      </form>
    </Dialog>
  );
}
