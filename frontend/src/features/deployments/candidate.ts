import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { commitsQuery, MAIN } from "@/features/prompts/files";
import { useTagNames } from "@/features/tags/tags";
import { type Environment, previewQuery } from "./deployments";

export interface CandidateProps {
  project: string;
  environments: Environment[];
  environment: string;
  /** Undefined: the newest of main. */
  commit: string | undefined;
  onChange: (environment: string, commit: string | undefined) => void;
  onClose: () => void;
}

/** The commit that a dialog is about, the environment, and what it would change there. */
export function useCandidate(props: CandidateProps) {
  const { project, environments } = props;
  const environment = environments.find((item) => item.slug === props.environment) ?? environments[0];
  const commits = useInfiniteQuery(commitsQuery(project, MAIN)).data?.pages.flatMap((page) => page.items);
  const sha = props.commit ?? commits?.[0]?.sha;
  const preview = useQuery({
    ...previewQuery(project, environment?.slug ?? "", sha ?? ""),
    enabled: Boolean(sha),
  });
  return { environment, commits, sha, preview, namesOf: useTagNames(project) };
}
