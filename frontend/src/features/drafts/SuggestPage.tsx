import { useQuery } from "@tanstack/react-query";
import { useBlocker, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { Playground } from "@/features/playground/Playground";
import { type FileContent, fileQuery, filesQuery, MAIN } from "@/features/prompts/files";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ConfirmDialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Field, TextArea, TextInput } from "@/ui/Field";
import { Page } from "@/ui/Page";
import { PageError } from "@/ui/PageError";
import { SkeletonPage } from "@/ui/Skeleton";
import styles from "./Drafts.module.css";
import { draftLink, useOpenDraft } from "./drafts";
import { FileEditor } from "./FileEditor";
import { pathProblem, TEMPLATES } from "./templates";

/** "Suggest a change": the text to edit, a line on what it does, one button. No word of branches. */
export default function SuggestPage() {
  const { project = "" } = useParams({ strict: false });
  const { path, template } = useSearch({ strict: false }) as { path?: string; template?: string };
  const file = useQuery({ ...fileQuery(project, MAIN, path ?? ""), enabled: Boolean(path) });
  const taken = useQuery(filesQuery(project, MAIN)).data?.items.map((entry) => entry.path) ?? [];
  if (path && file.isPending) return <SkeletonPage />;
  if (file.isError) return <PageError error={file.error} retry={() => void file.refetch()} />;
  const start = TEMPLATES[template ?? ""] ?? TEMPLATES["prompt"];
  if (!path)
    return (
      <Suggest
        key={template}
        project={project}
        start={start?.text ?? ""}
        startPath={start?.path ?? ""}
        taken={taken}
      />
    );
  return (
    <Suggest
      key={path}
      project={project}
      file={file.data}
      start={file.data?.text ?? ""}
      startPath={path}
      taken={taken}
    />
  );
}

interface SuggestProps {
  project: string;
  /** The file that is changed; none for a new one. */
  file?: FileContent | undefined;
  start: string;
  startPath: string;
  taken: string[];
}

function Suggest({ project, file, start, startPath, taken }: SuggestProps) {
  const [path, setPath] = useState(startPath);
  const [text, setText] = useState(start);
  const [title, setTitle] = useState("");
  const [description, setDescription] = useState("");
  const [base] = useState(file?.commit ?? MAIN);
  const navigate = useNavigate();
  const open = useOpenDraft(
    project,
    (draft) => void navigate({ ...draftLink(project, draft.number), ignoreBlocker: true }),
  );
  const wrongPath = file ? undefined : pathProblem(path, taken);
  const changed = !file || text !== start;
  const ready = changed && title.trim() !== "" && !wrongPath;
  const submit = () => {
    if (ready && !open.isPending) open.mutate({ title, description, base, files: { [path]: text } });
  };
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      text !== start && !open.isSuccess && current.pathname !== next.pathname,
    withResolver: true,
  });
  const problem = open.isError ? toProblem(open.error) : undefined;
  return (
    <Page
      title={file ? "Suggest a change" : "New file"}
      width="full"
      description={
        file ? (
          <span className={styles.place}>{path}</span>
        ) : (
          "It becomes part of the project once others have agreed."
        )
      }
      breadcrumb={[{ label: "Prompts & files", to: "/p/$project/files", params: { project } }]}
      actions={
        <Button variant="primary" disabled={!ready} loading={open.isPending} onClick={submit}>
          {file ? "Suggest this change" : "Suggest this file"}
        </Button>
      }
    >
      <Card>
        <div className={styles.suggest}>
          <div className={styles.stack}>
            <Field label="What does it change?" error={problem?.field("title")}>
              <TextInput
                value={title}
                maxLength={200}
                placeholder={file ? "Ask before promising refunds" : "Sort messages by language"}
                onChange={(event) => setTitle(event.target.value)}
              />
            </Field>
            {!file && (
              <Field
                label="Path"
                error={path === startPath && !taken.includes(path) ? undefined : wrongPath}
                hint="Applications use the name without the folder."
              >
                <TextInput
                  value={path}
                  spellCheck={false}
                  onChange={(event) => setPath(event.target.value)}
                />
              </Field>
            )}
          </div>
          <Field label="Why?" optional>
            <TextArea
              rows={file ? 2 : 4}
              value={description}
              onChange={(event) => setDescription(event.target.value)}
            />
          </Field>
        </div>
      </Card>
      <FormError error={open.error} />
      <FileEditor
        project={project}
        path={path}
        refName={base}
        text={text}
        onChange={setText}
        onSubmit={submit}
      />
      {path.endsWith(".prompt") && (
        <Playground project={project} path={path} refName={base} text={text} isNew={!file} />
      )}
      <ConfirmDialog
        open={leaving.status === "blocked"}
        onClose={() => leaving.reset?.()}
        onConfirm={() => leaving.proceed?.()}
        title="Leave without suggesting?"
        action="Leave"
        danger
      >
        <p>What you wrote here would be lost.</p>
      </ConfirmDialog>
    </Page>
  );
}
