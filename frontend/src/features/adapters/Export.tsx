import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCan } from "@/api/session";
import { formatBytes } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Progress } from "@/ui/Progress";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Adapters.module.css";
import { type AdapterExport, exportsQuery, FORMATS, fileAddress, isUnderWay, useExport } from "./live";

interface Props {
  project: string;
  folder: string;
  refName: string;
}

/** Files for where no adapter can be loaded: start one, see how far it is, fetch it. */
export function Export({ project, folder, refName }: Props) {
  const may = useCan(project, "editor");
  const exports = useQuery(exportsQuery(project, folder));
  const start = useExport(project, folder, refName);
  return (
    <Card title="Export" description="For where no adapter can be loaded; card and licence come along.">
      <ul className={styles.formats}>
        {FORMATS.map(({ format, title, detail }) => (
          <li key={format}>
            <div>
              <strong>{title}</strong>
              <small>{detail}</small>
            </div>
            {may && (
              <Button
                size="small"
                icon="download"
                aria-label={`Export as ${title}`}
                loading={start.isPending && start.variables === format}
                onClick={() => start.mutate(format)}
              >
                Export
              </Button>
            )}
          </li>
        ))}
      </ul>
      {exports.isError && <ErrorState error={exports.error} retry={() => void exports.refetch()} />}
      {exports.data && exports.data.length > 0 && (
        <ul className={styles.exports} aria-label="Exports">
          {exports.data.map((item) => (
            <Row key={item.job.number} project={project} item={item} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Row({ project, item }: { project: string; item: AdapterExport }) {
  const { job } = item;
  const title = FORMATS.find(({ format }) => format === item.format)?.title ?? item.format;
  return (
    <li>
      <div>
        <Link to="/p/$project/jobs/$number" params={{ project, number: String(job.number) }}>
          #{job.number}
        </Link>{" "}
        {title} of <code>{item.commit.slice(0, 8)}</code>, <Time at={job.created_at} />
        {isUnderWay(item) && (
          <Progress label={`Export #${job.number}`} done={job.done ?? 0} total={job.total} />
        )}
        {job.error && <small>{job.error}</small>}
      </div>
      {item.until ? (
        <a href={fileAddress(project, job.number)} download aria-label={`Download export #${job.number}`}>
          Download {item.size !== null && `(${formatBytes(item.size)})`}
        </a>
      ) : (
        <StateBadge state={job.state ?? "queued"}>
          {job.state === "succeeded" ? "no longer kept" : undefined}
        </StateBadge>
      )}
    </li>
  );
}
