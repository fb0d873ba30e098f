import { useParams } from "@tanstack/react-router";
import { toProblem } from "@/api/problem";
import { ButtonLink } from "./Button";
import { Empty } from "./Empty";
import { ErrorState } from "./ErrorState";
import { Page } from "./Page";

interface PageErrorProps {
  error: unknown;
  retry?: () => void;
}

/** In place of a whole page: what it shows does not exist (trying again would not help), or could not be loaded. */
export function PageError({ error, retry }: PageErrorProps) {
  const { project } = useParams({ strict: false }) as { project?: string };
  const problem = toProblem(error);
  if (problem.status !== 404) {
    return (
      <Page title="This page failed" width="narrow">
        <ErrorState error={problem} retry={retry} />
      </Page>
    );
  }
  return (
    <Page title="Nothing is here" width="narrow">
      <Empty
        icon="search"
        title={problem.detail || "This address leads nowhere"}
        action={
          project ? (
            <ButtonLink to="/p/$project" params={{ project }}>
              Go to the overview
            </ButtonLink>
          ) : (
            <ButtonLink to="/">Go to your projects</ButtonLink>
          )
        }
      >
        The address may have been typed wrongly, or what was here is gone.
      </Empty>
    </Page>
  );
}
