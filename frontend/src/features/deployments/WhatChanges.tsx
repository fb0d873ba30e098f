import { useCan } from "@/api/session";
import { plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Icon } from "@/ui/Icon";
import { Id } from "@/ui/Id";
import { Time } from "@/ui/Time";
import { toast, toastProblem } from "@/ui/Toast";
import { ChangedFiles, EveryLine } from "./ChangedFiles";
import styles from "./Deployments.module.css";
import { changesInWords, type Environment, type Preview, useApproveGoLive } from "./deployments";
import { OverrideFreeze } from "./OverrideFreeze";
import { trafficInWords, useTraffic } from "./traffic";

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

/** From what is live to the commit: obstacles first, then files and lines. */
export function WhatChanges({ project, environment, preview }: WhatChangesProps) {
  const { current, changes, obstacles } = preview;
  const requests = useTraffic(project, environment.slug);
  const owner = useCan(project, "owner");
  const lifts = (["frozen", "checks_missing"] as const).filter((code) =>
    obstacles.some((obstacle) => obstacle.code === code),
  );
  const held = (code: string) => obstacles.some((obstacle) => obstacle.code === code);
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
      {owner && lifts.length > 0 && (
        <OverrideFreeze project={project} environment={environment} commit={preview.commit} lifts={lifts} />
      )}
      {preview.override && (
        <p className={styles.frozen}>
          <Icon name="clock" />{" "}
          <span>
            You may go ahead once with this commit, ends <Time at={preview.override.until} />:{" "}
            {preview.override.reason}
          </span>
        </p>
      )}
      {held("go_live_approvals_missing") && (
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
