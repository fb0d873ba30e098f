import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { client, take } from "@/api/client";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/ErrorState";
import { Field, Form, Select, TextInput } from "@/ui/Field";
import { datasetsQuery } from "../datasets/datasets";
import { chipsOf, type LogSearch, RANGES } from "./filters";

interface CollectProps {
  project: string;
  search: LogSearch;
  onClose: () => void;
}

/** Makes dataset rows of the logs that the filter finds, as a new version with their lineage. */
export function CollectDialog({ project, search, onClose }: CollectProps) {
  const datasets = useQuery(datasetsQuery(project));
  const [into, setInto] = useState("");
  const [name, setName] = useState("");
  const [sample, setSample] = useState("500");
  const [expected, setExpected] = useState<"reference" | "output" | "none">("reference");
  const navigate = useNavigate();
  const collect = useMutation({
    mutationFn: () =>
      take(
        client.POST("/api/v1/projects/{project}/logs/collect", {
          params: { path: { project } },
          body: {
            filter: filterOf(search),
            sample: Number(sample) || 1,
            seed: 0,
            expected,
            corrections: {},
            ...(into ? { dataset: into } : { name }),
          },
        }),
      ),
    onSuccess: (made) =>
      void navigate({ to: "/p/$project/datasets/$dataset", params: { project, dataset: made.dataset } }),
  });
  const chips = chipsOf(search).map((chip) => chip.words);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add logs to a dataset"
      description={`The logs of the last ${daysOf(search)} days${chips.length > 0 ? ` with ${chips.join(", ")}` : ""}.`}
    >
      <Form
        onSubmit={() => collect.mutate()}
        actions={
          <Button
            variant="primary"
            type="submit"
            loading={collect.isPending}
            disabled={!into && !name.trim()}
          >
            Add
          </Button>
        }
      >
        <Field label="Dataset">
          <Select
            placeholder="A new dataset"
            value={into}
            options={(datasets.data ?? []).map((item) => ({ value: item.slug, label: item.name }))}
            onChange={(event) => setInto(event.target.value)}
          />
        </Field>
        {!into && (
          <Field label="Name of the new dataset">
            <TextInput value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
          </Field>
        )}
        <Field label="At most" hint="More are drawn evenly.">
          <TextInput
            inputMode="numeric"
            value={sample}
            onChange={(event) => setSample(event.target.value.replace(/\D/g, ""))}
          />
        </Field>
        <Field label="Expected answer">
          <Select
            value={expected}
            options={[
              { value: "reference", label: "The right answer that came with the log" },
              { value: "output", label: "What the model answered" },
              { value: "none", label: "None" },
            ]}
            onChange={(event) => setExpected(event.target.value as typeof expected)}
          />
        </Field>
        <FormError error={collect.error} />
      </Form>
    </Dialog>
  );
}

function daysOf(search: LogSearch): number {
  const hours = RANGES.find((item) => item.value === (search.range ?? "24h"))?.hours;
  return hours ? Math.max(1, Math.ceil(hours / 24)) : 366;
}

function filterOf(search: LogSearch) {
  const { prompt, environment, commit, status, tag, score, score_above, score_below } = search;
  return {
    days: daysOf(search),
    ...(prompt ? { prompt } : {}),
    ...(environment ? { environment } : {}),
    ...(commit ? { commit } : {}),
    ...(status ? { status: status as "ok" | "error" } : {}),
    ...(tag ? { tag } : {}),
    ...(score ? { score } : {}),
    ...(score_above ? { score_above: Number(score_above) } : {}),
    ...(score_below ? { score_below: Number(score_below) } : {}),
  };
}
