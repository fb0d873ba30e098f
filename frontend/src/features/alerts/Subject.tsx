import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { metricsQuery } from "@/features/quality/quality";
import { subjectOf, type Watched } from "./words";

/** What a rule watches; a metric by its name, with the name it has in files and addresses on hover. */
export function Subject({ rule }: { rule: Watched }) {
  const { project = "" } = useParams({ strict: false });
  const watched = rule.kind === "score" && rule.metric ? rule.metric : "";
  const metrics = useQuery({ ...metricsQuery(project), enabled: watched !== "" }).data;
  if (!watched) return subjectOf(rule);
  const known = metrics?.find((metric) => metric.slug === watched)?.name;
  return <span title={watched}>{known ?? (watched === "user-feedback" ? "User feedback" : watched)}</span>;
}
