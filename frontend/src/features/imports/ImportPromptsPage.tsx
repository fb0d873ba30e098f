import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { useCan } from "@/api/session";
import { draftLink } from "@/features/drafts/drafts";
import { useSettled } from "@/features/prompts/useSettled";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Checkbox } from "@/ui/Field";
import { Page, Stack } from "@/ui/Page";
import { SkeletonRows } from "@/ui/Skeleton";
import { ChooseFiles, type Chosen } from "./ChooseFiles";
import { ImportReport } from "./ImportReport";
import styles from "./Imports.module.css";
import { type Preview, type PromptImport, previewQuery } from "./imports";

const NOTHING: Chosen = {
  id: 0,
  system: "langfuse",
  files: [],
  into: "",
  provider: "",
  newest: false,
  replace: false,
};

/** Prompts of another system: what they would become and what would be lost, before anything is written. */
export default function ImportPromptsPage() {
  const { project = "" } = useParams({ strict: false });
  const may = useCan(project, "editor");
  return (
    <Page
      title="Import prompts"
      description="From Langfuse, MLflow, Prompty or PromptL. You see first what comes of them; then they come as a draft, for others to review."
      breadcrumb={[{ label: "Prompts & files", to: "/p/$project/files", params: { project } }]}
      width="narrow"
    >
      {may ? (
        <Import project={project} />
      ) : (
        <Empty icon="file" title="Only editors import prompts">
          Ask a maintainer of this project to make you an editor.
        </Empty>
      )}
    </Page>
  );
}

function Import({ project }: { project: string }) {
  const [chosen, setChosen] = useState(NOTHING);
  const { id, ...given } = useSettled(chosen);
  const preview = useQuery(previewQuery(project, id, given));
  const problem = preview.error ? toProblem(preview.error) : undefined;
  return (
    <Stack>
      <ChooseFiles value={chosen} onChange={setChosen} problem={problem} />
      {given.files.length > 0 && (
        <>
          {preview.isPending && (
            <Card title="What would be made" padding="none">
              <SkeletonRows rows={3} columns={3} />
            </Card>
          )}
          {preview.isError && !problem?.field("provider") && (
            <ErrorState title="These files cannot be imported" error={preview.error} />
          )}
          {preview.data && !preview.isError && (
            <>
              <ImportReport found={preview.data} />
              <Begin key={id} project={project} given={given} found={preview.data} />
            </>
          )}
        </>
      )}
    </Stack>
  );
}

function Begin({ project, given, found }: { project: string; given: PromptImport; found: Preview }) {
  const [replace, setReplace] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const blocked = found.in_the_way.length > 0 && !replace;
  const begin = useMutation({
    mutationFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/prompt-imports", {
          params: { path: { project } },
          body: { ...given, replace },
        }),
      ),
    onSuccess: async (draft) => {
      await queries.invalidateQueries({ queryKey: [project, "drafts"] });
      await navigate(draftLink(project, draft.number));
    },
  });
  return (
    <Card title="Import">
      <Stack gap={3}>
        {found.in_the_way.length > 0 && (
          <Checkbox
            label={`Replace ${plural(found.in_the_way.length, "file")} that ${found.in_the_way.length === 1 ? "is" : "are"} here with another text`}
            hint={found.in_the_way.join(", ")}
            checked={replace}
            onChange={(event) => setReplace(event.target.checked)}
          />
        )}
        <p className={styles.quiet}>
          {found.commits > 0
            ? `The draft has ${plural(found.commits, "version")}, oldest first. Nothing changes for your apps before it is merged and deployed.`
            : "There is nothing in these files that is not here already."}
        </p>
        <FormError error={begin.error} />
        <div className={styles.choice}>
          <Button
            variant="primary"
            icon="draft"
            disabled={blocked || found.commits === 0}
            loading={begin.isPending}
            onClick={() => begin.mutate()}
          >
            Open a draft with them
          </Button>
          {blocked && (
            <span className={styles.quiet}>Replace the files, or choose another folder above.</span>
          )}
        </div>
      </Stack>
    </Card>
  );
}
