import { formatNumber } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Chart } from "@/ui/Chart";
import { Icon } from "@/ui/Icon";
import { Interval } from "@/ui/Interval";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Rollouts.module.css";
import { type Guard, isRelative } from "./rollouts";

/** One guard: what it watches, how the candidate stands to the others, and how that came about. */
export function GuardCard({ guard }: { guard: Guard }) {
  const tripped = guard.tripped_at !== null;
  const unit = isRelative(guard.measure) ? "%" : "points";
  const acts = guard.action === "rollback" ? "rolls back by itself" : "pauses by itself";
  return (
    <Card
      title={guard.name}
      description={`Looks for ${formatNumber(guard.catch * 100)} ${unit} worse${
        guard.tolerated ? `, lets ${formatNumber(guard.tolerated * 100)} pass` : ""
      }; ${acts}.`}
      actions={
        tripped ? (
          <StateBadge state="firing">tripped</StateBadge>
        ) : (
          <StateBadge state={guard.found?.value == null ? "pending" : "ok"}>
            {guard.found?.value == null ? "waits for data" : "not tripped"}
          </StateBadge>
        )
      }
    >
      <div className={styles.guard}>
        <Standing guard={guard} unit={unit} />
        {tripped && (
          <p className={styles.tripped}>
            <Icon name="warn" />
            <span>
              Tripped <Time at={guard.tripped_at} />: {guard.words}. {formatNumber(guard.exposed ?? 0)}{" "}
              requests had got the candidate.
            </span>
          </p>
        )}
        {guard.looks.length > 1 && <History guard={guard} unit={unit} />}
      </div>
    </Card>
  );
}

function Standing({ guard, unit }: { guard: Guard; unit: string }) {
  const { found } = guard;
  if (!found) return <p className={styles.quiet}>Not looked at yet.</p>;
  if (found.value === null || found.low === null || found.high === null) {
    return <p className={styles.quiet}>{found.problem}</p>;
  }
  const mean = (value: number | null) => written(guard, value);
  return (
    <>
      <p className={styles.quiet}>Candidate beside the others; to the right is worse, in {unit}.</p>
      <Interval
        effect={found.value * 100}
        low={found.low * 100}
        high={found.high * 100}
        good="lower"
        format={(value) => formatNumber(value, 1)}
        level={Math.round((1 - guard.rate) * 1000) / 10}
      />
      <dl className={styles.sides}>
        <div>
          <dt>With the candidate</dt>
          <dd>
            {mean(found.candidate.mean)}{" "}
            <span className={styles.quiet}>n {formatNumber(found.candidate.n)}</span>
          </dd>
        </div>
        <div>
          <dt>Without</dt>
          <dd>
            {mean(found.control.mean)} <span className={styles.quiet}>n {formatNumber(found.control.n)}</span>
          </dd>
        </div>
      </dl>
    </>
  );
}

function History({ guard, unit }: { guard: Guard; unit: string }) {
  const { looks } = guard;
  const percent = (value: number) => Math.round(value * 1000) / 10;
  return (
    <Chart
      label={`Harm over time, in ${unit}`}
      height={150}
      x={looks.map((look) => new Date(look.at).getTime() / 1000)}
      format={(value) => formatNumber(value)}
      series={[
        {
          key: "harm",
          label: "worse by",
          values: looks.map((look) => percent(look.value)),
          low: looks.map((look) => percent(look.low)),
          high: looks.map((look) => percent(look.high)),
          ...(guard.tripped_at ? { color: "var(--bad)" } : {}),
        },
        {
          key: "zero",
          label: "no difference",
          values: looks.map(() => 0),
          color: "var(--text-3)",
        },
      ]}
    />
  );
}

/** A side's mean in the unit of its figure. */
function written(guard: Guard, value: number | null): string {
  if (value === null) return "–";
  if (guard.measure === "latency") return `${formatNumber(Math.round(value))} ms`;
  if (guard.measure === "cost") return `$${value.toPrecision(3)}`;
  if (guard.measure === "score") return value.toFixed(3);
  return `${(value * 100).toFixed(1)} %`;
}
