import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { formatCost, formatDuration } from "@/lib/format";
import { Card } from "@/ui/Card";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Select } from "@/ui/Field";
import { LoadMore } from "@/ui/LoadMore";
import { SkeletonRows } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import { OUTCOMES, type ShadowSearch } from "./routes";
import styles from "./Shadows.module.css";
import { pairsQuery, type Shadow, type ShadowPair } from "./shadows";

const WORDS: Record<string, string> = {
  win: "Candidate won",
  tie: "Tie",
  loss: "Candidate lost",
  order: "The order mattered",
  unjudged: "Not judged",
  error: "No answer",
};
const BADGES: Record<string, string> = {
  win: "better",
  tie: "tie",
  loss: "worse",
  unjudged: "pending",
  error: "failed",
};
const WINNERS: Record<string, string> = {
  candidate: "the candidate",
  live: "the live answer",
  tie: "neither",
};

/** Both answers to each request side by side, with what the judge said in each order. */
export function Pairs({ project, shadow }: { project: string; shadow: Shadow }) {
  const { outcome } = useSearch({ strict: false }) as ShadowSearch;
  const navigate = useNavigate();
  const choose = (value: string) =>
    void navigate({ to: ".", search: value ? { outcome: value } : {}, replace: true, resetScroll: false });
  const filter = (
    <Select
      small
      aria-label="Show"
      value={outcome ?? ""}
      options={[
        { value: "", label: "All pairs" },
        ...OUTCOMES.map((value) => ({ value, label: WORDS[value] ?? value })),
      ]}
      onChange={(event) => choose(event.target.value)}
    />
  );
  return (
    <Card title="Pairs" actions={filter} padding="none">
      <PairList project={project} shadow={shadow} outcome={outcome} />
    </Card>
  );
}

interface PairListProps {
  project: string;
  shadow: Shadow;
  outcome: ShadowSearch["outcome"];
}

function PairList({ project, shadow, outcome }: PairListProps) {
  const pairs = useInfiniteQuery(pairsQuery(project, shadow.number, outcome));
  if (pairs.isPending) return <SkeletonRows columns={3} />;
  if (pairs.isError) return <ErrorState error={pairs.error} retry={() => void pairs.refetch()} />;
  const rows = pairs.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return outcome ? (
      <Empty title="No such pair">None of the pairs came out so. Choose “All pairs” to see the others.</Empty>
    ) : (
      <Empty title="No pairs yet">They come as requests of the live commit are answered again.</Empty>
    );
  }
  return (
    <>
      <ul className={styles.pairs}>
        {rows.map((pair) => (
          <li key={pair.id}>
            <PairItem project={project} pair={pair} />
          </li>
        ))}
      </ul>
      <LoadMore pages={pairs} />
    </>
  );
}

function PairItem({ project, pair }: { project: string; pair: ShadowPair }) {
  return (
    <article className={styles.item}>
      <header className={styles.itemHead}>
        <StateBadge state={BADGES[pair.outcome] ?? pair.outcome}>{WORDS[pair.outcome]}</StateBadge>
        {pair.order_mattered && <span className={styles.quiet}>The order mattered</span>}
        <span className={styles.quiet}>{pair.prompt}</span>
        <Link to="/p/$project/logs" params={{ project }} search={{ log: pair.log }}>
          Open the log
        </Link>
      </header>
      {pair.asked && <p className={styles.asked}>{pair.asked}</p>}
      <div className={styles.two}>
        <Answer name="Live" answer={pair.live} none="The log is no longer kept." />
        <Answer name="Candidate" answer={pair.candidate} none={pair.error || "There is no answer."} />
      </div>
      {pair.outcome === "unjudged" && pair.error && <p className={styles.quiet}>{pair.error}</p>}
      <Said place="first" said={pair.first} />
      <Said place="second" said={pair.second} />
    </article>
  );
}

function Answer({ name, answer, none }: { name: string; answer: ShadowPair["live"]; none: string }) {
  const facts = [
    answer.latency_ms !== null && formatDuration(answer.latency_ms),
    answer.cost !== null && formatCost(answer.cost),
    answer.value !== null && `scored ${answer.value}`,
  ].filter(Boolean);
  return (
    <div className={styles.answer}>
      <h3>
        {name} <span className={styles.quiet}>{facts.join(" · ")}</span>
      </h3>
      {answer.text === null ? (
        <p className={styles.quiet}>{none}</p>
      ) : (
        <p className={styles.text}>{answer.text || "(empty)"}</p>
      )}
    </div>
  );
}

function Said({ place, said }: { place: string; said: ShadowPair["first"] }) {
  if (!said) return null;
  const winner = said.winner ? `better: ${WINNERS[said.winner]}` : "no verdict";
  return (
    <p className={styles.said}>
      <strong>
        With the candidate {place}, {winner}.
      </strong>{" "}
      {said.reason}
    </p>
  );
}
