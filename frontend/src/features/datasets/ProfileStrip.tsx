import { cx } from "@/lib/cx";
import { formatNumber, formatPercent, plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import styles from "./Datasets.module.css";
import type { Profile } from "./datasets";

interface ProfileProps {
  profile: Profile;
  label: string | undefined;
  onLabel: (label: string | undefined) => void;
}

/** A version at a glance: sizes, columns, labels. A label narrows the table below. */
export function ProfileStrip({ profile, label, onLabel }: ProfileProps) {
  return (
    <Card>
      <div className={styles.strip}>
        <dl className={styles.figures}>
          {figures(profile).map(([name, value]) => (
            <div key={name}>
              <dd>{value}</dd>
              <dt>{name}</dt>
            </div>
          ))}
        </dl>
        {profile.labels.length > 0 && <Labels profile={profile} label={label} onLabel={onLabel} />}
      </div>
    </Card>
  );
}

function figures(profile: Profile): [string, string][] {
  const majority: [string, string][] =
    profile.majority_rate === null
      ? []
      : [["right by always saying the most frequent label", formatPercent(profile.majority_rate)]];
  return [
    [profile.row_count === 1 ? "row" : "rows", formatNumber(profile.row_count)],
    ["exact duplicates", formatNumber(profile.duplicates)],
    ["same input, other answer", formatNumber(profile.contradictions)],
    ["without expected answer", formatNumber(profile.expected.missing)],
    ...profile.columns.flatMap((column): [string, string][] =>
      column.length ? [[`characters in ${column.name}, mean`, formatNumber(column.length.mean, 0)]] : [],
    ),
    ...majority,
  ];
}

function Labels({ profile, label, onLabel }: ProfileProps) {
  return (
    <fieldset className={styles.labels}>
      <legend className={styles.facts}>{plural(profile.label_count, "label")}</legend>
      {profile.labels.map((item) => (
        <button
          key={item.label}
          type="button"
          aria-pressed={label === item.label}
          className={cx(styles.label, label === item.label && styles.chosen)}
          onClick={() => onLabel(label === item.label ? undefined : item.label)}
        >
          {item.label} <span className={styles.count}>{formatNumber(item.count)}</span>
        </button>
      ))}
    </fieldset>
  );
}
