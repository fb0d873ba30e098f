import { formatNumber, plural } from "@/lib/format";

export interface Subset {
  labels?: string[];
  per_label?: number | null;
  limit?: number | null;
  seed?: number;
}

/** "4 labels, the first 20 of each, 200 rows drawn evenly"; empty for the whole. */
export function subsetWords(subset: Subset): string {
  const parts = [
    subset.labels?.length && plural(subset.labels.length, "label"),
    subset.per_label && `the first ${formatNumber(subset.per_label)} of each`,
    subset.limit && `${formatNumber(subset.limit)} rows drawn evenly`,
  ];
  return parts.filter(Boolean).join(", ");
}
