import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { environmentsQuery } from "@/features/deployments/deployments";
import { EnvironmentName } from "@/features/deployments/EnvironmentCard";
import { useSettled } from "@/features/prompts/useSettled";
import { ButtonLink } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { Page } from "@/ui/Page";
import { Segmented } from "@/ui/Segmented";
import { SkeletonText } from "@/ui/Skeleton";
import { EMPTY, type RuleDocument, same } from "./document";
import { HistoryCard } from "./HistoryCard";
import { JsonView } from "./JsonView";
import { PreviewCard } from "./PreviewCard";
import { RuleList } from "./RuleList";
import styles from "./Rules.module.css";
import type { RulesSearch } from "./routes";
import { checkQuery, type InForce, rulesQuery } from "./rules";
import { SaveBar } from "./SaveBar";
import { SegmentList } from "./SegmentList";
import { TryCard } from "./TryCard";

const always = () => true;

export default function RulesPage() {
  const { project = "", environment = "" } = useParams({ strict: false });
  const names = useQuery(environmentsQuery(project));
  const now = useQuery(rulesQuery(project, environment));
  useLive(project, () => undefined);
  const name = names.data?.find((item) => item.slug === environment)?.name ?? environment;
  return (
    <Page
      title={`Rules of ${name}`}
      description="Who gets what else than what is live. Rules are asked in their order; the first that fits a caller decides."
      breadcrumb={[{ label: "Deployments", to: "/p/$project/deployments", params: { project } }]}
      actions={
        <nav aria-label="Environments" className={styles.environments}>
          {names.data?.map((item) => (
            <ButtonLink
              key={item.slug}
              variant={item.slug === environment ? "default" : "quiet"}
              to="/p/$project/deployments/rules/$environment"
              params={{ project, environment: item.slug }}
            >
              <EnvironmentName environment={item} />
            </ButtonLink>
          ))}
        </nav>
      }
    >
      {now.isError && (
        <Card padding="none">
          <ErrorState error={now.error} retry={() => void now.refetch()} />
        </Card>
      )}
      {now.isPending && (
        <Card>
          <SkeletonText lines={8} />
        </Card>
      )}
      {now.data && (
        <Editor key={environment} project={project} environment={environment} name={name} now={now.data} />
      )}
    </Page>
  );
}

interface EditorProps {
  project: string;
  environment: string;
  name: string;
  now: InForce;
}

/** What was changed and not saved yet, and the rules that it began from. */
interface Mine {
  document: RuleDocument;
  base: number | null;
}

function Editor({ project, environment, name, now }: EditorProps) {
  const search = useSearch({ strict: false }) as RulesSearch;
  const navigate = useNavigate();
  const may = useCan(project, "maintainer");
  const [mine, setMine] = useState<Mine | null>(null);
  const document = mine?.document ?? (now.document.flags ? now.document : EMPTY);
  const change = (next: RuleDocument) =>
    setMine(same(next, now.document) ? null : { document: next, base: mine?.base ?? now.number });
  const settled = useSettled(document);
  const check = useQuery({ ...checkQuery(project, environment, settled), enabled: mine !== null });
  const faults = (mine && check.data?.faults) || [];
  const shared = { project, environment, document, faults, now, may, onChange: change };
  return (
    <div className={styles.columns}>
      <div className={styles.main}>
        <div>
          <Segmented
            label="How the rules are shown"
            value={search.view ?? "words"}
            options={[
              { value: "words", label: "In words" },
              { value: "json", label: "As JSON" },
            ]}
            onChange={(view) =>
              void navigate({
                to: ".",
                search: view === "json" ? { view } : {},
                replace: true,
                resetScroll: false,
              })
            }
          />
        </div>
        {search.view === "json" ? (
          <JsonView {...shared} />
        ) : (
          <>
            <RuleList {...shared} />
            <SegmentList {...shared} />
          </>
        )}
        {mine && (
          <SaveBar
            project={project}
            environment={environment}
            name={name}
            document={mine.document}
            base={mine.base}
            faults={faults}
            checked={settled === document && check.isSuccess}
            changes={check.data?.changes ?? []}
            onBase={(base) => setMine({ ...mine, base })}
            onDone={() => setMine(null)}
          />
        )}
        {mine && (
          <LeaveGuard losing={always} losingNow={always} title="Leave without saving?">
            Your changes to the rules of {name} are not in force yet and would be lost.
          </LeaveGuard>
        )}
      </div>
      <div className={styles.side}>
        <PreviewCard project={project} environment={environment} document={settled} now={now} />
        <TryCard project={project} environment={environment} document={document} now={now} />
        <HistoryCard project={project} environment={environment} now={now} may={may} dirty={mine !== null} />
      </div>
    </div>
  );
}
