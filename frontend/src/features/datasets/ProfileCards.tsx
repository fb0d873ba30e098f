import { cx } from "@/lib/cx";
import { formatNumber, formatPercent } from "@/lib/format";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { Num } from "@/ui/Num";
import styles from "./Datasets.module.css";
import type { Profile } from "./datasets";

interface ProfileProps {
  profile: Profile;
  label: string | undefined;
  onLabel: (label: string | undefined) => void;
}

/** A version at a glance: sizes, columns, labels. A label narrows the table below. */
export function ProfileCards({ profile, label, onLabel }: ProfileProps) {
  return (
    <div className={styles.profile}>
      <Card title="Rows">
        <DataList
          items={[
            ["Rows", <Num key="r" value={profile.row_count} />],
            ["Exact duplicates", <Num key="d" value={profile.duplicates} />],
            ["Same input, other answer", <Num key="c" value={profile.contradictions} />],
            ["Without expected answer", <Num key="m" value={profile.expected.missing} />],
          ]}
        />
      </Card>
      <Card title="Input">
        <DataList
          items={profile.columns.map((column) => [
            column.name,
            <span key={column.name}>
              {column.type}
              {column.length && `, ${formatNumber(column.length.mean, 0)} characters on average`}
              {column.missing > 0 && `, ${formatNumber(column.missing)} missing`}
            </span>,
          ])}
        />
      </Card>
      {profile.labels.length > 0 && (
        <Card
          title={`${formatNumber(profile.label_count)} labels`}
          description={
            profile.majority_rate === null
              ? undefined
              : `Always answering the most frequent one is right in ${formatPercent(profile.majority_rate)}`
          }
        >
          <LabelBars profile={profile} label={label} onLabel={onLabel} />
        </Card>
      )}
    </div>
  );
}

function LabelBars({ profile, label, onLabel }: ProfileProps) {
  const most = Math.max(...profile.labels.map((item) => item.count));
  return (
    <div className={styles.labels} role="group" aria-label="Labels" tabIndex={0}>
      {profile.labels.map((item) => (
        <button
          key={item.label}
          type="button"
          aria-pressed={label === item.label}
          className={cx(styles.label, label === item.label && styles.chosen)}
          onClick={() => onLabel(label === item.label ? undefined : item.label)}
        >
          <span className={styles.name}>
            <span className={styles.bar} style={{ width: `${(item.count / most) * 100}%` }} />
            <span className={styles.word}>{item.label}</span>
          </span>
          <span className={styles.count}>{formatNumber(item.count)}</span>
        </button>
      ))}
    </div>
  );
}
