import { useState } from "react";
import { ApiProblem } from "@/api/problem";
import { formatDuration, formatPercent } from "@/lib/format";
import { showTheme } from "@/lib/theme";
import { AppShell } from "@/ui/AppShell";
import { Badge } from "@/ui/Badge";
import { Button, ButtonLink, IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { ConfirmDialog, Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextArea, TextInput } from "@/ui/Field";
import { Id } from "@/ui/Id";
import { Interval } from "@/ui/Interval";
import { Kbd } from "@/ui/Kbd";
import { LoadMore } from "@/ui/LoadMore";
import { Menu } from "@/ui/Menu";
import { Num } from "@/ui/Num";
import { Grid, Page, Stack } from "@/ui/Page";
import { Popover } from "@/ui/Popover";
import { Progress } from "@/ui/Progress";
import { SkeletonRows, SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { Tabs } from "@/ui/Tabs";
import { Time } from "@/ui/Time";
import { toast, toastProblem } from "@/ui/Toast";
import { KitCharts } from "./KitCharts";
import { KitCode } from "./KitCode";
import { KitTables } from "./KitTables";

const STATES = [
  "queued",
  "running",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
  "open",
  "merged",
  "closed",
  "pending",
  "pass",
  "fail",
  "inconclusive",
  "firing",
  "ok",
  "live",
  "approved",
  "changes requested",
  "expired",
];
const PROBLEM = new ApiProblem({
  title: "The prompt has 2 mistakes",
  status: 422,
  detail: "Nothing was saved.",
  code: "invalid_prompt",
  errors: [
    {
      where: "prompts/triage.prompt:4:3",
      code: "bad_yaml",
      detail: "A value is missing after “temperature:”.",
    },
    { where: "name", code: "taken", detail: "This name is taken." },
  ],
});

export default function KitPage() {
  const [tab, setTab] = useState("words");
  return (
    <AppShell brand={<strong>Parts</strong>} tools={<Themes />}>
      <Page
        title="Parts"
        badge={<StateBadge state="open" />}
        description="Every part of the pages, to look at while developing."
        breadcrumb={[{ label: "Variorum", to: "/" }]}
        actions={
          <>
            <Button icon="edit">Suggest a change</Button>
            <Button variant="primary" icon="plus">
              New draft
            </Button>
          </>
        }
      >
        <Tabs
          label="Kinds of parts"
          value={tab}
          onChange={setTab}
          tabs={[
            { value: "words", label: "Words and controls", content: <Words /> },
            { value: "tables", label: "Tables", count: 3, content: <KitTables /> },
            { value: "charts", label: "Charts", content: <KitCharts /> },
            { value: "code", label: "Code", content: <KitCode /> },
          ]}
        />
      </Page>
    </AppShell>
  );
}

function Themes() {
  return (
    <>
      <IconButton icon="sun" label="Light" onClick={() => showTheme("light")} />
      <IconButton icon="moon" label="Dark" onClick={() => showTheme("dark")} />
      <IconButton icon="screen" label="As the system" onClick={() => showTheme("system")} />
    </>
  );
}

function Words() {
  return (
    <Grid min={420}>
      <Buttons />
      <Card title="States">
        <Stack row gap={2}>
          {STATES.map((state) => (
            <StateBadge key={state} state={state} />
          ))}
          <Badge>v3</Badge>
          <Badge tone="accent">required</Badge>
          <StateBadge state="pass" plain>
            4 of 4 checks
          </StateBadge>
        </Stack>
      </Card>
      <Card title="Form" description="Fields, help and errors.">
        <KitForm />
      </Card>
      <Card title="Figures">
        <DataList
          items={[
            ["Commit", <Id key="id" value="8f3c2a91d0be47aa" label="commit" />],
            ["Changed", <Time key="time" at={new Date(Date.now() - 3_600_000 * 5)} />],
            ["Score", <Num key="score" value={0.8134} digits={2} n={240} interval={[0.77, 0.85]} />],
            ["Errors", <Num key="errors" value={0.0132} format={formatPercent} n={4120} />],
            ["Latency", <Num key="latency" value={412} format={formatDuration} />],
            ["Nothing", <Num key="none" value={null} />],
            ["Keys", <Kbd key="keys" keys="g d" />],
          ]}
        />
      </Card>
      <Card title="Long work">
        <Stack>
          <Progress
            label="Fine-tune"
            done={312}
            total={1200}
            startedAt={new Date(Date.now() - 60_000)}
            message="Epoch 1 of 2"
            action={
              <Button size="small" icon="stop">
                Cancel
              </Button>
            }
          />
          <Progress label="Import" done={0} total={null} message="Reading the file" />
        </Stack>
      </Card>
      <Card title="Differences">
        <Stack gap={2}>
          <Interval effect={0.062} low={0.021} high={0.103} n={240} scale={0.15} />
          <Interval effect={-0.048} low={-0.09} high={-0.006} n={240} scale={0.15} />
          <Interval effect={0.012} low={-0.031} high={0.055} n={240} scale={0.15} />
        </Stack>
      </Card>
      <Card title="Empty" padding="none">
        <Empty
          icon="draft"
          title="No drafts yet"
          action={<Button variant="primary">Suggest a change</Button>}
        >
          A draft is a set of edits that others review before it goes live.
        </Empty>
      </Card>
      <Card title="Error" padding="none">
        <ErrorState error={PROBLEM} retry={() => toast("Tried again")} />
      </Card>
      <Card title="Loading" padding="none">
        <SkeletonRows rows={4} />
        <div style={{ padding: 16 }}>
          <SkeletonText />
        </div>
      </Card>
    </Grid>
  );
}

function Buttons() {
  const [open, setOpen] = useState<"dialog" | "confirm" | null>(null);
  const close = () => setOpen(null);
  return (
    <Card title="Buttons">
      <Stack row gap={2}>
        <Button variant="primary">Merge</Button>
        <Button icon="comment">Comment</Button>
        <Button variant="quiet">Cancel</Button>
        <Button variant="danger">Roll back</Button>
        <Button loading>Saving</Button>
        <Button disabled>Deploy</Button>
        <Button size="small">Small</Button>
        <ButtonLink to="/_kit">A link</ButtonLink>
        <IconButton icon="more" label="More" />
        <Menu
          trigger={<Button icon="down">Menu</Button>}
          groups={[
            {
              label: "Draft",
              items: [
                { label: "Edit", icon: "edit", hint: <Kbd keys="e" /> },
                { label: "Drafts", to: "/_kit" },
              ],
            },
            {
              items: [
                { label: "Dark", checked: true },
                { label: "Close draft", icon: "trash", danger: true },
              ],
            },
          ]}
        />
        <Popover trigger={<Button>Popover</Button>} label="Example">
          {(hide) => (
            <div style={{ padding: 16 }}>
              <Button onClick={hide}>Close</Button>
            </div>
          )}
        </Popover>
        <Button onClick={() => setOpen("dialog")}>Dialog</Button>
        <Button onClick={() => setOpen("confirm")}>Confirm</Button>
        <Button onClick={() => toast("Draft #12 is merged", { action: <a href="/">Deploy it</a> })}>
          Toast
        </Button>
        <Button onClick={() => toastProblem(PROBLEM)}>Bad toast</Button>
        <LoadMore pages={{ hasNextPage: true, isFetchingNextPage: false, fetchNextPage: () => undefined }} />
      </Stack>
      <Dialog
        open={open === "dialog"}
        onClose={close}
        title="New project"
        description="Prompts, data and deployments of one product."
      >
        <KitForm />
      </Dialog>
      <ConfirmDialog
        open={open === "confirm"}
        onClose={close}
        onConfirm={close}
        title="Roll back production?"
        action="Roll back production"
        danger
      >
        Production goes from commit <Id value="8f3c2a91d0be47aa" /> to <Id value="77aa2a91d0be47aa" />. About
        1,240 requests an hour are answered by it.
      </ConfirmDialog>
    </Card>
  );
}

function KitForm() {
  return (
    <Form
      onSubmit={() => toast("Saved")}
      actions={
        <Button variant="primary" type="submit">
          Save
        </Button>
      }
    >
      <Field label="Name" error={PROBLEM.field("name")} hint="Shown to everyone in the project.">
        <TextInput defaultValue="Support desk" />
      </Field>
      <Field label="Role">
        <Select
          options={[
            { value: "viewer", label: "Viewer" },
            { value: "editor", label: "Editor" },
          ]}
        />
      </Field>
      <Field label="Why" optional>
        <TextArea rows={2} placeholder="What changes for the customer?" />
      </Field>
      <Checkbox label="Required" hint="Guards merge and deploy." />
      <FormError error={PROBLEM} />
    </Form>
  );
}
