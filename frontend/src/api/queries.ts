import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./problem";

/** A list as every list of the API answers it. */
export interface Items<T> {
  items: T[];
  next: string | null;
}

/** Keys are [project, plural noun, ...rest], so that a live message can freshen what it speaks of. */
export function key(project: string, noun: string, ...rest: unknown[]): unknown[] {
  return [project, noun, ...rest];
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (count, error) => count < 2 && (!(error instanceof ApiProblem) || error.retryable),
        refetchOnWindowFocus: false,
      },
    },
  });
}
