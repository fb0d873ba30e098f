import { Link, useRouter } from "@tanstack/react-router";
import { useCan, useSession } from "@/api/session";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/format";
import { Badge } from "@/ui/Badge";
import { Card } from "@/ui/Card";
import { Icon } from "@/ui/Icon";
import { Id } from "@/ui/Id";
import { StateBadge } from "@/ui/StateBadge";
import { Time } from "@/ui/Time";
import styles from "./Drafts.module.css";
import { type Check, type Draft, draftLink } from "./drafts";
import { MergeButton } from "./MergeButton";
import { Reviewers } from "./Reviewers";
import type { Need } from "./review";
import { UpdateButton } from "./UpdateButton";

/** Where the draft stands: who approved, what the checks say, whether it merges, and the button. */
export function Standing({ project, draft }: { project: string; draft: Draft }) {
  const absent = draft.required_checks.filter((name) => !draft.checks.some((check) => check.name === name));
  return (
    <Card title="Where it stands" padding="none">
      <div className={styles.lines}>
        <Approvals draft={draft} />
        {draft.needs
          .filter((need) => need.kind !== "project")
          .map((need) => (
            <NeedLine key={need.kind + need.asked_by} need={need} />
          ))}
        {draft.stale_approvals.map((verdict) => (
          <div key={verdict.id} className={styles.line}>
            <StateBadge state="pending">stale</StateBadge>
            <span className={cx(styles.grow, styles.quiet)}>
              {verdict.author.name} approved an earlier version and has to look again
            </span>
          </div>
        ))}
        <Reviewers project={project} draft={draft} />
        {draft.objections.map((objection) => (
          <div key={objection.id} className={styles.line}>
            <StateBadge state="changes requested" />
            <span className={styles.grow}>{objection.author.name} wants something changed</span>
          </div>
        ))}
        {draft.checks.map((check) => (
          <CheckLine key={check.name} check={check} required={draft.required_checks.includes(check.name)} />
        ))}
        {absent.map((name) => (
          <div key={name} className={styles.line}>
            <StateBadge state="pending" />
            <span className={styles.grow}>{name}: has not run on the latest version</span>
            <Badge>required</Badge>
          </div>
        ))}
        <Mergeable project={project} draft={draft} />
      </div>
      {draft.state === "open" && <Foot project={project} draft={draft} />}
    </Card>
  );
}

function Approvals({ draft }: { draft: Draft }) {
  const { approvals, approval_count: count, required_approvals: required } = draft;
  const enough = count >= required;
  const mine = useSession().data?.id === draft.author?.id;
  const alone = mine && draft.may.approve;
  const names = approvals.map((approval) => approval.author.name).join(", ");
  return (
    <div className={styles.line}>
      <StateBadge state={enough ? "approved" : "pending"}>
        {enough ? "approved" : `${count} of ${plural(required, "approval")}`}
      </StateBadge>
      <span className={cx(styles.grow, styles.quiet)}>
        {names
          ? `by ${names}`
          : alone
            ? "Nobody else may approve here, so you may approve your own draft"
            : "of the latest version"}
      </span>
    </div>
  );
}

/** What a rule or the OWNERS file asks for beyond the project's own number. */
function NeedLine({ need }: { need: Need }) {
  const done = need.given >= need.count;
  const [first = ""] = need.paths;
  const files = need.paths.length > 1 ? `${first} and ${need.paths.length - 1} more` : first;
  return (
    <div className={styles.line}>
      <StateBadge state={done ? "approved" : "pending"}>
        {done ? "approved" : `${need.given} of ${plural(need.count, "approval")}`}
      </StateBadge>
      <span className={cx(styles.grow, styles.quiet)}>
        for {files}, from {need.people.join(", ") || "nobody here"} ({need.asked_by})
      </span>
    </div>
  );
}

function CheckLine({ check, required }: { check: Check; required: boolean }) {
  return (
    <div className={styles.line}>
      <StateBadge state={check.state} />
      <span className={styles.grow}>
        {check.url ? <a href={check.url}>{check.name}</a> : check.name}
        {check.summary && <span className={styles.quiet}>: {check.summary}</span>}
      </span>
      {required && <Badge>required</Badge>}
    </div>
  );
}

function Mergeable({ project, draft }: { project: string; draft: Draft }) {
  const { state, conflicts, problems } = draft.mergeable;
  if (state === "ended") return null;
  if (state === "clean") return <Merges project={project} draft={draft} />;
  if (state === "nothing") return <MergeLine badge="pending" word="empty" words="It changes nothing yet" />;
  if (state === "conflicts") {
    return (
      <div className={styles.line}>
        <StateBadge state="fail">conflicts</StateBadge>
        <span className={styles.grow}>
          <Link {...draftLink(project, draft.number, "conflicts")}>
            Main changed the same places of {plural(conflicts.length, "file")}:{" "}
            {draft.may.save ? "solve it here" : "see which"}
          </Link>
        </span>
      </div>
    );
  }
  return (
    <div className={styles.line}>
      <StateBadge state="fail">does not fit</StateBadge>
      <span className={styles.grow}>
        <Link {...draftLink(project, draft.number, "conflicts")}>
          Together with what is new on main, {plural(problems.length, "thing")} would be wrong:{" "}
          {draft.may.save ? "put it right here" : "see what"}
        </Link>
      </span>
    </div>
  );
}

function Merges({ project, draft }: { project: string; draft: Draft }) {
  const { behind } = draft.mergeable;
  const words = behind
    ? `No conflict, though main has ${plural(behind, "newer change")}`
    : "No conflict; it has everything that is on main";
  return (
    <div className={styles.line}>
      <StateBadge state="pass">merges</StateBadge>
      <span className={cx(styles.grow, styles.quiet)}>{words}</span>
      {behind > 0 && draft.may.save && <UpdateButton project={project} draft={draft} />}
    </div>
  );
}

function MergeLine({ badge, word, words }: { badge: string; word: string; words: string }) {
  return (
    <div className={styles.line}>
      <StateBadge state={badge}>{word}</StateBadge>
      <span className={cx(styles.grow, styles.quiet)}>{words}</span>
    </div>
  );
}

function Foot({ project, draft }: { project: string; draft: Draft }) {
  const may = useCan(project, "maintainer");
  if (!may && draft.blockers.length === 0 && draft.mergeable.state !== "clean") return null;
  return (
    <div className={styles.foot}>
      <ul>
        {draft.blockers.map((blocker) => (
          <li key={blocker.code + blocker.detail}>{blocker.detail}</li>
        ))}
        {draft.blockers.length === 0 && draft.mergeable.state === "clean" && !draft.may.merge && (
          <li>Ready; a maintainer can merge it.</li>
        )}
      </ul>
      {may && <MergeButton project={project} draft={draft} />}
    </div>
  );
}

/** What became of a draft that is no longer open. */
export function Ended({ project, draft }: { project: string; draft: Draft }) {
  const routes = useRouter().routesByPath as Record<string, unknown>;
  if (draft.state === "open") return null;
  if (draft.state === "closed") {
    return (
      <p className={styles.banner}>
        <Icon name="info" /> Closed without merging by {draft.ended_by_name} <Time at={draft.ended_at} />
      </p>
    );
  }
  return (
    <p className={cx(styles.banner, styles.ok)}>
      <Icon name="merge" /> Merged by {draft.ended_by_name} <Time at={draft.ended_at} /> as commit{" "}
      <Id value={draft.merged_commit} label="commit" />
      <Link to="/p/$project/commits/$sha" params={{ project, sha: draft.merged_commit }}>
        See the commit
      </Link>
      {routes["/p/$project/deployments"] !== undefined && (
        <Link to="/p/$project/deployments" params={{ project }}>
          Deploy it
        </Link>
      )}
    </p>
  );
}
