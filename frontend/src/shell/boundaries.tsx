import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { toProblem } from "@/api/problem";
import { ButtonLink } from "@/ui/Button";
import { Empty } from "@/ui/Empty";
import { ErrorState } from "@/ui/ErrorState";
import { Page } from "@/ui/Page";

/** A page that threw while loading or drawing. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const problem = toProblem(error);
  if (problem.status === 404) return <NotFoundPage />;
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Page title="This page failed" width="narrow">
      <ErrorState error={problem} retry={retry} />
    </Page>
  );
}

export function NotFoundPage() {
  return (
    <Page title="Nothing is here" width="narrow">
      <Empty
        icon="search"
        title="This address leads nowhere"
        action={<ButtonLink to="/">Go to your projects</ButtonLink>}
      >
        It may have been typed wrongly, or what was here is gone, or it belongs to a project that you are no
        member of.
      </Empty>
    </Page>
  );
}

/** The same outside a project, where no shell stands around the page. */
export function RootError(props: ErrorComponentProps) {
  return (
    <main>
      <RouteError {...props} />
    </main>
  );
}
