import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useLive } from "@/api/live";
import { useCan } from "@/api/session";
import { useShortcut } from "@/lib/shortcuts";
import { Button } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { Tabs } from "@/ui/Tabs";
import { AlertsTab } from "./AlertsTab";
import { alertsQuery, channelsQuery, rulesQuery } from "./alerts";
import { ChannelDialog } from "./ChannelDialog";
import { ChannelsTab } from "./ChannelsTab";
import { RuleDialog } from "./RuleDialog";
import { RulesTab } from "./RulesTab";
import type { AlertsSearch } from "./routes";

export default function AlertsPage() {
  const { project = "" } = useParams({ strict: false });
  const search = useSearch({ strict: false }) as AlertsSearch;
  const navigate = useNavigate();
  const go = (next: AlertsSearch) => void navigate({ to: ".", search: next, resetScroll: false });
  const may = useCan(project, "maintainer");
  useLive(project, () => undefined);
  const newRule = () => go({ tab: "rules", rule: "new" });
  const newChannel = () => go({ tab: "channels", channel: "new" });
  useShortcut("n", search.tab === "channels" ? newChannel : newRule, {
    label: search.tab === "channels" ? "New channel" : "New rule",
    enabled: may,
  });
  const close = () => go(search.tab ? { tab: search.tab } : {});
  return (
    <Page
      title="Alerts"
      description="Rules over the logs and scores of the last minutes. Each fires once, says in which window and how sure it is, and names who may be to blame."
      actions={
        may && (
          <Button variant="primary" icon="plus" onClick={search.tab === "channels" ? newChannel : newRule}>
            {search.tab === "channels" ? "New channel" : "New rule"}
          </Button>
        )
      }
    >
      <AlertTabs project={project} may={may} tab={search.tab} go={go} />
      {search.rule && <RuleDialog key={search.rule} project={project} id={search.rule} onClose={close} />}
      {search.channel && (
        <ChannelDialog key={search.channel} project={project} id={search.channel} onClose={close} />
      )}
    </Page>
  );
}

interface AlertTabsProps {
  project: string;
  may: boolean;
  tab: string | undefined;
  go: (next: AlertsSearch) => void;
}

function AlertTabs({ project, may, tab = "alerts", go }: AlertTabsProps) {
  const firing = useInfiniteQuery(alertsQuery(project, "firing"));
  const rules = useQuery(rulesQuery(project));
  const channels = useQuery(channelsQuery(project));
  return (
    <Tabs
      label="Views of alerts"
      value={tab}
      onChange={(next) => go(next === "alerts" ? {} : { tab: next })}
      tabs={[
        {
          value: "alerts",
          label: "Alerts",
          count: firing.data?.pages[0]?.items.length || undefined,
          content: <AlertsTab project={project} may={may} />,
        },
        {
          value: "rules",
          label: "Rules",
          count: rules.data?.length,
          content: <RulesTab project={project} may={may} onNew={() => go({ tab: "rules", rule: "new" })} />,
        },
        {
          value: "channels",
          label: "Channels",
          count: channels.data?.length,
          content: (
            <ChannelsTab project={project} may={may} onNew={() => go({ tab: "channels", channel: "new" })} />
          ),
        },
      ]}
    />
  );
}
