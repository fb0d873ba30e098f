import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { toProblem } from "@/api/problem";
import { useCan } from "@/api/session";
import { checkQuery } from "@/features/drafts/checking";
import { fileQuery, MAIN, type PromptOverview } from "@/features/prompts/files";
import { useSettled } from "@/features/prompts/useSettled";
import { VariablesForm } from "@/features/prompts/VariablesForm";
import { variablesOf } from "@/features/prompts/variables";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import type { Option } from "@/ui/Field";
import { Kbd } from "@/ui/Kbd";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Playground.module.css";
import { type Answer, run, type Variant } from "./playground";
import { VariantCard } from "./VariantCard";

export interface PlaygroundProps {
  project: string;
  /** The prompt's path, prompts/….prompt. */
  path: string;
  /** The branch or commit that the page is about. */
  refName: string;
  /** The text as it stands in an editor; without it the file as it is at `refName`. */
  text?: string | undefined;
  /** The file is not on main yet, so there is nothing to compare it with. */
  isNew?: boolean;
  /** Other versions that the second side may run, beside main. */
  versions?: Option[];
}

/** Two sides of one question: the same variables, two texts, models or settings, answered beside each other. */
export function Playground(props: PlaygroundProps) {
  const overview = useOverview(props);
  const may = useCan(props.project, "editor");
  if (!may) return <p className={styles.quiet}>Editors can run a prompt here.</p>;
  if (overview.isPending) return <SkeletonText lines={6} />;
  if (overview.isError) return <ErrorState error={overview.error} />;
  if (!overview.data)
    return <p className={styles.quiet}>It can be run once nothing is wrong with its text.</p>;
  return <Sides {...props} overview={overview.data} />;
}

function useOverview({ project, path, refName, text }: PlaygroundProps) {
  const settled = useSettled(text ?? "");
  const fromText = useQuery({
    ...checkQuery(project, path, refName, settled),
    enabled: text !== undefined,
    placeholderData: keepPreviousData,
    select: (checked) => checked.overview as PromptOverview | null,
  });
  const fromFile = useQuery({
    ...fileQuery(project, refName, path),
    enabled: text === undefined,
    select: (file) => file.overview as PromptOverview | null,
  });
  return text === undefined ? fromFile : fromText;
}

const SIDES = ["A", "B"] as const;
type Side = (typeof SIDES)[number];

function Sides({
  project,
  path,
  refName,
  text,
  isNew = false,
  versions = [],
  overview,
}: PlaygroundProps & { overview: PromptOverview }) {
  const variables = variablesOf(overview);
  const [values, setValues] = useState<Record<string, unknown>>({});
  const [variants, setVariants] = useState<Record<Side, Variant>>(() => ({
    A: { ...PLAIN },
    B: { ...PLAIN, source: isNew || (refName === MAIN && text === undefined) ? "text" : MAIN },
  }));
  const given = { ...overview.defaults, ...values };
  const known = Object.fromEntries(
    Object.entries(given).filter(([name]) => variables.some((one) => one.name === name)),
  );
  const ask = (side: Side) =>
    run({ project, path, refName, text, variant: variants[side], variables: known });
  const answers = {
    A: useMutation<Answer, unknown, void>({ mutationFn: () => ask("A") }),
    B: useMutation<Answer, unknown, void>({ mutationFn: () => ask("B") }),
  };
  const runAll = () => {
    for (const side of SIDES) if (!answers[side].isPending) answers[side].mutate();
  };
  const problems = SIDES.map((side) => answers[side].error)
    .filter(Boolean)
    .map(toProblem);
  const wrong = problems
    .flatMap((problem) => problem.errors)
    .find((item) => variables.some((one) => one.name === item.where));
  const sources = sourcesOf(refName, text, versions, isNew);
  return (
    <form
      className={styles.playground}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        runAll();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.currentTarget.requestSubmit();
      }}
    >
      <Card
        title="Try it"
        description="The same values for both sides. Nothing is stored."
        actions={
          <Button
            variant="primary"
            icon="play"
            type="submit"
            loading={answers.A.isPending || answers.B.isPending}
          >
            Run both <Kbd keys="mod+Enter" />
          </Button>
        }
      >
        {variables.length === 0 ? (
          <p className={styles.quiet}>This prompt has no variables.</p>
        ) : (
          <div className={styles.variables}>
            <VariablesForm
              variables={variables}
              values={known}
              onChange={setValues}
              wrong={wrong && { name: wrong.where, detail: wrong.detail }}
            />
          </div>
        )}
      </Card>
      <div className={styles.sides}>
        {SIDES.map((side) => (
          <VariantCard
            key={side}
            side={side}
            project={project}
            sources={sources}
            own={overview}
            variant={variants[side]}
            onChange={(variant) => setVariants({ ...variants, [side]: variant })}
            answer={answers[side].data}
            error={answers[side].error}
            running={answers[side].isPending}
            onRun={() => answers[side].mutate()}
          />
        ))}
      </div>
    </form>
  );
}

const PLAIN: Variant = { source: "text", model: "", temperature: "", max_output_tokens: "" };

function sourcesOf(refName: string, text: string | undefined, versions: Option[], isNew: boolean): Option[] {
  const here =
    text !== undefined ? "the text in the editor" : refName === MAIN ? "as it is on main" : "as it is here";
  const main =
    isNew || (refName === MAIN && text === undefined) ? [] : [{ value: MAIN, label: "as it is on main" }];
  return [
    { value: "text", label: here },
    ...main,
    ...versions.filter((version) => version.value !== refName),
  ];
}
