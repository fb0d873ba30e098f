import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Commit, commitsQuery, MAIN } from "@/features/prompts/files";
import { useTagNames } from "@/features/tags/tags";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextArea } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { Id } from "@/ui/Id";
import { SkeletonText } from "@/ui/Skeleton";
import { toast, toastProblem } from "@/ui/Toast";
import { ChangedFiles, EveryLine } from "./ChangedFiles";
import styles from "./Deployments.module.css";
import {
  changesInWords,
  type Environment,
  type Preview,
  previewQuery,
  useApproveGoLive,
  useDeploy,
} from "./deployments";
import { trafficInWords, useTraffic } from "./traffic";

interface DeployDialogProps {
  project: string;
  environments: Environment[];
  environment: string;
  /** Undefined: the newest of main. */
  commit: string | undefined;
  onChange: (environment: string, commit: string | undefined) => void;
  onClose: () => void;
}

/** Chooses a commit and an environment, says what will change and what is in the way, and makes it live. */
export function DeployDialog(props: DeployDialogProps) {
  const { project, environments, onChange, onClose } = props;
  const environment = environments.find((item) => item.slug === props.environment) ?? environments[0];
  const commits = useInfiniteQuery(commitsQuery(project, MAIN)).data?.pages.flatMap((page) => page.items);
  const sha = props.commit ?? commits?.[0]?.sha;
  const preview = useQuery({
    ...previewQuery(project, environment?.slug ?? "", sha ?? ""),
    enabled: Boolean(sha),
  });
  const namesOf = useTagNames(project);
  const [note, setNote] = useState("");
  const deploy = useDeploy(project);
  if (!environment) return null;
  const submit = () => {
    if (!preview.data || preview.data.obstacles.length > 0) return;
    const body = { commit: preview.data.commit, note, expected: preview.data.current?.number ?? null };
    deploy.mutate(
      { environment: environment.slug, ...body },
      {
        onSuccess: (made) => {
          toast(`${environment.name} serves “${made.subject}” now`);
          onClose();
        },
      },
    );
  };
  return (
    <Dialog open shape="wide" onClose={onClose} title="Deploy">
      <Form
        onSubmit={submit}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              variant="primary"
              loading={deploy.isPending}
              disabled={!preview.data || preview.data.obstacles.length > 0}
            >
              Deploy to {environment.name}
            </Button>
          </>
        }
      >
        <div className={styles.choice}>
          <Field label="Environment">
            <Select
              value={environment.slug}
              options={environments.map(({ slug, name }) => ({ value: slug, label: name }))}
              onChange={(event) => onChange(event.target.value, props.commit)}
            />
          </Field>
          <Field label="Commit">
            <Select
              value={sha ?? ""}
              options={commitOptions(commits ?? [], sha, namesOf)}
              onChange={(event) => onChange(environment.slug, event.target.value)}
            />
          </Field>
        </div>
        <div className={styles.preview} aria-live="polite">
          {preview.isError && <ErrorState error={preview.error} retry={() => void preview.refetch()} />}
          {preview.isPending && <SkeletonText lines={5} />}
          {preview.data && <WhatChanges project={project} environment={environment} preview={preview.data} />}
        </div>
        <Field label="Note" optional hint="Why now? It stays with the deployment.">
          <TextArea
            rows={2}
            maxLength={2000}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        </Field>
        <FormError error={deploy.error} />
      </Form>
    </Dialog>
  );
}

/** Newest first; the chosen one is among them even when it is older than the list. */
export function commitOptions(
  commits: Commit[],
  chosen: string | undefined,
  namesOf: (sha: string) => string[],
) {
  const known = commits.map((commit) => ({
    value: commit.sha,
    label: `${[...namesOf(commit.sha), commit.subject].join(" · ")} (${commit.sha.slice(0, 8)}, ${commit.author_name})`,
  }));
  const missing = chosen && !known.some((option) => option.value === chosen);
  return missing ? [...known, { value: chosen, label: chosen.slice(0, 12) }] : known;
}

/** "I agree that this goes live": for those who may deploy, once each. */
function ApproveGoLive({
  project,
  environment,
  commit,
}: {
  project: string;
  environment: Environment;
  commit: string;
}) {
  const approve = useApproveGoLive(project, environment.slug, () => toast("You agree that this goes live"));
  return (
    <div>
      <Button
        icon="check"
        loading={approve.isPending}
        onClick={() => approve.mutate(commit, { onError: toastProblem })}
      >
        I agree that this goes live
      </Button>
    </div>
  );
}

interface WhatChangesProps {
  project: string;
  environment: Environment;
  preview: Preview;
}

/** What a deploy would change, and what stands in its way. */
export function WhatChanges({ project, environment, preview }: WhatChangesProps) {
  const { current, changes, obstacles } = preview;
  const requests = useTraffic(project, environment.slug);
  return (
    <>
      {obstacles.length > 0 && (
        <ul className={styles.obstacles}>
          {obstacles.map((obstacle) => (
            <li key={obstacle.code}>
              <Icon name="warn" /> {obstacle.detail}
            </li>
          ))}
        </ul>
      )}
      {obstacles.some((obstacle) => obstacle.code === "go_live_approvals_missing") && (
        <ApproveGoLive project={project} environment={environment} commit={preview.commit} />
      )}
      <p>
        {current ? (
          <>
            {environment.name} goes from <Id value={current.commit} label="commit" /> “{current.subject}” to{" "}
            <Id value={preview.commit} label="commit" /> “{preview.subject}”: {changesInWords(changes)}
            {preview.commits > 0 && `, ${plural(preview.commits, "commit")}`}.
          </>
        ) : (
          <>
            Nothing is live in {environment.name} yet: <Id value={preview.commit} label="commit" /> “
            {preview.subject}” goes live with {plural(changes.length, "file")}.
          </>
        )}
      </p>
      {requests !== undefined && (
        <p className={styles.quiet}>
          {environment.name} had {trafficInWords(requests)}; apps that fetch from it get the new commit within
          seconds.
        </p>
      )}
      {preview.backwards && (
        <p className={styles.quiet}>
          This commit is older than what is live: what came after it is taken back. Rolling back does the same
          and asks for no checks.
        </p>
      )}
      {changes.length > 0 && <ChangedFiles changes={changes} />}
      {current && changes.length > 0 && (
        <EveryLine project={project} base={current.commit} head={preview.commit} />
      )}
    </>
  );
}
