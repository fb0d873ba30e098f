import { useCallback, useEffect, useMemo, useState } from "react";
import { useLive } from "@/api/live";
import { type ApiProblem, toProblem } from "@/api/problem";
import { usePresence } from "./presence";
import { SharedText, type Status } from "./SharedText";
import { type TextState, textCalls } from "./texts";

const SHOWN_AFTER = 80;

export interface OpenText {
  shared: SharedText | null;
  /** The text as it was a moment ago: for what is shown beside the editor. */
  text: string;
  status: Status;
  problem: ApiProblem | null;
  retry: () => void;
}

/** One file opened for editing together while the component is there; with an `id` only to watch it; no path: none. */
export function useSharedText(
  project: string,
  number: number,
  path: string | undefined,
  id: number | undefined,
): OpenText {
  const calls = useMemo(() => textCalls(project, number), [project, number]);
  const { pages, show, typing } = usePresence();
  const [shared, setShared] = useState<SharedText | null>(null);
  const [text, setText] = useState("");
  const [status, setStatus] = useState<Status>({ state: "kept", why: "" });
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [round, setRound] = useState(0);
  const retry = useCallback(() => setRound((before) => before + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round opens it anew
  useEffect(() => {
    if (path === undefined) return undefined;
    let made: SharedText | null = null;
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = () => (id === undefined ? calls.open(path) : calls.pull(id, ""));
    const begin = (start: TextState) => {
      if (gone) return;
      made = new SharedText(
        start.id,
        start,
        { ...calls, renew: read },
        {
          onStatus: setStatus,
          onText: () => {
            timer ??= setTimeout(() => {
              timer = undefined;
              if (made) setText(made.now());
            }, SHOWN_AFTER);
          },
          onTyping: () => typing("writing"),
          onCursor: (cursor) => show({ cursor: cursor && { ...cursor } }),
        },
      );
      setShared(made);
      setText(made.now());
      setStatus(made.status);
      setProblem(null);
      show({ path, client: made.doc.clientID, cursor: null });
    };
    read().then(begin, (error: unknown) => !gone && setProblem(toProblem(error)));
    return () => {
      gone = true;
      clearTimeout(timer);
      made?.close();
      setShared(null);
      show({ path: "", client: null, cursor: null });
    };
  }, [calls, path, id, round]);

  const mine = String(number);
  useLive(
    project,
    (message) => {
      if (message.subject === null || message.subject.id === mine) shared?.hear(message);
    },
    `drafts/${number}`,
  );
  useEffect(() => shared?.others.show(pages), [shared, pages]);
  return { shared, text, status, problem, retry };
}
