import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { call, client, take } from "@/api/client";
import type { components } from "@/api/schema";

export type Notice = components["schemas"]["Notice"];
type NoticePage = components["schemas"]["NoticePage"];

export const INBOX = ["inbox"];

/** The newest notices and how many are unread. */
export const inboxQuery = queryOptions({
  queryKey: [...INBOX, "recent"],
  queryFn: () => take(client.GET("/api/v1/inbox")),
});

export const wholeInboxQuery = infiniteQueryOptions({
  queryKey: [...INBOX, "all"],
  initialPageParam: "",
  queryFn: ({ pageParam: cursor }) => call<NoticePage>("/api/v1/inbox", { query: { cursor } }),
  getNextPageParam: (page) => page.next,
});

/** Marks everything up to a notice as read. */
export function useMarkRead() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (upto: number) => client.POST("/api/v1/inbox", { body: { upto } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: INBOX }),
  });
}
