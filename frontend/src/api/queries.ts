import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./problem";

/** Keys are [project, plural noun, ...rest], so that a live message can freshen what it speaks of. */
export function key(project: string, noun: string, ...rest: unknown[]): unknown[] {
  return [project, noun, ...rest];
}

/** The cache of what the server said. `onSignedOut` is called when a request is refused because nobody is signed in. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (error instanceof ApiProblem && error.status === 401) onSignedOut();
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (count, error) => count < 2 && (!(error instanceof ApiProblem) || error.retryable),
        refetchOnWindowFocus: false,
      },
    },
  });
}
