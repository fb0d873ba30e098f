import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { environmentsQuery } from "@/features/deployments/deployments";
import { commitsQuery, MAIN } from "@/features/prompts/files";
import { metricsQuery } from "@/features/quality/quality";
import { formatNumber, plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorState, FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Shadows.module.css";
import { previewQuery, useStartShadow } from "./shadows";

const figure = (text: string) => text.replace(/[^\d.]/g, "");
const whole = (text: string) => text.replace(/\D/g, "");

/** What the margin asks for: the check passes when the whole interval lies above this win rate. */
function marginInWords(points: string): string {
  const margin = Number(points);
  if (!points || !(margin >= 0 && margin <= 50)) return "From 0 to 50.";
  if (margin === 0) return "The check passes only when the candidate is better for sure.";
  const least = formatNumber(50 - margin);
  return `Two equals win half of the pairs each. The check “shadow” passes when the candidate wins more than ${least} % for sure, ties counted as half.`;
}

/** Which commit answers which requests again, who judges, and what it may cost. */
export function StartShadowDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const navigate = useNavigate();
  const environments = useQuery(environmentsQuery(project));
  const live = (environments.data ?? []).filter((item) => item.current);
  const commits =
    useInfiniteQuery(commitsQuery(project, MAIN)).data?.pages.flatMap((page) => page.items) ?? [];
  const metrics = useQuery(metricsQuery(project));
  const [given, setGiven] = useState({
    environment: "",
    commit: "",
    other: "",
    metric: "",
    share: "10",
    pairs: "200",
    margin: "5",
  });
  const [limits, setLimits] = useState({ cost: "", tokens: "", answers: "" });
  const [prompts, setPrompts] = useState<string[] | null>(null);
  const environment = given.environment || (live.at(-1)?.slug ?? "");
  const baseline = live.find((item) => item.slug === environment)?.current?.commit;
  const newest = commits.find((item) => item.sha !== baseline)?.sha ?? "";
  const commit = given.other.trim() || given.commit || newest;
  const preview = useQuery({
    ...previewQuery(project, environment, commit),
    enabled: Boolean(environment && commit),
  });
  const chosen =
    prompts ?? preview.data?.prompts.filter((item) => item.changed).map((item) => item.name) ?? [];
  const start = useStartShadow(project, (made) =>
    navigate({ to: "/p/$project/shadows/$number", params: { project, number: String(made.number) } }),
  );
  const problem = start.error ? toProblem(start.error) : undefined;
  const set = (change: Partial<typeof given>) => setGiven({ ...given, ...change });
  const submit = () =>
    start.mutate({
      environment,
      commit,
      metric: given.metric,
      share: Number(given.share) / 100,
      pairs_wanted: Number(given.pairs),
      margin: Number(given.margin) / 100,
      prompts: chosen,
      max_cost: limits.cost || null,
      max_tokens: limits.tokens ? Number(limits.tokens) : null,
      max_answers: limits.answers ? Number(limits.answers) : null,
    });
  const ready = preview.data && given.metric && chosen.length > 0 && Number(given.share) > 0;
  return (
    <Dialog open shape="wide" onClose={onClose} title="Start a shadow">
      <Form
        onSubmit={() => ready && submit()}
        actions={
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" variant="primary" loading={start.isPending} disabled={!ready}>
              Start
            </Button>
          </>
        }
      >
        <p className={styles.quiet}>
          The commit answers a share of the requests again, after they were answered. Nobody gets its answers,
          and no request waits for them.
        </p>
        <div className={styles.pair}>
          <Field label="Requests of" error={problem?.field("environment")}>
            <Select
              value={environment}
              options={live.map(({ slug, name }) => ({ value: slug, label: name }))}
              onChange={(event) => {
                setPrompts(null);
                set({ environment: event.target.value });
              }}
            />
          </Field>
          <Field label="Candidate" error={problem?.field("commit")}>
            <Select
              value={given.commit || newest}
              options={commits
                .filter((item) => item.sha !== baseline)
                .map((item) => ({ value: item.sha, label: `${item.subject} (${item.sha.slice(0, 8)})` }))}
              onChange={(event) => {
                setPrompts(null);
                set({ commit: event.target.value, other: "" });
              }}
            />
          </Field>
        </div>
        <Field
          label="Or another commit"
          optional
          hint="A draft's branch or the id of a commit that is not on main."
        >
          <TextInput
            value={given.other}
            onChange={(event) => {
              setPrompts(null);
              set({ other: event.target.value });
            }}
          />
        </Field>
        {environments.data && live.length === 0 && (
          <p className={styles.quiet}>
            Nothing is live anywhere yet, so there is nothing to compare with. Deploy first.
          </p>
        )}
        <fieldset className={styles.prompts} aria-live="polite">
          <legend>Prompts</legend>
          {preview.isError && <ErrorState error={preview.error} retry={() => void preview.refetch()} />}
          {preview.isLoading && <SkeletonText lines={2} />}
          {preview.data?.prompts.map((item) => (
            <Checkbox
              key={item.name}
              label={item.name}
              hint={
                item.problem ||
                `${item.changed ? "Changed" : "Not changed"} · ${item.model} · ${plural(item.requests, "request")} of the live commit in seven days`
              }
              disabled={Boolean(item.problem)}
              checked={chosen.includes(item.name)}
              onChange={(event) =>
                setPrompts(
                  event.target.checked ? [...chosen, item.name] : chosen.filter((name) => name !== item.name),
                )
              }
            />
          ))}
          {problem?.field("prompts") && <p className={styles.bad}>{problem.field("prompts")}</p>}
        </fieldset>
        <Field
          label="Compared by"
          error={problem?.field("metric")}
          hint="A judge sees both answers, in both orders. With another metric the higher value wins."
        >
          <Select
            placeholder="Choose a judge or a metric"
            value={given.metric}
            options={[...(metrics.data ?? [])]
              .sort((a, b) => Number(b.kind === "judge") - Number(a.kind === "judge"))
              .map((item) => ({
                value: item.slug,
                label: item.kind === "judge" ? `${item.name} (judge)` : item.name,
              }))}
            onChange={(event) => set({ metric: event.target.value })}
          />
        </Field>
        <div className={styles.pair}>
          <Field
            label="Share of requests, in percent"
            error={problem?.field("share")}
            hint="Which ones is settled by their ids, not by what is in them."
          >
            <TextInput
              inputMode="decimal"
              value={given.share}
              onChange={(event) => set({ share: figure(event.target.value) })}
            />
          </Field>
          <Field
            label="Pairs wanted"
            error={problem?.field("pairs_wanted")}
            hint="It is done when it has so many."
          >
            <TextInput
              inputMode="numeric"
              value={given.pairs}
              onChange={(event) => set({ pairs: whole(event.target.value) })}
            />
          </Field>
        </div>
        <Field
          label="How much worse would still do, in points"
          error={problem?.field("margin")}
          hint={marginInWords(given.margin)}
        >
          <TextInput
            inputMode="decimal"
            value={given.margin}
            onChange={(event) => set({ margin: figure(event.target.value) })}
          />
        </Field>
        <div className={styles.limits}>
          <Field label="At most, in dollars" optional error={problem?.field("max_cost")}>
            <TextInput
              inputMode="decimal"
              value={limits.cost}
              onChange={(event) => setLimits({ ...limits, cost: figure(event.target.value) })}
            />
          </Field>
          <Field label="Tokens at most" optional error={problem?.field("max_tokens")}>
            <TextInput
              inputMode="numeric"
              value={limits.tokens}
              onChange={(event) => setLimits({ ...limits, tokens: whole(event.target.value) })}
            />
          </Field>
          <Field label="Answers at most" optional error={problem?.field("max_answers")}>
            <TextInput
              inputMode="numeric"
              value={limits.answers}
              onChange={(event) => setLimits({ ...limits, answers: whole(event.target.value) })}
            />
          </Field>
        </div>
        <FormError error={start.error} />
      </Form>
    </Dialog>
  );
}
