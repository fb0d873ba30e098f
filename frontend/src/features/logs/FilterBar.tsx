import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button, IconButton } from "@/ui/Button";
import { Checkbox, Field, Select, TextInput } from "@/ui/Field";
import { chipsOf, type LogSearch, RANGES, readTyped } from "./filters";
import styles from "./Logs.module.css";
import { facetsQuery } from "./logs";

interface FilterBarProps {
  project: string;
  search: LogSearch;
  onChange: (next: LogSearch) => void;
  live: boolean;
  onLive: (live: boolean) => void;
}

/** Filters that are typed and become chips, the range, and the live tail. */
export function FilterBar({ project, search, onChange, live, onLive }: FilterBarProps) {
  const [typed, setTyped] = useState("");
  const chips = chipsOf(search);
  const add = () => {
    if (!typed.trim()) return;
    onChange({ ...search, ...readTyped(typed) });
    setTyped("");
  };
  const drop = (name: keyof LogSearch) => {
    const { [name]: _, ...rest } = search;
    onChange(rest);
  };
  return (
    <div style={{ display: "grid", gap: 8 }}>
      <div className={styles.bar}>
        <form
          className={styles.typed}
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            add();
          }}
        >
          <Field label="Filter logs" hideLabel>
            <TextInput
              type="search"
              list="log-filters"
              placeholder="prompt:triage  status:error  latency>1000  or words to look for"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </Field>
          <Suggestions project={project} />
        </form>
        <Field label="Range" hideLabel>
          <Select
            aria-label="Range"
            options={
              search.from
                ? [{ value: "brushed", label: "Chosen range" }, ...RANGES]
                : RANGES.map(({ value, label }) => ({ value, label }))
            }
            value={search.from ? "brushed" : (search.range ?? "24h")}
            onChange={(event) => {
              const { from: _from, to: _to, ...rest } = search;
              if (event.target.value !== "brushed") onChange({ ...rest, range: event.target.value });
            }}
          />
        </Field>
        <Checkbox label="Live" checked={live} onChange={(event) => onLive(event.target.checked)} />
      </div>
      {(chips.length > 0 || search.from) && (
        <div className={styles.chips}>
          {chips.map((chip) => (
            <span key={chip.name} className={styles.chip}>
              {chip.words}
              <IconButton
                icon="close"
                size="small"
                label={`Remove ${chip.words}`}
                onClick={() => drop(chip.name)}
              />
            </span>
          ))}
          <Button
            variant="quiet"
            size="small"
            onClick={() => onChange(search.range === undefined ? {} : { range: search.range })}
          >
            Clear all
          </Button>
        </div>
      )}
    </div>
  );
}

function Suggestions({ project }: { project: string }) {
  const facets = useQuery(facetsQuery(project));
  const names = ["prompt", "environment", "model", "commit"] as const;
  return (
    <datalist id="log-filters">
      {["status:error", "status:ok", "latency>1000"].map((value) => (
        <option key={value} value={value} />
      ))}
      {names.flatMap((name) =>
        (facets.data?.[name] ?? []).map((item) => (
          <option key={name + item.value} value={`${name}:${item.value}`}>{`${item.count} requests`}</option>
        )),
      )}
    </datalist>
  );
}
