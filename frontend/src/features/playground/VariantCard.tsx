import { useQuery } from "@tanstack/react-query";
import type { PromptOverview } from "@/features/prompts/files";
import { formatCost, formatDuration, plural } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { FormError } from "@/ui/ErrorState";
import { Field, type Option, Select, TextInput } from "@/ui/Field";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Playground.module.css";
import { type Answer, modelsQuery, type Variant } from "./playground";

interface Props {
  side: string;
  project: string;
  sources: Option[];
  /** The settings that the prompt itself names. */
  own: PromptOverview;
  variant: Variant;
  onChange: (variant: Variant) => void;
  answer: Answer | undefined;
  error: unknown;
  running: boolean;
  onRun: () => void;
}

/** One side: what it runs, and what came back. */
export function VariantCard(props: Props) {
  const { side, project, sources, own, variant, onChange, running, onRun } = props;
  const models = useQuery(modelsQuery(project));
  const set = (change: Partial<Variant>) => onChange({ ...variant, ...change });
  return (
    <Card
      title={side}
      actions={
        <Button size="small" onClick={onRun} loading={running} aria-label={`Run ${side}`}>
          Run
        </Button>
      }
      padding="none"
    >
      <div className={styles.settings} role="group" aria-label={side}>
        <Field label="Text">
          <Select
            options={sources}
            value={variant.source}
            onChange={(event) => set({ source: event.target.value })}
          />
        </Field>
        <Field label="Model">
          <Select
            placeholder={own.model ? `the prompt's own (${own.model})` : "choose one"}
            options={(models.data ?? []).map((model) => ({ value: model.name, label: model.name }))}
            value={variant.model}
            onChange={(event) => set({ model: event.target.value })}
          />
        </Field>
        <Field label="Temperature" optional>
          <TextInput
            inputMode="decimal"
            placeholder={shown(own.config["temperature"])}
            value={variant.temperature}
            onChange={(event) => set({ temperature: event.target.value })}
          />
        </Field>
        <Field label="Longest answer, in tokens" optional>
          <TextInput
            inputMode="numeric"
            placeholder={shown(own.config["max_output_tokens"] ?? own.config["maxOutputTokens"])}
            value={variant.max_output_tokens}
            onChange={(event) => set({ max_output_tokens: event.target.value })}
          />
        </Field>
      </div>
      <div className={styles.answer} aria-live="polite" aria-busy={running}>
        <Outcome {...props} />
      </div>
    </Card>
  );
}

function shown(value: unknown): string {
  return value === undefined || value === null ? "the model's own" : String(value);
}

function Outcome({ answer, error, running }: Props) {
  if (running) return <SkeletonText lines={3} />;
  if (error) return <FormError error={error} />;
  if (!answer) return <p className={styles.quiet}>The answer shows up here.</p>;
  const facts = [
    formatDuration(answer.latency_ms),
    answer.input_tokens !== null && `${plural(answer.input_tokens, "token")} in`,
    answer.output_tokens !== null && `${answer.output_tokens} out`,
    answer.cost !== null && formatCost(Number(answer.cost)),
    answer.finish_reason === "length" && "cut off at the longest answer",
  ].filter(Boolean);
  return (
    <>
      <pre className={styles.text}>{answer.text || "(an empty answer)"}</pre>
      <p className={styles.facts}>{facts.join(" · ")}</p>
    </>
  );
}
