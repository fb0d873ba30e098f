import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, take } from "@/api/client";
import { type Environment, environmentsQuery } from "@/features/deployments/deployments";
import { plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Select } from "@/ui/Field";
import { SkeletonRows } from "@/ui/Skeleton";
import { Table } from "@/ui/Table";
import { toast, toastProblem } from "@/ui/Toast";

const COUNTS = [0, 1, 2, 3, 4, 5].map((count) => ({
  value: String(count),
  label: count ? plural(count, "approval") : "none",
}));

/** How many must agree before a commit goes live, per environment. */
export function GoLiveCard({ project, owner }: { project: string; owner: boolean }) {
  const environments = useQuery(environmentsQuery(project));
  return (
    <Card title="Approvals to go live" padding="none">
      {environments.isPending && <SkeletonRows columns={2} rows={3} />}
      {environments.isError && (
        <ErrorState error={environments.error} retry={() => void environments.refetch()} />
      )}
      {environments.data && (
        <Table
          label="Approvals to go live"
          listKeys={false}
          rows={environments.data}
          rowKey={(environment) => environment.slug}
          columns={[
            { key: "name", header: "Environment", primary: true, cell: (environment) => environment.name },
            {
              key: "count",
              header: "Maintainers or owners who must agree",
              cell: (environment) =>
                owner ? (
                  <Count project={project} environment={environment} />
                ) : (
                  plural(environment.required_approvals, "approval")
                ),
            },
          ]}
        />
      )}
    </Card>
  );
}

function Count({ project, environment }: { project: string; environment: Environment }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (required_approvals: number) =>
      take(
        client.PATCH("/api/v1/projects/{project}/environments/{environment}", {
          params: { path: { project, environment: environment.slug } },
          body: { required_approvals },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: environmentsQuery(project).queryKey });
      toast("Saved");
    },
    onError: toastProblem,
  });
  return (
    <Select
      small
      aria-label={`Approvals to go live in ${environment.name}`}
      options={COUNTS}
      value={String(change.isPending ? change.variables : environment.required_approvals)}
      disabled={change.isPending}
      onChange={(event) => change.mutate(Number(event.target.value))}
    />
  );
}
