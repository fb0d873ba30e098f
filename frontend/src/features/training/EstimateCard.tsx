import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { formatDuration, formatNumber, plural } from "@/lib/format";
import { Card } from "@/ui/Card";
import { DataList } from "@/ui/DataList";
import { FormError } from "@/ui/ErrorState";
import { Stack } from "@/ui/Page";
import { SkeletonText } from "@/ui/Skeleton";
import styles from "./Training.module.css";
import type { Estimate } from "./training";

interface Props {
  estimate: Estimate | undefined;
  error: unknown;
  waiting: boolean;
  /** What starts it. */
  children: ReactNode;
}

/** What it will cost, and on what that guess rests. */
export function EstimateCard({ estimate, error, waiting, children }: Props) {
  return (
    <Card title="Start">
      <Stack>
        {error ? <FormError error={error} /> : waiting && !estimate ? <SkeletonText lines={4} /> : null}
        {!error && estimate && <Figures estimate={estimate} />}
        {children}
      </Stack>
    </Card>
  );
}

function Figures({ estimate }: { estimate: Estimate }) {
  const { examples, tokens, steps, seconds } = estimate;
  return (
    <div>
      <p className={styles.figure}>{seconds === null ? "Time not known" : `about ${rough(seconds)}`}</p>
      <DataList
        items={[
          ["Examples", formatNumber(examples)],
          ["Tokens", `${formatNumber(Number(tokens.toPrecision(2)))}`],
          ["Steps", formatNumber(steps)],
        ]}
      />
      <p className={styles.basis}>
        <Basis estimate={estimate} />
      </p>
    </div>
  );
}

function Basis({ estimate }: { estimate: Estimate }) {
  const { project = "" } = useParams({ strict: false });
  const { measured_by: number, seconds } = estimate;
  if (seconds === null) return "Nothing is known of this model's size.";
  if (number === null)
    return "A guess: nothing has been trained here yet. It was measured on one thread of two cores.";
  return (
    <>
      At the speed of{" "}
      <Link to="/p/$project/training/$number" params={{ project, number: String(number) }}>
        {`fine-tune #${number}`}
      </Link>
      ; tokens are counted by their letters.
    </>
  );
}

/** As exact as a guess deserves. */
function rough(seconds: number): string {
  if (seconds < 60) return plural(Math.max(10, Math.round(seconds / 10) * 10), "second");
  return formatDuration(Math.round(seconds / 60) * 60_000);
}
