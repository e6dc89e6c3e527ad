/**
 * Calls of the server. The page holds a bearer of five minutes in memory and nothing anywhere else;
 * the cookie, which scripts cannot read, is what makes new ones.
 */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
    readonly details: Record<string, unknown>,
    readonly retryAfter: number | null,
  ) {
    super(message);
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

let csrfToken = "";
let bearer: { text: string; expiresAt: number } | null = null;
let pendingBearer: Promise<string> | null = null;
let cdnUrl = "";
let onSignedOut: () => void = () => undefined;
let askForPassword: () => Promise<boolean> = () => Promise.resolve(false);

/** What the session told; see `session.tsx`. */
export function useSessionFacts(csrf: string, cdn: string): void {
  csrfToken = csrf;
  cdnUrl = cdn;
  bearer = null;
}

/** What to do when the session is over, and how to ask for the password again. */
export function setHandlers(signedOut: () => void, reauthenticate: () => Promise<boolean>): void {
  onSignedOut = signedOut;
  askForPassword = reauthenticate;
}

async function failure(answer: Response): Promise<ApiError> {
  let code = "unknown";
  let message = `the server answered ${answer.status}`;
  let details: Record<string, unknown> = {};
  try {
    const body = await answer.json();
    code = body.error.code;
    message = body.error.message;
    details = body.error.details ?? {};
  } catch {
    // Not the envelope: a proxy in between answered.
  }
  const wait = answer.headers.get("retry-after");
  const id = answer.headers.get("x-request-id") ?? "";
  return new ApiError(answer.status, code, message, id, details, wait === null ? null : Number(wait));
}

async function answerOf<T>(answer: Response): Promise<T> {
  if (!answer.ok) throw await failure(answer);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

/** A call of the dashboard's own routes, which take the cookie. */
export async function dashboardCall<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  if (method !== "GET") {
    headers["content-type"] = "application/json";
    if (csrfToken) headers["x-csrf-token"] = csrfToken;
  }
  const answer = await fetch(`/dashboard/api${path}`, {
    method,
    headers,
    credentials: "same-origin",
    ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
  });
  return answerOf<T>(answer);
}

async function newBearer(): Promise<string> {
  const made = await dashboardCall<{ bearer: string; expiresAt: number }>("POST", "/bearer");
  bearer = { text: made.bearer, expiresAt: made.expiresAt };
  return made.bearer;
}

/** A bearer that is good for at least half a minute. */
export async function currentBearer(): Promise<string> {
  if (bearer !== null && bearer.expiresAt - Date.now() > 30_000) return bearer.text;
  pendingBearer ??= newBearer().finally(() => {
    pendingBearer = null;
  });
  return pendingBearer;
}

async function send(method: Method, url: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${await currentBearer()}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  return fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

/** A call of the API with the user's bearer. */
export async function api<T>(method: Method, path: string, body?: unknown): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await answerOf<T>(await send(method, path, body));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401 && error.code === "session_required") {
        bearer = null;
        if (attempt === 0) continue;
        onSignedOut();
      }
      if (error.code === "reauthentication_required" && attempt === 0 && (await askForPassword())) {
        bearer = null;
        continue;
      }
      throw error;
    }
  }
}

/** Bytes from the CDN with the user's bearer. */
export async function cdnFetch(path: string, signal?: AbortSignal): Promise<Response> {
  const answer = await fetch(`${cdnUrl}${path}`, {
    headers: { authorization: `Bearer ${await currentBearer()}` },
    ...(signal ? { signal } : {}),
  });
  if (!answer.ok) throw await failure(answer);
  return answer;
}

/** What went wrong, in words, with what support needs to find it. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    const text = error.message.charAt(0).toUpperCase() + error.message.slice(1);
    return error.requestId ? `${text} (request ${error.requestId})` : text;
  }
  return error instanceof TypeError ? "The server cannot be reached." : String(error);
}
