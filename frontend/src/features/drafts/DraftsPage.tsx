import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useCan, useSession } from "@/api/session";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { LoadMore } from "@/ui/LoadMore";
import { Page } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { type Column, Table } from "@/ui/Table";
import { Time } from "@/ui/Time";
import styles from "./Drafts.module.css";
import { type DraftItem, draftLink, draftPagesQuery, useOpenDraft } from "./drafts";
import { ReviewBadge } from "./ReviewBadge";

interface Search {
  state?: string;
  mine?: string;
}

const STATES = [
  { value: "open", label: "Open" },
  { value: "merged", label: "Merged" },
  { value: "closed", label: "Closed" },
  { value: "all", label: "All" },
];

const COLUMNS: Column<DraftItem>[] = [
  { key: "title", header: "Draft", cell: (draft) => <Title draft={draft} />, primary: true },
  { key: "paths", header: "Changes", cell: (draft) => paths(draft.paths), width: "20%", wideOnly: true },
  { key: "review", header: "Review", cell: (draft) => <ReviewBadge draft={draft} />, width: "150px" },
  {
    key: "checks",
    header: "Checks",
    cell: (draft) => draft.check_state && <StateBadge state={draft.check_state} plain />,
    width: "120px",
  },
  {
    key: "talk",
    header: "Comments",
    cell: (draft) => draft.comment_count || "",
    align: "right",
    width: "84px",
    wideOnly: true,
  },
  { key: "by", header: "By", cell: (draft) => draft.author_name, width: "100px", wideOnly: true },
  {
    key: "at",
    header: "Updated",
    cell: (draft) => <Time at={draft.ended_at ?? draft.updated_at} />,
    align: "right",
    width: "96px",
  },
];

function Title({ draft }: { draft: DraftItem }) {
  return (
    <span className={styles.title}>
      {draft.title} <span className={styles.number}>#{draft.number}</span>
    </span>
  );
}

function paths(list: readonly string[]): string {
  const [first, ...rest] = list;
  if (!first) return "nothing yet";
  return rest.length ? `${first} and ${plural(rest.length, "more", "more")}` : first;
}

export default function DraftsPage() {
  const { project = "" } = useParams({ strict: false });
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const narrow = (next: Search) =>
    void navigate({
      to: "/p/$project/drafts",
      params: { project },
      search: { ...search, ...next },
      replace: true,
    });
  return (
    <Page
      title="Drafts"
      description="Suggested changes, discussed and proved before they become part of what your models are told."
      actions={<NewDraft project={project} />}
    >
      <Card padding="none">
        <div className={styles.filters}>
          <Select
            aria-label="State"
            options={STATES}
            value={search.state ?? "open"}
            onChange={(event) => narrow({ state: event.target.value === "open" ? "" : event.target.value })}
          />
          <Checkbox
            label="Only mine"
            checked={search.mine === "yes"}
            onChange={(event) => narrow({ mine: event.target.checked ? "yes" : "" })}
          />
        </div>
        <DraftList project={project} search={search} onClear={() => narrow({ state: "all", mine: "" })} />
      </Card>
    </Page>
  );
}

function DraftList({ project, search, onClear }: { project: string; search: Search; onClear: () => void }) {
  const email = useSession().data?.email;
  const state = search.state || "open";
  const drafts = useInfiniteQuery(
    draftPagesQuery(project, { state, author: search.mine === "yes" ? email : undefined }),
  );
  if (drafts.isPending) return <SkeletonRows columns={5} />;
  if (drafts.isError) return <ErrorState error={drafts.error} retry={() => void drafts.refetch()} />;
  const rows = drafts.data.pages.flatMap((page) => page.items);
  if (rows.length === 0)
    return (
      <Nothing project={project} narrowed={search.mine === "yes" || state !== "all"} onClear={onClear} />
    );
  return (
    <Table
      label="Drafts"
      columns={COLUMNS}
      rows={rows}
      rowKey={(draft) => String(draft.number)}
      rowLink={(draft) => draftLink(project, draft.number)}
      footer={drafts.hasNextPage && <LoadMore pages={drafts} />}
    />
  );
}

function Nothing({
  project,
  narrowed,
  onClear,
}: {
  project: string;
  narrowed: boolean;
  onClear: () => void;
}) {
  return (
    <Empty
      icon="draft"
      title={narrowed ? "No such drafts" : "No drafts yet"}
      action={narrowed ? <Button onClick={onClear}>Show all drafts</Button> : <NewDraft project={project} />}
    >
      A draft is a change to prompts or settings that others look at before it counts. Open any prompt and
      choose “Suggest a change”.
    </Empty>
  );
}

function NewDraft({ project }: { project: string }) {
  const [open, setOpen] = useState(false);
  if (!useCan(project, "editor")) return null;
  return (
    <>
      <Button variant="primary" icon="plus" onClick={() => setOpen(true)}>
        New draft
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="New draft">
        <NewDraftForm project={project} />
      </Dialog>
    </>
  );
}

function NewDraftForm({ project }: { project: string }) {
  const [title, setTitle] = useState("");
  const navigate = useNavigate();
  const create = useOpenDraft(project, (draft) => void navigate(draftLink(project, draft.number, "edit")));
  return (
    <Form
      onSubmit={() => create.mutate({ title })}
      actions={
        <Button variant="primary" type="submit" loading={create.isPending} disabled={!title.trim()}>
          Start editing
        </Button>
      }
    >
      <Field label="What will it change?" hint="You can add files and say why on the next page.">
        <TextInput
          value={title}
          maxLength={200}
          autoFocus
          onChange={(event) => setTitle(event.target.value)}
        />
      </Field>
      <FormError error={create.error} />
    </Form>
  );
}
