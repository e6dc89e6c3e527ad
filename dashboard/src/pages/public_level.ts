/** What a folder's public permissions are called, and how each level is stored (see the reference). */

import type { PublicPermission } from "../api/types";

export type Level = "inherit" | "public" | "limited" | "private";

export const LEVELS: readonly (readonly [Level, string, string])[] = [
  ["inherit", "Inherit", "As the folder above says."],
  ["public", "Public", "Everybody can read every file, through every transformation."],
  ["limited", "Limited", "Everybody can read files through some transformations only."],
  ["private", "Private", "Nobody can read without an API key, a JWT, a cookie or a signed URL."],
];

type Scope = "Children" | "Grandchildren+";

export function patternsOf(value: readonly PublicPermission[], scope: Scope): string[] {
  return value.filter((each) => each.scope === scope).flatMap((each) => each.permissions.file.downloadFile);
}

export function levelOf(value: readonly PublicPermission[] | undefined): Level {
  if (value === undefined) return "inherit";
  const lists = [patternsOf(value, "Children"), patternsOf(value, "Grandchildren+")];
  if (lists.every((each) => each.length === 0)) return "private";
  return lists.every((each) => each.includes("*")) ? "public" : "limited";
}

export function stored(level: Level, children: string[], grandchildren: string[]): PublicPermission[] | null {
  if (level === "inherit") return null;
  if (level === "private") return [];
  const lists: [Scope, string[]][] =
    level === "public"
      ? [
          ["Children", ["*"]],
          ["Grandchildren+", ["*"]],
        ]
      : [
          ["Children", children],
          ["Grandchildren+", grandchildren],
        ];
  return lists.map(([scope, downloadFile]) => ({ scope, permissions: { file: { downloadFile } } }));
}

export function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== "");
}
