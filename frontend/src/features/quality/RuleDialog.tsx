import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, take } from "@/api/client";
import { toProblem } from "@/api/problem";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Checkbox, Field, Form, Select, TextInput } from "@/ui/Field";
import { facetsQuery } from "../logs/logs";
import { metricsQuery, type SamplingRule } from "./quality";

interface RuleDialogProps {
  project: string;
  /** Null for a new one. */
  rule: SamplingRule | null;
  onClose: () => void;
}

/** Metric, share, scope and the month's money of a sampling rule. */
export function RuleDialog({ project, rule, onClose }: RuleDialogProps) {
  const metrics = useQuery(metricsQuery(project));
  const facets = useQuery(facetsQuery(project));
  const [metric, setMetric] = useState(rule?.metric ?? "");
  const [percent, setPercent] = useState(String((rule?.rate ?? 0.1) * 100));
  const [environment, setEnvironment] = useState(rule?.environment ?? "production");
  const [prompt, setPrompt] = useState(rule?.prompt ?? "");
  const [cap, setCap] = useState(rule?.monthly_cap ? String(rule.monthly_cap) : "");
  const [enabled, setEnabled] = useState(rule?.enabled ?? true);
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => {
      const body = {
        metric,
        rate: Number(percent) / 100,
        environment,
        prompt,
        enabled,
        monthly_cap: cap === "" ? null : cap,
      };
      return rule
        ? take(
            client.PATCH("/api/v1/projects/{project}/sampling-rules/{rule}", {
              params: { path: { project, rule: rule.id } },
              body: { ...body, version: rule.version },
            }),
          )
        : take(
            client.POST("/api/v1/projects/{project}/sampling-rules", { params: { path: { project } }, body }),
          );
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: [project, "sampling_rules"] });
      onClose();
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const names = (kind: "environment" | "prompt", chosen: string) =>
    [...new Set([...(facets.data?.[kind] ?? []).map((item) => item.value), chosen])]
      .filter(Boolean)
      .map((value) => ({ value, label: value }));
  return (
    <Dialog open onClose={onClose} title={rule ? "Change the rule" : "New rule"}>
      <Form
        onSubmit={() => save.mutate()}
        actions={
          <Button
            variant="primary"
            type="submit"
            loading={save.isPending}
            disabled={!metric || percent === ""}
          >
            {rule ? "Save" : "Add rule"}
          </Button>
        }
      >
        <Field label="Metric" error={problem?.field("metric")}>
          <Select
            placeholder="Choose a metric"
            value={metric}
            options={(metrics.data ?? []).map((item) => ({ value: item.slug, label: item.name }))}
            onChange={(event) => setMetric(event.target.value)}
          />
        </Field>
        <Field
          label="Share in percent"
          error={problem?.field("rate")}
          hint="The same logs are chosen whenever the share is the same."
        >
          <TextInput
            inputMode="decimal"
            value={percent}
            onChange={(event) => setPercent(event.target.value.replace(/[^\d.]/g, ""))}
          />
        </Field>
        <Field label="Environment" error={problem?.field("environment")}>
          <Select
            value={environment}
            options={[{ value: "", label: "Every environment" }, ...names("environment", environment)]}
            onChange={(event) => setEnvironment(event.target.value)}
          />
        </Field>
        <Field label="Prompt" error={problem?.field("prompt")}>
          <Select
            value={prompt}
            options={[{ value: "", label: "Every prompt" }, ...names("prompt", prompt)]}
            onChange={(event) => setPrompt(event.target.value)}
          />
        </Field>
        <Field
          label="At most, in dollars a month"
          optional
          error={problem?.field("monthly_cap")}
          hint="What judges cost. Above it, logs are skipped and counted."
        >
          <TextInput
            inputMode="decimal"
            value={cap}
            onChange={(event) => setCap(event.target.value.replace(/[^\d.]/g, ""))}
          />
        </Field>
        <Checkbox label="On" checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
        <FormError error={save.error} />
      </Form>
    </Dialog>
  );
}
