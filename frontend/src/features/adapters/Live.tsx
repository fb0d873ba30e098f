import { useQuery } from "@tanstack/react-query";
import { FileLink } from "@/features/prompts/FileLink";
import { Card } from "@/ui/Card";
import { ErrorState } from "@/ui/ErrorState";
import { Id } from "@/ui/Id";
import { SkeletonText } from "@/ui/Skeleton";
import { StateBadge } from "@/ui/StateBadge";
import styles from "./Adapters.module.css";
import { badgeOf, type LiveAdapter, liveQuery, saidOf } from "./live";

interface Props {
  project: string;
  /** One adapter's versions; all of the project without it. */
  folder?: string;
}

/** Which versions environments name, and where each is loaded at this moment. */
export function Live({ project, folder = "" }: Props) {
  const live = useQuery(liveQuery(project, folder));
  return (
    <Card
      title={folder ? "Live" : "Adapters that are live"}
      description="Loaded before requests come, kept as long as something names them."
    >
      {live.isPending && <SkeletonText lines={2} />}
      {live.isError && <ErrorState error={live.error} retry={() => void live.refetch()} />}
      {live.data?.items.length === 0 && (
        <p className={styles.none}>
          {folder ? "No environment answers with this adapter." : "No environment answers with an adapter."}
        </p>
      )}
      {live.data && live.data.items.length > 0 && (
        <ul className={styles.live}>
          {live.data.items.map((item) => (
            <li key={`${item.name} ${item.prompt}`}>
              <p>
                {!folder && (
                  <FileLink project={project} path={`${item.folder}/adapter_config.json`}>
                    {item.folder}
                  </FileLink>
                )}{" "}
                <Id value={item.sha256} label="hash of its weights" /> {saidOf(item.namings)}
              </p>
              <Places item={item} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Places({ item }: { item: LiveAdapter }) {
  return (
    <ul className={styles.places}>
      {item.places.map((place) => {
        const { state, word } = badgeOf(place);
        return (
          <li key={place.address}>
            <StateBadge state={state} plain>
              {word}
            </StateBadge>{" "}
            {item.provider === "local" ? "our own server" : place.address || item.provider}
            {place.detail && <small>{place.detail}</small>}
          </li>
        );
      })}
    </ul>
  );
}
