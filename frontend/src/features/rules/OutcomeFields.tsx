import { useId } from "react";
import { formatNumber } from "@/lib/format";
import { Button, IconButton } from "@/ui/Button";
import { Checkbox, Field, type Option, Select, TextInput } from "@/ui/Field";
import styles from "./Rules.module.css";
import { type Line, newSeed, newShare, type RuleForm, type Share, withCommit } from "./ruleForm";
import { valueInWords } from "./words";

interface SelectProps {
  form: RuleForm;
  commits: Option[];
  value: string;
  /** Named for screen readers where no Field is around. */
  label?: string;
  /** The variant, and the form that may have got it just now. */
  onChange: (variant: string, form: RuleForm) => void;
}

/** What one gets: a commit, or one of the rule's values. */
export function VariantSelect({ form, commits, value, label, onChange }: SelectProps) {
  const named = label ? { "aria-label": label } : {};
  if (form.serves === "value") {
    const options = form.variants.map((each) => ({
      value: each.name,
      label: `${each.name}: ${valueInWords(each.value)}`,
    }));
    return (
      <Select
        {...named}
        value={value}
        options={options}
        placeholder="Choose a value"
        onChange={(event) => onChange(event.target.value, form)}
      />
    );
  }
  const chosen = String(form.variants.find((each) => each.name === value)?.value ?? "");
  const listed = commits.some((option) => option.value === chosen) || !chosen;
  return (
    <Select
      {...named}
      value={chosen}
      placeholder="Choose a commit"
      options={listed ? commits : [...commits, { value: chosen, label: chosen.slice(0, 12) }]}
      onChange={(event) => {
        if (!event.target.value) return;
        const [whole, variant] = withCommit(form, event.target.value);
        onChange(variant, whole);
      }}
    />
  );
}

interface OutcomeProps {
  form: RuleForm;
  line: Line;
  commits: Option[];
  /** Nothing is chosen, and somebody tried to go on. */
  missing: boolean;
  onChange: (line: Line, form: RuleForm) => void;
}

/** What the callers of a line get: one thing for all of them, or a share of them split over several. */
export function OutcomeFields({ form, line, commits, missing, onChange }: OutcomeProps) {
  const { share } = line;
  const split = (on: boolean) => {
    if (!on)
      return onChange({ ...line, share: null, variant: share?.arms[0]?.variant ?? line.variant }, form);
    const seed = form.metadata["seed"];
    const first = !form.lines.some((each) => each.share);
    const made = newShare(form.key || form.title, line.variant || form.otherwise);
    onChange({ ...line, share: first && typeof seed === "string" ? { ...made, seed } : made }, form);
  };
  return (
    <>
      {!share && (
        <Field label="They get" error={missing ? "Choose what they get." : undefined}>
          <VariantSelect
            form={form}
            commits={commits}
            value={line.variant}
            onChange={(variant, whole) => onChange({ ...line, variant }, whole)}
          />
        </Field>
      )}
      <Checkbox
        label="Only a share of them"
        hint="A larger share adds people later and moves none."
        checked={share !== null}
        onChange={(event) => split(event.target.checked)}
      />
      {share && (
        <ShareFields
          form={form}
          share={share}
          commits={commits}
          onChange={(next, whole) => onChange({ ...line, share: next }, whole)}
        />
      )}
    </>
  );
}

interface ShareProps {
  form: RuleForm;
  share: Share;
  commits: Option[];
  onChange: (share: Share, form: RuleForm) => void;
}

function ShareFields({ form, share, commits, onChange }: ShareProps) {
  const id = useId();
  const total = share.arms.reduce((sum, arm) => sum + arm.weight, 0);
  const setArm = (index: number, change: Partial<Share["arms"][number]>, whole = form) =>
    onChange(
      { ...share, arms: share.arms.map((arm, at) => (at === index ? { ...arm, ...change } : arm)) },
      whole,
    );
  const percent = (text: string) => {
    const value = Number(text.replace(",", "."));
    if (text.trim() !== "" && value >= 0 && value <= 100) onChange({ ...share, percent: value }, form);
  };
  return (
    <div className={styles.share}>
      <div className={styles.slider}>
        <label htmlFor={id}>Share that is in</label>
        <input
          id={id}
          type="range"
          min={0}
          max={100}
          step={1}
          value={share.percent}
          onChange={(event) => percent(event.target.value)}
        />
        <TextInput
          key={share.percent}
          aria-label="Share in per cent"
          inputMode="decimal"
          defaultValue={String(share.percent)}
          onBlur={(event) => percent(event.target.value)}
        />
        <span>%</span>
      </div>
      {share.arms.map((arm, index) => (
        <div key={index} className={styles.arm}>
          <VariantSelect
            form={form}
            commits={commits}
            label={`What arm ${index + 1} gets`}
            value={arm.variant}
            onChange={(variant, whole) => setArm(index, { variant }, whole)}
          />
          {share.arms.length > 1 && (
            <>
              <TextInput
                aria-label={`Weight of arm ${index + 1}`}
                inputMode="numeric"
                value={String(arm.weight)}
                onChange={(event) => setArm(index, { weight: wholeNumber(event.target.value) })}
              />
              <span className={styles.quiet}>
                {total > 0 ? `${formatNumber((arm.weight / total) * share.percent)} % of them` : "–"}
              </span>
              <IconButton
                icon="close"
                label={`Remove arm ${index + 1}`}
                onClick={() => onChange({ ...share, arms: share.arms.filter((_, at) => at !== index) }, form)}
              />
            </>
          )}
        </div>
      ))}
      <div className={styles.adds}>
        <Button
          size="small"
          icon="plus"
          onClick={() =>
            onChange({ ...share, arms: [...share.arms, { variant: form.otherwise, weight: 1 }] }, form)
          }
        >
          Split it further
        </Button>
      </div>
      <details className={styles.details}>
        <summary>How people are told apart</summary>
        <Field label="By" hint="Callers without this field are not in.">
          <TextInput
            list="rule-fields"
            value={share.by}
            onChange={(event) => onChange({ ...share, by: event.target.value }, form)}
          />
        </Field>
        <p className={styles.quiet}>
          Seed <code>{share.seed}</code>, hash <code>{form.hash}</code>. Both stay, so that nobody is moved.{" "}
          <Button
            size="small"
            variant="quiet"
            onClick={() => onChange({ ...share, seed: newSeed(form.key || form.title) }, form)}
          >
            Draw the people anew
          </Button>
        </p>
      </details>
    </div>
  );
}

function wholeNumber(text: string): number {
  const value = Math.trunc(Number(text));
  return Number.isFinite(value) && value >= 0 ? Math.min(value, 1_000_000) : 0;
}
