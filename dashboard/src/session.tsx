/** Who is signed in: asked once, known to every page. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Role, Session } from "./api/types";

export interface SessionValue {
  session: Session;
  refresh: () => Promise<void>;
  signOut: () => Promise<void>;
}

export const SessionContext = createContext<SessionValue | null>(null);

export function useSession(): SessionValue {
  const value = useContext(SessionContext);
  if (value === null) throw new Error("no page without a session");
  return value;
}

const RANK: Record<Role, number> = { owner: 0, admin: 1, member: 2, viewer: 3 };

/** Whether a role may do what needs another one. The server decides; this only hides buttons. */
export function includes(role: Role, needed: Role): boolean {
  return RANK[role] <= RANK[needed];
}

/** The base of an account's administration, and of its files. */
export function useBases(): { admin: string; files: string; cdn: string } {
  const { session } = useSession();
  return {
    admin: `/v2/admin/accounts/${session.accountId}`,
    files: `/v2/accounts/${session.accountId}`,
    cdn: `/${session.accountId}`,
  };
}
