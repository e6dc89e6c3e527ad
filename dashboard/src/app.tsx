/** The shell: who is signed in, where one can go, and the page. */

import { lazy, LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, dashboardCall, setHandlers, useSessionFacts } from "./api/client";
import type { Role, Session } from "./api/types";
import { AcceptInvitation } from "./pages/invitation";
import { Reauthenticate } from "./pages/reauthenticate";
import { SignIn } from "./pages/sign_in";
import { includes, SessionContext } from "./session";
import { Badge, Button, Problem } from "./ui/controls";
import { Toasts } from "./ui/toast";

const Files = lazy(() => import("./pages/files"));
const Jobs = lazy(() => import("./pages/jobs"));
const ApiKeys = lazy(() => import("./pages/api_keys"));
const ApiKeyPage = lazy(() => import("./pages/api_key"));
const Certificates = lazy(() => import("./pages/jwt_certificates"));
const Explain = lazy(() => import("./pages/explain"));
const Presets = lazy(() => import("./pages/presets"));
const Usage = lazy(() => import("./pages/usage"));
const Users = lazy(() => import("./pages/users"));
const AuditLog = lazy(() => import("./pages/audit_log"));
const Settings = lazy(() => import("./pages/settings"));
const Profile = lazy(() => import("./pages/profile"));

interface Place {
  path: string;
  name: string;
  needed: Role;
}

const PLACES: { group: string; places: Place[] }[] = [
  {
    group: "Content",
    places: [
      { path: "/dashboard/files", name: "Files", needed: "viewer" },
      { path: "/dashboard/jobs", name: "Jobs", needed: "member" },
      { path: "/dashboard/presets", name: "Presets", needed: "viewer" },
    ],
  },
  {
    group: "Security",
    places: [
      { path: "/dashboard/security/api_keys", name: "API keys", needed: "admin" },
      { path: "/dashboard/security/jwt_certificates", name: "JWT certificates", needed: "admin" },
      { path: "/dashboard/explain", name: "Explain", needed: "viewer" },
    ],
  },
  {
    group: "Account",
    places: [
      { path: "/dashboard/usage", name: "Usage", needed: "viewer" },
      { path: "/dashboard/users", name: "Users", needed: "admin" },
      { path: "/dashboard/audit_log", name: "Audit log", needed: "admin" },
      { path: "/dashboard/settings", name: "Settings", needed: "viewer" },
      { path: "/dashboard/profile", name: "Your profile", needed: "viewer" },
    ],
  },
];

export function App() {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [error, setError] = useState<unknown>(null);
  const [asking, setAsking] = useState(false);
  const answerPassword = useRef<(given: boolean) => void>(() => undefined);

  const refresh = async () => {
    try {
      const found = await dashboardCall<Session>("GET", "/session");
      useSessionFacts(found.csrfToken, found.cdnUrl);
      setSession(found);
      setError(null);
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 401) setSession(null);
      else setError(failure);
    }
  };
  const signOut = async () => {
    await dashboardCall("POST", "/logout").catch(() => undefined);
    useSessionFacts("", "");
    setSession(null);
  };
  useEffect(() => {
    setHandlers(
      () => setSession(null),
      () =>
        new Promise((resolve) => {
          answerPassword.current = resolve;
          setAsking(true);
        }),
    );
    void refresh();
  }, []);

  if (location.pathname === "/dashboard/invitation") return <AcceptInvitation done={refresh} />;
  if (error) return <main class="gate"><Problem error={error} /></main>;
  if (session === undefined) return <main class="gate" aria-busy="true" />;
  if (session === null) return <SignIn done={refresh} />;
  return (
    <SessionContext.Provider value={{ session, refresh, signOut }}>
      <Toasts>
        <LocationProvider scope="/dashboard">
          <Shell session={session} signOut={signOut} />
        </LocationProvider>
        {asking ? (
          <Reauthenticate
            hasTotp={session.user.hasTotp}
            done={(given) => {
              setAsking(false);
              answerPassword.current(given);
            }}
          />
        ) : null}
      </Toasts>
    </SessionContext.Provider>
  );
}

function Shell({ session, signOut }: { session: Session; signOut: () => Promise<void> }) {
  const { path, route } = useLocation();
  const [isOpen, setOpen] = useState(false);
  const must = session.user.mustEnrolTotp;
  useEffect(() => {
    if (must && path !== "/dashboard/profile") route("/dashboard/profile", true);
    else if (path === "/dashboard" || path === "/dashboard/") route("/dashboard/files", true);
    setOpen(false);
  }, [path]);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <Button class="menu" aria-expanded={isOpen} aria-controls="places" onClick={() => setOpen(!isOpen)}>
          Menu
        </Button>
        <strong>Byteward</strong>
        <span class="account" title={session.accountId}>
          {session.accountName} · {session.accountId}
        </span>
        <span class="grow" />
        {session.sandbox === "weak" ? <Badge kind="bad">weak sandbox</Badge> : null}
        <span class="who">{session.user.email}</span>
        <ThemeSwitch />
        <Button onClick={() => void signOut()}>Sign out</Button>
      </header>
      <nav id="places" class={isOpen ? "open" : ""} aria-label="Dashboard">
        {PLACES.map(({ group, places }) => {
          const shown = places.filter((each) => includes(session.user.role, each.needed));
          return shown.length === 0 ? null : (
            <section key={group}>
              <h2>{group}</h2>
              {shown.map((each) => (
                <a
                  key={each.path}
                  href={each.path}
                  aria-current={path.startsWith(each.path) ? "page" : undefined}
                >
                  {each.name}
                </a>
              ))}
            </section>
          );
        })}
      </nav>
      <main id="main" tabIndex={-1}>
        {must ? (
          <p class="problem" role="alert">
            This account asks every user for a second factor. Set one up below; everything else waits until then.
          </p>
        ) : null}
        <Router>
          <Route path="/dashboard/files/*" component={Files} />
          <Route path="/dashboard/files" component={Files} />
          <Route path="/dashboard/jobs" component={Jobs} />
          <Route path="/dashboard/presets" component={Presets} />
          <Route path="/dashboard/security/api_keys" component={ApiKeys} />
          <Route path="/dashboard/security/api_keys/:id" component={ApiKeyPage} />
          <Route path="/dashboard/security/jwt_certificates" component={Certificates} />
          <Route path="/dashboard/explain" component={Explain} />
          <Route path="/dashboard/usage" component={Usage} />
          <Route path="/dashboard/users" component={Users} />
          <Route path="/dashboard/audit_log" component={AuditLog} />
          <Route path="/dashboard/settings" component={Settings} />
          <Route path="/dashboard/profile" component={Profile} />
          <Route default component={Nowhere} />
        </Router>
      </main>
    </div>
  );
}

function Nowhere() {
  return <p>There is no such page.</p>;
}

function ThemeSwitch() {
  const [theme, setTheme] = useState(localStorage.getItem("theme") ?? "system");
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  }, [theme]);
  const next = { system: "light", light: "dark", dark: "system" }[theme] ?? "system";
  return (
    <Button onClick={() => setTheme(next)} title={`Change to ${next}`}>
      Theme: {theme}
    </Button>
  );
}
