import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { plural } from "@/lib/format";
import { useShortcut } from "@/lib/shortcuts";
import { Page } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage, SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Tabs } from "@/ui/Tabs";
import { Time } from "@/ui/Time";
import { ChangesTab } from "./ChangesTab";
import { ConflictsTab } from "./ConflictsTab";
import { ConversationTab } from "./ConversationTab";
import { DraftActions } from "./DraftActions";
import styles from "./Drafts.module.css";
import { type Draft, draftQuery } from "./drafts";
import { RevertButton } from "./RevertButton";
import { Ended, Standing } from "./Standing";
import { Here } from "./together/Here";
import { PresenceProvider, usePresence } from "./together/presence";
import { UnsavedElsewhere } from "./together/Unsaved";
import { VersionsTab } from "./VersionsTab";
import { Why } from "./Why";

const EditTab = lazy(() => import("./EditTab").then((module) => ({ default: module.EditTab })));

export default function DraftPage() {
  const { project = "", number = "" } = useParams({ strict: false });
  const draft = useQuery(draftQuery(project, Number(number)));
  if (draft.isPending) return <SkeletonPage />;
  if (draft.isError) return <PageError error={draft.error} retry={() => void draft.refetch()} />;
  return (
    <PresenceProvider project={project} number={draft.data.number}>
      <Shown project={project} draft={draft.data} />
    </PresenceProvider>
  );
}

function Shown({ project, draft }: { project: string; draft: Draft }) {
  const { tab } = useSearch({ strict: false }) as { tab?: string };
  const { show, typing } = usePresence();
  useEffect(() => show({ tab: tab ?? "changes" }), [show, tab]);
  return (
    <Page
      title={draft.title}
      documentTitle={`#${draft.number} ${draft.title}`}
      width="full"
      badge={
        <>
          <StateBadge state={draft.state} />
          <WouldMerge draft={draft} />
        </>
      }
      breadcrumb={[{ label: "Drafts", to: "/p/$project/drafts", params: { project } }]}
      description={
        <div className={styles.about}>
          <span>
            #{draft.number}, suggested by {draft.author_name} <Time at={draft.created_at} />,{" "}
            {plural(draft.paths.length, "file")}
          </span>
          <Here />
        </div>
      }
      actions={
        <>
          {draft.state === "merged" && <RevertButton project={project} sha={draft.merged_commit} />}
          <DraftActions project={project} draft={draft} />
        </>
      }
    >
      <Ended project={project} draft={draft} />
      {tab !== "edit" && <UnsavedElsewhere project={project} draft={draft} />}
      {tab !== "edit" && (
        <div className={styles.top}>
          <Why project={project} draft={draft} />
          <Standing project={project} draft={draft} />
        </div>
      )}
      <div onInput={(event) => tab !== "edit" && isRemark(event.target) && typing("commenting")}>
        <DraftTabs project={project} draft={draft} />
      </div>
    </Page>
  );
}

/** Whether it would merge, at a glance. */
function WouldMerge({ draft }: { draft: Draft }) {
  const { state } = draft.mergeable;
  if (state === "clean") return <StateBadge state="pass">would merge</StateBadge>;
  if (state === "conflicts") return <StateBadge state="fail">conflicts with main</StateBadge>;
  if (state === "problems") return <StateBadge state="fail">does not fit main</StateBadge>;
  return null;
}

/** Outside of the editor's tab, remarks are the only long fields. */
function isRemark(target: EventTarget): boolean {
  return target instanceof HTMLTextAreaElement;
}

function DraftTabs({ project, draft }: { project: string; draft: Draft }) {
  const { tab = "changes" } = useSearch({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  const show = (next: string) =>
    void navigate({
      to: ".",
      search: (before: Record<string, unknown>) => ({
        ...before,
        tab: next === "changes" ? undefined : next,
      }),
      replace: true,
      resetScroll: false,
    });
  useShortcut("e", () => show("edit"), { label: "Edit", enabled: draft.may.save });
  const [talk, setTalk] = useState(0);
  const comment = () => {
    show("conversation");
    setTalk(talk + 1);
  };
  useShortcut("c", comment, { label: "Comment", enabled: draft.may.comment });
  const shared = { project, draft };
  const unfit = new Set(draft.mergeable.problems.map((problem) => problem.path));
  const conflicts = draft.mergeable.conflicts.length || unfit.size;
  return (
    <Tabs
      label="Draft"
      value={tab}
      onChange={show}
      tabs={[
        {
          value: "changes",
          label: "Changes",
          count: draft.paths.length,
          content: <ChangesTab {...shared} />,
        },
        {
          value: "conversation",
          label: "Conversation",
          count: draft.comment_count,
          content: <ConversationTab {...shared} talk={talk} />,
        },
        { value: "versions", label: "Versions", content: <VersionsTab {...shared} /> },
        ...(conflicts
          ? [
              {
                value: "conflicts",
                label: "Conflicts",
                count: conflicts,
                content: <ConflictsTab {...shared} />,
              },
            ]
          : []),
        ...(draft.may.save || draft.state === "open" || tab === "edit"
          ? [{ value: "edit", label: draft.may.save ? "Edit" : "Text", content: <LazyEdit {...shared} /> }]
          : []),
      ]}
    />
  );
}

/** The editor and what it needs for several hands come when first needed. */
function LazyEdit(props: { project: string; draft: Draft }) {
  return (
    <Suspense fallback={<SkeletonText lines={10} />}>
      <EditTab key={props.draft.number} {...props} />
    </Suspense>
  );
}
