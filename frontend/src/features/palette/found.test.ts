import { expect, it } from "vitest";
import type { Command } from "./commands";
import { commandsOf, type Found, merged } from "./found";

const found = (kind: Found["kind"], title: string): Found => ({
  kind,
  key: title,
  title,
  detail: "",
  url: `/p/desk/${title}`,
  at: null,
});
const local: Command[] = [{ id: "go", group: "Go to", label: "Tags", icon: "tag", href: "/p/desk/tags" }];
const labels = (commands: Command[]) => commands.map((command) => command.label);

it("keeps the kinds together in the order of their best", () => {
  const items = [found("draft", "a"), found("tag", "b"), found("draft", "c")];
  expect(labels(commandsOf(items, "x"))).toEqual(["a", "c", "b"]);
  expect(new Set(commandsOf(items, "").map((command) => command.group))).toEqual(new Set(["Recent"]));
});

it("puts a page first when it is named, recent things when nothing is typed", () => {
  const others = commandsOf([found("draft", "Tagged answers")], "tag");
  expect(labels(merged(others, local, "tag"))).toEqual(["Tags", "Tagged answers"]);
  expect(labels(merged(others, local, "answers"))).toEqual(["Tagged answers", "Tags"]);
  expect(labels(merged(others, local, ""))).toEqual(["Tagged answers", "Tags"]);
});
