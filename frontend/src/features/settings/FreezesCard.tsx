import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Environment } from "@/features/deployments/deployments";
import { Button, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog, Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonRows } from "@/ui/Skeleton";
import { Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { type Freeze, freezesQuery, useRemoveFreeze } from "./environments";
import { FreezeForm } from "./FreezeForm";

interface FreezesCardProps {
  project: string;
  environments: Environment[];
  owner: boolean;
}

/** When nothing new goes live. */
export function FreezesCard({ project, environments, owner }: FreezesCardProps) {
  const freezes = useQuery(freezesQuery(project));
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<Freeze>();
  const remove = useRemoveFreeze(project, () => setLeaving(undefined));
  const add = (
    <Button size="small" icon="plus" onClick={() => setAdding(true)}>
      Add a freeze
    </Button>
  );
  const where = (freeze: Freeze) =>
    environments.find((each) => each.slug === freeze.environment)?.name ?? "Every environment";
  return (
    <Card title="Freeze windows" padding="none" actions={owner && add}>
      {freezes.isPending && <SkeletonRows columns={4} rows={2} />}
      {freezes.isError && <ErrorState error={freezes.error} retry={() => void freezes.refetch()} />}
      {freezes.data?.length === 0 && (
        <Empty icon="clock" title="Nothing is ever frozen">
          In a freeze nothing new goes live, once or every week, such as from Friday afternoon to Monday
          morning. Going back is always possible.
        </Empty>
      )}
      {freezes.data && freezes.data.length > 0 && (
        <Table
          label="Freeze windows"
          listKeys={false}
          rows={freezes.data}
          rowKey={(freeze) => String(freeze.id)}
          columns={[
            { key: "reason", header: "Why", primary: true, cell: (freeze) => freeze.reason },
            { key: "where", header: "Where", cell: where },
            { key: "when", header: "When", cell: (freeze) => freeze.when },
            { key: "next", header: "State", cell: (freeze) => <State freeze={freeze} /> },
            ...(owner
              ? [
                  {
                    key: "act",
                    header: "Remove",
                    hideHeader: true,
                    width: "56px",
                    cell: (freeze: Freeze) => (
                      <IconButton
                        icon="trash"
                        size="small"
                        label={`Remove the freeze “${freeze.reason}”`}
                        onClick={() => setLeaving(freeze)}
                      />
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      <Dialog open={adding} onClose={() => setAdding(false)} title="Add a freeze">
        <FreezeForm project={project} environments={environments} onDone={() => setAdding(false)} />
      </Dialog>
      {leaving && (
        <ConfirmDialog
          open
          danger
          title="Remove this freeze?"
          action="Remove it"
          onClose={() => setLeaving(undefined)}
          onConfirm={() => remove.mutate(leaving.id)}
          loading={remove.isPending}
          error={remove.error}
        >
          “{leaving.reason}”, {leaving.when}: from now on it holds nothing back.
        </ConfirmDialog>
      )}
    </Card>
  );
}

function State({ freeze }: { freeze: Freeze }) {
  if (freeze.now) {
    return (
      <>
        holds now, ends <Time at={freeze.next_end} />
      </>
    );
  }
  if (!freeze.next_start) return "is over";
  return (
    <>
      begins <Time at={freeze.next_start} />
    </>
  );
}
