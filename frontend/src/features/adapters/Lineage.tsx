import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Icon, type IconName } from "@/ui/Icon";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import styles from "./Adapters.module.css";
import { columnsOf, EMPTY, HEADINGS, heightOf, lineageQuery, type Node, pathsOf } from "./adapters";

const ICONS: Record<Node["kind"], IconName> = {
  dataset: "dataset",
  base: "spark",
  prompt: "comment",
  parent: "history",
  job: "training",
  author: "person",
  draft: "draft",
  adapter: "commit",
  evaluation: "evaluation",
  deployment: "deploy",
};

interface LineageProps {
  project: string;
  refName: string;
  folder: string;
}

/** Data, job, version, evaluations, deployments, with what led to what; every one a link. */
export function Lineage({ project, refName, folder }: LineageProps) {
  const found = useQuery(lineageQuery(project, refName, folder));
  return (
    <Card
      title="Where it comes from, where it went"
      description="These weights alone; other versions have their own."
    >
      {found.isPending && <SkeletonText lines={4} />}
      {found.isError && <ErrorState error={found.error} retry={() => void found.refetch()} />}
      {found.data && (
        <Drawing nodes={found.data.nodes} edges={found.data.edges} earlier={found.data.earlier} />
      )}
    </Card>
  );
}

type Found = Parameters<typeof pathsOf>[1];

function Drawing(props: {
  nodes: Node[];
  edges: Found;
  earlier: { evaluation: number; deployment: number };
}) {
  const columns = columnsOf(props.nodes);
  const height = heightOf(columns);
  const hidden: Record<number, number> = { 3: props.earlier.evaluation, 4: props.earlier.deployment };
  return (
    <div className={styles.drawing}>
      <svg
        className={styles.arrows}
        style={{ height }}
        viewBox={`0 0 100 ${height}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {pathsOf(columns, props.edges).map((path) => (
          <path key={path} d={path} vectorEffect="non-scaling-stroke" />
        ))}
      </svg>
      {columns.map((nodes, column) => (
        <section key={HEADINGS[column]} className={styles.column} aria-label={HEADINGS[column]}>
          <h3>{HEADINGS[column]}</h3>
          <div className={styles.nodes} style={{ minHeight: height }}>
            {nodes.length === 0 && <p className={styles.none}>{EMPTY[column] ?? "Not known"}</p>}
            {nodes.map((node) => (
              <One key={node.id} node={node} />
            ))}
          </div>
          {(hidden[column] ?? 0) > 0 && (
            <p className={styles.none}>and {plural(hidden[column] ?? 0, "earlier one")}</p>
          )}
        </section>
      ))}
    </div>
  );
}

function One({ node }: { node: Node }) {
  const router = useRouter();
  return (
    <a
      href={node.url}
      className={styles.node}
      title={`${node.title}, ${node.detail}`}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        router.history.push(node.url);
      }}
    >
      <span className={styles.title}>
        <Icon name={ICONS[node.kind]} size={14} />
        <span className={styles.name}>{node.title}</span>
      </span>
      <span className={styles.detail}>
        <span className={styles.name}>{node.detail}</span>
      </span>
      {node.state && (
        <span>
          <StateBadge state={node.state} plain />
        </span>
      )}
    </a>
  );
}
