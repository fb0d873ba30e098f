import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { formatNumber, plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Select } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import { isObject, type Json, LIVE, type RuleDocument } from "./document";
import styles from "./Rules.module.css";
import { type InForce, type Preview, previewQuery } from "./rules";
import { titleOf } from "./words";

const WINDOWS = [
  { value: "1", label: "the last hour" },
  { value: "24", label: "the last 24 hours" },
  { value: "168", label: "the last 7 days" },
];

interface PreviewProps {
  project: string;
  environment: string;
  document: RuleDocument;
  now: InForce;
}

/** What the rules would have done to the requests of yesterday, counted rule by rule. */
export function PreviewCard({ project, environment, document, now }: PreviewProps) {
  const [hours, setHours] = useState("24");
  const some = Object.keys(document.flags).length + Object.keys(now.under_way).length > 0;
  const preview = useQuery({
    ...previewQuery(project, environment, document, Number(hours)),
    enabled: some,
    placeholderData: keepPreviousData,
  });
  return (
    <Card
      title="What would have happened"
      description="Logged requests, decided again by the rules as they stand here."
    >
      <div className={styles.stack} aria-live="polite">
        <Select
          small
          aria-label="Requests of"
          value={hours}
          options={WINDOWS}
          onChange={(event) => setHours(event.target.value)}
        />
        {!some && <p className={styles.quiet}>Without rules everybody got what was live.</p>}
        {some && preview.isError && <ErrorState error={preview.error} retry={() => void preview.refetch()} />}
        {some && preview.isPending && <SkeletonText lines={4} />}
        {some && preview.data && <Counted found={preview.data} document={document} now={now} />}
      </div>
    </Card>
  );
}

/** How much the count may be trusted: rules look at what an app asks with, which not every log tells. */
function tellingInWords({ n, telling }: Preview): string {
  if (n === 0) return "";
  if (telling === n) return "Their logs say what the app asked with.";
  const rest = "what the app noted there itself stands in, which rules in force may not see";
  if (telling === 0) return `No log says what the app asked with: ${rest}.`;
  return `${formatNumber(telling)} of their logs say what the app asked with; in the others ${rest}.`;
}

function Counted({ found, document, now }: { found: Preview; document: RuleDocument; now: InForce }) {
  if (found.total === 0) {
    return (
      <p className={styles.quiet}>No requests were logged in this time, so there is nothing to count.</p>
    );
  }
  const flags: Record<string, Json> = { ...document.flags, ...(now.under_way as Record<string, Json>) };
  return (
    <>
      <p className={styles.quiet}>
        {found.n === found.total
          ? `All ${plural(found.n, "request")} of this time`
          : `${formatNumber(found.n)} of ${plural(found.total, "request")}, drawn at random`}
        {found.stopped && "; time was up before more were looked at"}. {tellingInWords(found)}
      </p>
      <ul className={styles.counts}>
        {found.rules.map((rule) => (
          <Counts key={rule.key} rule={rule} flag={flags[rule.key] ?? null} n={found.n} />
        ))}
      </ul>
    </>
  );
}

function Counts({ rule, flag, n }: { rule: Preview["rules"][number]; flag: Json; n: number }) {
  if (isObject(flag) && flag["state"] !== "ENABLED") {
    return (
      <li>
        <strong>{titleOf(rule.key, flag)}</strong>
        <p className={styles.quiet}>It is off.</p>
      </li>
    );
  }
  const commits = isObject(flag) && isObject(flag["metadata"]) && flag["metadata"]["serves"] === "commit";
  const variants = isObject(flag) && isObject(flag["variants"]) ? flag["variants"] : {};
  const given = rule.variants.filter(({ variant }) => !commits || variants[variant] !== LIVE);
  const total = given.reduce((sum, { count }) => sum + count, 0);
  return (
    <li>
      <strong>{titleOf(rule.key, flag)}</strong>
      {commits ? (
        <p>
          {formatNumber(total)} of {formatNumber(n)} would have got this
          {rule.about < n && ` (${formatNumber(rule.about)} are about its artefact)`}.
        </p>
      ) : (
        <p>
          {rule.variants.map(({ variant, count }) => `${variant}: ${formatNumber(count)}`).join(" · ") ||
            "Nothing"}{" "}
          <span className={styles.quiet}>if all {formatNumber(n)} had asked</span>
        </p>
      )}
      {commits && given.length > 1 && (
        <p className={styles.quiet}>
          {given.map(({ variant, count }) => `${variant}: ${formatNumber(count)}`).join(" · ")}
        </p>
      )}
      {rule.failed > 0 && <p className={styles.fault}>It failed on {plural(rule.failed, "request")}.</p>}
      {rule.lacking.map(({ name, count }) => (
        <p key={name} className={styles.warning}>
          {count === n ? "No log says" : `${formatNumber(count)} of ${formatNumber(n)} logs do not say`}{" "}
          <code>{name}</code>, which this rule asks for: it may reach more than is counted here.
        </p>
      ))}
    </li>
  );
}
