import type { Channel, Delivery } from "./alerts";

/** A delivery's state as StateBadge knows it. */
export const DELIVERY_STATES: Record<Delivery["state"], string> = {
  waiting: "pending",
  delivered: "pass",
  failed: "fail",
};

const PEOPLE: Record<string, string> = {
  viewer: "every member",
  editor: "editors, maintainers and owners",
  maintainer: "maintainers and owners",
  owner: "owners",
};

export const ROLE_OPTIONS = Object.entries(PEOPLE).map(([value, label]) => ({ value, label }));

/** Who or what a channel tells, in words. */
export function toldBy(channel: Pick<Channel, "kind" | "address">): string {
  return channel.kind === "inbox"
    ? `the inbox of ${PEOPLE[channel.address] ?? channel.address}`
    : channel.address;
}
