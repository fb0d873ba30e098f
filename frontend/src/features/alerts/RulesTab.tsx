import { useQuery } from "@tanstack/react-query";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Num } from "@/ui/Num";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Tooltip } from "@/ui/Tooltip";
import { SilenceMenu } from "./AlertCard";
import styles from "./Alerts.module.css";
import { type Rule, rulesQuery } from "./alerts";
import { Subject } from "./Subject";
import { limitOf, minutesInWords, scopeOf, standingInWords, written } from "./words";

interface RulesTabProps {
  project: string;
  may: boolean;
  onNew: () => void;
}

export function RulesTab({ project, may, onNew }: RulesTabProps) {
  const rules = useQuery(rulesQuery(project));
  const create = may && (
    <Button variant="primary" icon="plus" onClick={onNew}>
      New rule
    </Button>
  );
  return (
    <Card padding="none">
      {rules.isPending && <SkeletonRows rows={4} columns={5} />}
      {rules.isError && <ErrorState error={rules.error} retry={() => void rules.refetch()} />}
      {rules.data?.length === 0 && (
        <Empty icon="alert" title="No rules yet" action={create}>
          A rule watches errors, latency, cost, traffic or a metric's score over the last minutes.
        </Empty>
      )}
      {rules.data && rules.data.length > 0 && (
        <Table
          label="Alert rules"
          columns={columns(project, may)}
          rows={rules.data}
          rowKey={(rule) => String(rule.id)}
          {...(may
            ? {
                rowLink: (rule: Rule) => ({
                  to: "/p/$project/alerts",
                  params: { project },
                  search: { tab: "rules", rule: String(rule.id) },
                }),
              }
            : {})}
        />
      )}
    </Card>
  );
}

function columns(project: string, may: boolean): Column<Rule>[] {
  const shown: Column<Rule>[] = [
    { key: "name", header: "Name", primary: true, cell: (rule) => rule.name },
    {
      key: "fires",
      header: "Fires when",
      cell: (rule) => (
        <>
          <Subject rule={rule} /> {limitOf(rule)}
        </>
      ),
      width: "24%",
    },
    { key: "scope", header: "Scope", cell: scopeOf, width: "20%", wideOnly: true },
    { key: "window", header: "Window", cell: (rule) => minutesInWords(rule.window_minutes), width: "84px" },
    { key: "now", header: "Now", align: "right", width: "96px", cell: (rule) => <Now rule={rule} /> },
    { key: "state", header: "State", width: "118px", cell: (rule) => <RuleState rule={rule} /> },
  ];
  if (!may) return shown;
  const silence: Column<Rule> = {
    key: "silence",
    header: "Silence",
    hideHeader: true,
    align: "right",
    width: "120px",
    cell: (rule) => <SilenceMenu project={project} rule={rule.id} until={rule.silenced_until} />,
  };
  return [...shown, silence];
}

/** What the last evaluation found, with n and interval on hover. */
function Now({ rule }: { rule: Rule }) {
  const { last } = rule;
  if (!last || !rule.enabled) return <Num value={null} />;
  const known = last.low !== null && last.high !== null && last.low !== last.high;
  return (
    <Num
      value={last.value}
      format={(value) => written(rule.kind, value)}
      n={last.n}
      interval={known ? [last.low ?? 0, last.high ?? 0] : undefined}
    />
  );
}

function RuleState({ rule }: { rule: Rule }) {
  if (!rule.enabled) return <span className={styles.quiet}>off</span>;
  if (!rule.last) return <StateBadge state="pending" plain />;
  const text = standingInWords(rule.last, rule);
  const doubtful = rule.state === "ok" && (rule.last.standing !== "good" || rule.last.problem !== "");
  const words: Record<string, string> = {
    few: "too few",
    none: "no data",
    unsure: "unsure",
    beyond: "beyond",
  };
  return (
    <Tooltip text={text}>
      <span>
        {doubtful ? (
          <StateBadge state={rule.last.standing === "beyond" ? "inconclusive" : "pending"} plain>
            {words[rule.last.standing] ?? rule.last.standing}
          </StateBadge>
        ) : (
          <StateBadge state={rule.state} plain />
        )}
      </span>
    </Tooltip>
  );
}
