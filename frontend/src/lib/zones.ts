/** The time zones to choose from, by name; the reader's own is among them. */
export function zoneOptions(): { value: string; label: string }[] {
  const names = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", ownZone()]);
  return [...names].sort().map((name) => ({ value: name, label: name.replaceAll("_", " ") }));
}

/** The time zone of the reader's computer. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
