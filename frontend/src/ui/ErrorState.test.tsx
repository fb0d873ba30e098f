import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { ApiProblem } from "@/api/problem";
import { FormError } from "./ErrorState";

const item = { where: "prompts/a.prompt:4:1", code: "bad_yaml", detail: "No value." };

it.each([
  ["prompts/a.prompt, line 4: No value.", [item], "prompts/a.prompt, line 4: No value."],
  ["No value.", [item], "prompts/a.prompt:4:1 No value."],
  [
    "prompts/a.prompt, line 4: No value. (and 1 more)",
    [item, { ...item, where: "b:1:1" }],
    "prompts/a.prompt:4:1 No value.b:1:1 No value.",
  ],
  ["Something is wrong.", [item], "Something is wrong.prompts/a.prompt:4:1 No value."],
])("says each thing once: %s", (detail, errors, expected) => {
  render(<FormError error={new ApiProblem({ title: "Put right", status: 422, detail, errors })} />);
  expect(screen.getByRole("alert").textContent).toBe(`Put right${expected}`);
});
