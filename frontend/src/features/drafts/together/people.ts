import { seriesColor } from "@/ui/series";

/** A person's colour is the same on every page. */
export function colourOf(user: { id: number }): string {
  return seriesColor(`person ${user.id}`);
}
