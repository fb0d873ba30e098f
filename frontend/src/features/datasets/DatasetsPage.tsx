import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Num } from "@/ui/Num";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import { type Dataset, datasetsQuery } from "./datasets";

export default function DatasetsPage() {
  const { project = "" } = useParams({ strict: false });
  const datasets = useQuery(datasetsQuery(project));
  const start = (
    <ButtonLink to="/p/$project/datasets/import" params={{ project }} variant="primary" icon="upload">
      Import
    </ButtonLink>
  );
  return (
    <Page
      title="Datasets"
      description="Tables of examples: an input, the expected output, tags. Every version is kept as it was."
      actions={start}
      width="full"
    >
      <Card padding="none">
        {datasets.isPending && <SkeletonRows rows={6} columns={4} />}
        {datasets.isError && <ErrorState error={datasets.error} retry={() => void datasets.refetch()} />}
        {datasets.data?.length === 0 && (
          <Empty icon="dataset" title="No datasets yet" action={start}>
            Bring a CSV, JSON or JSON lines file. You see a preview before anything is stored.
          </Empty>
        )}
        {datasets.data && datasets.data.length > 0 && (
          <Table
            label="Datasets"
            columns={COLUMNS}
            rows={datasets.data}
            rowKey={(item) => item.slug}
            rowLink={(item) => ({
              to: "/p/$project/datasets/$dataset",
              params: { project, dataset: item.slug },
            })}
          />
        )}
      </Card>
    </Page>
  );
}

const COLUMNS: Column<Dataset>[] = [
  { key: "name", header: "Name", primary: true, cell: (item) => item.name },
  { key: "about", header: "About", cell: (item) => item.description, wideOnly: true },
  {
    key: "rows",
    header: "Rows",
    align: "right",
    width: "110px",
    cell: (item) => <Num value={item.rows} />,
  },
  {
    key: "version",
    header: "Newest version",
    align: "right",
    width: "140px",
    cell: (item) => (item.last_version ? `v${item.last_version}` : "–"),
  },
  {
    key: "changed",
    header: "Changed",
    width: "140px",
    cell: (item) => <Time at={item.changed_at ?? item.created_at} />,
  },
];
