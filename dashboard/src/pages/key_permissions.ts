/** Path permissions of a key as checkboxes, and back. */

import type { PathPermission } from "../api/types";

export interface Right {
  name: string;
  fields: readonly (readonly ["read" | "write", "file" | "folder", string])[];
  isPublic: boolean;
}

/** The checkboxes, in order; `isPublic`: a public key can be given it. */
export const RIGHTS: readonly Right[] = [
  { name: "Uploads", fields: [["write", "file", "createFile"]], isPublic: true },
  { name: "Downloads", fields: [["read", "file", "downloadFile"]], isPublic: true },
  { name: "Details", fields: [["read", "file", "getFileDetails"]], isPublic: true },
  { name: "List", fields: [["read", "folder", "listFolderChildren"]], isPublic: true },
  { name: "Overwrites", fields: [["write", "file", "overwriteFile"]], isPublic: false },
  { name: "Deletes", fields: [["write", "file", "deleteFile"]], isPublic: false },
  {
    name: "Folder settings",
    fields: [
      ["read", "folder", "getFolderDescription"],
      ["read", "folder", "getFolderPublicPermissions"],
      ["read", "folder", "getFolderStorageLayer"],
      ["write", "folder", "createVirtualFolder"],
      ["write", "folder", "deleteVirtualFolder"],
      ["write", "folder", "setFolderDescription"],
      ["write", "folder", "setFolderPublicPermissions"],
      ["write", "folder", "setFolderStorageLayer"],
    ],
    isPublic: false,
  },
];

export const NOT_PUBLIC = "a public key is in every page that uses it, so it never has this right";

export function has(entry: PathPermission, right: Right): boolean {
  return right.fields.every(([mode, kind, field]) => {
    const value = entry.permissions[mode]?.[kind]?.[field];
    return Array.isArray(value) ? value.length > 0 : value === true;
  });
}

/** The entry with the right given or taken; what it says of other fields stays. */
export function withRight(entry: PathPermission, right: Right, isGiven: boolean): PathPermission {
  const permissions = structuredClone(entry.permissions);
  for (const [mode, kind, field] of right.fields) {
    const group = ((permissions[mode] ??= {})[kind] ??= {});
    if (!isGiven) delete group[field];
    else group[field] = field === "downloadFile" ? ["*"] : true;
  }
  return { ...entry, permissions };
}

export function slugsOf(entry: PathPermission): string[] {
  const value = entry.permissions.read?.file?.["downloadFile"];
  return Array.isArray(value) ? value : [];
}

export function withSlugs(entry: PathPermission, slugs: string[]): PathPermission {
  const permissions = structuredClone(entry.permissions);
  ((permissions.read ??= {}).file ??= {})["downloadFile"] = slugs;
  return { ...entry, permissions };
}

/** What is sent: the pattern is enough, and it can be edited. */
export function wire(entries: readonly PathPermission[]): PathPermission[] {
  return entries.map(({ pattern, match, permissions }) =>
    pattern === undefined ? { match: match ?? { path: "/", scope: "This" }, permissions } : { pattern, permissions },
  );
}
