import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { useShortcut } from "@/lib/shortcuts";
import { ErrorState } from "@/ui/ErrorState";
import { Page } from "@/ui/Page";
import { SkeletonPage } from "@/ui/Skeleton";
import { toastProblem } from "@/ui/Toast";
import { AlertCard } from "./AlertCard";
import { alertQuery, useAcknowledge } from "./alerts";
import { Subject } from "./Subject";
import { limitOf } from "./words";

export default function AlertPage() {
  const { project = "", number = "" } = useParams({ strict: false });
  const alert = useQuery(alertQuery(project, Number(number)));
  const acknowledge = useAcknowledge(project);
  const may = useCan(project, "editor");
  useLive(project, () => undefined);
  const open = alert.data?.state === "firing" && !alert.data.acknowledged_at;
  useShortcut("a", () => acknowledge.mutate(Number(number), { onError: toastProblem }), {
    label: "Acknowledge",
    enabled: may && open,
  });
  if (alert.isPending) return <SkeletonPage />;
  const breadcrumb = [{ label: "Alerts", to: "/p/$project/alerts", params: { project } }];
  if (alert.isError) {
    return (
      <Page title={`Alert #${number}`} breadcrumb={breadcrumb}>
        <ErrorState error={alert.error} retry={() => void alert.refetch()} />
      </Page>
    );
  }
  const { condition } = alert.data;
  return (
    <Page title={alert.data.rule_name} breadcrumb={breadcrumb}>
      <AlertCard
        project={project}
        alert={alert.data}
        title={
          <>
            <Subject rule={condition} /> {limitOf(condition)}
          </>
        }
      />
    </Page>
  );
}
