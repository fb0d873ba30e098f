import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useCan } from "@/api/session";
import { Button, ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { Tabs } from "@/ui/Tabs";
import { EvaluationList } from "./EvaluationList";
import { evaluationLink } from "./evaluations";
import { MetricList } from "./MetricList";
import { RunDialog } from "./RunDialog";
import { SuiteList } from "./SuiteList";
import { suitesQuery } from "./suites";

export default function EvaluationsPage() {
  const { project = "" } = useParams({ strict: false });
  const { tab: wanted, suite, draft } = useSearch({ strict: false });
  const tab: "evaluations" | "suites" | "metrics" =
    wanted === "suites" || wanted === "metrics" ? wanted : "evaluations";
  const navigate = useNavigate();
  const [running, setRunning] = useState(false);
  const may = useCan(project, "editor");
  const suites = useQuery(suitesQuery(project));
  const some = (suites.data?.length ?? 0) > 0;
  const actions = {
    evaluations: some ? (
      <Button variant="primary" icon="play" onClick={() => setRunning(true)}>
        Evaluate
      </Button>
    ) : undefined,
    suites: (
      <ButtonLink to="/p/$project/evaluations/suites/new" params={{ project }} variant="primary" icon="plus">
        New suite
      </ButtonLink>
    ),
    metrics: (
      <ButtonLink to="/p/$project/evaluations/metrics/new" params={{ project }} variant="primary" icon="plus">
        New metric
      </ButtonLink>
    ),
  }[tab];
  return (
    <Page
      title="Evaluations"
      description="Proof on data: a prompt at a commit answers the rows of a dataset, metrics judge the answers, and the comparison with main becomes a check."
      actions={may && actions}
      width="full"
    >
      <Tabs
        label="Evaluations"
        value={tab}
        onChange={(next) => void navigate({ to: ".", search: next === "evaluations" ? {} : { tab: next } })}
        tabs={[
          {
            value: "evaluations",
            label: "Evaluations",
            content: (
              <EvaluationList project={project} suite={suite} draft={draft} onRun={() => setRunning(true)} />
            ),
          },
          {
            value: "suites",
            label: "Suites",
            count: suites.data?.length,
            content: <SuiteList project={project} />,
          },
          { value: "metrics", label: "Metrics", content: <MetricList project={project} /> },
        ]}
      />
      {running && (
        <RunDialog
          project={project}
          suite={suite}
          onClose={() => setRunning(false)}
          onStarted={(made) => void navigate(evaluationLink(project, made.number))}
        />
      )}
    </Page>
  );
}
