/** Shapes of the wire; the reference at /docs explains every member. */

export type Role = "owner" | "admin" | "member" | "viewer";

export interface Session {
  user: { email: string; role: Role; hasTotp: boolean; mustEnrolTotp: boolean };
  accountId: string;
  accountName: string;
  csrfToken: string;
  apiUrl: string;
  cdnUrl: string;
  sandbox: "strict" | "weak";
  version: string;
}

export interface PublicPermission {
  scope: "This" | "Children" | "Grandchildren+";
  permissions: { file: { downloadFile: string[] } };
}

export interface FileSummary {
  type: "File";
  filePath: string;
  fileUrl: string;
  lastModified: number;
  size: number;
}

export interface FolderSummary {
  type: "Folder";
  folderPath: string;
  virtual: boolean;
  settings: { description?: string; publicPermissions?: PublicPermission[] };
}

export type Entry = FileSummary | FolderSummary;

export interface ListFolder {
  cursor: string;
  folder: FolderSummary;
  isPaginationComplete: boolean;
  items: Entry[];
}

export interface FolderDetails {
  folderPath: string;
  virtual: boolean;
  settings: { description?: string; publicPermissions?: PublicPermission[] };
  settingsInherited: { publicPermissions?: { folderPath: string; value: PublicPermission[] } };
}

export interface FileDetails {
  filePath: string;
  fileUrl: string;
  lastModified: number;
  metadata: Record<string, unknown>;
  mime: string;
  originalFileName: string | null;
  size: number;
  tags: string[];
  etag: string;
}

export interface Job {
  jobId: string;
  jobType: string;
  status: "Pending" | "Running" | "Rollback" | "Failed" | "Succeeded" | "Cancelling" | "Cancelled";
  created: number;
  lastUpdated: number;
  error: { message: string; code: string } | null;
  summary: Record<string, unknown>;
}

type Flags = Record<string, boolean | string[]>;

export interface PathPermission {
  pattern?: string;
  match?: { path: string; scope: string };
  permissions: { read?: { file?: Flags; folder?: Flags }; write?: { file?: Flags; folder?: Flags } };
}

export interface ApiKey {
  keyId: string;
  kind: "secret" | "public";
  name: string;
  key: string | null;
  description: string | null;
  enabled: boolean;
  expiresAt: number | null;
  requireJwt: boolean;
  allowedOrigins: string[];
  pathPermissions: PathPermission[];
  tagPermissions: { write: string[] };
  tags: string[];
  defaultUploadPath: { folderPath: string; fileName: string };
  uploadRateLimit: { count: number; seconds: number } | null;
  uploadBytesLimit: { bytes: number; seconds: number } | null;
  maxUploadBytes: number | null;
  createdAt: number;
}

export interface Certificate {
  certificateId: string;
  name: string;
  enabled: boolean;
  pem: string;
  fingerprint: string;
  modulusBits: number;
  createdAt: number;
}

export interface JwtCheck {
  name: string;
  passed: boolean;
  message: string;
}

export interface Link {
  kind: "folder" | "apiKey";
  id: string;
}

export interface Rule {
  source: string;
  location: string;
  pattern: string | null;
  value: unknown;
  link: Link | null;
}

export interface Explanation {
  isAllowed: boolean;
  reason: string;
  lines: string[];
  rule: Rule | null;
  refusal: { code: string; message: string } | null;
  jwtChecks: JwtCheck[];
  smallestGrant: { text: string; link: Link | null } | null;
}

export interface Readers {
  isPublic: boolean;
  publicRule: Rule | null;
  items: { id: string; name: string; isAllowed: boolean; reason: string }[];
  note: string;
}

export interface Preview {
  isExact: boolean;
  becomeVisible: number;
  becomeHidden: number;
  unchanged: number;
  examples: { becomeVisible: string[]; becomeHidden: string[] };
  staysInCachesSeconds: number;
}

export interface Preset {
  name: string;
  transformation: string;
  params: Record<string, string | number | boolean>[];
  revision: number;
}

export interface Account {
  name: string;
  settings: {
    defaultRootPublic: boolean;
    cacheTtl: number;
    cacheTtl404: number;
    maxUploadBytes: number;
    browserOrigins: string[];
    presetsOrSignedOnly: boolean;
    enforceTotp: boolean;
    quotas: { storedBytes: number | null; storedFiles: number | null; uploadsPerMonth: number | null };
  };
  usage: { storedFiles: number; storedBytes: number; uploadsThisMonth: number };
}

export interface User {
  userId: string;
  email: string;
  role: Role;
  enabled: boolean;
  hasTotp: boolean;
  createdAt: number;
  lastSeenAt: number | null;
}

export interface Invitation {
  invitationId: string;
  email: string;
  role: Role;
  createdAt: number;
  expiresAt: number;
}

export interface AuditItem {
  eventId: string;
  at: number;
  actor: string;
  actorKind: string;
  clientIp: string;
  action: string;
  target: string;
  outcome: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

export interface BrowserSession {
  sessionId: string;
  createdAt: number;
  lastSeenAt: number;
  clientIp: string;
  userAgent: string;
  isCurrent: boolean;
}
