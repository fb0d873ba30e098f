import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { Tabs } from "./Tabs";

const tabs = ["one", "two"].map((value) => ({ value, label: value, content: <p>About {value}</p> }));

it.each([
  ["two", "two"],
  ["bogus", "one"],
  ["", "one"],
])("shows for %j the tab %s", (value, expected) => {
  render(<Tabs label="Parts" tabs={tabs} value={value} onChange={() => undefined} />);
  expect(screen.getByRole("tab", { selected: true }).textContent).toBe(expected);
  expect(screen.getByText(`About ${expected}`)).toBeTruthy();
});
