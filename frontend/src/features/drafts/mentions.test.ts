import { describe, expect, it } from "vitest";
import type { Member } from "@/features/settings/members";
import { askedFor, fitting, pieces, written } from "./mentions";

const member = (handle: string, name: string) =>
  ({ handle, user: { id: 1, email: `${handle}@x.org`, name }, role: "editor", created_at: "" }) as Member;
const team = [member("mia", "Mia Roth"), member("max", "Max Holm")];

describe("mentions", () => {
  it("know when somebody is being called", () => {
    expect(askedFor("Ask @m", 6)).toBe("m");
    expect(askedFor("Ask @", 5)).toBe("");
    expect(askedFor("mail a@b", 8)).toBeNull();
    expect(askedFor("@mia now", 8)).toBeNull();
  });

  it("offer people by handle or name, then groups", () => {
    expect(fitting("m", team).map(({ handle }) => handle)).toEqual(["mia", "max", "maintainers"]);
    expect(fitting("ro", team).map(({ handle }) => handle)).toEqual(["mia"]);
  });

  it("write a name out where the cursor is", () => {
    expect(written("Hi @m, ok", 5, "mia")).toEqual({ text: "Hi @mia , ok", cursor: 8 });
  });

  it("are told apart from other text", () => {
    const known = new Set(["mia"]);
    expect(pieces("Hi @mia. a@mia @nobody", known)).toEqual([
      { text: "Hi ", call: false },
      { text: "@mia", call: true },
      { text: ". a@mia @nobody", call: false },
    ]);
  });
});
